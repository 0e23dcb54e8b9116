"""Steps of a tree of bodies along a piece, with what touches it and what pushes it."""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.contacts.residual import Residual
from hybridsim.contacts.solve import Contacts
from hybridsim.passive.laid import Pieces
from hybridsim.passive.setup import Setups, tool_of, world_of
from hybridsim.physics.tree import TreeWork
from hybridsim.physics.tree_kernel import mass_matrix, place
from hybridsim.physics.tree_step import advance, factor, free_velocity, rotation_of
from hybridsim.simulator.pushing import push
from hybridsim.simulator.tool_path import moving_at
from hybridsim.simulator.touching import touch


@njit(cache=True, nogil=True)
def steps_tree(
    setups: Setups,
    pieces: Pieces,
    k: int,
    work: TreeWork,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
    state: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    timestep: float,
    span: tuple[int, int],
    pushed: bool | None,
    touching: bool,
    residual: Residual | None,
) -> None:
    """Advance a state.

    Args:
        setups: worlds.
        pieces: what is replayed.
        k: which piece.
        work: scratch.
        memory: one world's rows of `Touch`, advanced.
        contacts: written; impulses included.
        state: position of the root's centre of mass [m], quaternion xyzw, joints, velocities; then scratch.
        timestep: [s].
        span: the first step and the one after the last, counted from the piece's start.
        pushed: None where no tool moves.
        touching: False flies through the ground.
        residual: changes the law, or no network.
    """
    position, quaternion, q, u, free = state
    w, idle = pieces.world[k], np.zeros(len(q))
    tree, points, patches = world_of(setups, w)
    gravity, length, time = setups.gravity[w], setups.scale[w, 0], setups.scale[w, 1]
    for step in range(span[0], span[1]):
        rotation_of(quaternion, work.rotation[0])
        place(tree, position, work.rotation[0], q, work)
        mass_matrix(tree, work)
        factor(work)
        free_velocity(tree, work, u, idle, gravity, timestep, free)
        if pushed is not None:
            solids, rod = tool_of(setups, w)
            now, then = step * timestep * time, (step + 1) * timestep * time
            moving = moving_at(pieces.tool, k, now, then, length, timestep, rod.offset)
            ways = (points, patches, solids, rod, moving, memory, contacts, u, free, timestep, residual)
            push(tree, work, *ways)
        elif touching:
            touch(tree, work, points, patches, memory, contacts, u, free, timestep, residual)
        u[:] = free
        advance(position, quaternion, q, u, timestep)
