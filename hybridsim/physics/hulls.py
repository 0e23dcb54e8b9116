"""Collision meshes as small convex hulls: what Bullet makes of a mesh anyway, much lighter to load."""

from __future__ import annotations

import functools
import shutil
import tempfile
from dataclasses import replace
from multiprocessing import util
from pathlib import Path

import numpy as np
import trimesh
from jaxtyping import Float

from hybridsim.errors import RobotError
from hybridsim.physics.model import Collision, RigidModel

DIRECTIONS = 256  # chosen, because that many corners describe most parts; what they miss is added
OVER = 3e-4  # chosen, because the ground is not known better: corners may stick out of the hull by that [m]


def with_hulls(model: RigidModel) -> RigidModel:
    """The model with every collision mesh replaced by a convex hull of its outermost corners.

    Error: no point of the mesh sticks out by more than 0.5 mm on the SO-101, tests/physics/test_hulls.py.
    """
    for link in model.links:
        if any(collision.kind == "mesh" for collision in link.collisions):
            model = model.with_link(replace(link, collisions=tuple(_hulled(c) for c in link.collisions)))
    return model


def _hulled(collision: Collision) -> Collision:
    if collision.kind != "mesh" or collision.mesh is None:
        return collision
    return replace(collision, mesh=hull_file(collision.mesh))


@functools.cache
def _scratch() -> Path:
    """A folder that goes with this process, be it a worker, whose end `atexit` does not see."""
    folder = Path(tempfile.mkdtemp(prefix="hybridsim-hulls-"))
    util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=0)
    return folder


@functools.lru_cache(maxsize=1000)
def hull_file(mesh: Path) -> Path:
    """An OBJ file with the hull of a mesh, made once a process.

    Raises:
        RobotError: the mesh cannot be read.
    """
    hull = hull_of(mesh)
    path = _scratch() / f"{mesh.stem}-{abs(hash(mesh)):x}.obj"
    path.write_text(str(hull.export(file_type="obj")), encoding="utf-8")
    return path


@functools.lru_cache(maxsize=1000)
def hull_of(mesh: Path) -> trimesh.Trimesh:
    """The hull of a mesh as its file has it, unscaled.

    Raises:
        RobotError: the mesh cannot be read.
    """
    try:
        return reduced(np.asarray(trimesh.load_mesh(mesh).vertices, float))
    except Exception as error:  # trimesh and its readers raise anything
        raise RobotError(f"mesh {mesh.name}: cannot be read ({type(error).__name__}: {error})") from None


def corners_of(collision: Collision) -> Float[np.ndarray, "n 3"]:
    """Corners of a mesh's hull in the shape's frame [m]."""
    assert collision.mesh is not None, "a mesh without a file"
    return np.asarray(hull_of(collision.mesh).vertices, float) * np.array(collision.size)


def reduced(points: Float[np.ndarray, "n 3"]) -> trimesh.Trimesh:
    """A convex hull of some of the points; the others lie over none of its faces by more than OVER."""
    chosen = outermost(points)
    while True:
        hull = trimesh.convex.convex_hull(chosen)
        level = np.einsum("fk,fk->f", hull.face_normals, hull.triangles[:, 0])
        over = points @ hull.face_normals.T - level
        worst = np.unique(over.argmax(axis=0)[over.max(axis=0) > OVER])
        if not len(worst):
            return hull
        chosen = np.unique(np.concatenate([chosen, points[worst]]), axis=0)


def outermost(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "m 3"]:
    """The points that lie furthest in evenly spread directions."""
    k = np.arange(DIRECTIONS) + 0.5
    height, turn = 1 - 2 * k / DIRECTIONS, np.pi * (1 + np.sqrt(5)) * k  # a Fibonacci sphere
    flat = np.sqrt(1 - height**2)
    directions = np.stack([flat * np.cos(turn), flat * np.sin(turn), height])
    return points[np.unique((points @ directions).argmax(axis=0))]
