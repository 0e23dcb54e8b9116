"""How sure a fit is of each number, and whether the logs or only the prior say it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.effort.fit import Found

WEAKER = 10.0  # times wider: the prior that a number's certainty is tried against
CARRIED = 1.5  # times less sure without the prior's help: what the logs say by themselves


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """Of every number that was asked for.

    Attributes:
        deviation: standard deviation on the logs alone, all but without the prior.
        identifiable: whether it stays as sure when the prior steps back.
    """

    deviation: Float[np.ndarray, " number"]
    identifiable: Bool[np.ndarray, " number"]


def certainty(found: Found, numbers: Float[np.ndarray, "number entry"]) -> Certainty:
    """Certainty of numbers that depend on the point by these derivatives.

    A number that the logs determine is as sure under a prior that is ten times wider; one that they leave
    open gets less sure by as much. Prior and logs are both taken as Gaussian around the point.
    """
    wide, narrow = (_deviations(found, numbers, factor) for factor in (WEAKER, 1.0))
    moves = np.abs(numbers).sum(axis=1) > 0
    return Certainty(deviation=wide, identifiable=moves & (wide < CARRIED * narrow))


def _deviations(found: Found, numbers: np.ndarray, factor: float) -> np.ndarray:
    """Standard deviations under a prior that is `factor` times as wide."""
    # In widths of the prior, so that nothing is badly scaled.
    scaled = found.information * np.outer(found.width, found.width)
    information = scaled + np.eye(len(found.width)) / factor**2
    inverse = np.linalg.inv(information)
    wanted = numbers * found.width
    return np.sqrt(np.maximum(np.einsum("ne,ef,nf->n", wanted, inverse, wanted), 0.0))
