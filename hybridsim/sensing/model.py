"""An inertial sensor on logs: ideal readings from a pose, how far real ones lie from them, and draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.errors import LogError, listed
from hybridsim.progress import Progress
from hybridsim.sensing.alignment import alignment_of
from hybridsim.sensing.conversion import Conversion, ages, parted, without_age
from hybridsim.sensing.gains import Gains, fit_gains, fixed_smoothing, ideal
from hybridsim.sensing.given import Given, given_pose
from hybridsim.sensing.gyro import Still
from hybridsim.sensing.imu import Codes, FoundImu, Frame, find_frame, identify_imu, mean_rotation, prepared
from hybridsim.sensing.recording import Recording
from hybridsim.sensing.tails import Tail, fit_tail
from hybridsim.sensing.texture import Texture, fit_texture

Rows = Float[np.ndarray, "row 6"]
ANY = "any"
"""The frame of all logs together, for mountings that no log showed."""
SAME_PERIOD = 0.01
"""Share by which a log's period may differ from the model's: bands and noise depend on it."""


class Ready(NamedTuple):
    """A log as fits read it, and its axes against the pose's, roughly."""

    log: Still
    rotation_body_from_sensor: Float[np.ndarray, "3 3"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stated:
    """Ideal readings and what is said about the errors of real ones; gyroscope, then accelerometer.

    Attributes:
        given: what the pose says.
        ideal: readings.
        spread: of the errors, before the tail's scale.
        tails: of each column in motion, then at rest.
    """

    given: Given
    ideal: Rows
    spread: Rows
    tails: tuple[tuple[Tail, ...], tuple[Tail, ...]]

    def interval(self, share: float = 0.9) -> tuple[Rows, Rows]:
        """Lower and upper end of the middle so many of the readings."""
        moving, resting = (
            np.array([tail.quantile(0.5 + 0.5 * share) for tail in tails]) for tails in self.tails
        )
        half = self.spread * np.where(self.given.standing[:, None] < 1.0, moving, resting)
        return self.ideal - half, self.ideal + half


@dataclass(frozen=True, kw_only=True, eq=False)
class ImuModel:
    """See above.

    Attributes:
        period: of the logs that it was fitted on [s].
        codes: quantisation.
        frames: by mounting; `ANY` for all together.
        gains: how much of each band of a pose to believe.
        texture: what is left.
        tails: of errors over the texture's spread, in motion, then at rest.
        plain_spread: errors under fixed smoothing in motion, then at rest [2 6].
        plain_tails: of those.
        clock: of the gyroscope's conversions [Hz], 0 for none.
        follows: whether gains, spread and spectrum follow the motion, gyroscope and accelerometer; where not,
            smoothing is fixed, and there is one spread in motion and one at rest.
    """

    period: float
    codes: Codes
    frames: Mapping[str, Frame]
    gains: Gains
    texture: Texture
    tails: tuple[tuple[Tail, ...], tuple[Tail, ...]]
    plain_spread: Float[np.ndarray, "2 6"]
    plain_tails: tuple[tuple[Tail, ...], tuple[Tail, ...]]
    clock: float = 0.0
    follows: tuple[bool, bool] = (True, True)

    def given(self, recording: Recording, frame: Frame) -> Given:
        """What a log's pose says in a frame.

        Raises:
            LogError: another sample period, or a log that does not fit its pose.
        """
        if abs(recording.period / self.period - 1.0) > SAME_PERIOD:
            raise LogError(
                f"log {recording.name}: a sample every {recording.period:.4g} s; expected "
                f"{self.period:.4g} s, for which the model was fitted"
            )
        return given_pose(prepared(recording, self.codes, alignment_of(recording)), frame)

    def perfect(self, recording: Recording) -> Rows:
        """What a sensor without errors would read at the tracked body's origin, in the sensor's axes."""
        alignment, frame = alignment_of(recording), self.frames[ANY]
        rotation = alignment.rotation_body_from_sensor
        plain = Frame(
            rate=rotation,
            rate_delay=0.0,
            force=rotation,
            offset=np.zeros(3),
            lever=np.zeros(3),
            gravity=frame.gravity,
            force_delay=0.0,
        )
        given = given_pose(prepared(recording, self.codes, alignment), plain, settled=False)
        return ideal(given, fixed_smoothing(given))

    def stated(self, given: Given) -> Stated:
        """Ideal readings and spreads that follow the motion; plain ones where they do not."""
        read = ideal(given, self.gains.moving(given))
        found = Stated(
            given=given,
            ideal=read,
            spread=np.hypot(self.texture.spread(given), by_age(read, self.period, self.clock)),
            tails=self.tails,
        )
        if all(self.follows):
            return found
        plain, kept = self.plain(given), np.repeat(self.follows, 3)
        pairs = [
            tuple(one if keep else other for keep, one, other in zip(kept, *both, strict=True))
            for both in zip(self.tails, self.plain_tails, strict=True)
        ]
        return Stated(
            given=given,
            ideal=np.where(kept, found.ideal, plain.ideal),
            spread=np.where(kept, found.spread, plain.spread),
            tails=(pairs[0], pairs[1]),
        )

    def plain(self, given: Given) -> Stated:
        """The same by fixed smoothing, with one spread in motion and one at rest."""
        share = given.standing[:, None] < 1.0
        return Stated(
            given=given,
            ideal=ideal(given, fixed_smoothing(given)),
            spread=np.where(share, self.plain_spread[0], self.plain_spread[1]),
            tails=self.plain_tails,
        )

    def draw(self, given: Given, random: np.random.Generator) -> Rows:
        """Readings as the sensor could have given them, quantised as it does."""
        stated = self.stated(given)
        noise = self.texture.draw(given, random)
        white = stated.spread * random.standard_normal(noise.shape)
        noise = np.where(np.repeat(self.follows, 3), noise, white)
        drawn = stated.ideal + noise
        if self.clock > 0.0 and self.follows[0]:
            period = given.log.recording.period
            age = ages(len(drawn), period, self.clock, random.uniform())
            drawn[:, :3] -= age[:, None] * parted(drawn[:, :3], period)[1]
        return quantised(drawn, self.codes)

    def ready(self, recording: Recording) -> Ready:
        """A log as `adapted` takes it."""
        alignment = alignment_of(recording)
        return Ready(prepared(recording, self.codes, alignment), alignment.rotation_body_from_sensor)

    def adapted(self, logs: Sequence[Ready]) -> Frame:
        """The frame of a mounting that other logs show."""
        rotation = mean_rotation([one.rotation_body_from_sensor for one in logs])
        gravity = float(np.linalg.norm(self.frames[ANY].gravity))
        return find_frame([one.log for one in logs], rotation, gravity).frame


def by_age(read: Rows, period: float, clock: float) -> Rows:
    """Root mean square of what conversions' age adds to readings: evenly spread ages times the slope."""
    found = np.zeros_like(read)
    if clock > 0.0:
        found[:, :3] = np.abs(np.gradient(read[:, :3], period, axis=0)) / (clock * np.sqrt(12.0))
    return found


def quantised(readings: Rows, codes: Codes) -> Rows:
    """As the sensor's numbers come."""
    found = readings.copy()
    for columns, step, cuts in (
        (slice(0, 3), codes.gyro_step, codes.gyro_cuts),
        (slice(3, 6), codes.acc_step, False),
    ):
        if step > 0.0:
            codes_read = readings[:, columns] / step
            found[:, columns] = step * (np.trunc(codes_read) if cuts else np.round(codes_read))
    return found


def fit_model(
    recordings: Sequence[Recording],
    mounting: Callable[[Recording], str],
    gravity: float,
    seed: int,
    progress: Progress | None = None,
) -> tuple[ImuModel, FoundImu]:
    """Identify a sensor, then learn what is left.

    Args:
        recordings: of one sensor.
        mounting: names logs that share a frame.
        gravity: where they were recorded [m/s^2].
        seed: of the draws that strengths are matched by.
        progress: called as progress(done, total).
    """
    told = progress or (lambda done, total: None)
    told(0, 4)
    found = identify_imu(recordings, gravity)
    logs = [prepared(one, found.codes, alignment_of(one)) for one in recordings]
    told(1, 4)
    names = [mounting(one) for one in recordings]
    frames = {ANY: found.frame.frame}
    for name in dict.fromkeys(names):
        own = [log for log, other in zip(logs, names, strict=True) if other == name]
        rotation = mean_rotation([alignment_of(log.recording).rotation_body_from_sensor for log in own])
        frames[name] = find_frame(own, rotation, gravity).frame
    told(2, 4)
    given = [given_pose(log, frames[name]) for log, name in zip(logs, names, strict=True)]
    moving = [one for one in given if one.motion.any()]
    if not moving or not any(one.rest.any() for one in given):
        raise LogError(
            f"logs {listed(one.name for one in recordings)}: no motion, or no stand, with a believed pose"
        )
    gains = fit_gains(moving)
    told(3, 4)
    clock = found.conversions[0]
    texture = fit_texture(moving, [ageless(one, clock) for one in moving], gains, found.codes, seed)
    told(4, 4)
    return _with_tails(given, gains, texture, found, frames), found


def ageless(given: Given, clock: Conversion | None) -> Rows:
    """Readings without what the age of the gyroscope's conversions adds."""
    recording = given.log.recording
    return np.concatenate([without_age(recording.gyro, recording.period, clock), recording.acc], axis=1)


def _with_tails(
    given: Sequence[Given],
    gains: Gains,
    texture: Texture,
    found: FoundImu,
    frames: Mapping[str, Frame],
) -> ImuModel:
    """The model, its tails read from the same logs."""
    clock = 0.0 if found.conversions[0] is None else found.conversions[0].rate
    plain = [one.reading - ideal(one, fixed_smoothing(one)) for one in given]
    reads = [ideal(one, gains.moving(one)) for one in given]
    left = [one.reading - read for one, read in zip(given, reads, strict=True)]
    period = given[0].log.recording.period
    spreads = [
        np.hypot(texture.spread(one), by_age(read, period, clock))
        for one, read in zip(given, reads, strict=True)
    ]

    def among(values: Sequence[np.ndarray], which: str) -> np.ndarray:
        return np.concatenate([v[getattr(one, which)] for v, one in zip(values, given, strict=True)])

    tails, plain_tails, plain_spread = [], [], np.empty((2, 6))
    for n, which in enumerate(("motion", "rest")):
        scaled = among(left, which) / among(spreads, which)
        tails.append(tuple(fit_tail(column) for column in scaled.T))
        errors = among(plain, which)
        plain_spread[n] = errors.std(axis=0)
        plain_tails.append(tuple(fit_tail(column) for column in (errors / plain_spread[n]).T))
    return ImuModel(
        period=given[0].log.recording.period,
        codes=found.codes,
        frames=frames,
        gains=gains,
        texture=texture,
        tails=(tails[0], tails[1]),
        plain_spread=plain_spread,
        plain_tails=(plain_tails[0], plain_tails[1]),
        clock=clock,
    )
