"""The tool's path in a log: interpolated, upright where nothing else is said, refused in one line."""

import numpy as np
import pytest

from hybridsim.errors import HybridSimError, LogError
from hybridsim.log import Log, LogDraft, Signal
from hybridsim.log.store import log_of
from hybridsim.passive.tool_track import ToolTrack, paths_of, picked, tool_track_of
from hybridsim.simulator.tool_path import moving_at
from tests.passive.pushes import BALL, ROD, plate

STAMPS = np.arange(0, 1_000_000_001, 10_000_000)


def log(**signals: Signal) -> Log:
    """A log with a body's positions and whatever else there is."""
    base = Signal("base_position", "m", ("x", "y", "z"), STAMPS, np.zeros((len(STAMPS), 3)))
    return log_of(
        LogDraft(robot="plate", serial="made", name="push", signals={"base_position": base, **signals})
    )


def place(names: str, stamps=STAMPS) -> Signal:
    return Signal("tool_position", "m", tuple(names), stamps, np.full((len(stamps), len(names)), 0.1))


def turn(stamps=STAMPS) -> Signal:
    values = np.tile([0.0, np.sqrt(0.5), 0.0, np.sqrt(0.5)], (len(stamps), 1))
    return Signal("tool_orientation", "1", tuple("xyzw"), stamps, values)


def test_a_height_comes_from_the_robot_where_the_log_has_none(tmp_path):
    robot = plate(tmp_path, tool=ROD + 'offset = { value = 0.05, unit = "m", source = "this test" }')
    found = tool_track_of(log(tool_position=place("xy")), robot, STAMPS)
    assert found is not None
    assert found.position[0] == pytest.approx([0.1, 0.1, 0.06 - 0.05])
    path = paths_of([found], [0.0])
    moving = moving_at(path, 0, 0.0, 0.01, 1.0, 0.01, 0.05)
    assert moving.middle == pytest.approx((0.1, 0.1, 0.06))
    assert moving.axis == pytest.approx((0.0, 0.0, 1.0))


def test_a_robot_without_a_tool_has_no_path(tmp_path):
    assert tool_track_of(log(tool_position=place("xyz")), plate(tmp_path, tool=""), STAMPS) is None


@pytest.mark.parametrize(
    ("signals", "tool", "message"),
    [
        ({}, ROD, r"no tool_position, but robots/plate has a \[tool\]"),
        ({"tool_position": place("xz")}, ROD, "tool_position lacks y; it has x, z"),
        ({"tool_position": place("xy")}, BALL, "tool_position has no z"),
        ({"tool_position": place("xyz", STAMPS[10:])}, ROD, "leaves out 0.1 s"),
        ({"tool_position": place("xyz"), "tool_orientation": turn(STAMPS + 1)}, ROD, "other stamps"),
    ],
)
def test_a_path_that_cannot_be_used_is_refused(tmp_path, signals, tool, message):
    with pytest.raises(LogError, match=message) as caught:
        tool_track_of(log(**signals), plate(tmp_path, tool=tool), STAMPS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tool", "message"),
    [
        (BALL + 'length = { value = 0.1, unit = "m", source = "this test" }', "a sphere with a length"),
        (BALL.replace("sphere", "capsule"), "a capsule with no length"),
        (BALL.replace("0.01", "0.0"), "radius: is 0 m, expected above 0"),
        (BALL.replace('unit = "m"', 'unit = "mm"'), "unit is 'mm', expected 'm'"),
        (BALL.replace("sphere", "cone"), "cone|sphere"),
    ],
)
def test_a_tool_that_makes_no_sense_is_refused(tmp_path, tool, message):
    with pytest.raises(HybridSimError, match=message):
        plate(tmp_path, tool=tool)


def swung() -> ToolTrack:
    """1 m/s along x and a turn of 0.5 rad/s about z, logged every 0.1 s."""
    time = np.arange(11) / 10
    half = 0.25 * time
    turns = np.stack([0 * time, 0 * time, np.sin(half), np.cos(half)], axis=1)
    return ToolTrack(time_s=time, position=time[:, None] * [1.0, 0.0, 0.0], orientation=turns)


def test_velocities_are_those_of_the_path():
    moving = moving_at(paths_of([swung()], [0.3]), 0, 0.12, 0.14, 2.0, 0.01, 0.0)
    assert moving.middle == pytest.approx((0.21, 0.0, 0.0)), "0.42 m of the data, which are twice as long"
    assert moving.velocity == pytest.approx((1.0, 0.0, 0.0)), "0.02 m of the data in 0.01 s"
    assert moving.spin == pytest.approx((0.0, 0.0, 1.0), rel=1e-3), "0.5 rad/s over 0.02 s, in 0.01 s"
    beyond = moving_at(paths_of([swung()], [0.3]), 0, 0.8, 0.81, 1.0, 0.01, 0.0)
    assert beyond.middle == pytest.approx((1.0, 0.0, 0.0))
    assert beyond.velocity == pytest.approx((0.0, 0.0, 0.0)), "held after the last sample"


def test_picked_pieces_keep_their_paths():
    first, second = (
        swung(),
        ToolTrack(time_s=np.arange(3.0), position=np.ones((3, 3)), orientation=np.eye(4)[[3] * 3]),
    )
    path = paths_of([first, second, second, first], [0.0, 0.5, 1.0, 0.2])
    assert len(path.time) == 14, "a path that several pieces share is kept once"
    some = picked(path, np.array([2, 1]))
    assert len(some.time) == 3
    for k, piece in enumerate((2, 1)):
        assert moving_at(some, k, 0.1, 0.2, 1.0, 0.1, 0.0) == moving_at(path, piece, 0.1, 0.2, 1.0, 0.1, 0.0)
