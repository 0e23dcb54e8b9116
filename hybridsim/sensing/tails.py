"""How wide the tails of errors are: Student's t, and its continuous ranked probability score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import beta
from scipy.stats import t

FREEDOMS = (3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0, 50.0)
SCALES = tuple(np.exp(np.linspace(-0.7, 0.5, 41)).tolist())
MOST = 6_000
"""Errors that a fit reads."""

Values = Float[np.ndarray, "..."]


class Tail(NamedTuple):
    """Of errors over their stated spread: Student's t of so many degrees of freedom, times a scale."""

    freedom: float
    scale: float

    def quantile(self, share: float) -> float:
        """Of the errors over their stated spread."""
        return float(t.ppf(share, self.freedom)) * self.scale


def crps(error: Values, spread: Values | float, tail: Tail) -> Values:
    """Continuous ranked probability score of a t distribution about zero, in the errors' unit.

    Source: Jordan, Krueger, Lerch 2019, "Evaluating probabilistic forecasts with scoringRules", appendix A.
    """
    nu, size = tail.freedom, np.asarray(spread) * tail.scale
    z = error / size
    constant = 2.0 * np.sqrt(nu) / (nu - 1.0) * beta(0.5, nu - 0.5) / beta(0.5, nu / 2.0) ** 2
    body = z * (2.0 * t.cdf(z, nu) - 1.0) + 2.0 * t.pdf(z, nu) * (nu + z**2) / (nu - 1.0)
    return size * (body - constant)


def fit_tail(scaled: Float[np.ndarray, " row"]) -> Tail:
    """The tail with the least mean score.

    Args:
        scaled: errors over their stated spread.
    """
    some = scaled[:: max(1, len(scaled) // MOST)]
    if not len(some):
        return Tail(FREEDOMS[-1], 1.0)
    # By freedom first at a middling scale, then by scale: the score is convex in both.
    best = min(
        (float(crps(some[::5], 1.0, Tail(nu, scale)).mean()), nu) for nu in FREEDOMS for scale in SCALES[::4]
    )
    scored = [(float(crps(some, 1.0, Tail(best[1], scale)).mean()), scale) for scale in SCALES]
    return Tail(best[1], min(scored)[1])
