"""Noise of a reading taken apart: what is new at every sample, and what lasts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from hybridsim.sensing.values import Found

FAR = 99.0
"""Percentile at which sizes are cut: a simulator that is wrong for moments is no noise."""
LONGEST_S = 5.0
"""Noise that lasts longer is a bias."""
LEAST_SHARE = 0.05
"""Of the variance that has to last for it to be told."""


def calm(values: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Values, the largest cut."""
    most = np.percentile(np.abs(values), FAR)
    return np.clip(values, -most, most)


def noise_values(
    left: Float[np.ndarray, " row"], log: Int[np.ndarray, " row"], period: float, counts: float
) -> dict[str, Found]:
    """White noise and Gauss-Markov drift of readings, as `sensors.parameters` names them.

    White is half the variance of changes from one reading to the next; what the whole variance has beyond
    that lasts, until its correlation has fallen to 1/e.

    Args:
        left: real readings less simulated ones, over the noise's strength.
        log: which each is from; rows of one follow each other in time.
        period: between readings [s].
        counts: variance that counts add.
    """
    same = np.diff(log) == 0
    changes = float((calm(np.diff(left)[same]) ** 2).mean()) / 2.0
    whole = float((calm(left) ** 2).mean())
    lasting = max(whole - changes, 0.0)
    white = max(changes - counts, 0.0)
    told = lasting > LEAST_SHARE * whole
    time = _forgotten(calm(left), log, lasting, period) if told else 1.0
    return {
        "white": Found(
            float(np.sqrt(white)), identifiable=white > 0.0, source="from one reading to the next"
        ),
        "drift": Found(
            float(np.sqrt(lasting)) if told else 0.0,
            identifiable=told,
            source="of what lasts; errors of the replayed drive are in it",
        ),
        "drift_time": Found(
            time, identifiable=told and time < LONGEST_S, source="until its correlation is 1/e"
        ),
    }


def _forgotten(
    left: Float[np.ndarray, " row"], log: Int[np.ndarray, " row"], lasting: float, period: float
) -> float:
    """Time after which the covariance has fallen to 1/e of what lasts [s]."""
    most = int(LONGEST_S / period)
    for lag in np.unique(np.geomspace(1, most, 40).astype(int)):
        same = log[lag:] == log[:-lag]
        if same.any() and float((left[lag:] * left[:-lag])[same].mean()) < lasting / np.e:
            return float(lag * period)
    return LONGEST_S
