"""Allan deviation: how far means of neighbouring stretches lie apart, by the length of the stretches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def allan_variance(
    values: Float[np.ndarray, "row k"], period: float, lengths: Sequence[float]
) -> Float[np.ndarray, "length k"]:
    """Overlapping Allan variance; NaN where fewer than three stretches fit in.

    Args:
        values: at rest, on an even grid.
        period: between rows [s].
        lengths: of the stretches [s].

    Source: IEEE Std 952-1997, annex C.
    """
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    found = np.full((len(lengths), values.shape[1]), np.nan)
    for n, length in enumerate(lengths):
        rows = max(1, round(length / period))
        if 3 * rows > len(values):
            continue
        change = (total[2 * rows :] - 2.0 * total[rows:-rows] + total[: -2 * rows]) / rows
        found[n] = 0.5 * (change**2).mean(axis=0)
    return found


def pooled_deviation(
    parts: Sequence[Float[np.ndarray, "_row k"]], period: float, lengths: Sequence[float]
) -> Float[np.ndarray, "length k"]:
    """Of several rests: root of the mean variance, weighed by rows; NaN where none is long enough."""
    variance = np.stack([allan_variance(part, period, lengths) for part in parts])
    weight = np.array([len(part) for part in parts], float)[:, None, None] * np.isfinite(variance)
    total = np.where(np.isfinite(variance), variance, 0.0) * weight
    with np.errstate(invalid="ignore"):
        return np.sqrt(total.sum(axis=0) / weight.sum(axis=0))
