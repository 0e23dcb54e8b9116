"""Collision shapes that level ground never meets first: they cost time and change nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, QhullError

from hybridsim.physics.model import Collision, Link, RigidModel

TOLERANCE = 3e-4
"""By which a shape may stick out of the others' hull [m]; chosen, because the ground is not known better."""
AROUND = 48
"""Corners in the place of a circle; chosen: a circle then leaves the polygon by 0.2 % of its radius."""
GROWN = 1.0 / np.cos(np.pi / AROUND)
"""By which such a polygon has to grow to hold the circle."""


def without_hidden(model: RigidModel) -> RigidModel:
    """The model without shapes that lie within the convex hull of their link's other ones.

    A plane touches a link where it touches the link's hull, so that on level or sloped ground such a shape
    never touches first; in a hollow of rough ground it could. Links with meshes are left as they are.
    Pictures go on showing all of them.

    Error: lets no link sink in by more than 0.3 mm further, tests/physics/test_hidden.py.
    """
    for link in model.links:
        outer = _outer(link)
        inner = tuple(shape for shape in link.collisions if shape not in outer)
        model = model.with_link(replace(link, collisions=outer, only_drawn=inner))
    return model


def _outer(link: Link) -> tuple[Collision, ...]:
    """The shapes that may touch level ground."""
    kept = list(link.collisions)
    if any(one.kind == "mesh" for one in kept):
        return tuple(kept)
    for one in link.collisions:
        others = [other for other in kept if other is not one]
        if others and _within(_points(one, GROWN), np.concatenate([_points(other) for other in others])):
            kept = others
    return tuple(kept)


def _within(points: Float[np.ndarray, "n 3"], corners: Float[np.ndarray, "m 3"]) -> bool:
    """Whether points lie in the hull of corners, as far as anybody cares."""
    try:
        faces = ConvexHull(corners).equations
    except QhullError:  # flat
        return False
    return bool((points @ faces[:, :3].T + faces[:, 3]).max() <= TOLERANCE)


def _points(shape: Collision, grown: float = 1.0) -> Float[np.ndarray, "n 3"]:
    """Points on a shape, in the link's frame: their hull lies in it; with `GROWN`, it in their hull."""
    turn = 2.0 * np.pi / AROUND * np.arange(AROUND)
    circle = grown * np.stack([np.cos(turn), np.sin(turn), 0.0 * turn], axis=1)
    if shape.kind == "box":
        unit = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        points = unit * np.array(shape.size)
    elif shape.kind == "cylinder":
        points = _both_ends(shape.size[0] * circle, shape.size[1])
    else:
        up = 2.0 * np.pi / AROUND * (np.arange(AROUND // 2 + 1) - AROUND // 4)
        rings = [np.cos(a) * circle + [0.0, 0.0, np.sin(a)] for a in up]
        ball = grown * shape.size[0] * np.concatenate(rings)
        points = ball if shape.kind == "sphere" else _both_ends(ball, shape.size[1])
    return points @ shape.pose.rotation.T + shape.pose.position


def _both_ends(points: Float[np.ndarray, "n 3"], length: float) -> Float[np.ndarray, "m 3"]:
    """Points at either end of a line along z."""
    end = np.array([0.0, 0.0, 0.5 * length])
    return np.concatenate([points - end, points + end])
