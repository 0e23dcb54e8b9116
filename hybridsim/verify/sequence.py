"""Intervals that hold at every look, so that a test may stop as soon as it knows: confidence sequences."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import brentq
from scipy.special import betaln

LEAST = 30
"""Episodes before a mean has an interval; chosen, because the one below holds for large numbers only."""


def log_evidence(
    share: float, count: Int[np.ndarray, "*look"] | int, of: Int[np.ndarray, "*look"] | int, near: float
) -> Float[np.ndarray, "*look"]:
    """Logarithm of how much better a mixture of shares foretold so many events than this share did.

    The mixture is a beta distribution whose mean is `near` and whose weight is half an event, chosen, because
    intervals are then narrow there.

    Args:
        share: above 0 and below 1.
        count: events.
        of: trials.
        near: mean of the mixture, above 0 and below 1.
    """
    weight = 0.5 / min(near, 1.0 - near)
    a, b, rest = near * weight, (1.0 - near) * weight, np.subtract(of, count)
    mixed = betaln(a + count, b + rest) - betaln(a, b)
    return np.asarray(mixed - np.multiply(count, math.log(share)) - rest * math.log1p(-share))


def share_interval(count: int, of: int, confidence: float, near: float) -> tuple[float, float]:
    """Interval of a share, which holds at all looks together with this confidence, however a test stops.

        { p : B(a + k, b + n - k) / B(a, b) < p^k (1 - p)^(n - k) / (1 - confidence) }

    The left side is what a mixture of shares gives k of n, see `log_evidence`; over what the true p gives it
    is a martingale, which rarely grows large (Ville's inequality).

    Args:
        count: events.
        of: trials.
        confidence: of the whole sequence.
        near: where it is to be narrow, between 0 and 1.

    Source: Robbins 1970, "Statistical methods related to the law of the iterated logarithm"; Howard, Ramdas,
        McAuliffe, Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences".
    Error: misses a planted share in at most 1 - confidence of runs looked at throughout,
        tests/verify/test_sequence.py.
    """
    most = math.log(1.0 / (1.0 - confidence))

    def excess(p: float) -> float:
        return float(log_evidence(p, count, of, near)) - most

    tiny = 1e-12
    middle = min(max(count / of if of else near, tiny), 1.0 - tiny)
    low = 0.0 if excess(tiny) <= 0.0 else cast(float, brentq(excess, tiny, middle, xtol=1e-9))
    high = 1.0 if excess(1.0 - tiny) <= 0.0 else cast(float, brentq(excess, middle, 1.0 - tiny, xtol=1e-9))
    return low, high


def mean_interval(
    values: Float[np.ndarray, " episode"], confidence: float, planned: int
) -> tuple[float, float]:
    """Interval of a mean, which holds at all looks together, for large numbers; without end for few.

        mean ± s sqrt( 2 (n r + 1) / (n^2 r) log( sqrt(n r + 1) / (1 - confidence) ) )

    Args:
        values: so far.
        confidence: of the whole sequence.
        planned: number at which it is to be narrow.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, "Time-uniform central limit theory and
        asymptotic confidence sequences", theorem 2.2 and its choice of r.
    Error: misses a planted mean in at most 1 - confidence of runs looked at throughout,
        tests/verify/test_sequence.py.
    """
    n = len(values)
    if n < LEAST:
        return -math.inf, math.inf
    chance = math.log(1.0 / (1.0 - confidence))
    r = (2.0 * chance + math.log(2.0 * chance + 1.0)) / planned
    spread = float(values.std(ddof=1))
    inside = 2.0 * (n * r + 1.0) / (n * n * r) * (0.5 * math.log(n * r + 1.0) + chance)
    width = spread * math.sqrt(inside)
    return float(values.mean()) - width, float(values.mean()) + width
