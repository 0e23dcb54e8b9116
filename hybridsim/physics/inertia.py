"""Moving inertias and poses between frames: parallel axes, principal axes, roll-pitch-yaw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

Vector = Float[np.ndarray, "3"]
Matrix = Float[np.ndarray, "3 3"]


def rotation_from_rpy(rpy: Sequence[float] | Vector) -> Matrix:
    """Rotation parent_from_child of a URDF `rpy`: about the parent's fixed x, then y, then z [rad]."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def rpy_from_rotation(rotation: Matrix) -> Vector:
    """The `rpy` that `rotation_from_rpy` turns back into this rotation, to 1e-15 at any pitch [rad]."""
    pitch = np.arctan2(-rotation[2, 0], np.hypot(rotation[0, 0], rotation[1, 0]))
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    # Near a pitch of 90° roll is noise; the yaw that goes with this roll undoes it.
    column = np.cos(roll) * rotation[:, 1] - np.sin(roll) * rotation[:, 2]
    return np.array([roll, pitch, np.arctan2(-column[0], column[1])])


def rotation_about(axis: Vector, angle: float) -> Matrix:
    """Rotation by an angle [rad] about a unit axis (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)


def point_inertia(mass: float, offset: Vector) -> Matrix:
    """Inertia of a point mass about the origin [kg·m²]: mass (|r|² 1 - r rᵀ)."""
    return mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))


def combine(
    masses: Sequence[float], coms: Sequence[Vector], inertias: Sequence[Matrix]
) -> tuple[float, Vector, Matrix]:
    """One rigid body from several, all in one frame.

    Args:
        masses: of the parts [kg].
        coms: their centres of mass [m].
        inertias: each about its own centre of mass, axes of the common frame [kg·m²].

    Returns:
        Mass, centre of mass, inertia about that centre of mass. Exact (parallel-axis theorem).
    """
    mass = float(sum(masses))
    if mass == 0.0:
        return 0.0, np.zeros(3), np.sum(inertias, axis=0)
    com = np.sum([m * c for m, c in zip(masses, coms, strict=True)], axis=0) / mass
    parts = zip(masses, coms, inertias, strict=True)
    return mass, com, np.sum([inertia + point_inertia(m, c - com) for m, c, inertia in parts], axis=0)


def principal_axes(inertia: Matrix) -> tuple[Vector, Matrix]:
    """Principal moments [kg·m²] and the rotation link_from_principal (right-handed)."""
    off_diagonal = inertia - np.diag(np.diag(inertia))
    if not off_diagonal.any():
        return np.diag(inertia).copy(), np.eye(3)
    moments, axes = np.linalg.eigh(inertia)
    return moments, axes * np.sign(np.linalg.det(axes))


def is_possible(inertia: Matrix, tolerance: float = 1e-9) -> bool:
    """Whether some mass distribution has this inertia: non-negative, and no moment above the others' sum.

    `tolerance` is relative to the trace, because files round their decimals.
    """
    moments = np.linalg.eigvalsh(inertia)
    slack = tolerance * max(float(np.trace(inertia)), 0.0)
    return bool(moments[0] >= -slack and moments[0] + moments[1] >= moments[2] - slack)
