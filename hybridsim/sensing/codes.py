"""What a digital sensor's numbers are whole multiples of, and which way it rounds to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.special import ndtr

LEAST_CODES, MOST_CODES = 4, 200_000
"""Fewer different numbers tell no step; more are not counted."""
SAME = 1e-9
"""Share of the largest value by which two that are the same may differ in a file."""
EXACT = 0.05
"""Share of a step by which multiples may miss it; files hold rounded decimals."""
CLEAR = 20.0
"""Logarithm of the likelihood ratio from which on a sensor is believed to cut toward zero; chosen, because
rests are not quite normal."""
FEWEST = 100
"""Numbers below which nothing is said."""


def step_of(values: Float[np.ndarray, " row"]) -> float:
    """Step of which all values are multiples; 0 where there is none.

    The spacing that most neighbours among frequent values have, refined over ever longer spans.
    """
    finite = values[np.isfinite(values)]
    size = np.sort(np.abs(finite))
    if len(size) < FEWEST or size[-1] == 0.0:
        return 0.0
    known = size[np.concatenate([[True], np.diff(size) > SAME * size[-1]])]
    if not LEAST_CODES <= len(known) <= MOST_CODES:
        return 0.0
    step = float(np.median(np.diff(known[known <= max(np.median(size), known[LEAST_CODES - 1])])))
    for share in (0.01, 0.1, 1.0):
        span = known[: max(LEAST_CODES, int(share * len(known)))]
        codes = np.round(span / step)
        step = float((codes * span).sum() / max((codes**2).sum(), 1.0))
    away = np.abs(known / step - np.round(known / step)) if step > 0.0 else np.ones(1)
    return step if np.percentile(away, 95) < EXACT else 0.0


def cuts_toward_zero(rests: Sequence[Float[np.ndarray, "_row k"]], step: float) -> bool:
    """Whether codes are cut and not rounded: zero then stands for two steps.

    Both are tried as the fate of normal scatter, channel by channel.

    Args:
        rests: readings of rests, whose mean holds still.
        step: of the codes.
    """
    if step <= 0.0:
        return False
    found = 0.0
    for rest in rests:
        for codes in np.round(rest / step).T:
            found += _likelihood(codes, cut=True) - _likelihood(codes, cut=False)
    return bool(found > CLEAR)


def _likelihood(codes: Float[np.ndarray, " row"], cut: bool) -> float:
    """Logarithm of how likely codes are under the normal scatter that fits them best."""
    code, count = np.unique(codes, return_counts=True)
    low, high = code - 0.5, code + 0.5
    if cut:
        low = np.where(code > 0, code, code - 1)
        high = np.where(code < 0, code, code + 1)

    def cost(point: np.ndarray) -> float:
        spread = np.exp(point[1])
        share = ndtr((high - point[0]) / spread) - ndtr((low - point[0]) / spread)
        return -float((count * np.log(np.maximum(share, 1e-12))).sum())

    start = np.array([codes.mean(), np.log(codes.std() + 0.3)])
    return -float(minimize(cost, start, method="Nelder-Mead").fun)


def uncut(values: Float[np.ndarray, "row k"], step: float) -> Float[np.ndarray, "row k"]:
    """Values that were cut toward zero, in the middle of what each code stands for."""
    return values + 0.5 * step * np.sign(np.round(values / step)) if step > 0.0 else values
