"""One step of a tree of bodies that touches the ground: contacts found, impulses solved, state advanced."""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.contacts.law import DAMPING, DAMPING_GROWTH, STIFFNESS
from hybridsim.contacts.points import Patches, Points, patch_under
from hybridsim.contacts.residual import Residual, correct, describe, evaluate
from hybridsim.contacts.solve import NORMAL, Contacts, along, rows_of, slip, solve
from hybridsim.counting import ZERO
from hybridsim.physics.recursion import plus, row, up
from hybridsim.physics.tree import Tree, TreeWork
from hybridsim.physics.tree_kernel import jacobian
from hybridsim.physics.tree_step import solve as respond

SWEEPS = 20
"""Of the solver, at most; chosen, because the cube's impulses mostly settle in three."""


@njit(cache=True, nogil=True)
def touch(
    tree: Tree,
    work: TreeWork,
    points: Points,
    patches: Patches,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
    u: np.ndarray,
    free: np.ndarray,
    timestep: float,
    residual: Residual | None,
) -> None:
    """Change velocities at the step's end from those without contacts to those with them.

    Args:
        tree: the robot.
        work: after `place`, `mass_matrix` and `factor`.
        points: where it may touch.
        patches: what it may touch.
        memory: one world's rows of `Touch`, advanced.
        contacts: written; impulses included.
        u: [n] velocities now.
        free: [n] at the step's end without contacts, changed.
        timestep: [s].
        residual: changes the law, or no network.
    """
    find(work, points, patches, memory, contacts)
    meet_ground(tree, work, points, patches, memory, contacts, u, timestep, residual, ZERO)
    if residual is not None:
        evaluate(residual, contacts.ground[0])
    settle(contacts, memory, free, timestep, residual, ZERO)


@njit(cache=True, nogil=True)
def meet_ground(
    tree: Tree,
    work: TreeWork,
    points: Points,
    patches: Patches,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
    u: np.ndarray,
    timestep: float,
    residual: Residual | None,
    at: int,
) -> None:
    """After `find`: rows, and what the network is to see, from row `at` on; the rest as `touch` has it."""
    lay(tree, work, contacts)
    begin(contacts, memory, u)
    if residual is not None:
        sense(contacts, u)
        describe(contacts, points, patches, memory[0], (u[3], u[4], u[5]), timestep, residual, at)


@njit(cache=True, nogil=True)
def settle(
    contacts: Contacts,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    free: np.ndarray,
    timestep: float,
    residual: Residual | None,
    at: int,
) -> None:
    """Impulses under the law as the network's rows from `at` on change it; the rest as `touch` has it."""
    if residual is not None:
        correct(contacts, residual, at)
    solve(contacts, free, timestep, SWEEPS)
    finish(contacts, memory, timestep)


@njit(cache=True, nogil=True, inline="always")
def find(
    work: TreeWork,
    points: Points,
    patches: Patches,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
) -> None:
    """Which points are below their patch, and how deep."""
    since = memory[0]
    count = 0
    for p in range(len(points.body)):
        b = points.body[p]
        x, y, z = plus(row(work.origin, b), up(work.rotation, b, row(points.position, p)))
        z -= points.radius[p]
        k = patch_under(patches.area, x, y)
        if k < 0 or z >= patches.height[k]:
            since[p] = -1.0
            continue
        contacts.point[count], contacts.body[count], contacts.patch[count] = p, b, k
        contacts.depth[count] = patches.height[k] - z
        contacts.place[count, 0], contacts.place[count, 1], contacts.place[count, 2] = x, y, z
        for n in range(patches.law.shape[1]):
            contacts.law[count, n] = patches.law[k, n]
        if points.share[p] != 1.0:
            contacts.law[count, STIFFNESS] *= points.share[p]
            contacts.law[count, DAMPING] *= points.share[p]
            contacts.law[count, DAMPING_GROWTH] *= points.share[p]
        count += 1
    contacts.count[0] = contacts.ground[0] = count


@njit(cache=True, nogil=True, inline="always")
def lay(tree: Tree, work: TreeWork, contacts: Contacts) -> None:
    """Rows of every contact and what a unit impulse along each of them does."""
    block = contacts.block
    for c in range(contacts.count[0]):
        jacobian(tree, work, contacts.body[c], contacts.place[c], block)
        keep(work, contacts, c, 0)
        if rows_of(contacts, c) > 3:
            turning(tree, work, contacts.body[c], block)
            keep(work, contacts, c, 3)


@njit(cache=True, nogil=True, inline="always")
def keep(work: TreeWork, contacts: Contacts, c: int, first: int) -> None:
    """Take over three rows of the scratch block, and their responses; element by element, views cost more."""
    column = contacts.column
    for k in range(3):
        for i in range(len(column)):
            column[i] = contacts.jacobian[c, first + k, i] = contacts.block[k, i]
        respond(work, column)
        for i in range(len(column)):
            contacts.response[c, first + k, i] = column[i]


@njit(cache=True, nogil=True, inline="always")
def turning(tree: Tree, work: TreeWork, body: int, out: np.ndarray) -> None:
    """Matrix [3 n] that gives a body's angular velocity."""
    out[:] = 0.0
    out[0, 3] = out[1, 4] = out[2, 5] = 1.0
    while body > 0:
        if not tree.sliding[body]:
            for k in range(3):
                out[k, 6 + tree.dof[body]] = work.axis[body, k]
        body = tree.parent[body]


@njit(cache=True, nogil=True, inline="always")
def begin(contacts: Contacts, memory: tuple[np.ndarray, np.ndarray, np.ndarray], u: np.ndarray) -> None:
    """Remember how fast points come that were in the air until now."""
    since, approach, impulse = memory
    for c in range(contacts.count[0]):
        p = contacts.point[c]
        if since[p] < 0.0:
            since[p] = 0.0
            approach[p] = max(0.0, -slip(contacts, c, NORMAL, u))
            impulse[p] = 0.0
        contacts.approach[c] = approach[p]
        contacts.impulse[c] = impulse[p]
        if rows_of(contacts, c) == 3:  # it may have come from ground with another law
            contacts.impulse[c, 3:] = 0.0


@njit(cache=True, nogil=True, inline="always")
def sense(contacts: Contacts, u: np.ndarray) -> None:
    """How fast the points on the ground move now."""
    for c in range(contacts.ground[0]):
        for i in range(3):
            contacts.speed[c, i] = along(contacts.jacobian, c, i, u)


@njit(cache=True, nogil=True, inline="always")
def finish(contacts: Contacts, memory: tuple[np.ndarray, np.ndarray, np.ndarray], timestep: float) -> None:
    """Keep every touching point's impulses, and count the time that it has been touching."""
    since, _, impulse = memory
    for c in range(contacts.count[0]):
        p = contacts.point[c]
        impulse[p] = contacts.impulse[c]
        since[p] += timestep
