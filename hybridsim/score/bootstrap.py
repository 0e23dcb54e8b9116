"""Intervals for means over logs; whole logs are drawn, since samples of one log are not independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LEVEL = 0.95


@dataclass(frozen=True)
class Draws:
    """How many bootstrap resamples, and from which seed."""

    resamples: int = 2000
    seed: int = 0

    def weights(self, logs: int) -> Float[np.ndarray, "resample log"]:
        """How often each log is drawn in each resample (with replacement, `logs` draws).

        The same for every variant: the same draws make differences between variants paired.
        """
        generator = np.random.default_rng(self.seed)
        return generator.multinomial(logs, np.full(logs, 1.0 / logs), size=self.resamples).astype(float)


def mean_over_logs(values: Float[np.ndarray, "log column"]) -> Float[np.ndarray, " column"]:
    """Mean over the logs that have a value (NaN: has none); NaN where no log has one."""
    have = np.isfinite(values)
    return ratio(np.where(have, values, 0.0).sum(axis=0), have.sum(axis=0).astype(float))


def interval_over_logs(
    values: Float[np.ndarray, "log column"], weights: Float[np.ndarray, "resample log"]
) -> Float[np.ndarray, "2 column"]:
    """95 % percentile bootstrap interval of `mean_over_logs`, which it always contains.

    With one log every resample is that log: low and high equal the mean, and say nothing about other logs.
    """
    have = np.isfinite(values)
    return interval_of_ratio(np.where(have, values, 0.0), have.astype(float), weights)


def interval_of_ratio(
    totals: Float[np.ndarray, "log column"],
    counts: Float[np.ndarray, "log column"],
    weights: Float[np.ndarray, "resample log"],
) -> Float[np.ndarray, "2 column"]:
    """95 % percentile bootstrap interval of sum(totals) / sum(counts) over logs, NaN without counts."""
    resampled = ratio(weights @ totals, weights @ counts)
    centre = ratio(totals.sum(axis=0), counts.sum(axis=0))
    bounds = np.full((2, totals.shape[1]), np.nan)
    for column in np.flatnonzero(np.isfinite(centre)):
        drawn = resampled[np.isfinite(resampled[:, column]), column]
        quantiles = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(drawn) else centre[column]
        bounds[:, column] = quantiles
    # Rounding (and one log) may leave the mean a hair outside of its own interval.
    return np.stack([np.fmin(bounds[0], centre), np.fmax(bounds[1], centre)])


def ratio(total: Float[np.ndarray, "..."], count: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Total over count, NaN where the count is zero."""
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
