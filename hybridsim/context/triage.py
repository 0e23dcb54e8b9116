"""Logs that no life of their unit explains: mis-scaled, swapped, frozen, or of somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy.stats import chi2

from hybridsim.context.belief import Belief
from hybridsim.context.notice import Hypothesis

CAUSES = 2
"""Families that may have changed at once; chosen, because a fall bends a joint and moves what is carried."""
LARGE = 9.0
"""Variance of a change over its typical one; chosen, because a change of three times the usual is rare."""
BEYOND = 1e-6
"""Probability beyond which a distance is no accident."""
ALIKE = 0.25
"""Of its distance from its own unit, at which a log is another's; chosen."""


def distance(one: Belief, other: Belief, extra: np.ndarray) -> float:
    """Squared, in standard deviations of both and of `extra`, a covariance."""
    away = one.mean - other.mean
    return float(away @ np.linalg.solve(one.covariance + other.covariance + extra, away))


def oddity(
    log: Belief,
    unit: Belief,
    wander: np.ndarray,
    hypotheses: Sequence[Hypothesis],
    others: Mapping[str, Belief],
) -> str:
    """Why a log's own context cannot be its unit's today, in words; empty where it can.

    Args:
        log: what the log alone says, from what the population has in common.
        unit: what is believed of its unit.
        wander: variance from log to log.
        hypotheses: what may change.
        others: what is believed of the fleet's other units.
    """
    spread = np.diag(wander)
    limit = float(chi2.ppf(1.0 - BEYOND, len(log.mean)))
    own = distance(log, unit, spread)
    if own <= limit:
        return ""
    apart = {serial: distance(log, other, spread) for serial, other in others.items()}
    nearest = min(apart, key=lambda serial: apart[serial], default=None)
    if nearest is not None and apart[nearest] <= min(limit, ALIKE * own):
        return f"looks like unit '{nearest}'"
    pairs = combinations(hypotheses, min(CAUSES, len(hypotheses)))
    explained = min(distance(log, unit, spread + LARGE * sum(h.spread for h in pair)) for pair in pairs)
    if explained > limit:
        return f"too much changed at once: {explained:.0f} of at most {limit:.0f} after {CAUSES} causes"
    return ""
