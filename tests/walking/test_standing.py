"""The base of a standing robot, weighed: planted, and by levers that know nothing of the solver."""

import numpy as np
import pytest

from hybridsim.calibrate.stand import base_parameters
from hybridsim.demo.walk import standing
from hybridsim.demo.walker import KNEES
from hybridsim.errors import HybridSimError, SimulationError
from hybridsim.log import LogDraft, Signal, log_of
from hybridsim.robot import load_robot
from hybridsim.simulator.along import along_of
from hybridsim.simulator.body import offered_inertials
from hybridsim.walking.legs import Legs, shared_load
from hybridsim.walking.standing import Rest, base_found
from tests.leg import leg

MASS, COM = 31.0, np.array([0.03, -0.012])
DOWN = np.array([0.0, 0.0, -1.0])
START_NS = 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def legs():
    robot = load_robot("anymal_c")
    try:
        robot.urdf_path()
    except HybridSimError as error:
        pytest.skip(f"example-robot-data is not installed: {error}")
    return Legs(robot)


def posture(legs, forward, height):
    """Feet under the hips, shifted."""
    near = np.array([next(x for end, x in KNEES.items() if j.name.endswith(end)) for j in legs.robot.joints])
    return legs.postures(np.add(standing(legs), [forward, 0.01, -height])[None], near)[0]


def held_by(legs, where, bearing):
    """Efforts that hold the posture with the planted base, by virtual work and levers [N*m]."""
    mass, centre = legs.bodies(where)
    weight = np.array([MASS, *mass[1:]])
    whole = weight @ np.concatenate([[[*COM, 0.0]], centre[1:]]) / weight.sum()
    load = 9.81 * weight.sum() * shared_load(whole, legs.places(where), bearing)
    return legs.holding(where, load)


def rests(legs):
    """Postures and shares of the load; forces at the feet are vertical."""
    found = []
    for forward, height, bearing in ((0.0, 0.48, 1.0), (0.04, 0.44, 0.4), (-0.03, 0.5, 2.0)):
        where = posture(legs, forward, height)
        found.append(Rest(where, held_by(legs, where, np.array([1.0, bearing, 1.0, 1.0])), DOWN))
    return found


def test_a_planted_base_comes_back(legs):
    assert base_found(legs, rests(legs)) == pytest.approx([MASS, *COM], abs=1e-6)


def test_forces_of_the_ground_add_up_to_the_weight_and_act_below_the_feet(legs):
    first = rests(legs)[0]
    force, place = legs.bearing(first.posture, first.effort, 9.81 * DOWN)
    weight = 9.81 * (MASS + legs.bodies(first.posture)[0][1:].sum())
    assert force.sum(axis=0) == pytest.approx([0.0, 0.0, weight], abs=1e-6)
    assert place == pytest.approx(legs.places(first.posture), abs=1e-9)


def test_legs_of_other_than_three_joints_say_so(legs):
    with pytest.raises(SimulationError, match="5 joints for 4 feet"):
        legs.bearing(np.zeros(5), np.zeros(5), 9.81 * DOWN)


def stood(legs, number, noise, contact=1.0):
    """A log of a second and a half in one posture."""
    rest, random = rests(legs)[number % 3], np.random.default_rng(number)
    stamps = START_NS + 2_500_000 * np.arange(600)
    names = legs.robot.joint_names
    rows = lambda values: np.tile(values, (600, 1))  # noqa: E731
    feet = tuple(f"{name}" for name in ("LF_foot", "RF_foot", "LH_foot", "RH_foot"))
    columns = {
        "joint_position_command": ("rad", names, rows(rest.posture)),
        "joint_position": ("rad", names, rows(rest.posture)),
        "joint_velocity": ("rad/s", names, rows(0.0 * rest.posture)),
        "joint_effort": ("N*m", names, rows(rest.effort) + noise * random.normal(size=(600, 12))),
        "base_orientation": ("1", ("x", "y", "z", "w"), rows([0.0, 0.0, np.sin(0.4), np.cos(0.4)])),
        "contact": ("1", feet, rows([1.0, 1.0, 1.0, contact])),
    }
    signals = {name: Signal(name, unit, parts, stamps, x) for name, (unit, parts, x) in columns.items()}
    return log_of(LogDraft(robot="anymal_c", serial="one", name=f"log {number}", signals=signals))


def weighed(legs, logs):
    alongs = [along_of(log, legs.robot, 0.0025) for log in logs]
    return base_parameters(legs.robot, logs, alongs, {})


def test_logs_of_a_standing_robot_weigh_its_base_with_intervals(legs):
    found = weighed(legs, [stood(legs, n, 0.2) for n in range(5)])
    assert [p.name for p in found] == ["link.base.mass", "link.base.com_x", "link.base.com_y"]
    for parameter, true, near in zip(found, (MASS, *COM), (0.2, 2e-3, 2e-3), strict=True):
        assert parameter.value == pytest.approx(true, abs=near)
        low, high = parameter.interval_95 or (0.0, 0.0)
        assert low - 1e-3 < true < high + 1e-3 and high - low < 4 * near and parameter.identifiable


def test_a_foot_in_the_air_or_too_few_logs_say_nothing(legs):
    assert weighed(legs, [stood(legs, n, 0.1, contact=0.0) for n in range(4)]) == []
    assert weighed(legs, [stood(legs, n, 0.1) for n in range(2)]) == []


def test_only_a_loose_robot_with_drives_offers_its_root(legs, tmp_path):
    offered = {p.name for p in offered_inertials(legs.robot)}
    assert {"link.base.mass", "link.base.com_x"} < offered
    assert not any(p.name.startswith("link.base.") for p in offered_inertials(leg(tmp_path / "leg")))
