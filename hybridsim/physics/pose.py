"""A floating root link's pose from the inertial frame that PyBullet speaks of, in numba."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.physics.recursion import Triple, dot


@njit(cache=True, nogil=True)
def lines_of(x: float, y: float, z: float, w: float) -> tuple[Triple, Triple, Triple]:
    """Rows of the rotation matrix of a quaternion xyzw, which need not be of unit length."""
    s = 2.0 / (x * x + y * y + z * z + w * w)
    return (
        (1.0 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)),
        (s * (x * y + z * w), 1.0 - s * (x * x + z * z), s * (y * z - x * w)),
        (s * (x * z - y * w), s * (y * z + x * w), 1.0 - s * (x * x + y * y)),
    )


@njit(cache=True, nogil=True)
def rotations(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices [n 3 3] of quaternions xyzw [n 4], which need not be of unit length."""
    found = np.empty((len(quaternions), 3, 3))
    for n in range(len(quaternions)):
        x, y, z, w = quaternions[n, 0], quaternions[n, 1], quaternions[n, 2], quaternions[n, 3]
        lines = lines_of(x, y, z, w)
        for k in range(3):
            found[n, k, 0], found[n, k, 1], found[n, k, 2] = lines[k]
    return found


@njit(cache=True, nogil=True)
def root_rotation(raw: np.ndarray, turn: np.ndarray, n: int, out: np.ndarray) -> None:
    """Write rotation_world_from_link [3 3] of the n-th root link.

    Args:
        raw: [world 13] as PyBullet gives a base.
        turn: [world 3 3] rotation_link_from_principal.
        n: which.
        out: [3 3] written.
    """
    lines = lines_of(raw[n, 3], raw[n, 4], raw[n, 5], raw[n, 6])
    for i in range(3):
        for k in range(3):
            out[i, k] = dot(lines[i], (turn[n, k, 0], turn[n, k, 1], turn[n, k, 2]))


@njit(cache=True, nogil=True)
def root_poses(
    raw: np.ndarray, com: np.ndarray, turn: np.ndarray, position: np.ndarray, orientation: np.ndarray
) -> None:
    """Origins and quaternions xyzw (w >= 0) of a root link, world from body.

    Args:
        raw: [world 13] as PyBullet gives a base: position and quaternion of its inertial frame, velocities.
        com: [world 3] centre of mass in the link's frame [m].
        turn: [world 4] quaternion xyzw, principal axes from link.
        position: [world 3] written [m].
        orientation: [world 4] written.
    """
    for n in range(len(raw)):
        x, y, z, w = turn[n]
        a, b, c, d = raw[n, 3], raw[n, 4], raw[n, 5], raw[n, 6]
        i = d * x + a * w + b * z - c * y
        j = d * y - a * z + b * w + c * x
        k = d * z + a * y - b * x + c * w
        r = d * w - a * x - b * y - c * z
        scale = 1.0 / np.sqrt(i * i + j * j + k * k + r * r)
        scale = -scale if r < 0.0 else scale
        i, j, k, r = i * scale, j * scale, k * scale, r * scale
        orientation[n, 0], orientation[n, 1], orientation[n, 2], orientation[n, 3] = i, j, k, r
        # com turned into the world: v + 2 q x (q x v + r v)
        u = j * com[n, 2] - k * com[n, 1] + r * com[n, 0]
        v = k * com[n, 0] - i * com[n, 2] + r * com[n, 1]
        s = i * com[n, 1] - j * com[n, 0] + r * com[n, 2]
        position[n, 0] = raw[n, 0] - com[n, 0] - 2.0 * (j * s - k * v)
        position[n, 1] = raw[n, 1] - com[n, 1] - 2.0 * (k * u - i * s)
        position[n, 2] = raw[n, 2] - com[n, 2] - 2.0 * (i * v - j * u)


def quaternion(rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "4"]:
    """Unit quaternion xyzw of a rotation, w >= 0: the largest eigenvector of Bar-Itzhack's matrix."""
    xx, xy, xz, yx, yy, yz, zx, zy, zz = rotation.ravel()
    matrix = np.array(
        [
            [xx - yy - zz, xy + yx, xz + zx, zy - yz],
            [xy + yx, yy - xx - zz, yz + zy, xz - zx],
            [xz + zx, yz + zy, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    vector = np.linalg.eigh(matrix)[1][:, -1]
    return vector if vector[3] >= 0 else -vector
