"""A floating root link is placed and read by its own frame, though PyBullet speaks of its centre of mass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.model import Link, RigidModel
from hybridsim.physics.pose import quaternion, rotations

SETTINGS = WorldSettings(timestep=0.001, base="floating", gravity=(0.0, 0.0, 0.0))
HALF = np.array([[1.0, 0.2, 0.1], [0.0, 0.8, 0.3], [0.0, 0.0, 0.7]])


@pytest.fixture
def lump():
    """One body whose centre of mass and principal axes are nowhere near its frame, in two worlds."""
    inertia = np.trace(HALF @ HALF.T) * np.eye(3) - HALF @ HALF.T
    link = Link("lump", 3.0, np.array([0.4, -0.2, 0.1]), inertia)
    with BulletWorlds(RigidModel("lump", (link,), ()), [], 2, SETTINGS) as worlds:
        yield worlds


def test_place_and_read_back(lump):
    turn = Rotation.from_rotvec([0.5, -1.1, 0.7]).as_quat()
    given = np.array([1.0, 2.0, 3.0]), turn, np.array([0.3, 0.1, -0.2]), np.array([1.0, -2.0, 0.5])
    lump.base.place(1, *given)
    base = lump.base
    for read, wanted in zip(
        (base.position, base.orientation, base.linear_velocity, base.angular_velocity), given, strict=True
    ):
        np.testing.assert_allclose(read[1], wanted, atol=1e-12)
    np.testing.assert_allclose(base.position[0], 0.0, atol=1e-12)
    np.testing.assert_allclose(base.orientation[0], [0.0, 0.0, 0.0, 1.0], atol=1e-12)
    lump.reset([1])
    np.testing.assert_allclose(base.position[1], 0.0, atol=1e-12)
    np.testing.assert_allclose(base.linear_velocity[1], 0.0, atol=1e-12)


def test_a_tumbling_body_keeps_its_momentum(lump):
    """Torque-free and force-free: the centre of mass goes straight, angular momentum stays in the world."""
    link = np.array([0.4, -0.2, 0.1])
    inertia = np.trace(HALF @ HALF.T) * np.eye(3) - HALF @ HALF.T
    lump.base.place(0, np.zeros(3), None, np.array([0.5, 0.0, 0.0]), np.array([1.0, 2.0, -1.0]))

    def momentum():
        turn = lump.base.rotation_world_from_body[0]
        return turn @ inertia @ turn.T @ lump.base.angular_velocity[0]

    start, com = momentum(), link + np.array([0.5, 0, 0]) + np.cross([1.0, 2.0, -1.0], link)
    for _ in range(1000):
        lump.step()
    found = lump.base.position[0] + lump.base.rotation_world_from_body[0] @ link
    np.testing.assert_allclose(found, com, atol=1e-9)
    np.testing.assert_allclose(momentum(), start, rtol=0.01, atol=0.01)


def lump_of(mass: float, lever: float) -> RigidModel:
    inertia = mass * np.diag([0.2, 0.3, 0.4])
    return RigidModel("lump", (Link("lump", mass, np.array([lever, 0.1, 0.0]), inertia),), ())


def test_worlds_of_different_robots_move_as_each_alone():
    """A tumbling body whose mass and lever differ from world to world."""
    models = [lump_of(3.0, 0.4), lump_of(1.5, -0.2)]
    turn = Rotation.from_rotvec([0.5, -1.1, 0.7]).as_quat()

    def tumbled(chosen: list[RigidModel]) -> np.ndarray:
        with BulletWorlds(chosen, [], len(chosen), SETTINGS) as worlds:
            assert worlds.base is not None
            for world in range(len(chosen)):
                start = np.zeros(3), turn, np.array([0.5, 0.0, 0.0]), np.array([1.0, 2.0, -1.0])
                worlds.base.place(world, *start)
            for _ in range(200):
                worlds.step()
            return np.concatenate([worlds.base.position, worlds.base.linear_velocity], axis=1)

    together = tumbled(models)
    alone = np.concatenate([tumbled([model]) for model in models])
    assert np.array_equal(together, alone)
    assert np.abs(together[0] - together[1]).max() > 0.1


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_quaternions_and_rotations_agree_with_scipy(vector):
    rotation = Rotation.from_rotvec(vector)
    np.testing.assert_allclose(rotations(rotation.as_quat()[None])[0], rotation.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(
        rotations(quaternion(rotation.as_matrix())[None])[0], rotation.as_matrix(), atol=1e-9
    )
