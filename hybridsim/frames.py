"""Orientations as unit quaternions xyzw, many at once: what turns, how far, and back."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def conjugate(quaternion: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    """The inverse rotation, xyzw."""
    return quaternion * np.array([-1.0, -1.0, -1.0, 1.0])


def product(a: Float[np.ndarray, "n 4"], b: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    """Rotation b first, then a, xyzw."""
    vector = a[:, 3:] * b[:, :3] + b[:, 3:] * a[:, :3] + np.cross(a[:, :3], b[:, :3])
    scalar = a[:, 3:] * b[:, 3:] - (a[:, :3] * b[:, :3]).sum(1, keepdims=True)
    return np.concatenate([vector, scalar], axis=1)


def rotated(quaternion: Float[np.ndarray, "n 4"], vector: Float[np.ndarray, "n 3"]) -> np.ndarray:
    """Vectors turned by rotations."""
    padded = np.concatenate([vector, np.zeros((len(vector), 1))], axis=1)
    return product(product(quaternion, padded), conjugate(quaternion))[:, :3]


def rotation_vector(a: Float[np.ndarray, "n 4"], b: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 3"]:
    """Axis times angle of the rotation a * b, at most half a turn [rad]."""
    found = product(a, b)
    found = found * np.where(found[:, 3:] < 0, -1.0, 1.0)
    sine = np.linalg.norm(found[:, :3], axis=1, keepdims=True)
    angle = 2 * np.arctan2(sine, found[:, 3:])
    return found[:, :3] * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)


def geodesic_angle(
    one: Float[np.ndarray, "*batch 4"], other: Float[np.ndarray, "*batch 4"]
) -> Float[np.ndarray, "*batch"]:
    """Angle of the rotation between two orientations given as xyzw quaternions [rad], 0..pi.

    q and -q are the same orientation; neither has to be of unit length. Exact for small angles too,
    because it uses both the vector and the scalar part of conj(one) * other.
    """
    v1, w1, v2, w2 = one[..., :3], one[..., 3:], other[..., :3], other[..., 3:]
    vector = w1 * v2 - w2 * v1 - np.cross(v1, v2)
    scalar = np.sum(one * other, axis=-1)
    return 2.0 * np.arctan2(np.linalg.norm(vector, axis=-1), np.abs(scalar))
