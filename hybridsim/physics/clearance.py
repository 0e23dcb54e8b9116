"""How high the lowest part of a robot stands: boxes first, corners where a box comes near."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import trimesh
from jaxtyping import Float
from numba import njit

from hybridsim.physics.chain import Chain, topological
from hybridsim.physics.model import Collision, RigidModel
from hybridsim.physics.recursion import Work, dot, down, new_work, place, put, row


class Corners(NamedTuple):
    """Boxes around the collision shapes of every moving body; a tuple, so that numba reads it."""

    body: np.ndarray
    """[box] index of the body in the chain."""
    center: np.ndarray
    """[box 3] in the joint frame [m]."""
    half: np.ndarray
    """[box 3] half lengths along the joint frame's axes [m]."""
    first: np.ndarray
    """[box + 1] where each box's points start, and the end."""
    points: np.ndarray
    """[point 3] corners of the hull inside each box, in the joint frame [m]."""


def corners_of(model: RigidModel) -> Corners:
    """Boxes of a merged robot; the root link is left out: it stands on the ground by design."""
    bodies = [joint.child for joint in topological(model)]
    owner, clouds = [], []
    for index, name in enumerate(bodies):
        for collision in model.link(name).collisions:
            owner.append(index)
            clouds.append(corners(collision))
    low = np.array([cloud.min(axis=0) for cloud in clouds]).reshape(-1, 3)
    high = np.array([cloud.max(axis=0) for cloud in clouds]).reshape(-1, 3)
    return Corners(
        body=np.array(owner, np.int64),
        center=(low + high) / 2,
        half=(high - low) / 2,
        first=np.concatenate([[0], np.cumsum([len(cloud) for cloud in clouds])]).astype(np.int64),
        points=np.concatenate([np.zeros((0, 3)), *clouds]),
    )


@functools.lru_cache(maxsize=1000)
def vertices(mesh: Path) -> Float[np.ndarray, "point 3"]:
    """Corners of a mesh file, unscaled, read once a process; do not write to them."""
    return np.asarray(trimesh.load_mesh(mesh).vertices, float)


def corners(collision: Collision) -> Float[np.ndarray, "point 3"]:
    """Corners of a mesh, or of the box around any other shape, in the link's frame [m]."""
    size = np.array(collision.size)
    if collision.kind == "mesh" and collision.mesh is not None:
        points = vertices(collision.mesh) * size
    else:
        half = {
            "box": size / 2,
            "sphere": np.full(3, size[0]),
            "cylinder": np.array([size[0], size[0], size[-1] / 2]),
            "capsule": np.array([size[0], size[0], size[-1] / 2 + size[0]]),
        }[collision.kind]
        points = half * np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    return points @ collision.pose.rotation.T + collision.pose.position


class Heights(NamedTuple):
    """Scratch of one clearance test."""

    rise: np.ndarray
    """[body 3] what each axis of the body's frame adds to the height."""
    height: np.ndarray
    """[body] of the frame's origin [m]."""


@njit(cache=True, nogil=True)
def new_heights(bodies: int) -> Heights:
    """Scratch for a chain of this many bodies."""
    return Heights(np.zeros((bodies, 3)), np.zeros(bodies))


@njit(cache=True, nogil=True)
def lowest(
    chain: Chain, boxes: Corners, position: Float[np.ndarray, "n joint"], near: float
) -> Float[np.ndarray, " n"]:
    """Height over the base frame's z = 0 that no collision shape of a moving body is below [m].

    Exact below `near`; above it a lower bound that is not below `near`.
    """
    out = np.full(len(position), np.inf)
    work, heights = new_work(len(chain.mass)), new_heights(len(chain.mass))
    for n in range(len(position)):
        out[n] = lowest_of(chain, boxes, position[n], near, work, heights)
    return out


@njit(cache=True, nogil=True)
def lowest_of(
    chain: Chain, boxes: Corners, position: np.ndarray, near: float, work: Work, heights: Heights
) -> float:
    """The same of one state."""
    place(chain, position, work)
    raise_bodies(chain, work, heights)
    out: Any = np.inf
    for b in range(len(boxes.body)):
        i = boxes.body[b]
        z = heights.height[i]
        for k in range(3):
            z += heights.rise[i, k] * boxes.center[b, k] - abs(heights.rise[i, k]) * boxes.half[b, k]
        if z < near:
            z = np.inf
            for c in range(boxes.first[b], boxes.first[b + 1]):
                z = min(z, heights.height[i] + dot(row(heights.rise, i), row(boxes.points, c)))
        out = min(out, z)
    return out


@njit(cache=True, nogil=True)
def raise_bodies(chain: Chain, work: Work, heights: Heights) -> None:
    """Heights of all bodies, placed before: the last row of each rotation_base_from_body."""
    rise, height = heights
    for i in range(len(chain.mass)):
        p = chain.parent[i]
        if p < 0:
            put(rise, i, row(work.turn[i], 2))
            height[i] = work.position[i, 2]
        else:
            put(rise, i, down(work.turn, i, row(rise, p)))
            height[i] = height[p] + dot(row(rise, p), row(work.position, i))
