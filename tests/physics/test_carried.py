"""Carried bodies: PyBullet's numbers in free space without PyBullet, and PyBullet itself near the ground."""

import numpy as np
import pybullet
import pytest

from hybridsim.errors import SimulationError
from hybridsim.physics import kernel
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.burden import burden
from hybridsim.physics.carried import MARGIN, CarriedBodies
from hybridsim.physics.clearance import corners_of, lowest
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_limits
from hybridsim.physics.hulls import with_hulls
from hybridsim.physics.recursion import new_work
from tests.physics.conftest import ARM

H = 0.005
GROUND = WorldSettings(timestep=H, plane=True, plane_height=-0.05, plane_stiffness=5e3, plane_friction=0.1)
# Upper arm forward and down, so that the gripper presses on the ground.
UP, DOWN = np.array([0.0, -0.5, 0.3, 0.5, 0.0, 0.0]), np.array([0.0, 1.0, -0.3, 0.9, 0.0, 0.2])


def test_a_free_motion_is_bullets_own(arm):
    model, settings = with_limits(arm, False), WorldSettings(timestep=H)
    carried = CarriedBodies(model, ARM, 2, settings)
    bullet = BulletWorlds(model, ARM, 2, settings)
    rng = np.random.default_rng(1)
    start, swing = rng.uniform(-0.5, 0.5, (2, 2, 6))
    carried.reset([0, 1], start, 0 * start)
    bullet.reset(None, start)
    for k in range(1, 100):
        target = start + swing * np.sin(3 * k * H) ** 2
        before, speed = carried.joint_position.copy(), carried.joint_velocity.copy()
        for bodies in (carried, bullet):
            bodies.drive_motion(target)
            bodies.step()
        np.testing.assert_allclose(carried.joint_position, bullet.joint_position, atol=1e-11)
        np.testing.assert_allclose(carried.joint_velocity, bullet.joint_velocity, atol=1e-9)
        asked = kernel.inverse_dynamics(carried.chain, before, speed, (carried.joint_velocity - speed) / H)
        np.testing.assert_allclose(asked, bullet.load_effort, atol=1e-9)
    assert np.ptp(bullet.load_effort) > 0.1
    bullet.close()


def test_the_burden_is_the_bias_and_the_diagonal_of_the_mass_matrix(arm):
    chain = CarriedBodies(arm, ARM, 1, WorldSettings(timestep=H)).chain
    q, qd = np.random.default_rng(2).uniform(-1, 1, (2, 20, 6))
    effort, inertia = np.zeros((2, 20, 6))
    for n in range(20):
        burden(chain, q[n], qd[n], np.zeros(6), new_work(6), effort[n], inertia[n])
    np.testing.assert_array_equal(effort, kernel.bias_effort(chain, q, qd))
    np.testing.assert_array_equal(inertia, np.diagonal(kernel.mass_matrix(chain, q), axis1=1, axis2=2))


def test_pressing_on_a_soft_plane_is_felt_as_in_bullet(arm):
    model = with_limits(arm, False)
    carried = CarriedBodies(model, ARM, 1, GROUND)
    bullet = BulletWorlds(with_hulls(model), ARM, 1, GROUND)
    start = np.array([UP])
    carried.reset([0], start, 0 * start)
    bullet.reset(None, start)
    felt = []
    # 50 steps of touch. Held for 60 more, friction chatters: rounding decides, another on each processor.
    for k in range(1, 221):
        target = start + (DOWN - start) * min(k / 200, 1.0)
        for bodies in (carried, bullet):
            bodies.drive_motion(target)
            bodies.step()
        felt.append(np.abs(bullet.contact_effort).max())
        # Bullet's world follows the targets to its motors' precision only; here it starts afresh at contact.
        np.testing.assert_allclose(carried.contact_effort, bullet.contact_effort, atol=1e-3 + 1e-3 * felt[-1])
    assert felt[0] < 1e-9 < 0.1 < felt[-1]
    # Lifted again, nothing is left.
    carried.drive_motion(start)
    carried.step()
    np.testing.assert_array_equal(carried.contact_effort, 0.0)
    carried.close()
    bullet.close()


def test_clearance_is_bullets_closest_point(arm):
    model = with_hulls(with_limits(arm, False))
    bullet = BulletWorlds(model, ARM, 1, GROUND)
    chain, boxes = bullet.chain, corners_of(model)
    edge = GROUND.plane_height + MARGIN
    near = 0
    for q in np.random.default_rng(3).uniform(-1.5, 1.5, (300, 1, 6)):
        found = lowest(chain, boxes, q, edge)[0]
        bullet.reset(None, q)
        client = bullet.clients[0]
        points = pybullet.getClosestPoints(1 - client.body, client.body, 1.0, physicsClientId=client.id)
        moving = [point[8] for point in points if point[4] >= 0]
        if found < edge:
            near += 1
            # Bullet counts its hulls' rounding of 1 mm in.
            assert min(moving) == pytest.approx(found - GROUND.plane_height - 0.001, abs=2e-4)
        else:
            assert min(moving) > MARGIN - 0.0015
    assert near > 20
    bullet.close()


def test_a_motion_that_is_not_finite_is_refused(arm):
    carried = CarriedBodies(arm, ARM, 2, WorldSettings(timestep=H))
    target = np.zeros((2, 6))
    target[1, 2] = np.nan
    carried.drive_motion(target)
    with pytest.raises(SimulationError, match="world 1: joint 'elbow_flex' is not finite"):
        carried.step()
    with pytest.raises(SimulationError, match="expected base 'fixed'"):
        CarriedBodies(arm, ARM, 1, WorldSettings(timestep=H, base="floating"))
