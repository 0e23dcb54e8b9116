"""Where a robot may touch: small spheres on its bodies, and patches of level ground below them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

EMBEDDING = 2
"""Numbers by which a learned law tells links and surfaces apart; chosen, because few of either differ."""


class Points(NamedTuple):
    """Spheres fixed to bodies; a sharp corner is one of radius 0, a rounded one lies inside the corner."""

    body: np.ndarray
    """[point] index of the body."""
    position: np.ndarray
    """[point 3] of the sphere's centre in the body's link frame [m]."""
    radius: np.ndarray
    """[point] [m]."""
    embedding: np.ndarray
    """[point 2] of its link."""
    share: np.ndarray
    """[point] stiffness and damping over the law's: more where it stands for a larger part of a face."""


class Patches(NamedTuple):
    """Level ground; where patches overlap the first one counts, beside all of them there is none."""

    area: np.ndarray
    """[patch 4] x from, x to, y from, y to, in the world [m]."""
    height: np.ndarray
    """[patch] [m]."""
    law: np.ndarray
    """[patch coefficient] see `law.LAW`."""
    embedding: np.ndarray
    """[patch 2] of its surface."""


class Touch(NamedTuple):
    """What points remember from step to step, of one world."""

    since: np.ndarray
    """[point] time since it touched down [s]; negative while it is in the air."""
    approach: np.ndarray
    """[point] speed along the normal at which it touched down [m/s]."""
    impulse: np.ndarray
    """[point 6] in the last step, as `solve.Contacts` has it: where the next search starts."""


def new_touch(worlds: int, points: int) -> Touch:
    """Every point of every world in the air: arrays [world point ...]."""
    shape = (worlds, points)
    return Touch(np.full(shape, -1.0), np.zeros(shape), np.zeros((*shape, 6)))


def endless(law: np.ndarray, height: float) -> Patches:
    """One patch without an edge."""
    edge = 1e9
    return Patches(
        area=np.array([[-edge, edge, -edge, edge]]),
        height=np.array([height], float),
        law=law[None].copy(),
        embedding=np.zeros((1, EMBEDDING)),
    )


@njit(cache=True, nogil=True, inline="always")
def patch_under(area: np.ndarray, x: float, y: float) -> int:
    """The patch that a place stands over, -1 for none."""
    found = -1
    for k in range(len(area)):
        if found < 0 and area[k, 0] <= x < area[k, 1] and area[k, 2] <= y < area[k, 3]:
            found = k
    return found
