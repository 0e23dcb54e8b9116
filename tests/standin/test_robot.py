"""The stand-in as its user sees it: reproducible, isolated, standing, and nothing but signals."""

import numpy as np
import pytest

from hybridsim.errors import SimulationError
from hybridsim.signals import signal_word
from hybridsim.standin.draw import reveal
from hybridsim.standin.robot import StandIn, witness
from hybridsim.standin.stance import stance, standing_target
from tests.standin.made import same

NAMES = {
    "joint_position": 12,
    "joint_velocity": 12,
    "joint_effort": 12,
    "imu_angular_velocity": 3,
    "imu_linear_acceleration": 3,
    "base_orientation": 4,
    "contact": 4,
    "supply_voltage": 1,
}


@pytest.fixture(scope="module")
def standing():
    """A robot that has stood for three seconds under one target, and its signals and loads meanwhile."""
    robot = StandIn(3)
    robot.reset()
    target, loads, seen = standing_target(stance()), [], []
    for _ in range(100):
        seen.append(robot.step(target))
        loads.append(robot._body.load.sum())
    return robot, np.array(loads), seen


def test_it_stands(standing):
    robot, _, seen = standing
    found = witness(robot)
    assert robot.time == pytest.approx(3.0)
    assert found.tilt < np.radians(3.0) and 0.5 < found.height < 0.58
    assert abs(found.forward) < 0.02 and abs(found.left) < 0.02 and abs(found.turning) < 0.02
    assert all((one["contact"] == 1.0).all() for one in seen)


def test_the_feet_carry_its_weight(standing):
    robot, loads, _ = standing
    assert loads[-50:].mean() == pytest.approx(robot._body.weight, rel=0.005)


def test_signals_are_those_of_the_simulator(standing):
    _, _, seen = standing
    assert {name: values.shape for name, values in seen[-1].items()} == {n: (1, k) for n, k in NAMES.items()}
    assert all(signal_word(name) for name in seen[-1])


def test_sensors_err_by_what_was_drawn(standing):
    robot, _, seen = standing
    hidden, late = reveal(3)["sensors"], seen[-50:]
    mean = {name: np.mean([one[name][0] for one in late], axis=0) for name in NAMES}
    true = robot._body._position
    np.testing.assert_allclose(mean["joint_position"] - true, hidden["encoder_offset"], atol=1e-3)
    np.testing.assert_allclose(mean["imu_angular_velocity"], hidden["gyro_bias"], atol=0.01)
    assert np.linalg.norm(mean["imu_linear_acceleration"]) == pytest.approx(9.81, abs=0.2)
    noise = np.std([one["joint_effort"][0] for one in late], axis=0)
    assert (noise > 0.5 * hidden["effort_noise"]).all()


def test_the_imu_reads_in_its_own_frame():
    # It is turned by a quarter about the vertical: tipping forward about the base's y is about its own x.
    robot = StandIn(3)
    robot.reset()
    target, turns = standing_target(stance()), []
    body = robot._body
    body._data.qvel[4] = 1.0  # about the base's y
    robot.step(target, lambda one: turns.append(one["imu_angular_velocity"][0]))
    peak = turns[int(np.argmax(np.abs(turns).max(axis=1)))]
    assert np.argmax(np.abs(peak)) == 0 and peak[0] > 0.2


def played(robot, episode=0, steps=5):
    robot.reset(episode)
    rng = np.random.default_rng(0)
    return [robot.step(stance() + rng.uniform(-0.05, 0.05, 12)) for _ in range(steps)]


def all_same(one, other):
    return all(same(a, b) for a, b in zip(one, other, strict=True))


def test_the_same_seed_gives_the_same_bits_and_a_reset_leaves_no_memory():
    robot = StandIn(3)
    first = played(robot)
    other = played(robot, episode=1)
    assert all_same(first, played(robot)) and all_same(first, played(StandIn(3)))
    assert not same(first[-1], other[-1])


def test_another_seed_is_another_robot():
    one, other = played(StandIn(3))[-1], played(StandIn(4))[-1]
    assert all((one[name] != other[name]).any() for name in NAMES if name != "contact")


def test_two_robots_behave_as_each_alone():
    alone = played(StandIn(3), steps=3)
    one, other = StandIn(3), StandIn(4)
    one.reset()
    other.reset()
    rng = np.random.default_rng(0)
    for expected in alone:
        target = stance() + rng.uniform(-0.05, 0.05, 12)
        other.step(target)
        assert same(one.step(target), expected)


def test_signals_are_copies():
    robot = StandIn(3, hung=True)
    seen = robot.reset()
    seen["joint_position"][:] = np.nan
    assert np.isfinite(robot.signals()["joint_position"]).all()


def test_a_watched_step_is_sampled_at_400_hz():
    robot, seen = StandIn(3, hung=True), []
    robot.reset()
    robot.step(stance(), seen.append)
    assert len(seen) == 8 and same(seen[-1], robot.signals())


def test_what_cannot_be_is_refused_on_one_line():
    with pytest.raises(SimulationError, match="no terrain 'moon'; available: flat"):
        StandIn(3, "moon")
    with pytest.raises(SimulationError, match="seed is -2"):
        StandIn(-2)
    robot = StandIn(3, hung=True)
    robot.reset()
    with pytest.raises(SimulationError, match="position target .*nan.*expected 12 finite numbers"):
        robot.step(np.full(12, np.nan))
