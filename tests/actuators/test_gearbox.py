import math

import numpy as np
import pytest

from hybridsim.actuators.gearbox import advance_speed, friction_limit
from hybridsim.actuators.loop import EFFORT_LOOP
from hybridsim.actuators.parameters import ARMATURE
from hybridsim.actuators.state import ANGLE, JOINT_ANGLE, SPEED, TRANSMITTED
from tests.actuators.bench import Shaft, row, turning_points

H = 1e-3
LOSSY = dict(
    armature=0.01,
    motor_coulomb=0.1,
    motor_viscous=0.02,
    output_coulomb=0.05,
    output_viscous=0.01,
    stiction=0.2,
    stribeck_velocity=0.1,
    gear_loss_drive=0.2,
    gear_loss_back=0.5,
)


def test_friction_limit_by_hand():
    # At 0.1 rad/s, the Stribeck velocity, half the stiction of 0.2 is left.
    # Before the gears 0.1 + 0.02 * 0.1 = 0.102, after them 0.05 + 0.1 + 0.01 * 0.1 = 0.151.
    # Motor 0.6 - 0.102 = 0.498 ahead, load 0.3 + 0.151 = 0.451 against, k = 1 - 0.2.
    # Through the gears (0.03 * 0.498 + 0.01 * 0.451) / (0.03 + 0.8 * 0.01) = 0.5118421.
    expected = 0.102 + 0.151 + 0.2 * 0.5118421
    assert friction_limit(row(**LOSSY), 0.1, 0.6, 0.3, 0.03, 0.0) == pytest.approx(expected, abs=1e-6)
    # Driven back: ahead -0.102, against -0.3 + 0.151 = -0.149, k = 1.5;
    # through (0.03 * -0.102 - 0.01 * 0.149) / (0.03 + 0.015) = -0.1011111, loss 0.5 of it.
    expected = 0.102 + 0.151 + 0.5 * 0.1011111
    assert friction_limit(row(**LOSSY), -0.1, 0.0, 0.3, 0.03, 0.0) == pytest.approx(expected, abs=1e-6)


def test_a_rotor_that_is_slowed_by_the_load_drives_it():
    # Motor off at 1 rad/s against 1 N*m: the gears pass on the rotor's momentum, k = 1 - 0.5 and not 1.5:
    # a = -1 / (0.02 + 0.5 * 0.01) = -40 rad/s^2, and the rotor gives 0.01 * 40 = 0.4 N*m.
    p = row(armature=0.01, gear_loss_drive=0.5, gear_loss_back=0.5)
    speed, through = advance_speed(p, 1.0, 0.0, 0.0, 0.0, 1.0, 0.02, 1e-4)
    assert speed == pytest.approx(1.0 - 40 * 1e-4) and through == pytest.approx(0.4)
    # The load itself pulls: it drives the rotor, k = 1.5; a = 1 / (0.02 + 1.5 * 0.01) = 28.57 rad/s^2.
    speed, through = advance_speed(p, 1.0, 0.0, 0.0, 0.0, -1.0, 0.02, 1e-4)
    assert speed == pytest.approx(1.0 + 1e-4 / 0.035) and through == pytest.approx(-0.01 / 0.035)


def test_losses_grow_with_what_was_transmitted():
    # 2 N*m against 0.4 of 1 N*m at stall: 0.2 + 0.12 * 2 / 2.4 = 0.3 lost of what is ahead, 0.6 - dry 0.1.
    p = row(motor_coulomb=0.1, gear_loss_drive=0.2, gear_loss_growth=0.12)
    assert friction_limit(p, 1.0, 0.6, 0.3, 0.0, -2.0) == pytest.approx(0.1 + 0.3 * 0.5)


def test_both_couplings_have_the_same_friction():
    random = np.random.default_rng(3)
    held = 0
    for _ in range(500):
        p = row(**{name: value * random.uniform(0.0, 2.0) for name, value in LOSSY.items()})
        motor, load = random.uniform(-1, 1, 2)
        speed = random.choice([0.0, *random.uniform(-1, 1, 2)])
        inertia, armature = random.uniform(0.01, 0.1), p[ARMATURE]
        limit = friction_limit(p, speed, motor, load, inertia, 0.3)
        tiny = 1e-7
        change = (advance_speed(p, speed, 0.3, motor, 0.0, load, inertia, tiny)[0] - speed) / tiny
        sign = np.sign(speed) if speed else np.sign(motor - load)
        free = motor - load - sign * limit
        if speed == 0.0 and abs(motor - load) <= limit:
            assert change == 0.0
            held += 1
        else:
            assert change * (inertia + armature) == pytest.approx(free, rel=1e-3, abs=1e-4)
    assert held > 50


def test_terminal_velocity_is_where_back_emf_and_friction_leave_nothing():
    def fastest(**changed: float) -> float:
        p = row(stall_effort=2, duty_limit=0.5, back_emf=0.25, position_gain=100, **changed)
        return Shaft(p, H).run(3.0, command=1e3, column=SPEED)[-1]

    assert fastest() == pytest.approx(4.0, rel=1e-9)  # 0.5 * 2 / 0.25
    assert fastest(motor_coulomb=0.1, motor_viscous=0.05) == pytest.approx(3.0, rel=1e-9)  # 0.9 / 0.3
    # With a fifth lost in the gears and 0.04 after them: 0.8 * 0.9 / (0.8 * 0.3 + 0.04).
    lossy = fastest(motor_coulomb=0.1, motor_viscous=0.05, output_viscous=0.04, gear_loss_drive=0.2)
    assert lossy == pytest.approx(0.72 / 0.28, rel=1e-9)


def test_dry_friction_takes_the_same_from_every_swing_then_holds_exactly():
    # On a spring of 1 N*m/rad, 0.01 N*m of friction takes 2 * 0.01 / 1 rad from every half swing.
    shaft = Shaft(row(output_coulomb=0.01), 1e-4).put(0.105).off()
    angle = shaft.run(6.0, load=lambda joint: joint)
    turns = np.abs(turning_points(angle))
    assert turns == pytest.approx([0.085, 0.065, 0.045, 0.025], abs=2e-4)
    assert abs(angle[-1]) == pytest.approx(0.005, abs=2e-4)
    assert shaft.s[SPEED] == 0.0 and np.ptp(angle[-20000:]) == 0.0  # no creep, no chatter


def test_stiction_band():
    # 10 N*m/rad of position gain against 0.1 + 0.05 N*m: commands within 15 mrad move nothing.
    p = row(position_gain=5, stall_effort=2, output_coulomb=0.1, stiction=0.05)
    for command in (-0.0149, 0.0149):
        assert np.ptp(Shaft(p, H).run(0.3, command=command)) == 0.0
    for command in (-0.0151, 0.0151):
        assert Shaft(p, H).run(0.3, command=command)[-1] * command > 0.0


def test_breaking_away_jumps_because_friction_falls_with_speed():
    p = row(position_gain=5, stall_effort=2, output_coulomb=0.1, stiction=0.05, stribeck_velocity=0.01)
    # Once loose, friction is 0.1 only: the shaft passes the edge, 10 mrad short, where 0.1 N*m would hold it.
    assert Shaft(p, 1e-4).run(1.0, command=0.0152)[-1] > 0.0152 - 0.01 + 1e-3


def test_a_gear_that_locks_holds_a_load_without_current_and_lets_it_be_lifted():
    # Driven back, 0.1 N*m of friction before the gears counts 1 + 4 times: 0.5 N*m is held.
    p = row(motor_coulomb=0.1, gear_loss_back=4, gear_loss_drive=0.2)
    assert np.ptp(Shaft(p, H).off().run(0.2, load=lambda _: 0.49)) == 0.0
    assert Shaft(p, H).off().run(0.2, load=lambda _: 0.51)[-1] < 0.0
    assert Shaft(p, H).off().run(0.2, load=lambda _: -0.51)[-1] > 0.0  # the same on the other side

    def driven(motor: float) -> float:
        return Shaft(p, H, EFFORT_LOOP).run(0.2, command=motor, load=lambda _: 0.49)[-1]

    # Lifting takes 0.49 / 0.8 + 0.1 = 0.7125 N*m; lowering starts at 0.49 / 5 - 0.1 = -0.002 N*m.
    assert driven(0.71) == 0.0 and driven(0.715) > 0.0
    assert driven(-0.001) == 0.0 and driven(-0.003) < 0.0


@pytest.mark.parametrize("seed", range(4))
def test_energy_never_grows_with_the_motor_off(seed: int):
    random = np.random.default_rng(seed)
    scale = {"armature": 1.0, **dict.fromkeys(LOSSY, 0.1), "gear_loss_drive": 1.0, "gear_loss_back": 1.0}
    p = row(**{name: value * scale[name] * random.uniform(0.1, 1.0) for name, value in LOSSY.items()})
    shaft = Shaft(p, 2e-4).put(0.5).off()
    inertia = shaft.inertia + p[ARMATURE]
    angle = shaft.run(3.0, load=lambda joint: joint)
    speed = np.diff(angle) / shaft.h
    # Semi-implicit Euler conserves this, not the plain sum, on a spring: 1/2 J v^2 + 1/2 q^2 - h/2 q v.
    energy = 0.5 * inertia * speed**2 + 0.5 * angle[1:] ** 2 - 0.5 * shaft.h * angle[1:] * speed
    assert np.diff(energy).max() < 1e-6 * 0.125 and energy[-1] < 0.9 * energy[0]


def test_without_friction_energy_stays():
    shaft = Shaft(row(), 2e-4).put(0.5).off()
    angle = shaft.run(10.0, load=lambda joint: joint)
    assert np.abs(turning_points(angle)) == pytest.approx(0.5, rel=1e-4)


def test_stops_end_the_motion_in_measured_angles():
    p = row(encoder_offset=0.1, stop_low=-0.3, stop_high=0.5, position_gain=5)
    shaft = Shaft(p, H)
    assert shaft.run(1.0, command=2.0).max() == pytest.approx(0.4)  # measured 0.5
    assert shaft.s[SPEED] == 0.0
    assert shaft.run(1.0, command=-2.0).min() == pytest.approx(-0.4)
    assert shaft.run(2.0, command=0.0, column=SPEED).max() > 0.0  # and lets go again


def test_the_state_tells_what_the_gears_transmit_and_where_the_joint_is():
    # Held at rest by 0.3 N*m of motor against 0.3 N*m of load, the gears transmit just that.
    shaft = Shaft(row(motor_coulomb=0.01), H, EFFORT_LOOP)
    shaft.run(0.1, command=0.3, load=lambda _: 0.3)
    assert (
        shaft.s[TRANSMITTED] == pytest.approx(0.3, rel=1e-6) and shaft.s[JOINT_ANGLE] == shaft.s[ANGLE] == 0.0
    )
    # Free, 0.3 N*m on 0.02 + 0.01 kg*m^2: the gears pass on what the load's inertia takes, 0.2 N*m.
    shaft = Shaft(row(), H, EFFORT_LOOP)
    shaft.run(0.1, command=0.3)
    assert shaft.s[TRANSMITTED] == pytest.approx(0.2, rel=1e-6)
    assert math.isclose(shaft.s[SPEED], 0.3 / 0.03 * 0.1)
