"""Contact forces of all worlds through PyBullet's C functions, in numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numba.np.numpy_support import carray

from hybridsim.lending import Places, integers1, numbers2, numbers3, pointer
from hybridsim.physics.native_loop import invoke

# b3ContactPointData in doubles: five ints and padding, 3 + 3 + 3 numbers, distance, normal force, ...
# (SharedMemoryPublic.h of PyBullet 3.2.5 to 3.2.7, the builds that `native` was tested with).
SIZE, NORMAL_FORCE = 22, 13
NORMAL = 2
"""Place of the normal among impulses."""
BODY_A, BODY_B, LINK_A, LINK_B = 1, 2, 3, 4
"""Places of its ints."""
MOST = 4096
"""Contacts of a world; chosen, because PyBullet gives no more at once."""


class LinkForces(NamedTuple):
    """Links whose forces are asked for."""

    functions: np.ndarray
    """Addresses as in `Wiring`."""
    handles: np.ndarray
    """[world] address of the C client; empty where Python asks instead."""
    bodies: np.ndarray
    """[world] body id."""
    links: np.ndarray
    """[link] PyBullet's index."""


def asked_of_nobody() -> LinkForces:
    """No worlds."""
    none = np.zeros(0, np.int64)
    return LinkForces(none, none, none, none)


@njit(cache=True, nogil=True)
def link_forces_at(places: Places, k: int) -> LinkForces:
    """What was lent from the k-th array on."""
    return LinkForces(
        integers1(places, k), integers1(places, k + 1), integers1(places, k + 2), integers1(places, k + 3)
    )


class LawForces(NamedTuple):
    """Links whose forces follow from impulses that somebody else has found."""

    impulse: np.ndarray
    """[world point 6] of the last step, the normal one third [N*s]; of no world where nobody is asked."""
    member: np.ndarray
    """[point link] 1 where the point is the link's, else 0."""


def law_of_nobody() -> LawForces:
    """No worlds."""
    return LawForces(np.zeros((0, 0, 6)), np.zeros((0, 0)))


@njit(cache=True, nogil=True)
def law_forces_at(places: Places, k: int) -> LawForces:
    """What was lent from the k-th array on."""
    return LawForces(numbers3(places, k), numbers2(places, k + 1))


@njit(cache=True, nogil=True)
def add_impulses(law: LawForces, worlds: np.ndarray, timestep: float, force: np.ndarray) -> None:
    """Write the sum of the normal forces at every link's points [world link] [N]."""
    points, links = law.member.shape
    for w in worlds:
        for n in range(links):
            total = 0.0
            for p in range(points):
                total += law.member[p, n] * (law.impulse[w, p, NORMAL] / timestep)
            force[w, n] = total


@njit(cache=True, nogil=True)
def add_forces(asked: LinkForces, worlds: np.ndarray, force: np.ndarray) -> None:
    """Write the sum of the normal forces of every link's contacts [world link] [N]."""
    functions, links = asked.functions, asked.links
    answer = np.zeros(2, np.int64)
    for world in worlds:
        for n in range(len(links)):
            force[world, n] = 0.0
        handle, body = asked.handles[world], asked.bodies[world]
        command = invoke(functions[10], (handle,))
        invoke(functions[7], (handle, command))
        invoke(functions[11], (handle, answer.ctypes.data))
        count = min(answer[0] & 0xFFFFFFFF, MOST)
        if count == 0 or answer[1] == 0:
            continue
        numbers = carray(pointer(answer[1]), SIZE * MOST)
        words = numbers.view(np.int32)
        for c in range(count):
            at = 2 * SIZE * c
            for n in range(len(links)):
                first = words[at + BODY_A] == body and words[at + LINK_A] == links[n]
                if first or (words[at + BODY_B] == body and words[at + LINK_B] == links[n]):
                    force[world, n] += numbers[SIZE * c + NORMAL_FORCE]
