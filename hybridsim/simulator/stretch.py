"""Along which stretch of its axis a rod touches a solid."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hybridsim.physics.recursion import Triple, dot, plus, times
from hybridsim.simulator.distance import gap
from hybridsim.simulator.solids import HULL, Solids

HALVINGS = 48
"""Of a stretch, at most: chosen, because doubles then know its end to the last bit or two."""
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
APART = (1.0, -1.0)
"""An empty stretch."""


@njit(cache=True, nogil=True)
def stretch_of(
    solids: Solids, k: int, middle: Triple, axis: Triple, half: float, radius: float, rounded: bool
) -> tuple[float, float]:
    """First and last place along the axis at which a ball of its radius touches [m]; low > high for none.

    Distance from a convex solid is convex along a line, so that the stretch has no holes.

    Args:
        solids: of one world.
        k: which.
        middle: of the axis, in the solid's frame [m].
        axis: unit vector in the same.
        half: length of the axis to either side [m].
        radius: of the rod [m].
        rounded: whether its ends touch too.
    """
    if dot(middle, middle) >= (solids.reach[k] + half + radius) ** 2:
        return APART
    if half == 0.0:
        return 0.0, 0.0
    low, high = alongside(solids, k, middle, axis, half, radius)
    if low > high:
        if not rounded or low == np.inf:
            return APART
        low = high = min(max(0.5 * (low + high), -half), half)
    outer = (over(solids, k, middle, axis, radius, low), over(solids, k, middle, axis, radius, high))
    if outer[0] < 0.0 and outer[1] < 0.0:
        return low, high
    inner = touching_place(solids, k, middle, axis, radius, low, high)
    if over(solids, k, middle, axis, radius, inner) >= 0.0:
        return APART
    if outer[0] >= 0.0:
        low = edge(solids, k, middle, axis, radius, inner, low)
    if outer[1] >= 0.0:
        high = edge(solids, k, middle, axis, radius, inner, high)
    return low, high


@njit(cache=True, nogil=True)
def over(solids: Solids, k: int, middle: Triple, axis: Triple, radius: float, t: float) -> float:
    """Gap between the solid and a ball on the axis [m]."""
    return gap(solids, k, plus(middle, times(axis, t)), radius)[0] - radius


@njit(cache=True, nogil=True)
def alongside(
    solids: Solids, k: int, middle: Triple, axis: Triple, half: float, radius: float
) -> tuple[float, float]:
    """Where the rod's cross-section, a disc, reaches behind every face of the solid or of its box."""
    low, high = -half, half
    if solids.kind[k] == HULL:
        for i in range(solids.span[k, 0], solids.span[k, 1]):
            n = solids.plane
            face = (n[i, 0], n[i, 1], n[i, 2])
            low, high = behind(face, n[i, 3], middle, axis, radius, low, high)
        return low, high
    for i in range(3):
        face = (1.0 if i == 0 else 0.0, 1.0 if i == 1 else 0.0, 1.0 if i == 2 else 0.0)
        level = solids.half[k, i] + solids.rounding[k]
        low, high = behind(face, level, middle, axis, radius, low, high)
        low, high = behind(times(face, -1.0), level, middle, axis, radius, low, high)
    return low, high


@njit(cache=True, nogil=True)
def behind(
    face: Triple, level: float, middle: Triple, axis: Triple, radius: float, low: float, high: float
) -> tuple[float, float]:
    """The part of a stretch where the disc reaches behind one plane."""
    slope = dot(face, axis)
    room = level + radius * math.sqrt(max(1.0 - slope * slope, 0.0)) - dot(face, middle)
    if abs(slope) < 1e-12:
        return (low, high) if room > 0.0 else (np.inf, -np.inf)
    return (low, min(high, room / slope)) if slope > 0.0 else (max(low, room / slope), high)


@njit(cache=True, nogil=True)
def touching_place(
    solids: Solids, k: int, middle: Triple, axis: Triple, radius: float, low: float, high: float
) -> float:
    """A place between two others where the ball touches, or where it is nearest: golden section."""
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_a, at_b = over(solids, k, middle, axis, radius, a), over(solids, k, middle, axis, radius, b)
    for _ in range(HALVINGS):
        if at_a < 0.0 or at_b < 0.0 or high - low < 1e-9:
            break
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - GOLDEN * (high - low)
            at_a = over(solids, k, middle, axis, radius, a)
        else:
            low, a, at_a = a, b, at_b
            b = low + GOLDEN * (high - low)
            at_b = over(solids, k, middle, axis, radius, b)
    return a if at_a < at_b else b


@njit(cache=True, nogil=True)
def edge(
    solids: Solids, k: int, middle: Triple, axis: Triple, radius: float, inside: float, outside: float
) -> float:
    """The end of the stretch between a place where the ball touches and one where it does not."""
    for _ in range(HALVINGS):
        half = 0.5 * (inside + outside)
        if over(solids, k, middle, axis, radius, half) < 0.0:
            inside = half
        else:
            outside = half
    return inside
