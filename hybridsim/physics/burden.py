"""What a fixed-base tree asks of the drives that carry it: bias effort, and inertia about each joint."""

from __future__ import annotations

import numpy as np
from numba import njit

from hybridsim.physics.chain import Chain
from hybridsim.physics.composite import gather
from hybridsim.physics.recursion import Work, dot, newton_euler, row, times, up


@njit(cache=True, nogil=True)
def burden(
    chain: Chain,
    position: np.ndarray,
    velocity: np.ndarray,
    rest: np.ndarray,
    work: Work,
    effort: np.ndarray,
    inertia: np.ndarray,
) -> None:
    """Bias effort [N·m] and the mass matrix's diagonal [kg·m²] of one state, for the price of no matrix.

    Args:
        chain: the robot.
        position: [joint].
        velocity: [joint].
        rest: [joint] zeros.
        work: scratch.
        effort: [joint], written.
        inertia: [joint], written.
    """
    newton_euler(chain, position, velocity, rest, work, effort)
    mass, moment, turning = chain.mass.copy(), chain.moment.copy(), chain.inertia.copy()
    gather(chain, work, mass, moment, turning)
    for i in range(len(mass)):
        axis = row(chain.axis, i)
        if chain.hinge[i]:
            inertia[chain.dof[i]] = dot(axis, up(turning, i, axis))
        else:
            inertia[chain.dof[i]] = dot(axis, times(axis, mass[i]))
