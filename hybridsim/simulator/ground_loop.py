"""Impulses of the identified law on PyBullet's robots, in compiled code: found, and put on links."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.contacts.points import Touch
from hybridsim.contacts.residual import Residual, evaluate
from hybridsim.contacts.solve import Contacts, contacts_in
from hybridsim.counting import ZERO
from hybridsim.physics.native_loop import push_link, twist_link
from hybridsim.physics.pose import root_rotation
from hybridsim.physics.tree import TreeWork
from hybridsim.physics.tree_kernel import mass_matrix, place
from hybridsim.physics.tree_step import factor, free_velocity
from hybridsim.simulator.stacked import Stacked, world_in
from hybridsim.simulator.touching import find, meet_ground, settle


class Meeting(NamedTuple):
    """Robots of many worlds, the ground below them, and what happens between the two."""

    stacked: Stacked
    touch: Touch
    """What the points remember, advanced."""
    contacts: Contacts
    """[world ...] written."""
    free: np.ndarray
    """[world n] written: velocities at the step's end."""
    raw: np.ndarray
    """[world 13] bases as PyBullet gives them."""
    turn: np.ndarray
    """[world 3 3] rotation_link_from_principal of the root links."""
    position: np.ndarray
    """[world joint]."""
    velocity: np.ndarray
    """[world joint]."""
    effort: np.ndarray
    """[world joint] that drives put on the joints during the step [N*m]."""
    gravity: np.ndarray
    """[m/s^2]."""
    timestep: np.ndarray
    """[1] [s]."""
    rotation: np.ndarray
    """[3 3] scratch."""
    u: np.ndarray
    """[n] scratch."""
    work: TreeWork
    """Scratch."""


class Pushed(NamedTuple):
    """Where PyBullet takes forces, for compiled loops."""

    functions: np.ndarray
    """Addresses as in `Wiring`."""
    handles: np.ndarray
    """[world] address of the C client."""
    bodies: np.ndarray
    """[world] body id."""
    links: np.ndarray
    """[body] of the tree: PyBullet's index."""


@njit(cache=True, nogil=True)
def impulses(meeting: Meeting, residual: Residual | None, first: int, last: int) -> None:
    """Impulses of some worlds over the next step, into `contacts`; the network sees all of them at once.

    Args:
        meeting: of all worlds.
        residual: changes the law, or no network.
        first: world.
        last: the world after the last one.
    """
    m, timestep, rows = meeting, meeting.timestep[0], ZERO
    for w in range(first, last):
        rows += meet(m, residual, w, rows)
    if residual is not None:
        evaluate(residual, rows)
    rows = ZERO
    for w in range(first, last):
        own = contacts_in(m.contacts, w)
        if own.count[0] > 0:
            memory = (m.touch.since[w], m.touch.approach[w], m.touch.impulse[w])
            settle(own, memory, m.free[w], timestep, residual, rows)
            rows += own.ground[0]


@njit(cache=True, nogil=True)
def meet(m: Meeting, residual: Residual | None, w: int, at: int) -> int:
    """What touches in one world, and how it would move on without; the network's rows of it from `at` on.

    Returns:
        How many points touch.
    """
    work, timestep = m.work, m.timestep[0]
    tree, points, patches = world_in(m.stacked, w)
    own, memory = contacts_in(m.contacts, w), (m.touch.since[w], m.touch.approach[w], m.touch.impulse[w])
    root_rotation(m.raw, m.turn, w, m.rotation)
    place(tree, m.raw[w, :3], m.rotation, m.position[w], work)
    find(work, points, patches, memory, own)
    if own.count[0] == 0:
        return ZERO
    m.u[:6], m.u[6:] = m.raw[w, 7:], m.velocity[w]
    mass_matrix(tree, work)
    factor(work)
    free_velocity(tree, work, m.u, m.effort[w], m.gravity, timestep, m.free[w])
    meet_ground(tree, work, points, patches, memory, own, m.u, timestep, residual, at)
    return own.ground[0]


@njit(cache=True, nogil=True)
def push(meeting: Meeting, pushed: Pushed, first: int, last: int) -> None:
    """Put the impulses of some worlds on PyBullet's links, in the order in which Python does."""
    contacts, force = meeting.contacts, np.empty(6)
    for w in range(first, last):
        handle, body = pushed.handles[w], pushed.bodies[w]
        for c in range(contacts.count[w, 0]):
            link = int(pushed.links[contacts.body[w, c]])
            for k in range(6):
                force[k] = contacts.impulse[w, c, k] / meeting.timestep[0]
            push_link(pushed.functions, handle, body, link, force, contacts.place[w, c])
            if force[3] != 0.0 or force[4] != 0.0 or force[5] != 0.0:
                twist_link(pushed.functions, handle, body, link, force[3:])
