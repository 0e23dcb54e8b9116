"""Motion of a fixed-base tree under efforts, with reflected inertia and Coulomb friction, in numba."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.physics.chain import Chain
from hybridsim.physics.composite import composite_bodies
from hybridsim.physics.kernel import inverse_dynamics
from hybridsim.physics.recursion import new_work, newton_euler

Joints = Float[np.ndarray, "n joint"]
PerJoint = Float[np.ndarray, "joint"]
# Chosen, because a six-joint arm needs about ten; more only where friction couples joints tightly.
MOST_SWEEPS = 200
SETTLED = 1e-13


@njit(cache=True, nogil=True)
def next_velocity(
    chain: Chain,
    position: Joints,
    velocity: Joints,
    effort: Joints,
    armature: PerJoint,
    friction: Joints,
    timestep: float,
) -> Joints:
    """Velocity v' after one semi-implicit Euler step in free space; the next position is q + timestep v'.

        (M + diag(armature)) (v' - v) = timestep (effort - bias) + impulse,  |impulse| <= timestep friction,
        and a joint whose impulse stays below its bound ends at rest.

    Without armature and friction this is PyBullet's own step, to 1e-14. Friction stops a joint and holds it
    without chatter, because the impulse is solved for, not switched by the velocity's sign.

    Args:
        chain: the robot.
        position: [rad].
        velocity: [rad/s].
        effort: on the joint, held over the step [N·m].
        armature: reflected inertia of each joint's drive [kg·m²].
        friction: largest friction effort of each joint [N·m].
        timestep: [s].
    """
    rows, joints = position.shape
    result, work, rest = np.empty_like(position), new_work(joints), np.zeros(joints)
    matrix, bias, impulse = np.empty((joints, joints)), np.empty(joints), np.empty(joints)
    for n in range(rows):
        composite_bodies(chain, position[n], work, matrix)
        newton_euler(chain, position[n], velocity[n], rest, work, bias)
        for i in range(joints):
            matrix[i, i] += armature[i]
            bias[i] = timestep * (effort[n, i] - bias[i])
        if holds(matrix, velocity[n], bias, timestep * friction[n]):
            result[n] = 0.0
            continue
        invert(matrix)
        for i in range(joints):
            result[n, i] = velocity[n, i]
            for j in range(joints):
                result[n, i] += matrix[i, j] * bias[j]
        rub(matrix, timestep * friction[n], impulse, result[n])
    return result


@njit(cache=True, nogil=True)
def carried_effort(
    chain: Chain,
    position: Joints,
    velocity: Joints,
    effort: Joints,
    armature: PerJoint,
    friction: Joints,
    timestep: float,
) -> Joints:
    """What reaches the body of `effort` through drives with armature and friction; see `next_velocity`."""
    after = next_velocity(chain, position, velocity, effort, armature, friction, timestep)
    return inverse_dynamics(chain, position, velocity, (after - velocity) / timestep)


@njit(cache=True, nogil=True)
def following_effort(
    chain: Chain, position: Joints, velocity: Joints, target: Joints, timestep: float
) -> Joints:
    """Effort that carries the joints to `target` by the end of a semi-implicit Euler step in free space."""
    after = (target - position) / timestep
    return inverse_dynamics(chain, position, velocity, (after - velocity) / timestep)


@njit(cache=True, nogil=True)
def holds(matrix: np.ndarray, velocity: np.ndarray, push: np.ndarray, bound: np.ndarray) -> bool:
    """Whether friction can bring every joint to rest in this step; sweeps would only approach that."""
    for i in range(len(bound)):
        impulse = push[i]
        for j in range(len(bound)):
            impulse += matrix[i, j] * velocity[j]
        if abs(impulse) > bound[i]:
            return False
    return True


@njit(cache=True, nogil=True)
def invert(matrix: np.ndarray) -> None:
    """Invert a symmetric positive definite matrix in place (Gauss-Jordan; no pivot is needed)."""
    size = len(matrix)
    for k in range(size):
        pivot = 1.0 / matrix[k, k]
        matrix[k, k] = 1.0
        for j in range(size):
            matrix[k, j] *= pivot
        for i in range(size):
            if i == k:
                continue
            factor = matrix[i, k]
            matrix[i, k] = 0.0
            for j in range(size):
                matrix[i, j] -= factor * matrix[k, j]


@njit(cache=True, nogil=True)
def rub(inverse: np.ndarray, bound: np.ndarray, impulse: np.ndarray, velocity: np.ndarray) -> None:
    """Apply bounded friction impulses to `velocity`: projected Gauss-Seidel until nothing changes."""
    size = len(bound)
    impulse[:] = 0.0
    for _ in range(MOST_SWEEPS):
        largest = 0.0
        for i in range(size):
            if bound[i] <= 0.0:
                continue
            wanted = impulse[i] - velocity[i] / inverse[i, i]
            change = min(max(wanted, -bound[i]), bound[i]) - impulse[i]
            impulse[i] += change
            for j in range(size):
                velocity[j] += inverse[j, i] * change
            largest = max(largest, abs(change * inverse[i, i]))
        if largest <= SETTLED:
            return
