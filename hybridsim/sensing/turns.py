"""Orientations over time: rates from poses, poses from rates, and values between samples."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from numba import njit
from scipy.interpolate import CubicSpline

from hybridsim.frames import conjugate, rotation_vector

Quaternions = Float[np.ndarray, "row 4"]
Vectors = Float[np.ndarray, "row 3"]


def rates(orientation: Quaternions, period: float) -> Vectors:
    """Angular velocity in the body's axes, centred on every row [rad/s].

    Args:
        orientation: world from body, xyzw.
        period: between rows [s].
    """
    step = rotation_vector(conjugate(orientation[:-1]), orientation[1:]) / period
    return np.concatenate([step[:1], 0.5 * (step[1:] + step[:-1]), step[-1:]])


def shifted(values: Float[np.ndarray, "row k"], rows: float) -> Float[np.ndarray, "row k"]:
    """Values so many rows later, by cubic splines; beyond either end the last one."""
    count = len(values)
    return CubicSpline(np.arange(count), values, axis=0)(np.clip(np.arange(count) + rows, 0, count - 1))


def turned(orientation: Quaternions, rows: float) -> Quaternions:
    """Orientations so many rows later; neighbours have to agree in sign."""
    return unit(shifted(orientation, rows))


def unit(quaternion: Quaternions) -> Quaternions:
    """The same of length 1."""
    return quaternion / np.linalg.norm(quaternion, axis=1, keepdims=True)


def alike(quaternion: Quaternions) -> Quaternions:
    """The same orientations with signs such that neighbours agree."""
    change = np.where((quaternion[1:] * quaternion[:-1]).sum(axis=1) < 0.0, -1.0, 1.0)
    return quaternion * np.concatenate([[1.0], np.cumprod(change)])[:, None]


@njit(cache=True, nogil=True)
def accumulated(rate: np.ndarray, period: float) -> np.ndarray:
    """Orientation [row 4], xyzw, that body rates [row 3] turn to; the identity in the first row.

    Each step turns by the integral of a cubic through four rates, and by what turning axes add to it
    (coning): h^2 / 12 of the cross product of the rates at its ends.
    """
    found, last = np.zeros((len(rate), 4)), len(rate) - 1
    found[0, 3] = 1.0
    cone = period * period / 12.0
    for i in range(last):
        p, q, r, s = rate[max(i - 1, 0)], rate[i], rate[i + 1], rate[min(i + 2, last)]
        a = period * (13.0 * (q[0] + r[0]) - p[0] - s[0]) / 24.0 + cone * (q[1] * r[2] - q[2] * r[1])
        b = period * (13.0 * (q[1] + r[1]) - p[1] - s[1]) / 24.0 + cone * (q[2] * r[0] - q[0] * r[2])
        c = period * (13.0 * (q[2] + r[2]) - p[2] - s[2]) / 24.0 + cone * (q[0] * r[1] - q[1] * r[0])
        angle = math.sqrt(a * a + b * b + c * c)
        half = math.sin(0.5 * angle) / angle if angle > 1e-9 else 0.5
        x, y, z, w = half * a, half * b, half * c, math.cos(0.5 * angle)
        i0, j0, k0, r0 = found[i]
        i1, j1 = r0 * x + i0 * w + j0 * z - k0 * y, r0 * y - i0 * z + j0 * w + k0 * x
        k1, r1 = r0 * z + i0 * y - j0 * x + k0 * w, r0 * w - i0 * x - j0 * y - k0 * z
        size = 1.0 / math.sqrt(i1 * i1 + j1 * j1 + k1 * k1 + r1 * r1)
        found[i + 1, 0], found[i + 1, 1] = i1 * size, j1 * size
        found[i + 1, 2], found[i + 1, 3] = k1 * size, r1 * size
    return found
