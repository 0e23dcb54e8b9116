"""One step of a tree of bodies that touches the ground and that a tool pushes: `touching` with a moving rod.

A ball touches a shape at one place. A rod touches it along a stretch of its axis and presses at two places of
it, where Gauss puts them, so that it resists being tipped over as a line does.
Error: with the tool at rest no random law adds energy, to 0.2 %, tests/contacts/test_energy.py.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hybridsim.contacts.points import Patches, Points
from hybridsim.contacts.residual import Residual, describe, evaluate
from hybridsim.contacts.solve import Contacts, rows_of
from hybridsim.counting import ZERO
from hybridsim.physics.recursion import Triple, cross, dot, down, plus, put, row, times, up
from hybridsim.physics.tree import Tree, TreeWork
from hybridsim.physics.tree_kernel import jacobian
from hybridsim.simulator.distance import gap
from hybridsim.simulator.solids import Solids
from hybridsim.simulator.stretch import stretch_of
from hybridsim.simulator.tool_path import Moving, Rod
from hybridsim.simulator.touching import begin, find, keep, lay, sense, settle, turning

PLACES = 2
"""At which a rod presses on one shape."""
GAUSS = 0.5 / math.sqrt(3.0)
"""Of each from the middle of the stretch, as a share of its length."""
LYING = 0.9
"""Steepness of a normal from which on tangents are reckoned from world x."""


@njit(cache=True, nogil=True)
def push(
    tree: Tree,
    work: TreeWork,
    points: Points,
    patches: Patches,
    solids: Solids,
    rod: Rod,
    moving: Moving,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
    u: np.ndarray,
    free: np.ndarray,
    timestep: float,
    residual: Residual | None,
) -> None:
    """As `touching.touch`, with a tool.

    Args:
        tree: the robot.
        work: after `place`, `mass_matrix` and `factor`.
        points: where it may touch the ground.
        patches: the ground.
        solids: where the tool may touch it.
        rod: the tool.
        moving: where it is over this timestep.
        memory: one world's rows of `Touch`, advanced: the points, then `PLACES` a solid.
        contacts: written; impulses included.
        u: [n] velocities now.
        free: [n] at the step's end without contacts, changed.
        timestep: [s].
        residual: changes the ground's law, or no network.
    """
    find(work, points, patches, memory, contacts)
    lay(tree, work, contacts)
    for c in range(contacts.count[0]):
        contacts.drift[c] = 0.0
    meet(work, len(points.body), solids, rod, moving, memory, contacts)
    lay_turned(tree, work, contacts)
    begin(contacts, memory, u)
    if residual is not None:
        sense(contacts, u)
        describe(contacts, points, patches, memory[0], (u[3], u[4], u[5]), timestep, residual, ZERO)
        evaluate(residual, contacts.ground[0])
    settle(contacts, memory, free, timestep, residual, ZERO)


@njit(cache=True, nogil=True)
def meet(
    work: TreeWork,
    first: int,
    solids: Solids,
    rod: Rod,
    moving: Moving,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
) -> None:
    """Add where the tool touches; its rows of the memory begin at `first`."""
    for k in range(len(solids.kind)):
        middle, axis = seen(work, solids, k, moving)
        low, high = stretch_of(solids, k, middle, axis, rod.half, rod.radius, rod.round)
        centre, reach = 0.5 * (low + high), GAUSS * (high - low)
        for j in range(PLACES):
            slot = first + PLACES * k + j
            if low > high or (j > 0 and rod.half == 0.0):
                memory[0][slot] = -1.0
                continue
            spot = plus(middle, times(axis, centre + (2 * j - 1) * reach))
            away, normal = gap(solids, k, spot, rod.radius)
            if away >= rod.radius:
                memory[0][slot] = -1.0
                continue
            add_contact(work, solids, k, rod, moving, contacts, slot, spot, away, normal)


@njit(cache=True, nogil=True)
def seen(work: TreeWork, solids: Solids, k: int, moving: Moving) -> tuple[Triple, Triple]:
    """The middle of the tool's axis and its direction in a solid's frame."""
    b = solids.body[k]
    local = down(work.rotation, b, plus(moving.middle, times(row(work.origin, b), -1.0)))
    local = plus(local, times(row(solids.position, k), -1.0))
    axis = down(solids.rotation, k, down(work.rotation, b, moving.axis))
    return down(solids.rotation, k, local), axis


@njit(cache=True, nogil=True)
def add_contact(
    work: TreeWork,
    solids: Solids,
    k: int,
    rod: Rod,
    moving: Moving,
    contacts: Contacts,
    slot: int,
    spot: Triple,
    away: float,
    normal: Triple,
) -> None:
    """One more contact, at the solid's surface: it pushes against the solid's outward normal."""
    c, b = contacts.count[0], solids.body[k]
    place = plus(spot, times(normal, -away))
    place = plus(row(solids.position, k), up(solids.rotation, k, place))
    place = plus(row(work.origin, b), up(work.rotation, b, place))
    inward = times(up(work.rotation, b, up(solids.rotation, k, normal)), -1.0)
    contacts.point[c], contacts.body[c], contacts.depth[c] = slot, b, rod.radius - away
    put(contacts.place, c, place)
    for n in range(rod.law.shape[1]):
        contacts.law[c, n] = rod.law[0, n]
    lever = plus(place, times(moving.middle, -1.0))
    velocity = plus(moving.velocity, cross(moving.spin, lever))
    tangent = first_tangent(inward)
    orient(contacts, c, tangent, cross(inward, tangent), inward)
    for i in range(3):
        line = (contacts.frame[c, i, 0], contacts.frame[c, i, 1], contacts.frame[c, i, 2])
        contacts.drift[c, i], contacts.drift[c, 3 + i] = dot(line, velocity), dot(line, moving.spin)
    contacts.count[0] = c + 1


@njit(cache=True, nogil=True)
def first_tangent(normal: Triple) -> Triple:
    """A level direction across the normal; for a steep normal the one nearest to world x."""
    if abs(normal[2]) < LYING:
        size = 1.0 / math.sqrt(normal[0] * normal[0] + normal[1] * normal[1])
        return -normal[1] * size, normal[0] * size, 0.0
    size = 1.0 / math.sqrt(normal[0] * normal[0] + normal[2] * normal[2])
    return abs(normal[2]) * size, 0.0, -normal[0] * math.copysign(size, normal[2])


@njit(cache=True, nogil=True)
def orient(contacts: Contacts, c: int, first: Triple, second: Triple, normal: Triple) -> None:
    """Set a contact's frame."""
    for i in range(3):
        contacts.frame[c, 0, i], contacts.frame[c, 1, i] = first[i], second[i]
        contacts.frame[c, 2, i] = normal[i]


@njit(cache=True, nogil=True)
def lay_turned(tree: Tree, work: TreeWork, contacts: Contacts) -> None:
    """As `touching.lay` for contacts beyond the ground's, in their own frames."""
    for c in range(contacts.ground[0], contacts.count[0]):
        jacobian(tree, work, contacts.body[c], contacts.place[c], contacts.block)
        turn_rows(contacts, c)
        keep(work, contacts, c, 0)
        if rows_of(contacts, c) > 3:
            turning(tree, work, contacts.body[c], contacts.block)
            turn_rows(contacts, c)
            keep(work, contacts, c, 3)


@njit(cache=True, nogil=True)
def turn_rows(contacts: Contacts, c: int) -> None:
    """The scratch block's rows, along the world's axes so far, along those of a contact's frame."""
    block = contacts.block
    for i in range(block.shape[1]):
        column = (block[0, i], block[1, i], block[2, i])
        block[0, i], block[1, i], block[2, i] = up(contacts.frame, c, column)


@njit(cache=True, nogil=True)
def in_world(contacts: Contacts, c: int, first: int) -> Triple:
    """Three components of a contact's impulse from `first` on, in world axes."""
    impulse = (contacts.impulse[c, first], contacts.impulse[c, first + 1], contacts.impulse[c, first + 2])
    return impulse if c < contacts.ground[0] else down(contacts.frame, c, impulse)


@njit(cache=True, nogil=True)
def nearness(work: TreeWork, solids: Solids, rod: Rod, moving: Moving, most: float) -> float:
    """Gap between the tool and the robot, negative where it is inside; at most `most` [m]."""
    least, grown = most, rod.radius + most
    for k in range(len(solids.kind)):
        middle, axis = seen(work, solids, k, moving)
        low, high = stretch_of(solids, k, middle, axis, rod.half, grown, rod.round)
        for j in range(3 if low <= high else 0):
            spot = plus(middle, times(axis, low + 0.5 * j * (high - low)))
            least = min(least, gap(solids, k, spot, grown)[0] - rod.radius)
    return least
