"""One timestep of a floating-base tree, in numba: factor the mass matrix, new velocity, new position.

Call `place`, `mass_matrix`, `factor`, then `solve` and `free_velocity` at will, then `advance`. States and
axes are those of `tree_kernel`.
Error: 50 steps equal PyBullet's to 1e-12, tests/physics/test_tree.py.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hybridsim.physics.recursion import put
from hybridsim.physics.tree import LEAST_PIVOT, Tree, TreeWork
from hybridsim.physics.tree_kernel import bias


@njit(cache=True, nogil=True, error_model="numpy")
def factor(work: TreeWork) -> bool:
    """Cholesky factor of work.mass into work.factor; False where that is not positive definite.

    mass = Lᵀ L from the last row up, because legs that only share the root then leave each other's zeros
    alone (Featherstone 2008, section 6.5); any symmetric matrix will do, zeros only save time.
    """
    lower, size = work.factor, len(work.mass)
    for i in range(size):
        for j in range(i + 1):
            lower[i, j] = work.mass[i, j]
    for k in range(size - 1, -1, -1):
        if not lower[k, k] > LEAST_PIVOT * work.mass[k, k]:
            return False
        inverse = 1.0 / math.sqrt(lower[k, k])
        lower[k, k] = inverse
        for j in range(k):
            lower[k, j] *= inverse
        for i in range(k):
            share = lower[k, i]
            if share != 0.0:
                for j in range(i + 1):
                    lower[i, j] -= share * lower[k, j]
    return True


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def solve(work: TreeWork, x: np.ndarray) -> None:
    """Replace a generalised impulse x [n] by the change of velocity it makes: mass⁻¹ x; needs `factor`."""
    lower = work.factor
    for k in range(len(x) - 1, -1, -1):
        x[k] *= lower[k, k]
        for j in range(k):
            x[j] -= lower[k, j] * x[k]
    for k in range(len(x)):
        value = x[k]
        for j in range(k):
            value -= lower[k, j] * x[j]
        x[k] = value * lower[k, k]


@njit(cache=True, nogil=True, error_model="numpy")
def free_velocity(
    tree: Tree,
    work: TreeWork,
    u: np.ndarray,
    effort: np.ndarray,
    gravity: np.ndarray,
    timestep: float,
    out: np.ndarray,
) -> None:
    """Velocity after a timestep [s] without contacts: out = u + timestep mass⁻¹ (effort - bias).

    Needs `factor`; `effort` [joint] is on the joints [N·m or N], `out` [n] must not be `u`.
    """
    bias(tree, work, u, gravity)
    for k in range(len(out)):
        out[k] = -timestep * work.bias[k]
    for k in range(len(effort)):
        out[6 + k] += timestep * effort[k]
    solve(work, out)
    for k in range(len(out)):
        out[k] += u[k]


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    base_position: np.ndarray, base_quaternion: np.ndarray, q: np.ndarray, u: np.ndarray, timestep: float
) -> None:
    """Move a state by its new velocities u [n] over a timestep [s], in place, as Bullet does.

    The root turns by the exponential map of its world angular velocity; Bullet cuts turns of more than 45° a
    step, this does not.

    Args:
        base_position: [3] of the root link's centre of mass [m].
        base_quaternion: [4] xyzw, world from root.
        q: [joint] joint positions [rad or m].
        u: [n] velocities.
        timestep: [s].
    """
    for k in range(3):
        base_position[k] += timestep * u[k]
    for k in range(len(q)):
        q[k] += timestep * u[6 + k]
    angle = timestep * math.sqrt(u[3] * u[3] + u[4] * u[4] + u[5] * u[5])
    # sin(angle / 2) / angle, by its series where the quotient would be 0 / 0
    half = math.sin(0.5 * angle) / angle if angle > 1e-6 else 0.5
    a, b, c, d = half * timestep * u[3], half * timestep * u[4], half * timestep * u[5], math.cos(0.5 * angle)
    x, y, z, w = base_quaternion[0], base_quaternion[1], base_quaternion[2], base_quaternion[3]
    i, j = d * x + a * w + b * z - c * y, d * y - a * z + b * w + c * x
    k, r = d * z + a * y - b * x + c * w, d * w - a * x - b * y - c * z
    scale = 1.0 / math.sqrt(i * i + j * j + k * k + r * r)
    base_quaternion[0], base_quaternion[1] = i * scale, j * scale
    base_quaternion[2], base_quaternion[3] = k * scale, r * scale


@njit(cache=True, nogil=True, error_model="numpy")
def rotation_of(quaternion: np.ndarray, out: np.ndarray) -> None:
    """Rotation matrix [3 3] of a unit quaternion xyzw, into out."""
    x, y, z, w = quaternion[0], quaternion[1], quaternion[2], quaternion[3]
    put(out, 0, (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)))
    put(out, 1, (2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)))
    put(out, 2, (2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)))
