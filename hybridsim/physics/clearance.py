"""How high the lowest part of a robot stands: boxes first, corners where a box comes near. Cheap at every step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import trimesh
from jaxtyping import Float
from numba import njit

from hybridsim.physics.chain import Chain, topological
from hybridsim.physics.model import Collision, RigidModel
from hybridsim.physics.recursion import new_work, place


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


def corners(collision: Collision) -> Float[np.ndarray, "point 3"]:
    """Corners of a mesh, or of the box around any other shape, in the link's frame [m]."""
    size = np.array(collision.size)
    if collision.kind == "mesh" and collision.mesh is not None:
        points = np.asarray(trimesh.load(collision.mesh, force="mesh").vertices) * size
    else:
        half = {
            "box": size / 2,
            "sphere": np.full(3, size[0]),
            "cylinder": np.array([size[0], size[0], size[-1] / 2]),
            "capsule": np.array([size[0], size[0], size[-1] / 2 + size[0]]),
        }[collision.kind]
        points = half * np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    return points @ collision.pose.rotation.T + collision.pose.position


@njit(cache=True, nogil=True)
def lowest(
    chain: Chain, boxes: Corners, position: Float[np.ndarray, "n joint"], near: float
) -> Float[np.ndarray, " n"]:
    """Height over the base frame's z = 0 that no collision shape of a moving body is below [m].

    Exact below `near`; above it a lower bound that is not below `near`.
    """
    out = np.full(len(position), np.inf)
    bodies = len(chain.mass)
    work = new_work(bodies)
    rise, height = np.zeros((bodies, 3)), np.zeros(bodies)
    for n in range(len(position)):
        place(chain, position[n], work)
        for i in range(bodies):
            parent = chain.parent[i]
            for k in range(3):
                if parent < 0:
                    rise[i, k] = work.turn[i, 2, k]
                else:
                    rise[i, k] = (
                        rise[parent, 0] * work.turn[i, 0, k]
                        + rise[parent, 1] * work.turn[i, 1, k]
                        + rise[parent, 2] * work.turn[i, 2, k]
                    )
            if parent < 0:
                height[i] = work.position[i, 2]
            else:
                height[i] = height[parent]
                for k in range(3):
                    height[i] += rise[parent, k] * work.position[i, k]
        for b in range(len(boxes.body)):
            i = boxes.body[b]
            z = height[i]
            for k in range(3):
                z += rise[i, k] * boxes.center[b, k] - abs(rise[i, k]) * boxes.half[b, k]
            if z < near:
                z = np.inf
                for c in range(boxes.first[b], boxes.first[b + 1]):
                    at = height[i]
                    for k in range(3):
                        at += rise[i, k] * boxes.points[c, k]
                    z = min(z, at)
            out[n] = min(out[n], z)
    return out
