"""Dynamics of fixed-base trees over batches: efforts, mass matrix, regressor, motion. No simulator, no GIL.

Error: equal to PyBullet's to 1e-11, tests/physics/test_kernel.py. Speed: printed by
tests/benchmarks/stepping.py, for a six-joint arm about 0.6 µs an effort and 1 µs a mass matrix.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.physics.chain import Chain
from hybridsim.physics.composite import composite_bodies, regress
from hybridsim.physics.recursion import new_work, newton_euler

Joints = Float[np.ndarray, "n joint"]


@njit(cache=True, nogil=True)
def inverse_dynamics(chain: Chain, position: Joints, velocity: Joints, acceleration: Joints) -> Joints:
    """Effort that the joints need for a motion in free space, gravity included.

    Args:
        chain: the robot, see `chain_of`.
        position: [rad or m], columns in the chain's joint order.
        velocity: [rad/s or m/s].
        acceleration: [rad/s² or m/s²].

    Returns:
        Effort on the joint, positive along the joint's axis [N·m or N].
    """
    effort, work = np.empty_like(position), new_work(len(chain.mass))
    for n in range(len(position)):
        newton_euler(chain, position[n], velocity[n], acceleration[n], work, effort[n])
    return effort


@njit(cache=True, nogil=True)
def bias_effort(chain: Chain, position: Joints, velocity: Joints) -> Joints:
    """Effort of gravity, Coriolis and centrifugal forces [N·m or N]: no acceleration."""
    return inverse_dynamics(chain, position, velocity, np.zeros_like(position))


@njit(cache=True, nogil=True)
def mass_matrix(chain: Chain, position: Joints) -> Float[np.ndarray, "n joint joint"]:
    """Joint-space mass matrix [kg·m², kg·m or kg]; armature is not in it, add it to the diagonal."""
    rows, joints = position.shape
    matrix, work = np.empty((rows, joints, joints)), new_work(joints)
    for n in range(rows):
        composite_bodies(chain, position[n], work, matrix[n])
    return matrix


@njit(cache=True, nogil=True)
def effort_regressor(
    chain: Chain, position: Joints, velocity: Joints, acceleration: Joints
) -> Float[np.ndarray, "n joint parameter"]:
    """Matrix that turns inertial parameters into efforts: `regressor @ parameters_of(chain)`.

    Columns are ten a body as `chain.PARAMETERS` lists them, bodies in the chain's order. It does not depend
    on the chain's own inertial parameters. With zero acceleration it is the bias effort's regressor.
    """
    rows, joints = position.shape
    matrix, work = np.empty((rows, joints, 10 * joints)), new_work(joints)
    for n in range(rows):
        regress(chain, position[n], velocity[n], acceleration[n], work, matrix[n])
    return matrix
