"""Where the links that carry sensors are and how they move, in every world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.lending import Places, integers1, numbers2, numbers3
from hybridsim.physics.merge import place_links
from hybridsim.physics.model import RigidModel
from hybridsim.physics.pose import lines_of
from hybridsim.physics.recursion import Triple, cross, dot, plus, row, times
from hybridsim.physics.tree import Tree, TreeWork, new_tree_work, tree_bodies, tree_of
from hybridsim.physics.tree_kernel import place
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import Robot
from hybridsim.sensors.fronts import FRAME, ORIGIN, SPIN, VELOCITY


class Carried(NamedTuple):
    """Links that carry sensors, each fixed to a body of the tree; numba reads the tuple."""

    body: np.ndarray
    """[frame] index of the body, 0 the root."""
    position: np.ndarray
    """[frame 3] of the link's origin in the body's frame [m]."""
    rotation: np.ndarray
    """[frame 3 3] rotation_body_from_link."""


class Limbs(NamedTuple):
    """The tree behind the root, where a link on it carries a sensor."""

    tree: Tree
    work: TreeWork


class Root(NamedTuple):
    """The root link as PyBullet speaks of it, see `FloatingBase.raw`; a fixed one rests at the origin."""

    raw: np.ndarray
    com: np.ndarray
    rotation: np.ndarray


CARRIED, ROOT = len(Carried._fields), len(Root._fields)
"""Arrays of each."""


def carried_of(model: RigidModel, links: Sequence[str]) -> Carried:
    """Where links are; `model` is the URDF's, before any merge."""
    names, placed = tree_bodies(model), place_links(model)
    for link in links:
        model.link(link)
    return Carried(
        body=np.array([names.index(placed[link].body) for link in links], np.int64),
        position=np.array([placed[link].pose.position for link in links], float).reshape(-1, 3),
        rotation=np.array([placed[link].pose.rotation for link in links], float).reshape(-1, 3, 3),
    )


def rotation_in_root(robot: Robot, sensor: str) -> Float[np.ndarray, "3 3"]:
    """rotation_root_from_sensor of a sensor that the root carries; the identity where there is none."""
    links = [one.link for one in robot.sensors if one.name == sensor and one.link is not None]
    return carried_of(load_urdf(robot.urdf_path()), links).rotation[0] if links else np.eye(3)


def nothing_carried() -> Carried:
    """No links."""
    return Carried(np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros((0, 3, 3)))


def limbs_of(model: RigidModel, joints: Sequence[str], carried: Carried) -> Limbs | None:
    """The tree, where any sensor sits behind a joint."""
    if not carried.body.any():
        return None
    root = model.link(model.root)
    if not root.mass > 0:  # a fixed root may weigh nothing, and motion does not ask for masses
        model = model.with_link(replace(root, mass=1.0, inertia=np.eye(3)))
    return Limbs(tree_of(model, joints), new_tree_work(len(tree_bodies(model)), len(joints)))


def resting_root(worlds: int) -> Root:
    """A root link at the origin that never moves."""
    raw = np.zeros((worlds, 13))
    raw[:, 6] = 1.0
    return Root(raw, np.zeros((worlds, 3)), np.tile(np.eye(3), (worlds, 1, 1)))


@njit(cache=True, nogil=True)
def carried_at(places: Places, k: int) -> Carried:
    """What was lent from the k-th array on."""
    return Carried(integers1(places, k), numbers2(places, k + 1), numbers3(places, k + 2))


@njit(cache=True, nogil=True)
def root_at(places: Places, k: int) -> Root:
    """What was lent from the k-th array on."""
    return Root(numbers2(places, k), numbers2(places, k + 1), numbers3(places, k + 2))


@njit(cache=True, nogil=True)
def ride_root(
    carried: Carried, root: Root, frames: np.ndarray, before: np.ndarray, worlds: np.ndarray
) -> None:
    """Write rotation_world_from_link, origin, its velocity and the angular one, see `sensors.Sources`.

    Args:
        carried: the links; those behind a joint are left alone.
        root: of every world.
        frames: [world frame 18] written.
        before: [world frame 18] written: what the frames were.
        worlds: which.
    """
    base = np.empty(FRAME)
    for w in worlds:
        for f in range(len(carried.body)):
            if carried.body[f] == 0:
                read_root(root.raw, root.com, root.rotation, w, base)
                ride(base, carried.position, carried.rotation, (w, f), frames, before)


@njit(cache=True, nogil=True)
def ride_limbs(
    carried: Carried,
    limbs: Limbs,
    root: Root,
    joints: tuple[np.ndarray, np.ndarray],
    frames: np.ndarray,
    before: np.ndarray,
    worlds: np.ndarray,
) -> None:
    """The same for the links behind a joint; `joints` are positions and velocities [world joint]."""
    base, own = np.empty(FRAME), np.empty(FRAME)
    turn, centre = base[:ORIGIN].reshape(3, 3), np.empty(3)
    for w in worlds:
        read_root(root.raw, root.com, root.rotation, w, base)
        centre[0], centre[1], centre[2] = plus(vector(base, ORIGIN), turned(base, row(limbs.tree.com, 0)))
        place(limbs.tree, centre, turn, joints[0][w], limbs.work)
        for f in range(len(carried.body)):
            if carried.body[f] > 0:
                follow(limbs, carried.body[f], base, joints[1][w], own)
                ride(own, carried.position, carried.rotation, (w, f), frames, before)


@njit(cache=True, nogil=True)
def vector(frame: np.ndarray, k: int) -> Triple:
    """Three numbers of a frame, from k on."""
    return frame[k], frame[k + 1], frame[k + 2]


@njit(cache=True, nogil=True)
def turned(frame: np.ndarray, v: Triple) -> Triple:
    """A vector of the frame's axes in the world's."""
    return dot(vector(frame, 0), v), dot(vector(frame, 3), v), dot(vector(frame, 6), v)


@njit(cache=True, nogil=True)
def read_root(raw: np.ndarray, com: np.ndarray, rotation: np.ndarray, w: int, out: np.ndarray) -> None:
    """The root link's own frame from that of its inertia."""
    lines = lines_of(raw[w, 3], raw[w, 4], raw[w, 5], raw[w, 6])
    for i in range(3):
        for k in range(3):
            out[3 * i + k] = dot(lines[i], (rotation[w, k, 0], rotation[w, k, 1], rotation[w, k, 2]))
    lever, spin = times(turned(out, row(com, w)), -1.0), (raw[w, 10], raw[w, 11], raw[w, 12])
    origin = plus((raw[w, 0], raw[w, 1], raw[w, 2]), lever)
    velocity = plus((raw[w, 7], raw[w, 8], raw[w, 9]), cross(spin, lever))
    for k in range(3):
        out[ORIGIN + k], out[VELOCITY + k], out[SPIN + k] = origin[k], velocity[k], spin[k]


@njit(cache=True, nogil=True)
def follow(limbs: Limbs, body: int, base: np.ndarray, rate: np.ndarray, out: np.ndarray) -> None:
    """A body's link frame behind the root's, moved by all joints in between."""
    tree, work = limbs.tree, limbs.work
    origin, spin = row(work.origin, body), vector(base, SPIN)
    lever = plus(origin, times(vector(base, ORIGIN), -1.0))
    velocity, b = plus(vector(base, VELOCITY), cross(spin, lever)), body
    while b > 0:
        turn = times(row(work.axis, b), rate[tree.dof[b]])
        if tree.sliding[b]:
            velocity = plus(velocity, turn)
        else:
            spin = plus(spin, turn)
            velocity = plus(velocity, cross(turn, plus(origin, times(row(work.origin, b), -1.0))))
        b = tree.parent[b]
    for k in range(3):
        out[ORIGIN + k], out[VELOCITY + k], out[SPIN + k] = origin[k], velocity[k], spin[k]
        for i in range(3):
            out[3 * k + i] = work.rotation[body, k, i]


@njit(cache=True, nogil=True)
def ride(
    body: np.ndarray,
    position: np.ndarray,
    rotation: np.ndarray,
    at: tuple[int, int],
    frames: np.ndarray,
    before: np.ndarray,
) -> None:
    """A link's frame on the body that carries it; what it was goes to `before`."""
    w, f = at
    for k in range(FRAME):
        before[w, f, k] = frames[w, f, k]
    lever, spin = turned(body, row(position, f)), vector(body, SPIN)
    origin, velocity = plus(vector(body, ORIGIN), lever), plus(vector(body, VELOCITY), cross(spin, lever))
    for k in range(3):
        frames[w, f, ORIGIN + k], frames[w, f, VELOCITY + k] = origin[k], velocity[k]
        frames[w, f, SPIN + k] = spin[k]
        for i in range(3):
            column = (rotation[f, 0, i], rotation[f, 1, i], rotation[f, 2, i])
            frames[w, f, 3 * k + i] = dot(vector(body, 3 * k), column)
