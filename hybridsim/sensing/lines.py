"""Straight lines through readings: outliers calmed, scatter that grows, logs left out in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import nnls
from scipy.stats import t

ROUNDS = 12
CALM = 1.5
"""Residuals of so many standard deviations begin to weigh less (Huber 1964); chosen, because the simulator is
wrong for seconds at a time."""
NORMAL = 1.2533
"""Standard deviation over mean size, of normal numbers."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """reading = |slope @ value| or slope @ value, and how well that is known.

    Attributes:
        value: of the unknowns.
        without: the same, each log left out in turn.
        scatter: of what is left: its size where nothing is read, and its growth with the reading.
        cost: Huber's mean loss, in variances.
    """

    value: Float[np.ndarray, " unknown"]
    without: Float[np.ndarray, "log unknown"]
    scatter: tuple[float, float]
    cost: float


def fit_line(
    slope: Float[np.ndarray, "row unknown"],
    reading: Float[np.ndarray, " row"],
    log: Int[np.ndarray, " row"],
    *,
    unsigned: bool,
    least: float,
    held: tuple[float, float] | None = None,
) -> Line:
    """Unknowns that explain readings.

    Args:
        slope: what a unit of each unknown does.
        reading: to be explained.
        log: which each row is from; rows of one are alike.
        unsigned: readings are magnitudes.
        least: smallest scatter, such as half a count [the reading's unit].
        held: scatter to be taken as it is, so that costs compare.
    """
    weight, value = np.ones(len(reading)), np.zeros(slope.shape[1])
    scatter = (least, 0.0) if held is None else held
    sign = np.where(slope[:, 0] < 0.0, -1.0, 1.0) if unsigned else np.ones(len(reading))
    for _ in range(ROUNDS):
        value = _solved(*_normal(slope, sign * reading, weight))
        found = slope @ value
        if unsigned:
            sign = np.where(found < 0.0, -1.0, 1.0)
        away = np.abs(sign * reading - found)
        scatter = scatter_of(np.abs(found), away, least) if held is None else held
        size = away / (scatter[0] + scatter[1] * np.abs(found))
        weight = 1.0 / (np.maximum(size / CALM, 1.0) * (scatter[0] + scatter[1] * np.abs(found)) ** 2)
    names = np.unique(log)
    parts = [_normal(slope[log == n], (sign * reading)[log == n], weight[log == n]) for n in names]
    whole = tuple(sum(part[k] for part in parts) for k in (0, 1))
    without = [_solved(whole[0] - a, whole[1] - b) for a, b in parts] if len(names) > 1 else []
    loss = np.where(size < CALM, 0.5 * size**2, CALM * (size - 0.5 * CALM))
    return Line(
        value=value,
        without=np.array(without).reshape(-1, len(value)),
        scatter=scatter,
        cost=float(loss.mean()),
    )


def scatter_of(
    size: Float[np.ndarray, " row"], away: Float[np.ndarray, " row"], least: float
) -> tuple[float, float]:
    """How far values are off where nothing is read, at least `least`, and how that grows."""
    (floor, growth), _ = nnls(np.stack([np.ones_like(size), size], axis=1), away)
    return max(NORMAL * floor, least), NORMAL * growth


def half_width(without: Float[np.ndarray, " log"]) -> float | None:
    """Of the 95 % interval of a number, from its values with each log left out in turn; None for one log.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 11: the jackknife.
    """
    count = len(without)
    if count < 2:
        return None
    error = np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())
    return float(t.ppf(0.975, count - 1) * error)


def fitting(
    value: Float[np.ndarray, " unknown"], slope: Float[np.ndarray, "row unknown"], unsigned: bool
) -> Float[np.ndarray, " row"]:
    """What a line reads."""
    found = slope @ value
    return np.abs(found) if unsigned else found


def _normal(
    slope: np.ndarray, reading: np.ndarray, weight: np.ndarray
) -> tuple[Float[np.ndarray, "unknown unknown"], Float[np.ndarray, " unknown"]]:
    return (slope * weight[:, None]).T @ slope, slope.T @ (weight * reading)


def _solved(normal: np.ndarray, side: np.ndarray) -> Float[np.ndarray, " unknown"]:
    """The solution of least size: what no row speaks of is 0."""
    return np.linalg.lstsq(normal, side, rcond=1e-12)[0]
