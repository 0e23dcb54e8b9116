"""A gyroscope's matrix and delay, from how far its turns miss those of the tracked body.

    rate of the body = matrix (reading - bias)

Turns over windows are compared, because a difference of noisy orientations over one sample is mostly noise.
The pose is regressed on the readings, never the other way round: readings are the far less noisy side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.frames import conjugate, product, rotation_vector
from hybridsim.sensing.filters import grown, low_passed
from hybridsim.sensing.recording import Recording
from hybridsim.sensing.squares import Step, robust_step
from hybridsim.sensing.turns import Vectors, accumulated, rates, shifted, turned

WINDOW_S = 4.0
"""Of turns that are compared: long enough that optics' noise at its ends is small beside them."""
OVERLAP = 8
"""Windows begin every so many-th part of their length."""
BLOCK_S = 8.0
"""Windows that begin within one such stretch may be alike; chosen, because three windows fit in."""
PASSES = 4
EDGE_S, BESIDE_S = 0.1, 0.04
"""Left out at the ends of a log, and beside holes."""
DELAY_HZ = 15.0
"""Band in which the delay is looked for: above it optics are mostly noise."""
PRIOR_MATRIX, PRIOR_DELAY = 0.1, 0.05
"""Standard deviations [1, s]; wide, they only keep a fit finite where a log says nothing."""


@dataclass(frozen=True, kw_only=True)
class Still:
    """One recording as fits read it.

    Attributes:
        recording: the log; its gyroscope may have been uncut.
        bias: of the gyroscope in the first rest [rad/s].
        still: rows where the tracked body stands still.
        lag: rows by which the truth's stamps are later, whole ones.
    """

    recording: Recording
    bias: Float[np.ndarray, "3"]
    still: Bool[np.ndarray, " row"]
    lag: int = 0


def fit_matrix(
    logs: Sequence[Still], start: Float[np.ndarray, "3 3"], delay: float
) -> tuple[Float[np.ndarray, "3 3"], Step]:
    """The matrix that turns readings into rates of the body, by Gauss-Newton over windows of turns.

    Args:
        logs: of one sensor in one mounting.
        start: a first guess, such as the rotation between the axes.
        delay: of the readings behind the truth's stamps [s]; the step holds its change last.
    """
    matrix = start.copy()
    prior = np.array([PRIOR_MATRIX] * 9 + [PRIOR_DELAY])
    step = None
    for _ in range(PASSES):
        parts = [_windows(log, matrix, delay) for log in logs]
        residual, slope = (np.concatenate([part[k] for part in parts]) for k in range(2))
        block = np.concatenate([part[2] + 10_000 * n for n, part in enumerate(parts)])
        step = robust_step(slope, residual, block, prior)
        matrix = matrix + step.change[:9].reshape(3, 3)
        delay += float(step.change[9])
    assert step is not None
    return matrix, step


def _windows(
    log: Still, matrix: Float[np.ndarray, "3 3"], delay: float
) -> tuple[Vectors, Float[np.ndarray, "window 3 10"], Int[np.ndarray, " window"]]:
    """What is left of turns in world axes, what each entry and the delay would change, and blocks."""
    recording = log.recording
    period, length = recording.period, recording.count(WINDOW_S)
    pose = turned(recording.orientation, log.lag - delay / period)
    reading = recording.gyro - log.bias
    body = reading @ matrix.T
    swept = accumulated(body, period)
    first = np.arange(0, recording.rows - length, max(1, length // OVERLAP))
    last = first + length
    expected = product(pose[first], product(conjugate(swept[first]), swept[last]))
    residual = rotation_vector(pose[last], conjugate(expected))
    axes = axes_of(pose)
    slope = np.empty((len(first), 3, 10))
    for j in range(3):
        for k in range(3):
            turn = _summed(axes[j] * reading[:, k : k + 1], period)
            slope[:, :, 3 * j + k] = turn[last] - turn[first]
    world = np.einsum("jni,nj->ni", axes, body)
    slope[:, :, 9] = world[last] - world[first]
    used = _usable(log, first, last)
    blocks = (first * period / BLOCK_S).astype(np.int64)
    return residual[used], slope[used], blocks[used]


def axes_of(pose: Float[np.ndarray, "row 4"]) -> Float[np.ndarray, "3 row 3"]:
    """The body's axes in the world."""
    return np.stack([_rotated(pose, np.eye(3)[k]) for k in range(3)])


def _rotated(pose: Float[np.ndarray, "row 4"], axis: Float[np.ndarray, "3"]) -> Vectors:
    v, w = pose[:, :3], pose[:, 3:]
    cross = 2.0 * np.cross(v, np.broadcast_to(axis, v.shape))
    return axis + w * cross + np.cross(v, cross)


def _summed(values: Vectors, period: float) -> Vectors:
    """Integral from the first row on."""
    found = np.zeros_like(values)
    np.cumsum(0.5 * period * (values[1:] + values[:-1]), axis=0, out=found[1:])
    return found


def _usable(
    log: Still, first: Int[np.ndarray, " window"], last: Int[np.ndarray, " window"]
) -> Bool[np.ndarray, " window"]:
    """Windows with motion inside and believed poses at both ends."""
    recording = log.recording
    edge = recording.count(EDGE_S)
    hole = np.roll(grown(recording.missing, recording.count(BESIDE_S)), -log.lag)
    moving = np.concatenate([[0], np.cumsum(~log.still)])
    known = np.flatnonzero(~recording.missing)
    inside = (first > known[0] - log.lag + edge) & (last < known[-1] - log.lag - edge)
    return inside & ~hole[first] & ~hole[last] & (moving[last] - moving[first] > 0)


def fit_delay(
    logs: Sequence[Still],
    matrix: Float[np.ndarray, "3 3"],
    delay: float,
    known: Float[np.ndarray, " entry"],
) -> tuple[float, Step]:
    """Delay of the readings behind the truth's stamps, from band-limited rates.

    Args:
        logs: of one sensor in one mounting.
        matrix: as found from turns.
        delay: first guess [s].
        known: standard deviations to which the matrix's entries are known.

    Returns:
        The delay [s] and its last step, in which it comes last.
    """
    step, prior = None, np.concatenate([known, [PRIOR_DELAY]])
    for _ in range(PASSES):
        parts = [_rates(log, matrix, delay) for log in logs]
        residual, slope = (np.concatenate([part[k] for part in parts]) for k in range(2))
        block = np.concatenate([part[2] + 10_000 * n for n, part in enumerate(parts)])
        step = robust_step(slope, residual, block, prior)
        delay += float(step.change[9])
    assert step is not None
    return delay, step


def _rates(
    log: Still, matrix: Float[np.ndarray, "3 3"], delay: float
) -> tuple[Vectors, Float[np.ndarray, "row 3 10"], Int[np.ndarray, " row"]]:
    """Rates of the body less the readings' in one band, and what the matrix and a longer delay change."""
    recording = log.recording
    period = recording.period
    true = low_passed(rates(recording.orientation, period), DELAY_HZ, period)
    true = shifted(true, log.lag - delay / period)
    plain = low_passed(recording.gyro - log.bias, DELAY_HZ, period)
    hole = np.roll(grown(recording.missing, recording.count(2.0 / DELAY_HZ)), -log.lag)
    used = np.flatnonzero(~log.still & ~hole)
    used = used[:: max(1, recording.count(0.5 / DELAY_HZ))]
    slope = np.concatenate(
        [np.kron(np.eye(3), plain[used][:, None, :]), np.gradient(true, period, axis=0)[used][:, :, None]],
        axis=2,
    )
    residual = true[used] - plain[used] @ matrix.T
    return residual, slope, (used * period / BLOCK_S).astype(np.int64)
