"""The logged motion of what pushes a passive body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.errors import LogError, listed
from hybridsim.log import Log
from hybridsim.robot import Robot
from hybridsim.simulator.tool_path import ToolPath, nothing_pushes

SHORT = 2e-2
"""By which a tool's path may end before the body's, or begin after it [s]; chosen, a few samples."""
UPRIGHT = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ToolTrack:
    """Where the tool was, in the data's own units.

    Attributes:
        time_s: since the body's first sample; may begin before it [s].
        position: in the world [m].
        orientation: world from tool, quaternion xyzw.
    """

    time_s: Float[np.ndarray, " sample"]
    position: Float[np.ndarray, "sample 3"]
    orientation: Float[np.ndarray, "sample 4"]


def tool_track_of(log: Log, robot: Robot, stamps: np.ndarray) -> ToolTrack | None:
    """Read a log's tool; None of a robot that nothing pushes.

    Args:
        log: the recording.
        robot: the design.
        stamps: of the body's samples [ns].

    Raises:
        LogError: tool_position is missing, lacks a component, or ends before the body.
    """
    if robot.tool is None:
        return None
    if "tool_position" not in log.signals:
        raise LogError(
            f"log {log.name}: no tool_position, but robots/{robot.name} has a [tool]; it has"
            f" {listed(log.signals)}"
        )
    place = log.signal("tool_position")
    late = max(place.stamp_ns[0] - stamps[0], stamps[-1] - place.stamp_ns[-1]) * 1e-9
    if late > SHORT:
        raise LogError(
            f"log {log.name}: tool_position leaves out {late:.3g} s at an end of base_position; expected"
            f" at most {SHORT:g} s"
        )
    position, turn = _places(log, robot), _turns(log, place.stamp_ns)
    return ToolTrack(time_s=(place.stamp_ns - stamps[0]) * 1e-9, position=position, orientation=turn)


def _places(log: Log, robot: Robot) -> Float[np.ndarray, "sample 3"]:
    """x, y and z; the last from robot.toml where the log has none."""
    place, tool = log.signal("tool_position"), robot.tool
    assert tool is not None, "a robot that something pushes"
    lacking = [name for name in ("x", "y") if name not in place.components]
    if lacking:
        have = ", ".join(place.components)
        raise LogError(f"log {log.name}: tool_position lacks {', '.join(lacking)}; it has {have}")
    if "z" in place.components:
        height = place.column("z")
    elif tool.height is not None:
        height = np.full(len(place.stamp_ns), tool.height.value - (tool.offset.value if tool.offset else 0.0))
    else:
        raise LogError(
            f"log {log.name}: tool_position has no z, and [tool] of robots/{robot.name} no height; expected"
            " either"
        )
    return np.stack([place.column("x"), place.column("y"), height], axis=1)


def _turns(log: Log, stamps: np.ndarray) -> Float[np.ndarray, "sample 4"]:
    """Orientations at the stamps of the position; upright where the log has none."""
    if "tool_orientation" not in log.signals:
        return np.tile(UPRIGHT, (len(stamps), 1))
    turn = log.signal("tool_orientation")
    if not np.array_equal(turn.stamp_ns, stamps):
        raise LogError(
            f"log {log.name}: tool_orientation has other stamps than tool_position; expected the same table"
        )
    if not np.isfinite(turn.values).all():
        raise LogError(
            f"log {log.name}: tool_orientation is not finite in places; expected numbers throughout"
        )
    return turn.values


def paths_of(tools: Sequence[ToolTrack | None], starts: Sequence[float]) -> ToolPath:
    """Paths of pieces: each piece's tool, and the time of its start [s]; shared ones are kept once."""
    if any(tool is None for tool in tools):
        return nothing_pushes(len(tools))
    own = [tool for tool in tools if tool is not None]
    each = list({id(tool): tool for tool in own}.values())
    ends = np.cumsum([len(tool.time_s) for tool in each])
    first = {id(tool): int(end) - len(tool.time_s) for tool, end in zip(each, ends, strict=True)}
    return ToolPath(
        first=np.array([first[id(tool)] for tool in own]),
        count=np.array([len(tool.time_s) for tool in own]),
        start=np.array(starts, float),
        time=np.concatenate([tool.time_s for tool in each]),
        position=np.concatenate([tool.position for tool in each]),
        orientation=np.concatenate([tool.orientation for tool in each]),
    )


def picked(path: ToolPath, chosen: np.ndarray) -> ToolPath:
    """The paths of some pieces, in the order given, with the rows that they need."""
    if not len(path.time):
        return nothing_pushes(len(chosen))
    first, count = path.first[chosen], path.count[chosen]
    each = dict.fromkeys(zip(first.tolist(), count.tolist(), strict=True))
    rows = np.concatenate([np.arange(a, a + n) for a, n in each])
    begins = dict(zip(each, np.cumsum([0, *(n for _, n in each)])[:-1].tolist(), strict=True))
    return ToolPath(
        first=np.array([begins[key] for key in zip(first.tolist(), count.tolist(), strict=True)]),
        count=count,
        start=path.start[chosen],
        time=path.time[rows],
        position=path.position[rows],
        orientation=path.orientation[rows],
    )
