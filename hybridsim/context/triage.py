"""Logs that no life of their unit explains: mis-scaled, swapped, frozen, or of somebody else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2

from hybridsim.context.belief import Belief
from hybridsim.context.evidence import Evidence
from hybridsim.context.notice import Hypothesis, log_ratios

CAUSES = 2
"""Families that may have changed at once, each at a joint or link or at all; chosen, because a fall bends a
joint and moves what is carried, and because wear comes to all joints on the day that firmware does."""
LARGE = 9.0
"""Variance of a change over its typical one; chosen, because a change of three times the usual is rare."""
BEYOND = 1e-4
"""Probability beyond which a distance is no accident."""
SURE = 10.0
"""Logarithm of the likelihood by which another unit has to be better than any change; chosen."""
ALIKE = 0.25
"""Of its distance from its own unit, at which a log is another's; chosen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Company:
    """Units whose contexts are differences from one reference.

    Attributes:
        beliefs: about each of them.
    """

    beliefs: Mapping[str, Belief]

    @cached_property
    def means(self) -> Float[np.ndarray, "unit entry"]:
        """Of their contexts."""
        return np.stack([one.mean for one in self.beliefs.values()])

    @cached_property
    def rows(self) -> dict[str, int]:
        """Where each of them is in `means`."""
        return {serial: row for row, serial in enumerate(self.beliefs)}

    def but(self, serial: str) -> dict[str, Belief]:
        """About the others."""
        return {name: one for name, one in self.beliefs.items() if name != serial}


def better_than_any_change(
    evidence: Evidence, unit: Belief, hypotheses: Sequence[Hypothesis]
) -> float | None:
    """How much likelier another unit has to be than this one for a log to be taken for the other's.

    Args:
        evidence: of the log at its unit's context, wander taken off.
        unit: what is believed of its unit.
        hypotheses: what may change.

    Returns:
        The logarithm of the ratio; None where no context at all is so much likelier, as for most logs.
    """
    covariances = unit.covariance + np.stack([np.zeros_like(unit.precision), *(h.spread for h in hypotheses)])
    changed = float(log_ratios(covariances, evidence.pull, evidence.information).max())
    best = np.linalg.lstsq(evidence.information, evidence.pull)[0]
    return changed + SURE if 0.5 * float(evidence.pull @ best) > changed + SURE else None


def stranger(evidence: Evidence, serial: str, unit: Belief, least: float, company: Company) -> str:
    """Whose log it looks like, where another unit explains it far better than any change; or empty.

    Args:
        evidence: of the log at its unit's context, wander taken off.
        serial: of its unit.
        unit: what is believed of its unit.
        least: from `better_than_any_change`.
        company: the fleet's units.
    """
    if not company.beliefs:
        return ""
    away = company.means - unit.mean
    likely = away @ evidence.pull - 0.5 * ((away @ evidence.information) * away).sum(1)
    if serial in company.rows:
        likely[company.rows[serial]] = -np.inf
    best = int(likely.argmax())
    return list(company.beliefs)[best] if likely[best] > least else ""


def loosened(belief: Belief, hypotheses: Sequence[Hypothesis], causes: Collection[tuple[str, str]]) -> Belief:
    """What is still believed of a unit after something changed.

    Args:
        belief: before.
        hypotheses: what may change.
        causes: family and place of what did.
    """
    covariance = belief.covariance
    for one in hypotheses:
        if (one.family, one.place) in causes:
            covariance = covariance + LARGE * one.spread
    return Belief(mean=belief.mean, precision=np.linalg.inv(covariance))


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
    together = combinations([h.spread for h in hypotheses], min(CAUSES, len(hypotheses)))
    explained = min(distance(log, unit, spread + LARGE * sum(causes)) for causes in together)
    if explained > limit:
        return f"too much changed at once: {explained:.0f} of at most {limit:.0f} after {CAUSES} causes"
    return ""
