"""Whether a simulator ranks policies as the robot does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata

RESAMPLES = 2000
LEVELS = (0.025, 0.975)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A statistic and its 95 % interval, bootstrapped over trainings."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def rank_violation(told: Float[np.ndarray, " policy"], real: Float[np.ndarray, " policy"]) -> float:
    """Mean over policies of the largest loss by believing the simulator about a pair [unit of returns].

    Source: Li et al. 2024, "Evaluating Real-World Robot Manipulation Policies in Simulation" (SIMPLER), MMRV.
    """
    wrong = (told[:, None] < told[None]) != (real[:, None] < real[None])
    return float((wrong * np.abs(real[:, None] - real[None])).max(axis=1).mean())


def pearson(told: Float[np.ndarray, " policy"], real: Float[np.ndarray, " policy"]) -> float:
    """Linear correlation; NaN where one of them does not vary."""
    if min(np.ptp(told), np.ptp(real)) == 0.0:
        return float("nan")
    return float(np.corrcoef(told, real)[0, 1])


def spearman(told: Float[np.ndarray, " policy"], real: Float[np.ndarray, " policy"]) -> float:
    """Correlation of ranks; NaN where one of them does not vary."""
    return pearson(rankdata(told), rankdata(real))


STATISTICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "spearman": spearman,
    "pearson": pearson,
    "max_rank_violation": rank_violation,
}


def validity(
    told: Float[np.ndarray, " policy"],
    real: Float[np.ndarray, " policy"],
    training: Int[np.ndarray, " policy"],
    against: Float[np.ndarray, " policy"] | None = None,
) -> dict[str, Number]:
    """How well returns told by a simulator order policies.

    Intervals are percentiles over trainings drawn with replacement, because checkpoints of one are alike.

    Args:
        told: by the simulator, one a policy.
        real: on the robot.
        training: number of the training each policy is from.
        against: told by another simulator; the statistics are then differences to its own.
    """
    groups = [np.flatnonzero(training == k) for k in np.unique(training)]
    random = np.random.default_rng(0)
    drawn = [
        np.concatenate([groups[k] for k in random.integers(0, len(groups), len(groups))])
        for _ in range(RESAMPLES)
    ]

    def number(statistic: Callable[[np.ndarray, np.ndarray], float]) -> Number:
        def of(rows: np.ndarray) -> float:
            other = 0.0 if against is None else statistic(against[rows], real[rows])
            return statistic(told[rows], real[rows]) - other

        low, high = np.nanquantile([of(rows) for rows in drawn], LEVELS)
        return Number(value=of(np.arange(len(told))), low=float(low), high=float(high))

    return {name: number(statistic) for name, statistic in STATISTICS.items()}
