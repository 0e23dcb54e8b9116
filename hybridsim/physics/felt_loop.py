"""Contact forces of all worlds through PyBullet's C functions, in numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numba.np.numpy_support import carray

from hybridsim.physics.native_loop import Wiring, invoke, pointer

# b3ContactPointData in doubles: five ints and padding, 3 + 3 + 3 numbers, distance, normal force, ...
# (SharedMemoryPublic.h of PyBullet 3.2.5 to 3.2.7, the builds that `native` was tested with).
SIZE, NORMAL_FORCE = 22, 13
BODY_A, BODY_B, LINK_A, LINK_B = 1, 2, 3, 4
"""Places of its ints."""
MOST = 4096
"""Contacts of a world; chosen, because PyBullet gives no more at once."""


class LinkForces(NamedTuple):
    """Links whose forces are asked for."""

    wiring: Wiring
    links: np.ndarray
    """[link] PyBullet's index."""


@njit(cache=True, nogil=True)
def add_forces(asked: LinkForces, worlds: np.ndarray, force: np.ndarray) -> None:
    """Write the sum of the normal forces of every link's contacts [world link] [N]."""
    w, links = asked.wiring, asked.links
    answer = np.zeros(2, np.int64)
    for world in worlds:
        for n in range(len(links)):
            force[world, n] = 0.0
        handle, body = w.handles[world], w.bodies[world]
        command = invoke(w.functions[10], (handle,))
        invoke(w.functions[7], (handle, command))
        invoke(w.functions[11], (handle, answer.ctypes.data))
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
