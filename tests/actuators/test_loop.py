import math

import numpy as np
import pytest

from hybridsim.actuators.loop import EFFORT_LOOP, IMPEDANCE_LOOP, POSITION_LOOP, VELOCITY_LOOP, motor_effort
from hybridsim.actuators.state import ANGLE, DUTY, EFFORT, INTEGRAL, SPEED, STATES, TARGET
from tests.actuators.bench import Shaft, row

H = 1e-3


def motor(
    p, command, *, mode=POSITION_LOOP, angle=0.0, speed=0.0, gain=1.0, voltage=0.0, enabled=True, s=None
):
    """Net effort of the motor at this speed."""
    s = np.zeros(STATES) if s is None else s
    s[ANGLE], s[SPEED] = angle, speed
    rest, damping = motor_effort(p, s, mode, float(command), gain, voltage, enabled, H)
    return rest - damping * speed


def test_duty_times_stall_effort():
    # error 0.1 rad * gain register 2 * 1.5 1/rad = duty 0.3; 0.3 * 4 N*m = 1.2 N*m.
    assert motor(row(position_gain=1.5, stall_effort=4), 0.1, gain=2.0) == pytest.approx(1.2)
    # At 6 V of rated 5 V: 1.2 * 6/5 = 1.44; back-EMF 0.5 * 0.4 rad/s takes 0.2.
    p = row(position_gain=1.5, stall_effort=4, rated_voltage=5, back_emf=0.5)
    assert motor(p, 0.1, gain=2.0, voltage=6.0, speed=0.4) == pytest.approx(1.44 - 0.2)


def test_the_duty_is_remembered():
    p = row(position_gain=1.5, stall_effort=4, back_emf=1, effort_limit=3.0, duty_limit=0.9)
    s = np.zeros(STATES)
    motor(p, 0.1, gain=2.0, s=s)
    assert s[DUTY] == pytest.approx(0.3)  # 0.1 rad * 2 * 1.5
    motor(p, 1.0, s=s)  # 0.9 * 4 = 3.6 N*m, cut to 3 by the current limit: a duty of 3/4
    assert s[DUTY] == pytest.approx(0.75)
    motor(p, 1.0, s=s, speed=0.5, mode=EFFORT_LOOP)  # (1 N*m + 1 * 0.5) / 4
    assert s[DUTY] == pytest.approx(0.375)
    motor(p, 1.0, s=s, enabled=False)
    assert s[DUTY] == 0.0


def test_duty_saturates_at_its_limit_and_with_the_voltage():
    # error 1 rad * 5 = 5, cut to 0.8; 0.8 * 4 N*m * 6 V / 5 V = 3.84 N*m; the other way round as well.
    p = row(position_gain=5, stall_effort=4, rated_voltage=5, duty_limit=0.8)
    assert motor(p, 1.0, voltage=6.0) == pytest.approx(3.84)
    assert motor(p, -1.0, voltage=6.0) == pytest.approx(-3.84)
    assert motor(p, 1.0) == pytest.approx(3.2)  # no voltage logged: the rated one


def test_current_limit_caps_the_effort_in_either_direction():
    p = row(position_gain=5, stall_effort=4, back_emf=1, effort_limit=2.5)
    assert motor(p, 1.0) == 2.5
    assert motor(p, -1.0, speed=1.0) == -2.5  # -4 - 1 would be driven
    assert motor(p, 1.0, speed=2.0) == pytest.approx(2.0)  # 4 - 2, within


def test_supply_drop():
    # Duty 0.5: drop = 0.25 * (0.1 + 0.4 * 0.5) = 0.075; 0.5 * 4 * (1 - 0.075) = 1.85 N*m.
    p = row(position_gain=1, stall_effort=4, back_emf=1, supply_drop=0.1, ripple_drop=0.4)
    assert motor(p, 0.5) == pytest.approx(1.85)
    # At 1 rad/s: (0.5 * 4 - 1) * 0.925 = 0.925. At 3 rad/s it brakes: (2 - 3) * 1.075 = -1.075.
    assert motor(p, 0.5, speed=1.0) == pytest.approx(0.925)
    assert motor(p, 0.5, speed=3.0) == pytest.approx(-1.075)


def test_errors_are_in_whole_counts_on_both_sides():
    # Counts of 0.1 rad: command 0.26 -> 3 counts, angle 0.04 + offset 0.02 -> 1 count; 2 counts = 0.2 rad.
    p = row(position_gain=1, encoder_resolution=0.1, encoder_offset=0.02)
    assert motor(p, 0.26, angle=0.04) == pytest.approx(0.2)
    assert motor(p, 0.26, angle=0.12) == pytest.approx(0.2)  # 0.14 is still one count
    assert motor(p, 0.34, angle=0.04) == pytest.approx(0.2)  # so is the command's third
    assert motor(p, 0.36, angle=0.04) == pytest.approx(0.3)


def test_offsets_and_deadband():
    # 0.3 + command_offset 0.02 - (0.1 + encoder_offset 0.05) = 0.17; less 0.03: 0.14.
    p = row(position_gain=1, command_offset=0.02, encoder_offset=0.05, deadband=0.03)
    assert motor(p, 0.3, angle=0.1) == pytest.approx(0.14)
    assert motor(p, -0.1, angle=0.1) == pytest.approx(-(0.23 - 0.03))
    assert motor(p, 0.14, angle=0.1) == 0.0  # 0.01 is inside


def test_velocity_loop():
    # 0.2 s/rad * (3 - 1) rad/s = 0.4; * 2 N*m = 0.8 N*m.
    assert motor(row(velocity_gain=0.2, stall_effort=2), 3.0, mode=VELOCITY_LOOP, speed=1.0) == pytest.approx(
        0.8
    )
    shaft = Shaft(row(velocity_gain=5, stall_effort=2, integral_gain=20, back_emf=0.3), H, VELOCITY_LOOP)
    speed = shaft.run(2.0, command=3.0, load=lambda _: 0.5, column=SPEED)
    # Without the integral 10 (3 - v) = 0.5 + 0.3 v stays at 2.864 rad/s.
    assert speed[-1] == pytest.approx(3.0, abs=1e-3)


def test_high_velocity_gain_is_stable_at_a_long_step():
    # 10 s/rad * 5 N*m = 50 N*m*s/rad on 0.03 kg*m^2: explicit damping would need a step below 1.2 ms.
    shaft = Shaft(row(velocity_gain=10, stall_effort=5), 5e-3, VELOCITY_LOOP)
    speed = shaft.run(0.5, command=0.05, column=SPEED)
    assert speed[-1] == pytest.approx(0.05, rel=1e-9) and speed.max() <= 0.05 + 1e-12


def test_torque_loop_gives_the_commanded_effort_whatever_speed_and_voltage():
    p = row(stall_effort=4, back_emf=1, rated_voltage=5, supply_drop=0.1)
    for speed in (-2.0, 0.0, 2.0):
        assert motor(p, 1.5, mode=EFFORT_LOOP, speed=speed, voltage=6.0) == pytest.approx(1.5)
    # At 4 rad/s and rated voltage 4 N*m - 4 = 0 is left; at 3 rad/s (4 - 3) * (1 - 0.1) = 0.9 is.
    assert motor(p, 1.5, mode=EFFORT_LOOP, speed=4.0) == pytest.approx(0.0)
    assert motor(p, 1.5, mode=EFFORT_LOOP, speed=3.0) == pytest.approx(0.9)
    assert motor(p, 9.0, mode=EFFORT_LOOP) == pytest.approx(3.6)  # 4 * 0.9


def test_impedance_loop_is_a_spring_and_a_damper_to_the_target():
    p = row(stall_effort=80, position_gain=1.0, velocity_gain=0.025, back_emf=1, rated_voltage=5)
    # 80 N*m * (1/rad * (0.3 - 0.1) rad - 0.025 s/rad * 2 rad/s) = 80 * (0.2 - 0.05)
    assert motor(p, 0.3, mode=IMPEDANCE_LOOP, angle=0.1, speed=2.0) == pytest.approx(12.0)
    # Behind the target with the sign turned: position - target would push away.
    assert motor(p, -0.3, mode=IMPEDANCE_LOOP, angle=0.1) == pytest.approx(-32.0)
    assert motor(p, 9.0, mode=IMPEDANCE_LOOP, speed=10.0) == pytest.approx(70.0)  # 80 less 1 * 10 of the emf
    s = np.zeros(STATES)
    motor(p, 0.3, mode=IMPEDANCE_LOOP, angle=0.2, enabled=False, s=s)
    assert s[TARGET] == 0.2  # switched on again it starts from where it is


def test_rate_limit_ramps_the_target():
    s = np.zeros(STATES)
    p = row(rate_limit=2.0)
    for _ in range(100):
        motor(p, 1.0, s=s)
    assert s[TARGET] == pytest.approx(0.2)  # 2 rad/s * 100 ms
    for _ in range(500):
        motor(p, 1.0, s=s)
    assert s[TARGET] == 1.0  # and stops there


def test_neutral_rate_limit_does_nothing():
    assert motor(row(stall_effort=100), 80.0, mode=EFFORT_LOOP) == 80.0  # in the first millisecond


def test_motor_lag_reaches_63_percent_after_its_time_constant():
    s = np.zeros(STATES)
    p = row(position_gain=0.5, motor_lag=0.02)
    found = [motor(p, 1.0, s=s) for _ in range(200)]
    assert found[19] == pytest.approx(0.5 * (1 - math.exp(-1)), rel=1e-9)  # 20 steps of 1 ms
    assert found[199] == pytest.approx(0.5 * (1 - math.exp(-10)), rel=1e-9)
    assert s[EFFORT] == found[199]


def test_integral_removes_sag_and_does_not_wind_up():
    pull = lambda _: 0.5  # noqa: E731
    sagging = Shaft(row(position_gain=5, velocity_gain=0.5), H)
    # Held by error alone: 0.5 N*m / (5 1/rad * 1 N*m) = 0.1 rad below.
    assert sagging.run(3.0, load=pull)[-1] == pytest.approx(-0.1, abs=1e-6)
    exact = Shaft(row(position_gain=5, velocity_gain=0.5, integral_gain=10), H)
    assert exact.run(5.0, load=pull)[-1] == pytest.approx(0.0, abs=1e-6)
    s = np.zeros(STATES)
    for _ in range(1000):  # a second of saturation at 1 rad of error
        motor(row(position_gain=5, integral_gain=10), 1.0, s=s)
    assert s[INTEGRAL] == 0.0


def test_switched_off_the_motor_coasts_or_brakes():
    coast, brake = row(back_emf=0.4), row(back_emf=0.4, off_braking=0.5)
    assert motor(coast, 1.0, enabled=False, speed=2.0) == 0.0
    assert motor(brake, 1.0, enabled=False, speed=2.0) == pytest.approx(-0.4)  # 0.5 * 0.4 * 2
    # Inertia 0.02 + 0.01; braking decays with 0.03 / 0.2 = 0.15 s.
    assert Shaft(coast, H).put(0.0, 2.0).off().run(0.15, column=SPEED)[-1] == 2.0
    slowed = Shaft(brake, 1e-4).put(0.0, 2.0).off().run(0.15, column=SPEED)[-1]
    assert slowed == pytest.approx(2.0 * math.exp(-1), rel=1e-3)


def test_switching_on_starts_from_where_the_shaft_is():
    s = np.zeros(STATES)
    p = row(rate_limit=1.0, position_gain=1, integral_gain=5, motor_lag=0.01, encoder_offset=0.1)
    for _ in range(50):
        motor(p, 1.0, s=s)
    motor(p, 1.0, angle=-0.5, enabled=False, s=s)
    assert (s[TARGET], s[EFFORT], s[INTEGRAL]) == (-0.4, 0.0, 0.0)
    motor(p, 1.0, angle=-0.5, s=s)
    assert s[TARGET] == pytest.approx(-0.399)  # one millisecond of 1 rad/s further
