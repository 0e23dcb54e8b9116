"""Where a tool is and how it moves, from a path that somebody logged."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.law import LAW, Law
from hybridsim.physics.recursion import Triple, row
from hybridsim.robot import Tool

Turn = tuple[Any, Any, Any, Any]
"""A quaternion xyzw as scalars."""


class Rod(NamedTuple):
    """A tool: a ball that is swept along an axis."""

    radius: float
    """[m]."""
    half: float
    """Length of the axis to either side of its middle [m]; 0 for a ball."""
    round: bool
    """Whether its ends are; flat ones touch nothing."""
    offset: float
    """Of the axis' middle from the place that logs have, along the axis [m]."""
    law: np.ndarray
    """[1 coefficient] between it and what it pushes, see `law.LAW`."""


class ToolPath(NamedTuple):
    """Paths of the tool along pieces of logs, in the data's own units; without rows where nothing pushes."""

    first: np.ndarray
    """[piece] row of the path's first sample in the arrays below."""
    count: np.ndarray
    """[piece] samples."""
    start: np.ndarray
    """[piece] time of the piece's start [s]."""
    time: np.ndarray
    """[row] [s]."""
    position: np.ndarray
    """[row 3] in the world [m]."""
    orientation: np.ndarray
    """[row 4] rotation_world_from_tool, xyzw."""


class Moving(NamedTuple):
    """The tool over one timestep."""

    middle: Triple
    """Of its axis in the world at the step's beginning [m]."""
    axis: Triple
    """Unit vector."""
    velocity: Triple
    """Of its middle [m/s]."""
    spin: Triple
    """World axes [rad/s]."""


def rod_of(tool: Tool, law: Law) -> Rod:
    """The tool of robot.toml under a contact law."""
    half = 0.0 if tool.length is None else tool.length.value / 2
    offset = 0.0 if tool.offset is None else tool.offset.value
    return Rod(tool.radius.value, half, tool.shape != "cylinder", offset, law[None].copy())


def nothing_pushes(pieces: int = 0) -> ToolPath:
    """Paths without rows."""
    none = np.zeros(pieces, np.int64)
    return ToolPath(none, none, np.zeros(pieces), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 4)))


NO_ROD = Rod(0.0, 0.0, True, 0.0, np.zeros((1, len(LAW))))


@njit(cache=True, nogil=True)
def moving_at(
    path: ToolPath, k: int, time: float, after: float, length: float, timestep: float, offset: float
) -> Moving:
    """Where the tool is, and the velocities that take it where it is a timestep later.

    Args:
        path: of every piece, in the data's units.
        k: which piece.
        time: since its start, in the data's time [s].
        after: the same at the end of the timestep [s].
        length: measured length over true length [1].
        timestep: true time [s].
        offset: see `Rod`.
    """
    begin, turn = pose_at(path, k, path.start[k] + time)
    end, later = pose_at(path, k, path.start[k] + after)
    axis, ahead = axis_of(turn), axis_of(later)
    middle = _middle(begin, axis, length, offset)
    there = _middle(end, ahead, length, offset)
    velocity = (
        (there[0] - middle[0]) / timestep,
        (there[1] - middle[1]) / timestep,
        (there[2] - middle[2]) / timestep,
    )
    return Moving(middle, axis, velocity, spin_between(turn, later, timestep))


@njit(cache=True, nogil=True)
def _middle(place: Triple, axis: Triple, length: float, offset: float) -> Triple:
    """Of the tool's axis, in true lengths."""
    return (
        place[0] / length + offset * axis[0],
        place[1] / length + offset * axis[1],
        place[2] / length + offset * axis[2],
    )


@njit(cache=True, nogil=True)
def pose_at(path: ToolPath, k: int, time: float) -> tuple[Triple, Turn]:
    """Place and orientation between two samples in proportion; held before the first and after the last."""
    low, high = path.first[k], path.first[k] + path.count[k] - 1
    if time <= path.time[low] or low == high:
        high = low
    elif time >= path.time[high]:
        low = high
    while high - low > 1:
        half = (low + high) // 2
        if path.time[half] <= time:
            low = half
        else:
            high = half
    share: Any = (time - path.time[low]) / (path.time[high] - path.time[low]) if high > low else 0.0
    a, b, p, q = row(path.position, low), row(path.position, high), path.orientation, 1.0 - share
    same = p[low, 0] * p[high, 0] + p[low, 1] * p[high, 1] + p[low, 2] * p[high, 2] + p[low, 3] * p[high, 3]
    s = share if same >= 0.0 else -share
    x, y, z, w = (
        q * p[low, 0] + s * p[high, 0],
        q * p[low, 1] + s * p[high, 1],
        q * p[low, 2] + s * p[high, 2],
        q * p[low, 3] + s * p[high, 3],
    )
    size = 1.0 / math.sqrt(x * x + y * y + z * z + w * w)
    place = (q * a[0] + share * b[0], q * a[1] + share * b[1], q * a[2] + share * b[2])
    return place, (x * size, y * size, z * size, w * size)


@njit(cache=True, nogil=True)
def axis_of(turn: Turn) -> Triple:
    """The tool's z axis in the world."""
    x, y, z, w = turn
    return 2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)


@njit(cache=True, nogil=True)
def spin_between(a: Turn, b: Turn, timestep: float) -> Triple:
    """Angular velocity that turns one orientation into another [rad/s]: that of b times a's conjugate."""
    x = -b[3] * a[0] + b[0] * a[3] - b[1] * a[2] + b[2] * a[1]
    y = -b[3] * a[1] + b[0] * a[2] + b[1] * a[3] - b[2] * a[0]
    z = -b[3] * a[2] - b[0] * a[1] + b[1] * a[0] + b[2] * a[3]
    w = b[3] * a[3] + b[0] * a[0] + b[1] * a[1] + b[2] * a[2]
    size = math.sqrt(x * x + y * y + z * z)
    if size == 0.0:
        return 0.0, 0.0, 0.0
    rate = 2.0 * math.atan2(size if w >= 0.0 else -size, abs(w)) / (size * timestep)
    return x * rate, y * rate, z * rate
