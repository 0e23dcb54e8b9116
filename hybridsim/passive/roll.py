"""Free-running replays of passive bodies, many pieces of many logs a call; PyBullet's twin, without PyBullet.

Error: equal to PyBullet with the same impulses to 1e-8 m over a toss, tests/passive/test_twin.py.
"""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numba import njit

from hybridsim.contacts.law import ROLLING_FRICTION, SPINNING_FRICTION
from hybridsim.contacts.points import Patches, Points, patch_under
from hybridsim.contacts.residual import Residual, residual_of
from hybridsim.contacts.solve import new_contacts
from hybridsim.counting import ZERO
from hybridsim.jobs import map_jobs
from hybridsim.networks.inference import Networks
from hybridsim.passive.laid import Paths, Pieces, Starts, new_paths
from hybridsim.passive.setup import Setups, world_of
from hybridsim.passive.steps import steps_tree
from hybridsim.physics.recursion import plus, row, times, up
from hybridsim.physics.tree import TreeWork, new_tree_work
from hybridsim.physics.tree_kernel import place
from hybridsim.physics.tree_step import advance, rotation_of
from hybridsim.simulator.lone import lone_of, steps_lone
from hybridsim.simulator.pushing import PLACES

CLEAR = 1e-3
"""Height above ground from which on a body flies [m]; chosen, because recorded heights err by it."""

WORTH, SHARES = 16, 2
"""Pieces below which threads cost more than they save; runs of pieces a core, because pieces differ."""


def roll(
    setups: Setups,
    pieces: Pieces,
    starts: Starts,
    timestep: float,
    touching: bool = True,
    networks: Networks | None = None,
) -> Paths:
    """Replay every piece from its start.

    Args:
        setups: worlds.
        pieces: what is replayed.
        starts: where from.
        timestep: of the simulation [s].
        touching: False flies through the ground.
        networks: contact residual; None for the law alone.
    """
    samples, joints = len(pieces.time), starts.joint.shape[1]
    paths = new_paths(samples, joints)
    pushed = True if touching and len(pieces.tool.time) else None
    turning = setups.worlds.law[..., [SPINNING_FRICTION, ROLLING_FRICTION]].any()
    alone = True if setups.worlds.mass.shape[1] == 1 and not pushed and not turning else None
    jointed = None if alone else True

    def some(span: tuple[int, int]) -> None:
        # Copies, because threads that count references to the same arrays wait for each other at every call.
        own = (copied(setups), copied(pieces), copied(starts))
        learned = residual_of(networks, len(setups.worlds.points.body), timestep)
        residual = None if learned is None else copied(learned)
        roll_some(*own, timestep, alone, jointed, pushed, touching, residual, paths, *span)

    map_jobs(some, shares(pieces.time, pieces.first, pieces.count), engine="threads")
    return paths


Arrays = TypeVar("Arrays", bound=tuple)


def copied(arrays: Arrays) -> Arrays:
    """The same arrays elsewhere in memory, those of tuples inside too."""
    return _copied(arrays)


def _copied(part: Any) -> Any:
    if isinstance(part, tuple):
        return type(part)(*(_copied(one) for one in part))
    return part.copy() if isinstance(part, np.ndarray) else part


def shares(time: np.ndarray, first: np.ndarray, count: np.ndarray) -> list[tuple[int, int]]:
    """Runs of pieces that take about equally long, a few a core; (begin, end) each."""
    if len(first) < WORTH:
        return [(0, len(first))]
    done = np.cumsum(time[first + count - 1])
    parts = SHARES * (os.cpu_count() or 1)
    edges = np.searchsorted(done, np.arange(1, parts) * done[-1] / parts)
    bounds = np.unique([0, *edges.tolist(), len(first)]).tolist()
    return list(pairwise(bounds))


@njit(cache=True, nogil=True)
def roll_some(
    setups: Setups,
    pieces: Pieces,
    starts: Starts,
    timestep: float,
    alone: bool | None,
    jointed: bool | None,
    pushed: bool | None,
    touching: bool,
    residual: Residual | None,
    paths: Paths,
    begin: int,
    end: int,
) -> None:
    """Replay the pieces from `begin` to before `end`.

    What is None is left out when it is compiled, which takes long for everything together.
    """
    bodies, joints, count = setups.worlds.mass.shape[1], starts.joint.shape[1], len(setups.worlds.points.body)
    n = 6 + joints
    if pushed is not None:
        count += PLACES * setups.solids.kind.shape[1]
    work, contacts = new_tree_work(bodies, joints), new_contacts(count, n)
    memory = (np.empty(count), np.empty(count), np.empty((count, 6)))
    position, quaternion = np.empty(3), np.empty(4)
    q, u, free = np.empty(joints), np.empty(n), np.empty(n)
    for k in range(begin, end):
        w = pieces.world[k]
        tree, points, patches = world_of(setups, w)
        gravity, length, time = setups.gravity[w], setups.scale[w, 0], setups.scale[w, 1]
        memory[0][:], memory[1][:], memory[2][:] = -1.0, 0.0, 0.0
        enter(tree.com[0], starts, k, length, time, position, quaternion, q, u, work)
        place(tree, position, work.rotation[0], q, work)
        if pieces.measured[k] and clearance(work, points, patches) > CLEAR:
            u[:3] += gravity * (setups.lag[w] / time)
        body = lone_of(tree.mass[0], tree.inertia[0])
        step = ZERO
        for s in range(pieces.first[k], pieces.first[k] + pieces.count[k]):
            due = pieces.time[s] / time
            steps = 0
            while (step + steps + 1) * timestep <= due + 1e-9:
                steps += 1
            if alone is not None:
                state = (position, quaternion, u)
                steps_lone(
                    body,
                    work,
                    tree.com,
                    points,
                    patches,
                    memory,
                    contacts,
                    state,
                    gravity,
                    timestep,
                    steps,
                    touching,
                    residual,
                )
            if jointed is not None:
                steps_tree(
                    setups,
                    pieces,
                    k,
                    work,
                    memory,
                    contacts,
                    (position, quaternion, q, u, free),
                    timestep,
                    (step, step + steps),
                    pushed,
                    touching,
                    residual,
                )
            step += steps
            if residual is not None:
                last = contacts.ground[0] - 1 if step > 0 else -1
                for f in range(paths.features.shape[1]):
                    paths.features[s, f] = residual.features[last, 0, f] if last >= 0 else np.nan
            leave(tree.com[0], due - step * timestep, length, position, quaternion, q, u, work, paths, s)


@njit(cache=True, nogil=True)
def enter(
    com: np.ndarray,
    starts: Starts,
    k: int,
    length: float,
    time: float,
    position: np.ndarray,
    quaternion: np.ndarray,
    q: np.ndarray,
    u: np.ndarray,
    work: TreeWork,
) -> None:
    """A piece's start as the state of the root's centre of mass, in true units."""
    quaternion[:] = starts.orientation[k]
    rotation_of(quaternion, work.rotation[0])
    lever = up(work.rotation, 0, (com[0], com[1], com[2]))
    spin = times(up(work.rotation, 0, row(starts.angular_velocity, k)), time)
    for i in range(3):
        position[i] = starts.position[k, i] / length + lever[i]
        u[i] = starts.linear_velocity[k, i] * time / length
        u[3 + i] = spin[i]
    u[0] += spin[1] * lever[2] - spin[2] * lever[1]
    u[1] += spin[2] * lever[0] - spin[0] * lever[2]
    u[2] += spin[0] * lever[1] - spin[1] * lever[0]
    for j in range(len(q)):
        q[j], u[6 + j] = starts.joint[k, j], starts.joint_velocity[k, j] * time


@njit(cache=True, nogil=True)
def leave(
    com: np.ndarray,
    ahead: float,
    length: float,
    position: np.ndarray,
    quaternion: np.ndarray,
    q: np.ndarray,
    u: np.ndarray,
    work: TreeWork,
    paths: Paths,
    s: int,
) -> None:
    """Write the state `ahead` of the last step as the root link's origin, in the data's units."""
    there, turned, joint = position.copy(), quaternion.copy(), q.copy()
    if ahead > 1e-9:
        advance(there, turned, joint, u, ahead)
    rotation_of(turned, work.rotation[0])
    lever = up(work.rotation, 0, (com[0], com[1], com[2]))
    for i in range(3):
        paths.position[s, i] = (there[i] - lever[i]) * length
    paths.orientation[s], paths.joint[s] = turned, joint


@njit(cache=True, nogil=True)
def clearance(work: TreeWork, points: Points, patches: Patches) -> float:
    """Height of the lowest point above its patch [m]."""
    lowest = np.inf
    for p in range(len(points.body)):
        b = points.body[p]
        x, y, z = plus(row(work.origin, b), up(work.rotation, b, row(points.position, p)))
        k = patch_under(patches.area, x, y)
        if k >= 0:
            lowest = min(lowest, z - points.radius[p] - patches.height[k])
    return lowest
