"""Contact forces of all worlds through PyBullet's C functions, in numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numba.np.numpy_support import carray

from hybridsim.lending import Places, integers1, integers2, pointer
from hybridsim.physics.native import STATUS, STREAM, STREAM_SIZE
from hybridsim.physics.native_loop import invoke

# b3ContactPointData in doubles: five ints and padding, 3 + 3 + 3 numbers, distance, normal force, ...
# (SharedMemoryPublic.h of PyBullet 3.2.5 to 3.2.7, the builds that `native` was tested with).
SIZE, NORMAL_FORCE = 22, 13
BODY_A, BODY_B, LINK_A, LINK_B = 1, 2, 3, 4
"""Places of its ints."""
MOST = 4096
"""Contacts of a world; chosen, because PyBullet gives no more at once."""
COMPLETED, COUNT = 39, 11
"""Type of a status that has contacts, and where it says how many, in ints."""


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
    insides: np.ndarray
    """[world 3] see `native.insides`."""


def asked_of_nobody() -> LinkForces:
    """No worlds."""
    none = np.zeros(0, np.int64)
    return LinkForces(none, none, none, none, np.zeros((0, 3), np.int64))


@njit(cache=True, nogil=True)
def link_forces_at(places: Places, k: int) -> LinkForces:
    """What was lent from the k-th array on."""
    return LinkForces(
        integers1(places, k),
        integers1(places, k + 1),
        integers1(places, k + 2),
        integers1(places, k + 3),
        integers2(places, k + 4),
    )


@njit(cache=True, nogil=True)
def find_contacts(asked: LinkForces, world: int, answer: np.ndarray) -> None:
    """How many contacts a world has, in 32 bits, and where they lie; `answer` [2] is written.

    The client's own way there copies 30 kB and reads a clock, half of its time: it is spared where
    `native.insides` knows the way around.
    """
    functions, handle = asked.functions, asked.handles[world]
    command = invoke(functions[10], (handle,))
    process, processor, data = asked.insides[world, 0], asked.insides[world, 1], asked.insides[world, 2]
    if process == 0:
        invoke(functions[7], (handle, command))
        invoke(functions[11], (handle, answer.ctypes.data))
        return
    invoke(process, (processor, command, data + STATUS, data + STREAM, np.int32(STREAM_SIZE)))
    status = carray(pointer(data + STATUS), 1 + COUNT).view(np.int32)
    answer[0] = status[COUNT] if status[0] == COMPLETED else 0
    answer[1] = data + STREAM


@njit(cache=True, nogil=True)
def add_forces(asked: LinkForces, worlds: np.ndarray, force: np.ndarray) -> None:
    """Write the sum of the normal forces of every link's contacts [world link] [N]."""
    links = asked.links
    answer = np.zeros(2, np.int64)
    for world in worlds:
        for n in range(len(links)):
            force[world, n] = 0.0
        find_contacts(asked, world, answer)
        body, count = asked.bodies[world], min(answer[0] & 0xFFFFFFFF, MOST)
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
