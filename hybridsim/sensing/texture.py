"""What is left between ideal and real readings, as a distribution that follows the motion and has a spectrum.

At rest it is the sensor's own noise, in bands. In motion it is mostly what optics miss and what smoothing
leaves out: stretches of it from other logs are drawn again, and how strong each band of them is follows from
how strong the bands of the tracked motion are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import uniform_filter1d

from hybridsim.sensing.bands import LEVEL_S, edges_within, levels, overlap, split
from hybridsim.sensing.filters import low_passed, runs
from hybridsim.sensing.gains import SENSORS, Gains, ideal
from hybridsim.sensing.given import Given
from hybridsim.sensing.imu import Codes
from hybridsim.sensing.stand import Stand, fit_stand
from hybridsim.sensing.stretches import Stretches, remembered, source_of

EVERY = 20
"""Rows between two that are regressed on: strengths of neighbours are the same."""
RIDGE = 2e-3
"""Prior weight of every slope, as a share of the rows."""
FARTHEST = 2.5
"""Standard deviations beyond which strengths count as so far out."""
MATCHES = 3
"""Times that drawn strengths are compared with real ones and corrected."""
FADE = 15
"""Rows over which motion's texture comes and goes at a stand."""
STEADY_HZ = 1.0
"""Below which rates leave nothing over in motion: optics do not drift, so that errors of turns stay bounded,
where stretches that follow each other would wander off. Chosen, because orientation filters then err on draws
as on real readings (tests.benchmarks.imu_filters)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Texture(Stand):
    """See above; columns are gyroscope, then accelerometer.

    Attributes:
        mean: of the features over motion [feature].
        deviation: of the same [feature].
        slopes: logarithm of each band's strength by features, their squares and 1 [band 6 slope].
        matched: the same that makes draws as strong as logs are: stretches are not of unit strength wherever
            motions are like theirs [band 6 slope].
        wander: variance of what strengths do beside that [band 6].
        stretches: what is drawn in motion.
    """

    mean: Float[np.ndarray, " feature"]
    deviation: Float[np.ndarray, " feature"]
    slopes: Float[np.ndarray, "band 6 slope"]
    matched: Float[np.ndarray, "band 6 slope"]
    wander: Float[np.ndarray, "band 6"]
    stretches: Stretches

    def strengths(
        self, given: Given, rows: Int[np.ndarray, " some"] | slice
    ) -> Float[np.ndarray, "band some 6"]:
        """Expected logarithm of every band's strength in motion."""
        return strengths_by(self.slopes, self.motion(given, rows))

    def motion(
        self, given: Given, rows: Int[np.ndarray, " some"] | slice
    ) -> Float[np.ndarray, "some feature"]:
        """Features in standard deviations."""
        return (features(given, rows) - self.mean) / self.deviation

    def spread(self, given: Given) -> Float[np.ndarray, "row 6"]:
        """Standard deviation of readings about ideal ones."""
        both = overlap(given.log.recording.period)
        moving = np.exp(self.strengths(given, slice(None)) + self.wander[:, None])
        share = _moving_share(given)
        variance = share * np.einsum("brc,bd,drc->rc", moving, both, moving, optimize=True)
        return np.sqrt(variance + (1.0 - share) * self.calm_spread(given.log.recording.period) ** 2)

    def draw(self, given: Given, random: np.random.Generator) -> Float[np.ndarray, "row 6"]:
        """One realisation."""
        recording = given.log.recording
        own, motion = source_of(recording.log_id), self.motion(given, slice(None))
        white = split(self.stretches.drawn(motion, recording.period, own, random), recording.period)
        moving = (white * np.exp(strengths_by(self.matched, motion))).sum(axis=0)
        moving[:, :3] -= low_passed(moving[:, :3], STEADY_HZ, recording.period)
        still = self.resting(len(moving), recording.period, random).sum(axis=0)
        for begin, end in runs(given.standing > 0.0):
            still[begin:end] += self.drifting(end - begin, recording.period, random)
        share = _moving_share(given)
        return np.sqrt(share) * moving + np.sqrt(1.0 - share) * still


def regressors(motion: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, "row slope"]:
    """One, the features and their squares."""
    inside = np.clip(motion, -FARTHEST, FARTHEST)
    return np.concatenate([np.ones((len(inside), 1)), inside, inside**2], axis=1)


def strengths_by(
    slopes: Float[np.ndarray, "band 6 slope"], motion: Float[np.ndarray, "row feature"]
) -> Float[np.ndarray, "band row 6"]:
    """Logarithm of every band's strength."""
    return np.einsum("bcs,ns->bnc", slopes, regressors(motion))


def features(given: Given, rows: Int[np.ndarray, " some"] | slice) -> Float[np.ndarray, "some feature"]:
    """Logarithms of both sensors' strengths, all three axes of each together, in every band that is seen."""
    found = [0.5 * np.log(np.exp(2.0 * given.strength[:, rows, columns]).mean(axis=2)) for columns in SENSORS]
    return np.concatenate(found).T


def fit_texture(
    logs: Sequence[Given],
    readings: Sequence[Float[np.ndarray, "_row 6"]],
    gains: Gains,
    codes: Codes,
    seed: int,
) -> Texture:
    """Regress strengths of what is left on strengths of the motion; then match drawn ones to real ones.

    Args:
        logs: in motion.
        readings: of each, without what is modelled apart.
        gains: that make ideal readings of a pose.
        codes: quantisation.
        seed: of what is left to chance.
    """
    rows = [np.flatnonzero(one.motion)[::EVERY] for one in logs]
    table = np.concatenate([features(one, some) for one, some in zip(logs, rows, strict=True)])
    bands = len(edges_within(logs[0].log.recording.period)) + 1
    period = logs[0].log.recording.period
    left = [
        split(read - ideal(one, gains.moving(one)), period) for one, read in zip(logs, readings, strict=True)
    ]
    real = np.concatenate(
        [_levels(part, one, some) for part, one, some in zip(left, logs, rows, strict=True)], axis=1
    )
    texture = Texture(
        mean=table.mean(axis=0),
        deviation=table.std(axis=0) + 1e-9,
        slopes=np.zeros((bands, 6, 1 + 2 * table.shape[1])),
        matched=np.zeros((bands, 6, 1 + 2 * table.shape[1])),
        wander=np.zeros((bands, 6)),
        **vars(fit_stand([one.log for one in logs], codes, seed)),
        stretches=Stretches(pieces=np.zeros((0, 0, 6)), motion=np.zeros((0, 0, 0)), source=np.zeros(0)),
    )
    slope = regressors((table - texture.mean) / texture.deviation)
    slopes = _solved(slope, real)
    texture = replace(texture, slopes=slopes, matched=slopes)
    apart = real - np.einsum("bcs,ns->bnc", texture.slopes, slope)
    texture = replace(
        texture,
        wander=np.stack([_without_luck(one.var(axis=0), k, period) for k, one in enumerate(apart)]),
        stretches=remembered(
            [_white(texture, part, one) for part, one in zip(left, logs, strict=True)],
            [texture.motion(one, slice(None)) for one in logs],
            [runs(one.motion) for one in logs],
            [one.log.recording.log_id for one in logs],
            period,
            seed,
        ),
    )
    return _matched(texture, logs, readings, rows, slope, gains, seed)


def _white(
    texture: Texture, left: Float[np.ndarray, "band row 6"], given: Given
) -> Float[np.ndarray, "row 6"]:
    """What is left, as strong in every band as it was expected there."""
    return (left / np.exp(texture.strengths(given, slice(None)))).sum(axis=0)


def _matched(
    texture: Texture,
    logs: Sequence[Given],
    readings: Sequence[Float[np.ndarray, "_row 6"]],
    rows: Sequence[Int[np.ndarray, " _some"]],
    slope: Float[np.ndarray, "row slope"],
    gains: Gains,
    seed: int,
) -> Texture:
    """Correct strengths until drawn readings are as strong in every band as real ones."""
    ideals = [ideal(one, gains.moving(one)) for one in logs]
    real = np.concatenate(
        [
            _levels(split(read, one.log.recording.period), one, some)
            for one, read, some in zip(logs, readings, rows, strict=True)
        ],
        axis=1,
    )
    random = np.random.default_rng([seed, 5])
    for _ in range(MATCHES):
        drawn = [
            _levels(split(base + texture.draw(one, random), one.log.recording.period), one, some)
            for base, one, some in zip(ideals, logs, rows, strict=True)
        ]
        change = _solved(slope, real - np.concatenate(drawn, axis=1))
        texture = replace(texture, matched=texture.matched + change)
    return texture


def _levels(
    bands: np.ndarray, given: Given, rows: Int[np.ndarray, " some"]
) -> Float[np.ndarray, "band some 6"]:
    return levels(bands, given.log.recording.period)[:, rows]


def _solved(slope: Float[np.ndarray, "row slope"], wanted: Float[np.ndarray, "band row 6"]) -> np.ndarray:
    """Ridge regression of every band and column [band 6 slope]."""
    prior = RIDGE * len(slope) * np.ones(slope.shape[1])
    prior[0] = 0.0
    normal = slope.T @ slope + np.diag(prior)
    return np.stack([np.linalg.solve(normal, slope.T @ one).T for one in wanted])


def _without_luck(variance: Float[np.ndarray, "6"], band: int, period: float) -> Float[np.ndarray, "6"]:
    """Less what strengths of noise scatter by when they are taken over `LEVEL_S`."""
    edges = (0.0, *edges_within(period), 0.5 / period)
    luck = 0.25 / max(0.7, (edges[band + 1] - edges[band]) * LEVEL_S)
    return np.maximum(variance - luck, 0.2 * variance)


def _moving_share(given: Given) -> Float[np.ndarray, "row 1"]:
    return uniform_filter1d((given.standing < 1.0).astype(float), FADE)[:, None]
