"""A log as the frames of one episode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from hybridsim.errors import LogError
from hybridsim.export.features import Feature, Plan, span
from hybridsim.export.resample import clock, frame_count, resample
from hybridsim.log import Log

MAX_FRAMES = 20_000_000  # of an episode; chosen, because its columns have to fit into memory
MAX_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Episode:
    """A log on the dataset's clock.

    Attributes:
        log: where it comes from.
        stamp_ns: native time of each frame.
        columns: per feature one row a frame, float32 as LeRobot keeps them.
    """

    log: Log
    stamp_ns: Int64[np.ndarray, " frame"]
    columns: dict[str, np.ndarray]

    @property
    def gaps(self) -> dict[str, int]:
        """Per signal the pauses that values were put into; a few samples' length and more."""
        return {name: entry.gap_count for name, entry in self.log.header.signals.items() if entry.gap_count}


def episode(log: Log, plan: Plan, rate_hz: int) -> Episode:
    """Put a log onto the dataset's clock.

    Raises:
        LogError: more frames than memory holds, numbers beyond float32, or an impossible orientation.
    """
    start, end = span(log.header, [part.signal for part in plan.parts])
    frames = frame_count(start, end, rate_hz)
    if frames > MAX_FRAMES:
        raise LogError(f"{frames} frames at {rate_hz} Hz; expected at most {MAX_FRAMES}: lower the rate")
    at = clock(start, end, rate_hz)
    return Episode(log, at, {feature.key: _column(log, feature, at) for feature in plan.features})


def _column(log: Log, feature: Feature, at: Int64[np.ndarray, " frame"]) -> np.ndarray:
    found = []
    for part in feature.parts:
        signal = log.signal(part.signal)
        order = [signal.components.index(name) for name in part.components]  # logs may order them otherwise
        values = signal.values[:, order]
        if np.abs(values).max(initial=0.0) > MAX_FLOAT32:
            raise LogError(
                f"{part.signal} reaches {np.abs(values).max():g}; expected at most {MAX_FLOAT32:g}"
            )
        try:
            found.append(resample(signal.stamp_ns, values, at, part.method))
        except LogError as error:
            raise LogError(f"{part.signal}: {error}") from None
    return np.concatenate(found, axis=1).astype(np.float32)
