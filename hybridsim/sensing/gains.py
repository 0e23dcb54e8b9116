"""How much of each band of the tracked motion to believe: a Wiener filter whose gains follow the motion.

Optics add noise that grows with speed; what a band shows is motion where it is strong beside its noise. The
gain of a band is a function of how strong it is, and of the strength three bands below, found by least
squares of readings on poses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.sensing.bands import EDGES_HZ, SEEN, split
from hybridsim.sensing.given import Given

KNOTS = (-2.2, -1.5, -0.8, 0.0, 0.8, 1.6)
"""Of the functions, in standard deviations of the strengths' logarithms."""
BELOW = 3
"""Bands between one and the one whose strength it is judged by too."""
SENSORS = (slice(0, 3), slice(3, 6))
LARGEST = 1.05
RIDGE = 1e-4
"""Share of the mean normal entry; only knots without data feel it."""
CUTOFFS_HZ = (18.0, 13.0)
"""Fixed smoothing of rates and accelerations that gains are compared with: what served best on BROAD."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gains:
    """Functions of strengths, the same for all three axes of a sensor.

    Attributes:
        mean: of the strengths' logarithms over motion [sensor band].
        deviation: of the same.
        weights: at the knots of a band's own strength, then of that below [sensor band knot].
    """

    mean: Float[np.ndarray, "2 band"]
    deviation: Float[np.ndarray, "2 band"]
    weights: Float[np.ndarray, "2 band weight"]

    def of(self, given: Given) -> Float[np.ndarray, "band row 6"]:
        """Gains of every band, row and column."""
        found = np.empty(given.bands.shape)
        for s, columns in enumerate(SENSORS):
            scaled = _scaled(given, columns, self.mean[s], self.deviation[s])
            for k in range(SEEN):
                found[k, :, columns] = np.clip(_basis(scaled, k) @ self.weights[s, k], 0.0, LARGEST).T
        return found

    def moving(self, given: Given) -> Float[np.ndarray, "row 6"]:
        """The part of the ideal readings that moves."""
        return np.einsum("brk,brk->rk", self.of(given), given.bands)


def fit_gains(logs: Sequence[Given]) -> Gains:
    """Least squares over the rows in motion, weighed by one over the strength."""
    mean, deviation = np.empty((2, SEEN)), np.empty((2, SEEN))
    weights = np.zeros((2, SEEN, 2 * len(KNOTS) - 1))
    read = [split(one.reading - one.slow, one.log.recording.period, SEEN) for one in logs]
    for s, columns in enumerate(SENSORS):
        strengths = np.concatenate(
            [one.strength[:, one.motion, columns].reshape(SEEN, -1) for one in logs], axis=1
        )
        mean[s], deviation[s] = strengths.mean(axis=1), strengths.std(axis=1) + 1e-9
        for k in range(SEEN):
            count = weights.shape[2]
            normal, side = np.zeros((count, count)), np.zeros(count)
            for one, bands in zip(logs, read, strict=True):
                basis = _basis(_scaled(one, columns, mean[s], deviation[s]), k)[:, one.motion]
                true, seen = one.bands[k, one.motion, columns].T, bands[k, one.motion, columns].T
                weight = np.exp(-one.strength[k, one.motion, columns].T)
                slope = basis * true[:, :, None]
                normal += np.einsum("an,anj,anl->jl", weight, slope, slope)
                side += np.einsum("an,anj,an->j", weight, slope, seen)
            size = RIDGE * np.trace(normal) / count + 1e-12
            weights[s, k] = np.linalg.solve(normal + size * np.eye(count), side)
    return Gains(mean=mean, deviation=deviation, weights=weights)


def fixed_smoothing(given: Given) -> Float[np.ndarray, "row 6"]:
    """The moving part under fixed cut-offs: bands below are believed, those above are not."""
    found = np.zeros(given.slow.shape)
    for cutoff, columns in zip(CUTOFFS_HZ, SENSORS, strict=True):
        kept = int(np.argmin(np.abs(np.array(EDGES_HZ) - cutoff))) + 1
        found[:, columns] = given.bands[:kept, :, columns].sum(axis=0)
    return found


def ideal(given: Given, moving: Float[np.ndarray, "row 6"]) -> Float[np.ndarray, "row 6"]:
    """Ideal readings: what moves on top of what does not, and stands by themselves."""
    share = given.standing[:, None]
    return (1.0 - share) * (given.slow + moving) + share * given.stand


def _scaled(
    given: Given, columns: slice, mean: Float[np.ndarray, " band"], deviation: Float[np.ndarray, " band"]
) -> Float[np.ndarray, "band row 3"]:
    return (given.strength[:, :, columns] - mean[:, None, None]) / deviation[:, None, None]


def _basis(scaled: Float[np.ndarray, "band row 3"], k: int) -> Float[np.ndarray, "3 row weight"]:
    """Hat functions of the own strength, and from some band on of that below, first one left out."""
    own = _hats(scaled[k].T)
    if k < BELOW:
        return np.concatenate([own, np.zeros((*own.shape[:2], len(KNOTS) - 1))], axis=2)
    return np.concatenate([own, _hats(scaled[k - BELOW].T)[..., 1:]], axis=2)


def _hats(values: Float[np.ndarray, "3 row"]) -> Float[np.ndarray, "3 row knot"]:
    knots = np.array(KNOTS)
    inside = np.clip(values, knots[0], knots[-1])
    return np.stack([np.interp(inside, knots, peak) for peak in np.eye(len(knots))], axis=-1)
