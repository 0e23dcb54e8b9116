"""Legs: places are reached, efforts are those of virtual work, loads those of levers."""

import numpy as np
import pytest

from hybridsim.demo.walk import standing
from hybridsim.demo.walker import KNEES
from hybridsim.errors import HybridSimError, SimulationError
from hybridsim.robot import load_robot
from hybridsim.walking.legs import Legs, shared_load


@pytest.fixture(scope="module")
def legs():
    robot = load_robot("anymal_c")
    try:
        robot.urdf_path()
    except HybridSimError as error:
        pytest.skip(f"example-robot-data is not installed: {error}")
    return Legs(robot)


@pytest.fixture
def near(legs):
    return np.array([next(x for end, x in KNEES.items() if j.name.endswith(end)) for j in legs.robot.joints])


def test_feet_get_where_they_should(legs, near):
    below = standing(legs) - [0.0, 0.0, 0.48]
    rows = below + np.linspace(0.0, 1.0, 20)[:, None, None] * [0.1, 0.03, 0.05]
    found = legs.postures(rows, near)
    assert [np.abs(legs.places(q) - row).max() for q, row in zip(found, rows, strict=True)] < [2e-5] * 20
    assert np.abs(np.diff(found, axis=0)).max() < 0.1


def test_a_place_out_of_reach_is_named(legs, near):
    with pytest.raises(SimulationError, match=r"foot '.._FOOT' stays \d+ mm away from \[.*within reach"):
        legs.postures((standing(legs) - [0.0, 0.0, 0.9])[None], near)


def test_holding_efforts_are_the_slope_of_what_gravity_and_ground_take(legs, near):
    load = np.array([100.0, 150.0, 120.0, 80.0])

    def energy(q):
        return 9.81 * legs.mass * legs.centre_of_mass(q)[2] - load @ legs.places(q)[:, 2]

    step = 1e-5
    slope = [(energy(near + e) - energy(near - e)) / (2 * step) for e in step * np.eye(len(near))]
    assert legs.holding(near, load) == pytest.approx(np.array(slope), abs=1e-4)
    assert np.abs(slope).max() > 10.0


def test_loads_are_those_of_levers():
    square = np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [-1.0, -1.0, 0.0]])
    assert shared_load(np.zeros(3), square, np.ones(4)) == pytest.approx(np.full(4, 0.25))
    # half way to the front edge: front feet three quarters of the weight
    assert shared_load(np.array([0.5, 0.0, 0.0]), square, np.ones(4)) == pytest.approx(
        [0.375, 0.375, 0.125, 0.125]
    )
    # over the middle of three feet, the fourth in the air
    three = np.array([1.0, 1.0, 1.0, 0.0])
    middle = square[:3].mean(axis=0)
    assert shared_load(middle, square, three) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0])
