"""A log as an arm's efforts are predicted from it: even rows of motion and what was measured beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from hybridsim.errors import LogError
from hybridsim.log import Log, Signal
from hybridsim.robot import Robot

EVEN = 0.02  # of a period: stamps nearer than that to an even grid are on it
GAP = 5.0  # median intervals; chosen, because a longer hole says nothing about what lies inside

Rows = Float[np.ndarray, "row joint"]


@dataclass(frozen=True, kw_only=True)
class Motion:
    """One log on an even grid, in the URDF's joints; one column a driven joint, in the order of the drives.

    Attributes:
        log_id: the log's id.
        name: the source's own name for it.
        time_s: of the rows, since the log's first one [s].
        period: between rows [s].
        position: [rad].
        velocity: as measured [rad/s]; None where the log has none.
        effort: as measured, in the signal's own unit and the URDF's sign; NaN where a sample is missing.
    """

    log_id: str
    name: str
    time_s: Float[np.ndarray, " row"]
    period: float
    position: Rows
    velocity: Rows | None
    effort: Rows


def motion_of(log: Log, robot: Robot, signal: str) -> Motion:
    """Read a log for efforts; other stamps than the effort's are interpolated, holes are left out.

    Args:
        log: with joint_position, perhaps joint_velocity, and the signal.
        robot: signs and offsets of its joints.
        signal: `joint_effort` or `motor_current`.

    Raises:
        LogError: a signal or a joint's column is missing, or there is too little of it.
    """
    joints = [robot.joint(drive.joint) for drive in robot.drives]
    names = [joint.name for joint in joints]
    measured = _finite(log, log.signal(signal), names)
    angle = _finite(log, log.signal("joint_position"), names)
    speed = _finite(log, log.signal("joint_velocity"), names) if "joint_velocity" in log.signals else None
    period, stamps = _grid(log, measured[0], angle[0])
    sign = np.array([joint.sign for joint in joints], float)
    offset = np.array([joint.offset.value for joint in joints])
    effort = _at(measured, stamps, smooth=False) * sign
    hole = _holes(angle[0], stamps) | _holes(measured[0], stamps)
    effort[hole] = np.nan
    return Motion(
        log_id=log.log_id,
        name=log.name,
        time_s=(stamps - stamps[0]) * 1e-9,
        period=period,
        position=_at(angle, stamps) * sign + offset,
        velocity=None if speed is None else _at(speed, stamps) * sign,
        effort=effort,
    )


def _finite(log: Log, signal: Signal, joints: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Stamps [ns] and columns of the rows in which every joint has a value."""
    values = np.stack([signal.column(joint) for joint in joints], 1)
    whole = np.isfinite(values).all(axis=1)
    if whole.sum() < 10:
        raise LogError(
            f"log {log.name}: '{signal.name}' holds {whole.sum()} rows with a value for every joint "
            f"({', '.join(joints)}); expected at least 10"
        )
    return signal.stamp_ns[whole], values[whole]


def _grid(log: Log, effort: np.ndarray, angle: np.ndarray) -> tuple[float, np.ndarray]:
    """Period [s] and even stamps [ns] where both signals are known."""
    period = float(np.median(np.diff(effort)))
    first, last = max(effort[0], angle[0]), min(effort[-1], angle[-1])
    if last - first < 10 * period:
        raise LogError(f"log {log.name}: position and effort share less than 10 samples of time")
    own = effort[(effort >= first) & (effort <= last)]
    even = own[0] + np.arange(len(own)) * ((own[-1] - own[0]) / (len(own) - 1))
    if np.abs(own - even).max() <= EVEN * period:
        return float(np.mean(np.diff(own))) * 1e-9, own
    return period * 1e-9, (first + np.arange(0.0, last - first, period)).astype(np.int64)


def _at(series: tuple[np.ndarray, np.ndarray], stamps: np.ndarray, smooth: bool = True) -> np.ndarray:
    """Columns at other stamps: exact where the stamps are the same, a cubic spline or lines between."""
    known, values = series
    if np.array_equal(known, stamps):
        return values.astype(float)
    start = stamps[0]  # a float holds a moment of this century only to 256 ns
    x, wanted = (known - start) * 1e-9, (stamps - start) * 1e-9
    if smooth:
        return np.asarray(CubicSpline(x, values)(wanted))
    return np.stack([np.interp(wanted, x, column) for column in values.T], 1)


def _holes(known: np.ndarray, stamps: np.ndarray) -> np.ndarray:
    """Whether a stamp lies inside a hole of the known ones."""
    gap = np.diff(known)
    inside = np.clip(np.searchsorted(known, stamps, side="right") - 1, 0, len(gap) - 1)
    on = np.abs(known[inside] - stamps) < 0.5 * np.median(gap)
    return (gap[inside] > GAP * np.median(gap)) & ~on
