"""Where the pressure under a face is: corners alone stand too far out, so points within the face carry most.

Even pressure over a square resists spinning with a mean lever of 0.3826 of the edge, its corners alone with
0.7071. Points within the face, on the lines from its middle to its corners, carry so much, and stand so far
out, that mean lever and mean squared lever (which resists tipping) are both those of even pressure.
Error: mean lever of squares, rectangles and discs to 1 %, tests/simulator/test_footing.py.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull

SMALL = 0.5
"""Share of the largest face's area below which a face stands on its corners; chosen: bodies lie flat."""
RING = 8
"""Points within a face, at most; chosen, because they are about as even as a ring."""


class Footing(NamedTuple):
    """Points within the faces of a shape, by its corners."""

    corner: np.ndarray
    """[inner] the corner that each lies towards."""
    middle: np.ndarray
    """[inner corner] the face's middle as a sum of corners."""
    lever: np.ndarray
    """[inner] distance from the middle over the corner's."""
    share: np.ndarray
    """[inner] load over a corner's."""

    def places(self, corners: Float[np.ndarray, "corner 3"], reach: float) -> Float[np.ndarray, "inner 3"]:
        """Of corners that may have moved since; `reach` moves the points out, even pressure being 1."""
        middle = self.middle @ corners
        return middle + reach * self.lever[:, None] * (corners[self.corner] - middle)


NO_FACES = Footing(np.zeros(0, np.int64), np.zeros((0, 0)), np.zeros(0), np.zeros(0))


def footing_of(corners: Float[np.ndarray, "corner 3"]) -> Footing:
    """Points within the large faces of a convex body; none of a body without faces."""
    return _footing(corners.tobytes()) if len(corners) > 3 else NO_FACES


@functools.lru_cache(maxsize=64)
def _footing(raw: bytes) -> Footing:
    corners = np.frombuffer(raw).reshape(-1, 3)
    faces = [(face, *_middle(corners[face])) for face in faces_of(corners)]
    largest = max(area for _, _, area in faces)
    parts = [within(corners, face, middle) for face, middle, area in faces if area >= SMALL * largest]
    return Footing(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def faces_of(corners: Float[np.ndarray, "corner 3"]) -> list[np.ndarray]:
    """Corners of every face of their hull, going around it."""
    hull = ConvexHull(corners)
    _, plane = np.unique(np.round(hull.equations, 6), axis=0, return_inverse=True)
    found = []
    for k in range(int(plane.max()) + 1):
        mine = plane.ravel() == k
        face, normal = np.unique(hull.simplices[mine]), hull.equations[mine][0, :3]
        out = corners[face] - corners[face].mean(axis=0)
        angle = np.arctan2(np.cross(out[0], out) @ normal, out @ out[0])
        found.append(face[np.argsort(angle)])
    return found


def _middle(face: Float[np.ndarray, "corner 3"]) -> tuple[np.ndarray, float]:
    """Centroid and area [m, m^2]."""
    centre = face.mean(axis=0)
    area = _areas(face - centre)
    middles = (face + np.roll(face, -1, axis=0) + centre) / 3
    return area @ middles / area.sum(), float(area.sum())


def _areas(out: Float[np.ndarray, "corner 3"]) -> Float[np.ndarray, " corner"]:
    """Of the triangles between the origin, a corner and the next one [m^2]."""
    return np.linalg.norm(np.cross(out, np.roll(out, -1, axis=0)), axis=1) / 2


def within(
    corners: Float[np.ndarray, "corner 3"], face: np.ndarray, middle: Float[np.ndarray, "3"]
) -> Footing:
    """Points within one face."""
    out = corners[face] - middle
    area, reach = _areas(out), np.linalg.norm(out, axis=1)
    weight = (area + np.roll(area, 1)) / (2 * area.sum())
    mean, square = mean_lever(out) / (weight @ reach), _square(out) / (weight @ reach**2)
    on_corners = float(np.clip((square - mean**2) / (1 + square - 2 * mean), 0.05, 0.95))
    lever = (mean - on_corners) / (1 - on_corners)
    every = -(-len(face) // RING)
    chosen = np.arange(0, len(face), every)
    carried = np.add.reduceat(weight, chosen) * len(face) * (1 - on_corners) / on_corners
    return Footing(
        corner=face[chosen],
        middle=np.tile(_as_sum(corners, face, middle), (len(chosen), 1)),
        lever=np.full(len(chosen), lever),
        share=carried,
    )


def mean_lever(out: Float[np.ndarray, "corner 3"]) -> float:
    """Mean distance of a polygon's places from the origin inside it [m].

    Of the triangle to an edge at the distance h, seen from angle a to b: h^3 / 3 (F(b) - F(a)), where F is
    the integral of sec^3: (sec tan + ln(sec + tan)) / 2.
    """
    following = np.roll(out, -1, axis=0)
    edge = following - out
    along = edge / np.linalg.norm(edge, axis=1, keepdims=True)
    first, last = (np.einsum("ck,ck->c", end, along) for end in (out, following))
    height = np.linalg.norm(out - first[:, None] * along, axis=1)
    held = [np.hypot(1.0, t) * t / 2 + np.arcsinh(t) / 2 for t in (first / height, last / height)]
    return float((height**3 / 3 * (held[1] - held[0])).sum() / _areas(out).sum())


def _square(out: Float[np.ndarray, "corner 3"]) -> float:
    """Mean squared distance of a polygon's places from the origin inside it [m^2]."""
    following, area = np.roll(out, -1, axis=0), _areas(out)
    sums = (out**2).sum(1) + (following**2).sum(1) + (out * following).sum(1)
    return float(area @ sums / 6 / area.sum())


def _as_sum(corners: np.ndarray, face: np.ndarray, place: np.ndarray) -> Float[np.ndarray, " corner"]:
    """A place in a face as a sum of its corners, weights as equal as may be."""
    matrix = np.vstack([(corners[face] - place).T, np.ones(len(face))])
    weights = np.zeros(len(corners))
    weights[face] = np.linalg.lstsq(matrix, np.array([0.0, 0.0, 0.0, 1.0]), rcond=None)[0]
    return weights
