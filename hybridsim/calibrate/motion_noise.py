"""Networks that an inertial sensor's noise follows, learned where optics have no say.

Below `HIGH_HZ` what a log leaves over in motion is mostly the optics'. Above it neither optics nor a moved
body reach, so what is there is the sensor's own: it is kept, but for what its clock of conversions explains,
and below it noise as at rest takes the place of what is left over. White noise of the strength that is
learned then has all of the variance that was added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.learn.noise import LearnedNoise, learn_noise, specs_of
from hybridsim.learn.residual import Leftover
from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.features import log_features
from hybridsim.progress import Progress
from hybridsim.sensing.bands import edges_within, split
from hybridsim.sensing.conversion import Conversion, without_age
from hybridsim.sensing.gains import ideal
from hybridsim.sensing.given import Given
from hybridsim.sensing.judge import UNITS
from hybridsim.sensing.model import ANY, ImuModel
from hybridsim.sensing.recording import ACC, GYRO, Recording
from hybridsim.sensors.parameters import IMU_CHANNELS
from hybridsim.sensors.residual import INERTIAL, inputs_given
from hybridsim.study import Learn

HIGH_HZ = 80.0
"""Chosen, because the power of hands and gaits, and of what shakes with them, ends well below."""
PERIOD = 0.01
"""Of the networks' looks [s]; chosen, because no simulation of ours steps more slowly."""


def channels_of(sensor: str) -> dict[str, str]:
    """Groups of an inertial sensor's networks, and the units of its readings."""
    return {f"{sensor}.{name}": UNITS[GYRO if name.startswith("g") else ACC] for name in IMU_CHANNELS}


def follow_motion(
    model: ImuModel,
    sensor: str,
    logs: Sequence[tuple[Recording, str]],
    training: int,
    conversions: Sequence[Conversion | None],
    learn: Learn,
    seed: int,
    progress: Progress | None = None,
) -> LearnedNoise:
    """Learn from the first so many logs, judge on the others in motion.

    Args:
        model: identified.
        sensor: its name.
        logs: each with the name of its mounting.
        training: how many of them were fitted on.
        conversions: clocks of gyroscope and accelerometer, where they have one.
        learn: budget.
        seed: of the noise at rest, and of what learning leaves to chance.
        progress: called as progress(steps done, steps).
    """
    every = max(1, round(PERIOD / model.period))
    specs = specs_of(INERTIAL, list(channels_of(sensor)), every * model.period, learn)
    random = np.random.default_rng([seed, 7])
    given = [model.given(one, model.frames.get(name, model.frames[ANY])) for one, name in logs]
    parts = [_gathered(model, one, conversions, specs[0], every, random) for one in given]
    features, left, moving = (np.concatenate(column) for column in zip(*parts, strict=True))
    number = np.concatenate([np.full(len(part[2]), n) for n, part in enumerate(parts)])
    return learn_noise(
        specs,
        Leftover(features=features, left=left, log=number),
        range(training),
        range(training, len(logs)),
        learn,
        seed,
        progress,
        typical=np.sqrt(np.einsum("bcc->c", model.texture.rest)),
        judging=moving,
    )


def _gathered(
    model: ImuModel,
    given: Given,
    conversions: Sequence[Conversion | None],
    spec: NetworkSpec,
    every: int,
    random: np.random.Generator,
) -> tuple[Float[np.ndarray, "look 6 feature"], Float[np.ndarray, "look 6"], Bool[np.ndarray, " look"]]:
    """What networks see at every look, the noise of the next reading, and whether the body moves there."""
    period, believed = model.period, given.motion | given.rest
    read, clean = ideal(given, model.gains.moving(given)), given.reading
    for clock, columns in zip(conversions, (slice(0, 3), slice(3, 6)), strict=True):
        clean[:, columns] = without_age(clean[:, columns], period, clock)
    own = split(clean - read, period)
    high = np.array([edge >= HIGH_HZ for edge in (0.0, *edges_within(period))])
    noise = own[high].sum(axis=0) + model.texture.resting(len(read), period, random)[~high].sum(axis=0)
    looks = np.arange(0, len(read) - 1, every)
    values = np.repeat(read[looks, None, :], len(IMU_CHANNELS), axis=1)
    features = log_features(spec, values, inputs=inputs_given(INERTIAL), period=spec.sample_period)
    kept = believed[looks + 1]
    return features[kept], noise[looks + 1][kept], given.motion[looks + 1][kept]
