import numpy as np
import pytest

from hybridsim.actuators import Drives
from hybridsim.actuators.loop import EFFORT_LOOP
from hybridsim.actuators.state import ANGLE, JOINT_ANGLE, PLAY, SPEED
from tests.actuators.bench import Shaft, crossings, row

H = 1e-3


def follow(shaft: Shaft, commands: np.ndarray, load: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Shaft and joint angle under slowly changing commands."""
    found = []
    for command in commands:
        shaft.step(command, load)
        found.append((shaft.s[ANGLE], shaft.s[JOINT_ANGLE]))
    return np.array(found).T


def there_and_back() -> np.ndarray:
    return np.concatenate([np.linspace(0, 0.5, 2000), np.linspace(0.5, 0, 2000), np.linspace(0, 0.5, 2000)])


def test_backlash_is_a_hysteresis_of_its_width():
    p = row(position_gain=50, velocity_gain=1, backlash=0.04, output_coulomb=0.02)
    angle, joint = follow(Shaft(p, H), there_and_back())
    up, down = angle[2500:4000], angle[4500:6000]
    # Going down the joint hangs 20 mrad above the shaft, going up 20 mrad below.
    falling = np.interp(0.25, up[::-1], joint[2500:4000][::-1])
    rising = np.interp(0.25, down, joint[4500:6000])
    assert falling - rising == pytest.approx(0.04, abs=1e-6)


def test_the_joint_remembers_its_place_inside_the_play():
    p = row(position_gain=50, velocity_gain=1, backlash=0.04, output_coulomb=0.2)
    pushed = np.linspace(0.1, 0.14, 1000)
    wandering = 0.13 + 0.01 * np.cos(np.linspace(0, 20, 4000))
    angle, joint = follow(Shaft(p, H).put(0.1), np.concatenate([pushed, wandering]))
    later = slice(1500, None)
    assert np.ptp(angle[later]) > 0.01  # the shaft goes to and fro
    assert np.ptp(joint[later]) < 1e-12  # within 40 mrad of play
    # The shaft's furthest point, less half the play; the joint coasts less than 2 mrad further.
    assert joint[-1] == pytest.approx(angle.max() - 0.02, abs=2e-3)


def test_a_load_above_friction_takes_the_joint_to_its_side_of_the_play_and_below_leaves_it():
    p = row(position_gain=50, velocity_gain=1, backlash=0.04, output_coulomb=0.02)
    below, above = Shaft(p, H), Shaft(p, H)
    follow(below, np.zeros(2000), load=0.019)
    follow(above, np.zeros(2000), load=0.021)
    assert below.s[PLAY] == 0.0 and above.s[PLAY] == -0.02
    # (0.1 - 0.02) N*m on 0.02 kg*m^2: 4 rad/s^2 cross 20 mrad in sqrt(2 * 0.02 / 4) = 0.1 s, not at once.
    stiff = row(position_gain=2000, velocity_gain=1, backlash=0.04, output_coulomb=0.02)
    shaft, joint = follow(Shaft(stiff, 1e-4), np.zeros(2000), load=0.1)
    away = joint - shaft
    assert away[500] == pytest.approx(-0.5 * 4 * 0.05**2, rel=0.05)
    assert np.flatnonzero(away == -0.02)[0] * 1e-4 == pytest.approx(0.1, rel=0.05)


def test_compliance_bends_by_the_load_and_is_no_part_of_the_play():
    p = row(position_gain=200, backlash=0.04, output_coulomb=0.02, stiffness=10, velocity_gain=1)
    shaft = Shaft(p, H)
    follow(shaft, np.zeros(300), load=0.5)
    # 0.5 N*m / 10 N*m/rad = 50 mrad below the lower end of the play, once, however long it lasts.
    assert shaft.s[JOINT_ANGLE] - shaft.s[ANGLE] == pytest.approx(-0.02 - 0.05)
    follow(shaft, np.zeros(3000), load=0.5)
    assert shaft.s[JOINT_ANGLE] - shaft.s[ANGLE] == pytest.approx(-0.02 - 0.05)
    follow(shaft, np.zeros(300), load=-0.5)
    assert shaft.s[JOINT_ANGLE] - shaft.s[ANGLE] == pytest.approx(0.02 + 0.05)


class Sprung:
    """A shaft, a spring and a joint of its own inertia, effort coupling."""

    def __init__(self, h: float, joint_inertia: float = 0.05, **changed: float) -> None:
        self.h, self.inertia = h, joint_inertia
        self.drives = Drives(row(**changed)[None], [EFFORT_LOOP], [False], 1, h)
        self.angle, self.speed = np.zeros((1, 1)), np.zeros((1, 1))

    def run(self, time: float, command: float = 0.0, held: bool = False) -> np.ndarray:
        """The joint's angle after every step; friction is left to the engine, so here there is none."""
        found, zero = [], np.zeros((1, 1))
        for _ in range(round(time / self.h)):
            self.drives.step(np.full((1, 1), command), self.angle, self.speed, zero, zero)
            if not held:
                self.speed = self.speed + self.h * self.drives.effort / self.inertia
                self.angle = self.angle + self.h * self.speed
            found.append(self.angle[0, 0])
        return np.array(found)


SPRING = dict(armature=0.01, stiffness=40.0)


def test_a_spring_carries_the_motors_effort_at_rest():
    bench = Sprung(H, **SPRING, motor_viscous=0.5)
    bench.run(1.0, command=0.8, held=True)
    assert bench.drives.effort[0, 0] == pytest.approx(0.8, rel=1e-6)
    assert bench.drives.shaft_angle[0, 0] == pytest.approx(0.8 / 40, rel=1e-6)


def test_shaft_and_joint_swing_against_each_other_at_the_analytic_frequency():
    bench = Sprung(5e-4, **SPRING)
    bench.drives.state[..., ANGLE] = 0.1
    joint = bench.run(2.0)
    # sqrt(40 (1/0.01 + 1/0.05)) = 69.28 rad/s: 90.69 ms; around the common centre at 0.1 * 0.01 / 0.06.
    assert np.diff(crossings(joint - 0.1 / 6, 5e-4)).mean() == pytest.approx(2 * np.pi / 69.28, rel=1e-3)
    # No friction: momentum stays exactly, the swing without loss.
    momentum = 0.01 * bench.drives.state[0, 0, SPEED] + 0.05 * bench.speed[0, 0]
    assert abs(momentum) < 1e-12
    assert np.ptp(joint[-400:]) == pytest.approx(np.ptp(joint[:400]), rel=1e-3)


def test_backlash_opens_around_the_spring():
    bench = Sprung(H, **SPRING, backlash=0.04, motor_viscous=0.5)
    bench.run(1.0, command=0.8, held=True)
    assert bench.drives.shaft_angle[0, 0] == pytest.approx(0.02 + 0.8 / 40, rel=1e-6)


def test_the_joint_behind_a_spring_bears_the_outputs_friction_and_the_shaft_the_motors():
    bench = Sprung(H, **SPRING, motor_coulomb=0.1, output_coulomb=0.03, stiction=0.02)
    bench.run(0.2, command=0.09, held=True)
    assert bench.drives.shaft_angle[0, 0] == 0.0  # held before the gears
    bench.run(0.2, command=0.11, held=True)
    assert bench.drives.shaft_angle[0, 0] > 0.0  # the output's 0.05 would hold it too
    assert bench.drives.friction[0, 0] == pytest.approx(0.05)
