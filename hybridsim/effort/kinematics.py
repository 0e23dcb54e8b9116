"""Zero-phase filters and derivatives: nothing here moves a signal in time."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.signal import butter, sosfiltfilt

from hybridsim.effort.motion import Motion
from hybridsim.study.effort import Velocity

ORDER = 2  # each way; chosen, because steeper filters ring where friction reverses
HIGHEST = 0.45  # of the sampling rate; above it a filter does nothing that samples could show

Rows = Float[np.ndarray, "row *column"]


def low_pass(values: Rows, hz: float, period: float, order: int = ORDER) -> Rows:
    """A Butterworth filter run forwards and backwards along the rows.

    Args:
        values: evenly sampled.
        hz: bandwidth [1/s]; 0, or more than the samples can show, gives the values back.
        period: time between rows [s].
        order: each way; the higher, the steeper.

    Error: leaves a slow sine in place to 1e-3 of its size, tests/effort/test_kinematics.py.
    """
    rate = 1.0 / period
    if hz <= 0.0 or hz >= HIGHEST * rate or len(values) < 4:
        return values
    sections = butter(order, hz, fs=rate, output="sos")
    reach = min(len(values) - 2, int(3 * rate / hz))
    return np.ascontiguousarray(sosfiltfilt(sections, values, axis=0, padlen=reach))


def kinematics(motion: Motion, velocity: Velocity, acceleration_hz: float) -> tuple[Rows, Rows, Rows]:
    """Position, velocity and acceleration of a log in the URDF's joints, all through the same filter.

    Args:
        motion: the log.
        velocity: where it comes from; a log without a measured one is differentiated.
        acceleration_hz: bandwidth of the derivative [1/s].
    """
    position = low_pass(motion.position, acceleration_hz, motion.period)
    if velocity == "measured" and motion.velocity is not None:
        speed = low_pass(motion.velocity, acceleration_hz, motion.period)
    else:
        speed = np.gradient(position, motion.period, axis=0)
    return position, speed, np.gradient(speed, motion.period, axis=0)


def shifted(values: Rows, delay: float, period: float) -> Rows:
    """The values as they were `delay` ago [s], linear between rows; the ends are held."""
    if delay == 0.0:
        return values
    place = np.clip(np.arange(len(values)) - delay / period, 0, len(values) - 1)
    below = np.minimum(place.astype(np.int64), max(len(values) - 2, 0))
    share = (place - below).reshape(-1, *[1] * (values.ndim - 1))
    return values[below] + share * (values[np.minimum(below + 1, len(values) - 1)] - values[below])
