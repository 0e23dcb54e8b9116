"""How far a place is from a solid, and which way it is out of it."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hybridsim.physics.recursion import Triple, dot, plus, row, times
from hybridsim.simulator.solids import CYLINDER, HULL, Solids

ROUNDS = 60
"""Over a hull's planes, at most; chosen, because corners of 120 degrees need about ten."""
NEAR = 1e-12
"""Changes below which a nearest place counts as found [m]."""


@njit(cache=True, nogil=True)
def gap(solids: Solids, k: int, place: Triple, far: float) -> tuple[float, Triple]:
    """Distance of a place from a solid's surface, negative inside [m], and the outward unit normal there.

    Args:
        solids: of one world.
        k: which.
        place: in the solid's frame [m].
        far: distance from which on a hull's is only bounded from below [m].
    """
    if solids.kind[k] == HULL:
        return from_hull(solids, k, place, far)
    if solids.kind[k] == CYLINDER:
        found, normal = from_cylinder(solids.half[k, 0], solids.half[k, 2], place)
    else:
        found, normal = from_box(row(solids.half, k), place)
    return found - solids.rounding[k], normal


@njit(cache=True, nogil=True)
def sign(x: float) -> float:
    """1 or -1."""
    return 1.0 if x >= 0.0 else -1.0


@njit(cache=True, nogil=True)
def from_box(half: Triple, p: Triple) -> tuple[float, Triple]:
    """Of a box around the origin."""
    x, y, z = abs(p[0]) - half[0], abs(p[1]) - half[1], abs(p[2]) - half[2]
    if x <= 0.0 and y <= 0.0 and z <= 0.0:
        if x >= y and x >= z:
            return x, (sign(p[0]), 0.0, 0.0)
        return (y, (0.0, sign(p[1]), 0.0)) if y >= z else (z, (0.0, 0.0, sign(p[2])))
    out = (max(x, 0.0) * sign(p[0]), max(y, 0.0) * sign(p[1]), max(z, 0.0) * sign(p[2]))
    size = math.sqrt(dot(out, out))
    return size, times(out, 1.0 / size)


@njit(cache=True, nogil=True)
def from_cylinder(radius: float, half: float, p: Triple) -> tuple[float, Triple]:
    """Of a cylinder along z around the origin."""
    across = math.sqrt(p[0] * p[0] + p[1] * p[1])
    way = (p[0] / across, p[1] / across) if across > 0.0 else (1.0, 0.0)
    side, end = across - radius, abs(p[2]) - half
    if side <= 0.0 and end <= 0.0:
        return (side, (way[0], way[1], 0.0)) if side >= end else (end, (0.0, 0.0, sign(p[2])))
    side, end = max(side, 0.0), max(end, 0.0)
    size = math.sqrt(side * side + end * end)
    return size, (way[0] * side / size, way[1] * side / size, sign(p[2]) * end / size)


@njit(cache=True, nogil=True)
def over(solids: Solids, i: int, p: Triple) -> float:
    """Height of a place over one of a hull's planes [m]."""
    n = solids.plane
    return n[i, 0] * p[0] + n[i, 1] * p[1] + n[i, 2] * p[2] - n[i, 3]


@njit(cache=True, nogil=True)
def from_hull(solids: Solids, k: int, p: Triple, far: float) -> tuple[float, Triple]:
    """Of a hull: from the plane that a place is furthest over, or outside from the nearest place."""
    first, last = solids.span[k, 0], solids.span[k, 1]
    highest, best = -np.inf, first
    for i in range(first, last):
        height = over(solids, i, p)
        if height > highest:
            highest, best = height, i
    normal = (solids.plane[best, 0], solids.plane[best, 1], solids.plane[best, 2])
    if highest <= 0.0 or highest >= far:
        return highest, normal
    out = plus(p, times(nearest(solids, first, last, p), -1.0))
    size = math.sqrt(dot(out, out))
    return (size, times(out, 1.0 / size)) if size > 0.0 else (highest, normal)


@njit(cache=True, nogil=True)
def nearest(solids: Solids, first: int, last: int, p: Triple) -> Triple:
    """The place of a hull that is nearest to one outside of it.

    Source: Hildreth 1957, "A quadratic programming procedure": one plane after the other takes back what it
    pushed before, and pushes by what is then over it.
    """
    pushed = np.zeros(last - first)
    for _ in range(ROUNDS):
        moved = 0.0
        for i in range(first, last):
            new = max(0.0, pushed[i - first] + over(solids, i, p))
            change = new - pushed[i - first]
            if change != 0.0:
                n = (solids.plane[i, 0], solids.plane[i, 1], solids.plane[i, 2])
                p, pushed[i - first] = plus(p, times(n, -change)), new
                moved = max(moved, abs(change))
        if moved < NEAR:
            break
    return p
