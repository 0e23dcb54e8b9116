"""Filters without lag over whole logs."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_dilation, uniform_filter1d
from scipy.signal import butter, sosfiltfilt

Rows = Float[np.ndarray, "row k"]


def low_passed(values: Rows, cutoff: float, period: float, order: int = 2) -> Rows:
    """Butterworth forth and back.

    Args:
        values: on an even grid.
        cutoff: where each way is 3 dB down [Hz].
        period: between rows [s].
        order: of each way.
    """
    share = 2.0 * cutoff * period
    if share >= 1.0:
        return values
    return sosfiltfilt(butter(order, share, output="sos"), values, axis=0)


def smoothed(values: Rows, width: int) -> Rows:
    """Triangle over twice so many rows, which is what a second difference over as many sees."""
    once = uniform_filter1d(values, width, axis=0, mode="nearest")
    return uniform_filter1d(once, width, axis=0, mode="nearest")


def spread_over(values: Rows, rows: int) -> Rows:
    """Standard deviation in a moving window of so many rows."""
    mean = uniform_filter1d(values, rows, axis=0)
    return np.sqrt(np.maximum(uniform_filter1d(values**2, rows, axis=0) - mean**2, 0.0))


def runs(flags: Bool[np.ndarray, " row"]) -> list[tuple[int, int]]:
    """First row and the one after the last, of every stretch that is set."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def grown(flags: Bool[np.ndarray, " row"], rows: int) -> Bool[np.ndarray, " row"]:
    """Set so many rows before and after, too."""
    return binary_dilation(flags, iterations=rows) if rows > 0 and flags.any() else flags.copy()
