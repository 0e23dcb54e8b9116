"""An inertial sensor's log beside a tracked pose: both on one even grid, holes and faults known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.errors import LogError
from hybridsim.log import Log, Signal
from hybridsim.sensing.filters import grown
from hybridsim.sensing.turns import Quaternions, Vectors, alike, unit

GYRO, ACC = "imu_angular_velocity", "imu_linear_acceleration"
POSITION, ORIENTATION = "base_position", "base_orientation"
AXES = ("x", "y", "z")

LEAST_S = 10.0
"""Of a log; chosen, because a rest and a movement are needed."""
HOLE = 1.5
"""Periods between two samples from which on what lies between was not measured."""
FASTEST, FASTEST_TURN = 10.0, 60.0
"""Speed [m/s] and rate [rad/s] beyond which tracked poses have jumped; chosen, because no arm moves so."""
AROUND = 5
"""Rows beside a jump that are not believed either."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """One log on the sensor's grid.

    Attributes:
        log_id: the log's id.
        name: the source's own name for it.
        labels: words that hold for the whole log.
        period: between rows [s].
        gyro: as read, sensor's axes [rad/s].
        acc: specific force as read, sensor's axes [m/s^2].
        orientation: world from tracked body, xyzw, neighbours alike in sign; holes are filled in.
        position: of the tracked body in the world [m]; holes are filled in.
        missing: rows without a believed pose.
        faults: what was wrong with it, in words.
    """

    log_id: str
    name: str
    labels: Mapping[str, str]
    period: float
    gyro: Vectors
    acc: Vectors
    orientation: Quaternions
    position: Vectors
    missing: Bool[np.ndarray, " row"]
    faults: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.gyro)

    @property
    def time_s(self) -> Float[np.ndarray, " row"]:
        """Since the first row [s]."""
        return self.period * np.arange(self.rows)

    def count(self, seconds: float) -> int:
        """Rows of so long a time."""
        return max(1, round(seconds / self.period))


def recording_of(log: Log) -> Recording:
    """Read a log.

    Raises:
        LogError: a signal is missing, too short or constant, or the pose was hardly ever tracked.
    """
    alone = untracked(log)
    stamps = _grid(log, log.signal(GYRO))
    orientation, position = log.signal(ORIENTATION), log.signal(POSITION)
    _require_alive(log, orientation, ("x", "y", "z", "w"))
    _require_alive(log, position, AXES)
    quaternion = alike(unit(_columns(orientation, ("x", "y", "z", "w"))))
    place = _columns(position, AXES)
    period = float(np.median(np.diff(stamps)))
    turn, no_turn = _at(orientation, quaternion, stamps, period)
    where, no_where = _at(position, place, stamps, period)
    jumped = _jumps(alike(unit(turn)), where, period)
    missing = no_turn | no_where | grown(jumped, AROUND)
    if missing.mean() > 0.5:
        raise LogError(
            f"log {log.name}: the pose is known in {1 - missing.mean():.0%} of the rows; expected half"
        )
    faults = (f"pose jumps {int(jumped.sum())} times",) if jumped.any() else ()
    return replace(alone, orientation=alike(unit(turn)), position=where, missing=missing, faults=faults)


def untracked(log: Log) -> Recording:
    """Read a log whose sensor nobody tracked, or as if; no row has a believed pose.

    Raises:
        LogError: a signal is missing, too short or constant.
    """
    gyro, acc = log.signal(GYRO), log.signal(ACC)
    for signal in (gyro, acc):
        _require_alive(log, signal, AXES)
    stamps = _grid(log, gyro)
    period = float(np.median(np.diff(stamps)))
    return Recording(
        log_id=log.log_id,
        name=log.name,
        labels=log.labels,
        period=period * 1e-9,
        gyro=_at(gyro, _columns(gyro, AXES), stamps, period)[0],
        acc=_at(acc, _columns(acc, AXES), stamps, period)[0],
        orientation=np.tile([0.0, 0.0, 0.0, 1.0], (len(stamps), 1)),
        position=np.zeros((len(stamps), 3)),
        missing=np.ones(len(stamps), bool),
    )


def _grid(log: Log, gyro: Signal) -> Float[np.ndarray, " row"]:
    """Even stamps [ns] at the gyroscope's own period."""
    seconds = float(gyro.stamp_ns[-1] - gyro.stamp_ns[0]) * 1e-9
    if seconds < LEAST_S:
        raise LogError(
            f"log {log.name}: '{GYRO}' has {gyro.rows} samples over {seconds:.3g} s; "
            f"expected at least {LEAST_S:g} s"
        )
    stamps = gyro.stamp_ns.astype(float)
    period = float(np.median(np.diff(stamps)))
    return stamps[0] + period * np.arange(round((stamps[-1] - stamps[0]) / period) + 1)


def _columns(signal: Signal, names: tuple[str, ...]) -> Float[np.ndarray, "sample k"]:
    return np.stack([signal.column(name) for name in names], axis=1)


def _require_alive(log: Log, signal: Signal, names: tuple[str, ...]) -> None:
    """Refuse a channel that never changes."""
    for name in names:
        values = signal.column(name)
        if len(values) < 2 or values.min() == values.max():
            what = f"is {abs(values[0]):g} all along" if len(values) else "holds no number"
            raise LogError(f"log {log.name}: '{signal.name}.{name}' {what}; expected a channel that changes")


def _at(
    signal: Signal, values: Float[np.ndarray, "sample k"], stamps: Float[np.ndarray, " row"], period: float
) -> tuple[Float[np.ndarray, "row k"], Bool[np.ndarray, " row"]]:
    """Values at other stamps, straight between samples; and where no samples lie around."""
    known = signal.stamp_ns.astype(float)
    found = np.stack([np.interp(stamps, known, column) for column in values.T], axis=1)
    after = np.clip(np.searchsorted(known, stamps - 0.01 * period), 0, len(known) - 1)
    before = np.clip(np.searchsorted(known, stamps + 0.01 * period, side="right") - 1, 0, len(known) - 1)
    wide = known[after] - known[before] > HOLE * period
    return found, wide | (stamps < known[0] - 0.5 * period) | (stamps > known[-1] + 0.5 * period)


def _jumps(orientation: Quaternions, position: Vectors, period_ns: float) -> Bool[np.ndarray, " row"]:
    """Rows that a body could not have reached from the row before."""
    seconds = period_ns * 1e-9
    moved = np.linalg.norm(np.diff(position, axis=0), axis=1) > FASTEST * seconds
    turned = np.linalg.norm(np.diff(orientation, axis=0), axis=1) > 0.5 * FASTEST_TURN * seconds
    return np.concatenate([[False], moved | turned])
