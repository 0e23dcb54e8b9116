"""What an inertial sensor adds while it stands: noise in bands, and a slow drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hybridsim.sensing.allan import allan_variance
from hybridsim.sensing.bands import edges_within, overlap, split, white_shares
from hybridsim.sensing.gyro import Still
from hybridsim.sensing.imu import Codes
from hybridsim.sensing.noise import rests

SLOW_S, DRAWS = 10.0, 4
"""Length of stretches by whose means the drift is told, and drawn rests for each real one."""
SMALLEST = 1e-7


@dataclass(frozen=True, kw_only=True, eq=False)
class Stand:
    """See above; columns are gyroscope, then accelerometer.

    Attributes:
        rest: covariance at rest [band 6 6].
        drift: random walk of readings inside a stand, beside that [6] [rad/s^1.5, m/s^2.5].
    """

    rest: Float[np.ndarray, "band 6 6"]
    drift: Float[np.ndarray, "6"]

    def calm_spread(self, period: float) -> Float[np.ndarray, "6"]:
        """Of noise at rest, drift left out."""
        still = np.sqrt(np.maximum(np.einsum("bcc->bc", self.rest), 0.0))
        return np.sqrt(np.einsum("bc,bd,dc->c", still, overlap(period), still))

    def resting(
        self, rows: int, period: float, random: np.random.Generator
    ) -> Float[np.ndarray, "band row 6"]:
        """One realisation of the noise at rest, band by band."""
        noise = split(random.standard_normal((rows, 6)), period)
        return np.stack(
            [
                band / band.std(axis=0) @ _root(covariance).T
                for band, covariance in zip(noise, self.rest, strict=True)
            ]
        )

    def drifting(self, rows: int, period: float, random: np.random.Generator) -> Float[np.ndarray, "row 6"]:
        """One realisation of the slow part of a stand, about its mean, which the truth knows."""
        walk = np.sqrt(period) * self.drift * np.cumsum(random.standard_normal((rows, 6)), axis=0)
        return walk - walk.mean(axis=0)


def fit_stand(logs: Sequence[Still], codes: Codes, seed: int) -> Stand:
    """Read the long rests of logs.

    Args:
        logs: of one sensor.
        codes: quantisation, which is taken off.
        seed: of the draws that the drift is told by.
    """
    period = logs[0].recording.period
    parts = [part for one in logs for part in rests(one.recording, one.still)]
    bands = len(edges_within(period)) + 1
    total, count = np.zeros((bands, 6, 6)), 0
    for part in parts:
        left = split(part - part.mean(axis=0), period)
        total += np.einsum("bri,brj->bij", left, left)
        count += len(part)
    coded = white_shares(period)[:, None, None] * np.diag(codes.steps**2 / 12.0)
    calm = Stand(rest=total / max(count, 1) - coded, drift=np.zeros(6))
    return replace(calm, drift=_drift(calm, parts, period, seed))


def _drift(
    calm: Stand, parts: Sequence[Float[np.ndarray, "_row 6"]], period: float, seed: int
) -> Float[np.ndarray, "6"]:
    """The random walk that drawn rests lack: its Allan variance is a third of its square times the length.

    Logarithms are compared: one rest in ten wanders off by several times what the others do.
    """
    long = [part for part in parts if len(part) >= 3 * round(SLOW_S / period)]
    if not long:
        return np.zeros(6)
    random = np.random.default_rng([seed, 6])
    drawn = [calm.resting(len(part), period, random).sum(axis=0) for part in long for _ in range(DRAWS)]
    real, found = (
        np.stack([allan_variance(part, period, [SLOW_S])[0] for part in some]) + SMALLEST**4
        for some in (long, drawn)
    )
    lacking = np.maximum(np.exp(np.log(real).mean(axis=0) - np.log(found).mean(axis=0)) - 1.0, 0.0)
    return np.sqrt(lacking * found.mean(axis=0) * 3.0 / SLOW_S)


def _root(covariance: Float[np.ndarray, "6 6"]) -> Float[np.ndarray, "6 6"]:
    value, vector = np.linalg.eigh(covariance)
    return (vector * np.sqrt(np.maximum(value, SMALLEST**2))) @ vector.T
