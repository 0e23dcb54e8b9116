"""A pendulum with known armature and friction, carried by motion and by effort."""

import numpy as np
import pytest

from hybridsim.actuators import Drives
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from tests.actuators.bench import G, Shaft, crossings, row
from tests.physics.conftest import swinging

MASS, LENGTH, ARMATURE = 0.5, 0.3, 0.03
INERTIA = MASS * LENGTH**2 + 1e-6  # 0.045 kg*m^2
PERIOD = 2 * np.pi * np.sqrt((INERTIA + ARMATURE) / (MASS * G * LENGTH))  # 1.4186 s, without armature 1.0988


def gravity(angle: float) -> float:
    return MASS * G * LENGTH * np.sin(angle)


def by_motion(p: np.ndarray, start: float, time: float, h: float, enabled: bool = True, command: float = 0.0):
    shaft = Shaft(p, h, inertia=INERTIA).put(start)
    shaft.enabled = enabled
    return shaft.run(time, command=command, load=gravity)


def by_effort(p: np.ndarray, start: float, time: float, h: float, enabled: bool = True, command: float = 0.0):
    """The same in PyBullet: the drive's effort on the joint, its friction left to the solver."""
    model = swinging(length=LENGTH, mass=MASS)
    settings = WorldSettings(timestep=h, armature=(ARMATURE,), gravity=(0.0, 0.0, -G))
    drives = Drives(p[None], [0], [False], 1, h)
    drives.reset(np.array([0]), np.full((1, 1), start))
    drives.enabled[:] = enabled
    found = []
    with BulletWorlds(model, ["hinge0"], worlds=1, settings=settings) as worlds:
        worlds.reset(position=np.full((1, 1), start))
        for _ in range(round(time / h)):
            angle, speed = worlds.joint_position.copy(), worlds.joint_velocity.copy()
            load = worlds.bias_effort(angle, speed)
            drives.step(np.full((1, 1), command), angle, speed, load, np.full((1, 1), INERTIA))
            worlds.apply_effort(drives.effort)
            worlds.apply_friction(drives.friction)
            worlds.step()
            found.append(worlds.joint_position[0, 0])
    return np.array(found)


@pytest.mark.parametrize("h", [1e-3, 5e-3])
def test_period_with_a_known_armature(h: float):
    # Small swings of 0.05 rad: the analytic period is 0.016 % short.
    for swing in (by_motion, by_effort):
        angle = swing(row(armature=ARMATURE), -0.05, 4.5, h, enabled=False)
        assert np.diff(crossings(angle, h)).mean() == pytest.approx(PERIOD, rel=1e-3), swing


LOSSY = dict(armature=ARMATURE, motor_coulomb=0.02, output_coulomb=0.02, stiction=0.02, motor_viscous=0.005)


def test_couplings_agree_on_a_falling_pendulum():
    rough = {**LOSSY, "motor_coulomb": 0.08, "output_coulomb": 0.06}
    p = row(**rough, gear_loss_drive=0.2, gear_loss_back=0.3, back_emf=0.02, off_braking=1.0)
    one, other = (swing(p, 1.5, 6.0, 1e-3, enabled=False) for swing in (by_motion, by_effort))
    assert np.abs(one[:500]).min() < 0.1 and np.ptp(one[-500:]) == 0.0  # it swings, then friction holds it
    # Steps of 1 ms at up to 6 rad/s; the couplings differ by how they split a step.
    assert np.abs(one - other).max() < 6e-3
    assert abs(one[-1] - other[-1]) < 3e-3


def test_couplings_agree_on_a_servo():
    p = row(**LOSSY, gear_loss_drive=0.2, gear_loss_back=0.3, position_gain=10, stall_effort=3, back_emf=0.5)
    one, other = (swing(p, 0.0, 1.0, 1e-3, command=1.0) for swing in (by_motion, by_effort))
    assert 0.9 < one[-1] < 1.0  # sags under gravity
    assert np.abs(one - other).max() < 3e-3  # back-EMF is explicit in one, implicit in the other


def test_error_falls_with_the_first_power_of_the_timestep():
    p = row(armature=ARMATURE, position_gain=10, stall_effort=3, back_emf=0.5)
    time = np.arange(0.02, 0.5, 0.02)

    def angle(h: float) -> np.ndarray:
        found = by_motion(p, 0.0, 0.5, h, command=1.0)
        return np.interp(time, h * np.arange(1, len(found) + 1), found)

    exact = angle(2e-5)
    errors = [np.abs(angle(h) - exact).max() for h in (4e-3, 2e-3, 1e-3)]
    order = np.log2(np.array(errors[:-1]) / errors[1:])
    assert order == pytest.approx(1.0, abs=0.15)
    assert errors[-1] < 5e-3


def test_a_spring_in_bullet_bends_by_gravity():
    stiffness = 30.0
    p = row(
        armature=ARMATURE,
        stiffness=stiffness,
        position_gain=20,
        stall_effort=3,
        back_emf=0.5,
        output_viscous=0.3,
    )
    settings = WorldSettings(timestep=1e-3, gravity=(0.0, 0.0, -G))
    drives = Drives(p[None], [0], [False], 1, 1e-3)
    drives.reset(np.array([0]), np.zeros((1, 1)))
    with BulletWorlds(swinging(length=LENGTH, mass=MASS), ["hinge0"], worlds=1, settings=settings) as worlds:
        for _ in range(4000):
            angle, speed = worlds.joint_position.copy(), worlds.joint_velocity.copy()
            load = worlds.bias_effort(angle, speed)
            drives.step(np.full((1, 1), 1.0), angle, speed, load, np.full((1, 1), INERTIA))
            worlds.apply_effort(drives.effort)
            worlds.apply_friction(drives.friction)
            worlds.step()
        joint, shaft = worlds.joint_position[0, 0], drives.shaft_angle[0, 0]
    assert 0.9 < joint < shaft < 1.0
    assert stiffness * (shaft - joint) == pytest.approx(gravity(joint), rel=1e-3)
