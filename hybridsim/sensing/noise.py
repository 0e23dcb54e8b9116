"""What a sensor at rest adds: white scatter, how its axes share it, and a bias that walks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.sensing.allan import allan_variance
from hybridsim.sensing.filters import runs
from hybridsim.sensing.gyro import Still
from hybridsim.sensing.recording import Recording
from hybridsim.sensing.rest import quiet

LEAST_S, CUT_S = 4.0, 0.5
"""Of a rest that is read, and what is left out at both its ends, where a hand comes and goes."""
FLAT_S = 0.25
"""Scatter is taken about means over so long: a bias that walks is not in it."""
WALK_S = (3.0, 10.0)
"""Lengths of stretches whose Allan variance tells the walk."""


@dataclass(frozen=True, kw_only=True)
class RestNoise:
    """Of gyroscope (three axes, rad/s), then accelerometer (three axes, m/s^2).

    Attributes:
        covariance: of one sample, quantisation taken off.
        walk: of the bias over a second, its standard deviation.
        logs: the same root variances and walks by log, for intervals [log 2 6].
    """

    covariance: Float[np.ndarray, "6 6"]
    walk: Float[np.ndarray, "6"]
    logs: Float[np.ndarray, "log 2 6"]


def rests(recording: Recording, still: Bool[np.ndarray, " row"]) -> list[Float[np.ndarray, "_row 6"]]:
    """Readings of every long rest, of sensor and tracked body alike."""
    cut = recording.count(CUT_S)
    both = np.concatenate([recording.gyro, recording.acc], axis=1)
    found = [(begin + cut, end - cut) for begin, end in runs(quiet(recording) & still)]
    return [both[a:b] for a, b in found if b - a >= recording.count(LEAST_S)]


def rest_noise(logs: Sequence[Still], steps: Float[np.ndarray, "6"]) -> RestNoise:
    """Read the rests of logs.

    Args:
        logs: of one sensor.
        steps: by which its numbers are quantised; 0 where they are not.
    """
    covariances, walks, counts = [], [], []
    for log in logs:
        recording = log.recording
        parts = rests(recording, log.still)
        if not parts:
            continue
        covariance = np.mean([_scatter(part, recording.count(FLAT_S)) for part in parts], axis=0)
        longest = max(parts, key=len)
        variance = allan_variance(longest, recording.period, WALK_S)
        white = np.diag(covariance)[None] * recording.period / np.array(WALK_S)[:, None]
        extra = (variance - white) * 3.0 / np.array(WALK_S)[:, None]
        covariances.append(covariance - np.diag(steps**2 / 12.0))
        walks.append(np.nanmean(extra, axis=0) if np.isfinite(extra).any() else np.zeros(6))
        counts.append(sum(len(part) for part in parts))
    if not covariances:
        return RestNoise(covariance=np.zeros((6, 6)), walk=np.zeros(6), logs=np.zeros((0, 2, 6)))
    weight = np.array(counts, float) / sum(counts)
    return RestNoise(
        covariance=np.einsum("n,nij->ij", weight, covariances),
        walk=np.sqrt(np.maximum(weight @ np.array(walks), 0.0)),
        logs=np.stack([[np.diag(c), w] for c, w in zip(covariances, walks, strict=True)]),
    )


def _scatter(part: Float[np.ndarray, "row 6"], width: int) -> Float[np.ndarray, "6 6"]:
    """Covariance about the means of short stretches."""
    count = len(part) // width
    folded = part[: count * width].reshape(count, width, 6)
    left = (folded - folded.mean(axis=1, keepdims=True)).reshape(-1, 6)
    return left.T @ left / (count * (width - 1))
