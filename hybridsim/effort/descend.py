"""Least squares between bounds: Levenberg's damping, and bounds that hold what pushes against them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve

Point = Float[np.ndarray, " entry"]
Terms = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]

MOST_STEPS = 60
ENOUGH = 1e-7  # relative decrease below which a step no longer counts
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-9, 1e9


def descend(terms: Terms, start: Point, bounds: tuple[Point, Point], width: Point) -> Point:
    """The nearest minimum of a sum of squares inside bounds.

    Args:
        terms: value, gradient and Gauss-Newton curvature at a point.
        start: moved inside the bounds first.
        bounds: lowest and highest of every entry.
        width: typical size of each entry, in which damping is the same for all.

    Error: the constrained minimum of a convex problem to 1e-6, tests/effort/test_descend.py.
    """
    point, damping, calm = np.clip(start, *bounds), FIRST_DAMPING, 0
    value, gradient, curvature = terms(point)
    for _ in range(MOST_STEPS):
        free = ~_held(point, gradient, bounds)
        tried = np.clip(point + _step(gradient, curvature, free, damping, width), *bounds)
        found = terms(tried)
        if not found[0] < value:
            damping *= 5.0
            if damping > MOST_DAMPING:
                break
            continue
        calm = calm + 1 if value - found[0] < ENOUGH * value else 0
        point, (value, gradient, curvature) = tried, found
        damping = max(damping / 5.0, LEAST_DAMPING)
        if calm == 2:
            break
    return point


def _held(point: Point, gradient: Point, bounds: tuple[Point, Point]) -> np.ndarray:
    """Entries on a bound that descent would push beyond it."""
    low, high = bounds
    return ((point <= low) & (gradient > 0)) | ((point >= high) & (gradient < 0))


def _step(gradient: Point, curvature: np.ndarray, free: np.ndarray, damping: float, width: Point) -> Point:
    """The damped Gauss-Newton step of the free entries, zero for the others."""
    step = np.zeros_like(gradient)
    scaled = curvature[np.ix_(free, free)] * np.outer(width[free], width[free])
    scaled[np.diag_indices_from(scaled)] *= 1.0 + damping
    step[free] = -width[free] * cho_solve(cho_factor(scaled), gradient[free] * width[free])
    return step
