"""Logs in memory of made-up recordings (synthetic), with what a test breaks; NaN rows are left out."""

from __future__ import annotations

import numpy as np

from hybridsim.log import Log, LogDraft, Signal
from hybridsim.log.store import log_of as in_memory
from hybridsim.sensing.recording import ACC, GYRO, ORIENTATION, POSITION, Recording

UNITS = {GYRO: "rad/s", ACC: "m/s^2", ORIENTATION: "1", POSITION: "m"}


def log_of(recording: Recording, **changed: np.ndarray) -> Log:
    """The log that a recording would come from; see `draft_of`."""
    return in_memory(draft_of(recording, **changed))


def draft_of(recording: Recording, **changed: np.ndarray) -> LogDraft:
    """What an ingestion would hand to the store; `gyro=`, `acc=`, ... replace what is in it."""
    values = {
        GYRO: changed.get("gyro", recording.gyro),
        ACC: changed.get("acc", recording.acc),
        ORIENTATION: changed.get("orientation", recording.orientation),
        POSITION: changed.get("position", recording.position),
    }
    stamps = np.round(recording.time_s * 1e9).astype(np.int64)
    known = {name: np.flatnonzero(np.isfinite(array).all(axis=1)) for name, array in values.items()}
    signals = {
        name: Signal(
            name=name,
            unit=UNITS[name],
            components=("x", "y", "z", "w") if name == ORIENTATION else ("x", "y", "z"),
            stamp_ns=stamps[known[name]],
            values=np.asarray(array, float)[known[name]],
        )
        for name, array in values.items()
    }

    return LogDraft(
        robot="imu_broad",
        serial="made",
        name=recording.name,
        signals=signals,
        labels=dict(recording.labels),
    )
