"""An accelerometer's matrix, bias, place and delay, and where gravity points, from a tracked pose.

    specific force in the body's axes = matrix reading + offset

The second difference of the tracked position over `REACH_S` is compared with what the readings say of it: the
same triangle smooths both sides, so that nothing is lost and optics' noise is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.sensing.filters import grown, smoothed
from hybridsim.sensing.gyro import Still, axes_of
from hybridsim.sensing.squares import Step, robust_step
from hybridsim.sensing.turns import Vectors, shifted, turned

REACH_S = 0.1
"""Of the second difference: long beside optics' noise, short beside hand motion."""
EVERY_S = 0.028
"""Between rows that are read; chosen, because neighbours say the same."""
BLOCK_S = 4.0
"""Rows within one such stretch may be alike; chosen, because a hand has changed its motion by then."""
AT_REST = 0.2
"""Weight of rows at rest, which show gravity over and over."""
PASSES = 4
PRIORS = {"matrix": 0.1, "offset": 2.0, "lever": 0.5, "tilt": 0.3, "delay": 0.05}
"""Standard deviations [1, m/s^2, m, m/s^2, s]; wide, they only keep a fit finite."""
UNKNOWNS = 18


@dataclass(frozen=True, kw_only=True)
class FoundForce:
    """What turns readings into specific forces.

    Attributes:
        matrix: see above [1].
        offset: see above [m/s^2].
        lever: of the accelerometer in the tracked body's frame [m].
        gravity: in the truth's world [m/s^2].
        delay: of the readings behind the truth's stamps [s].
        step: the last one; its covariance is of matrix, offset, lever, two tilts and delay.
    """

    matrix: Float[np.ndarray, "3 3"]
    offset: Float[np.ndarray, "3"]
    lever: Float[np.ndarray, "3"]
    gravity: Float[np.ndarray, "3"]
    delay: float
    step: Step


def fit_force(
    logs: Sequence[Still], start: Float[np.ndarray, "3 3"], delay: float, size: float
) -> FoundForce:
    """Iterate over the delay and the direction of gravity; all else is linear.

    Args:
        logs: of one sensor in one mounting.
        start: first guess of the matrix, such as the rotation between the axes.
        delay: first guess [s].
        size: of gravity where it was recorded [m/s^2].
    """
    up = _up(logs, start)
    found = None
    for _ in range(PASSES):
        tilts = _tangents(up)
        parts = [_rows(log, delay, up, tilts, size) for log in logs]
        residual, slope, weight = (np.concatenate([part[k] for part in parts]) for k in range(3))
        residual = residual - slope[:, :, :9] @ start.ravel()
        block = np.concatenate([part[3] + 10_000 * n for n, part in enumerate(parts)])
        prior = np.repeat(list(PRIORS.values()), [9, 3, 3, 2, 1])
        step = robust_step(slope, residual, block, prior, weight)
        change = step.change
        gravity = -size * up + tilts.T @ change[15:17]
        up = -gravity / np.linalg.norm(gravity)
        delay += float(change[17])
        found = FoundForce(
            matrix=start + change[:9].reshape(3, 3),
            offset=change[9:12],
            lever=change[12:15],
            gravity=-size * up,
            delay=delay,
            step=step,
        )
    assert found is not None
    return found


def _up(logs: Sequence[Still], matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3"]:
    """Against gravity in the truth's world, from rests."""
    total = np.zeros(3)
    for log in logs:
        axes = axes_of(log.recording.orientation[log.still])
        total += np.einsum("jni,nj->i", axes, log.recording.acc[log.still] @ matrix.T)
    return total / np.linalg.norm(total)


def _tangents(up: Float[np.ndarray, "3"]) -> Float[np.ndarray, "2 3"]:
    """Two directions across."""
    first = np.cross(up, np.eye(3)[np.argmin(np.abs(up))])
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(up, first)])


def _rows(
    log: Still, delay: float, up: Float[np.ndarray, "3"], tilts: Float[np.ndarray, "2 3"], size: float
) -> tuple[Vectors, Float[np.ndarray, "row 3 18"], Float[np.ndarray, " row"], Int[np.ndarray, " row"]]:
    """Acceleration of the tracked point, what each unknown adds to it, weights and blocks."""
    recording = log.recording
    period, width = recording.period, recording.count(REACH_S) | 1
    rows = log.lag - delay / period
    axes = axes_of(turned(recording.orientation, rows))
    seen = _second(shifted(recording.position, rows), width, period)
    used = _usable(log, width)
    slope = np.empty((len(used), 3, UNKNOWNS))
    for j in range(3):
        for k in range(3):
            slope[:, :, 3 * j + k] = smoothed(axes[j] * recording.acc[:, k : k + 1], width)[used]
        slope[:, :, 9 + j] = smoothed(axes[j], width)[used]
        slope[:, :, 12 + j] = -_second(axes[j], width, period)[used]
    slope[:, :, 15:17] = tilts.T
    slope[:, :, 17] = np.gradient(seen, period, axis=0)[used]
    weight = np.where(log.still[used], AT_REST, 1.0)
    block = (used * period / BLOCK_S).astype(np.int64)
    return seen[used] + size * up, slope, weight, block


def _second(values: Vectors, width: int, period: float) -> Vectors:
    """Second difference over so many rows each way; zero where there are none."""
    found = np.zeros_like(values)
    found[width:-width] = values[2 * width :] - 2.0 * values[width:-width] + values[: -2 * width]
    return found / (width * period) ** 2


def _usable(log: Still, width: int) -> Int[np.ndarray, " row"]:
    """Every so many rows, away from holes and ends."""
    recording = log.recording
    hole: Bool[np.ndarray, " row"] = np.roll(grown(recording.missing, width + 8), -log.lag)
    hole[: width + 20], hole[-width - 20 :] = True, True
    return np.flatnonzero(~hole)[:: recording.count(EVERY_S)]
