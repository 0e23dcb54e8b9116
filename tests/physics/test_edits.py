"""Edits change what they say and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.errors import RobotError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_armature, with_inertial, with_limits, with_locked, with_point_mass
from hybridsim.physics.inertia import is_possible
from hybridsim.physics.model import Joint
from tests.physics.conftest import swinging


def test_a_point_mass_by_hand():
    model = with_point_mass(swinging(1.0, 2.0), "rod0", 2.0, np.array([0.0, 0.0, 0.0]))
    rod = model.link("rod0")
    assert rod.mass == 4.0
    np.testing.assert_allclose(rod.com, [0.0, 0.0, -0.5])
    # two masses of 2 kg, each half a metre from the middle: 2 · 2 · 0.25 = 1 kg·m²
    np.testing.assert_allclose(rod.inertia, np.diag([1.0, 1.0, 0.0]) + 1e-6 * np.eye(3))


def test_taking_the_same_mass_away_restores_the_link():
    at, plain = np.array([0.3, 0.1, -0.2]), swinging(0.5, 2.0)
    again = with_point_mass(with_point_mass(plain, "rod0", 0.7, at), "rod0", -0.7, at).link("rod0")
    np.testing.assert_allclose(again.com, plain.link("rod0").com, atol=1e-15)
    np.testing.assert_allclose(again.inertia, plain.link("rod0").inertia, atol=1e-15)


def test_inertial_parts_are_replaced_one_by_one():
    plain = swinging()
    heavy = with_inertial(plain, "rod0", mass=5.0).link("rod0")
    assert heavy.mass == 5.0
    np.testing.assert_array_equal(heavy.com, plain.link("rod0").com)
    moved = with_inertial(plain, "rod0", com=np.array([0.0, 0.1, 0.0])).link("rod0")
    np.testing.assert_array_equal(moved.com, [0.0, 0.1, 0.0])
    assert moved.mass == plain.link("rod0").mass


def test_armature_is_about_the_axis_and_physically_impossible():
    rod = with_armature(swinging(inertia=0.0), {"hinge0": 0.2}).link("rod0")
    np.testing.assert_allclose(rod.inertia, np.diag([0.0, 0.2, 0.0]))
    assert not is_possible(rod.inertia)
    assert is_possible(np.diag([1.0, 1.0, 2.0])) and not is_possible(np.diag([1.0, 1.0, 2.1]))
    assert not is_possible(np.diag([-0.1, 1.0, 1.0]))


def test_faults_are_named():
    with pytest.raises(RobotError, match="no link 'rod7'; it has ground, rod0"):
        with_point_mass(swinging(), "rod7", 1.0, np.zeros(3))
    with pytest.raises(RobotError, match="leaves -1.0 kg"):
        with_point_mass(swinging(), "rod0", -2.0, np.zeros(3))
    with pytest.raises(RobotError, match="cannot have mass nan"):
        with_inertial(swinging(), "rod0", mass=float("nan"))
    with pytest.raises(RobotError, match="no joint 'elbow'; it has hinge0"):
        with_locked(swinging(), {"elbow": 0.0})
    slider = swinging()
    slider = replace(slider, joints=(replace(slider.joints[0], kind="prismatic"),))
    with pytest.raises(RobotError, match="prismatic; armature is added to hinges only"):
        with_armature(slider, {"hinge0": 0.1})


@pytest.mark.parametrize("keep", [True, False])
def test_limits_stop_the_joint_until_they_are_dropped(keep):
    model = swinging()
    bounded: Joint = replace(model.joints[0], kind="revolute", lower=-0.2, upper=0.2)
    model = with_limits(replace(model, joints=(bounded,)), keep)
    with BulletWorlds(model, ["hinge0"], 1, WorldSettings(timestep=0.002)) as worlds:
        worlds.reset(velocity=2.0)
        reached = []
        for _ in range(200):
            worlds.step()
            reached.append(worlds.joint_position[0, 0])
    assert (max(reached) < 0.22) == keep


def test_frozen_values_hand_out_no_writable_arrays():
    with pytest.raises(ValueError, match="read-only"):
        swinging().link("rod0").com[0] = 1.0
