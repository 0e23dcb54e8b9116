"""A robot's collision shapes as solids, for what touches them from anywhere.

A ball is a box without size that is rounded by its radius, a capsule one with a length alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.spatial import ConvexHull

from hybridsim.physics.hulls import corners_of
from hybridsim.physics.model import Collision, Pose, RigidModel
from hybridsim.robot import Touching
from hybridsim.simulator.touch_points import SIZES, shapes_of

BOX, CYLINDER, HULL = 0, 1, 2


class Solids(NamedTuple):
    """Convex shapes fixed to bodies; every world has a row in each array once they are stacked."""

    kind: np.ndarray
    """[solid] `BOX`, `CYLINDER` or `HULL`."""
    body: np.ndarray
    """[solid] index of the body."""
    position: np.ndarray
    """[solid 3] of the shape's origin in the body's link frame [m]."""
    rotation: np.ndarray
    """[solid 3 3] rotation_body_from_solid."""
    half: np.ndarray
    """[solid 3] half lengths of a box; radius, radius and half length of a cylinder; less rounding [m]."""
    rounding: np.ndarray
    """[solid] by which that is grown all around [m]."""
    reach: np.ndarray
    """[solid] distance of its furthest point from its origin [m]."""
    span: np.ndarray
    """[solid 2] first and last but one of a hull's planes."""
    plane: np.ndarray
    """[plane 4] outward unit normal in the solid's frame, and distance from its origin [m]."""


def solids_of(model: RigidModel, values: Mapping[str, float], touching: Touching | None = None) -> Solids:
    """Every shape that may touch, sized and rounded as `link.<link>.size` and `.rounding` say.

    Args:
        model: the robot, fixed links merged.
        values: parameters by name [their units].
        touching: which links and shapes; None for all.
    """
    rows, planes, count = [], [np.zeros((0, 4))], 0
    for shape in shapes_of(model, touching):
        size, rounding = (values.get(f"link.{shape.link.name}.{x}", y) for x, y in SIZES)
        own = shape.collision.pose
        pose = shape.pose @ Pose(size * own.position, own.rotation)
        kind, half, grown, faces = _solid(shape.collision, size, rounding)
        reach = float(np.linalg.norm(half)) + grown
        span = (count, count + len(faces))
        rows.append((kind, shape.body, pose.position, pose.rotation, half, grown, reach, span))
        planes.append(faces)
        count += len(faces)
    kind, body, position, rotation, half, grown, reach, span = (np.array(x) for x in zip(*rows, strict=True))
    every = np.concatenate(planes)
    return Solids(kind, body, position, rotation, half, grown, reach, span, every)


def _solid(shape: Collision, size: float, rounding: float) -> tuple[int, np.ndarray, float, np.ndarray]:
    """Kind, half lengths, what they are grown by, and a hull's planes."""
    lengths, none = [size * length for length in shape.size], np.zeros((0, 4))
    if shape.kind == "sphere":
        return BOX, np.zeros(3), lengths[0], none
    if shape.kind == "capsule":
        return BOX, np.array([0.0, 0.0, lengths[1] / 2]), lengths[0], none
    if shape.kind == "mesh":
        corners = corners_of(shape) * size
        return HULL, np.abs(corners).max(axis=0), 0.0, planes_of(corners)
    if shape.kind == "cylinder":
        return CYLINDER, np.array([lengths[0], lengths[0], lengths[1] / 2]) - rounding, rounding, none
    return BOX, np.array(lengths) / 2 - rounding, rounding, none


def planes_of(corners: np.ndarray) -> np.ndarray:
    """Faces of a hull, each once: outward unit normal, and distance from the origin [m]."""
    found = ConvexHull(corners).equations
    _, first = np.unique(np.round(found, 6), axis=0, return_index=True)
    return found[np.sort(first)] * [1.0, 1.0, 1.0, -1.0]


NO_SOLIDS = Solids(
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
    np.zeros((0, 3)),
    np.zeros((0, 3, 3)),
    np.zeros((0, 3)),
    np.zeros(0),
    np.zeros(0),
    np.zeros((0, 2), np.int64),
    np.zeros((0, 4)),
)


def stacked(worlds: Sequence[Solids]) -> Solids:
    """Solids of several worlds, [world ...] in every array."""
    return Solids(*(np.array(part) for part in zip(*worlds, strict=True)))


@njit(cache=True, nogil=True)
def solids_in(worlds: Solids, w: int) -> Solids:
    """One world's of those that are stacked."""
    return Solids(
        worlds.kind[w],
        worlds.body[w],
        worlds.position[w],
        worlds.rotation[w],
        worlds.half[w],
        worlds.rounding[w],
        worlds.reach[w],
        worlds.span[w],
        worlds.plane[w],
    )
