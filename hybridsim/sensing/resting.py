"""An inertial sensor by its rests alone: nobody tracked it, and all that is known is that it stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hybridsim.errors import LogError
from hybridsim.sensing.alignment import require_gravity
from hybridsim.sensing.bands import SEEN
from hybridsim.sensing.filters import runs
from hybridsim.sensing.given import Given
from hybridsim.sensing.gravity import Gravity, fit_gravity
from hybridsim.sensing.gyro import Still
from hybridsim.sensing.imu import Codes, FoundRest, Frame, codes_of, found_at_rest
from hybridsim.sensing.model import Stated, quantised
from hybridsim.sensing.noise import CUT_S, rests
from hybridsim.sensing.recording import Recording
from hybridsim.sensing.rest import LEAST_S, bias, first_rest, quiet
from hybridsim.sensing.stand import Stand, fit_stand
from hybridsim.sensing.tails import Tail, fit_tail

Rows = Float[np.ndarray, "row 6"]
NOWHERE = Frame(
    rate=np.eye(3),
    rate_delay=0.0,
    force=np.eye(3),
    offset=np.zeros(3),
    lever=np.zeros(3),
    gravity=np.zeros(3),
    force_delay=0.0,
)
"""The frame of a sensor that nobody tracked: its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RestModel:
    """See above; answers as `model.ImuModel` does, for rests alone.

    Attributes:
        period: of the logs that it was fitted on [s].
        codes: quantisation.
        gravity: its size [m/s^2].
        scale: of the accelerometer's axes [1].
        offset: of the same [m/s^2].
        stand: noise.
        tails: of errors over its spread, by column.
    """

    period: float
    codes: Codes
    gravity: float
    scale: Float[np.ndarray, "3"]
    offset: Float[np.ndarray, "3"]
    stand: Stand
    tails: tuple[Tail, ...]

    def given(self, recording: Recording) -> Given:
        """What is known of a log: its gyroscope's bias by the first rest, and gravity's size in every rest.

        The direction in which a rest feels gravity is that of its mean.
        """
        log = still_of(recording, self.codes)
        read = np.concatenate([log.recording.gyro, log.recording.acc], axis=1)
        standing, rest, stand = np.zeros(recording.rows), np.zeros(recording.rows, bool), np.zeros_like(read)
        cut, first = recording.count(CUT_S), first_rest(recording)
        for begin, end in runs(log.still):
            if end - begin - 2 * cut < recording.count(LEAST_S):
                continue
            standing[begin:end], rest[begin + cut : end - cut] = 1.0, True
            force = (read[begin + cut : end - cut, 3:].mean(axis=0) - self.offset) / self.scale
            force *= self.gravity / np.linalg.norm(force)
            stand[begin:end, 3:] = self.scale * force + self.offset
        stand[:, :3] = log.bias
        known = first & rest
        stand[:, 3:] += (read[known, 3:] - stand[known, 3:]).mean(axis=0) if known.any() else 0.0
        nothing = np.zeros((SEEN, recording.rows, 6))
        return Given(
            log=log,
            bands=nothing,
            strength=nothing,
            slow=stand,
            stand=stand,
            standing=standing,
            motion=np.zeros(recording.rows, bool),
            rest=rest,
        )

    def stated(self, given: Given) -> Stated:
        """Readings without noise, and how far real ones lie from them."""
        spread = np.broadcast_to(self.stand.calm_spread(self.period), given.stand.shape)
        return Stated(given=given, ideal=given.stand, spread=spread, tails=(self.tails, self.tails))

    def perfect(self, given: Given) -> Rows:
        """What a sensor without errors would read: no rate, and gravity's size."""
        force = given.stand[:, 3:]
        size = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-12)
        return np.concatenate([np.zeros_like(force), self.gravity * force / size], axis=1)

    def draw(self, given: Given, random: np.random.Generator) -> Rows:
        """Readings as the sensor could have given them while it stood, quantised as it does."""
        noise = self.stand.resting(len(given.stand), self.period, random).sum(axis=0)
        for begin, end in runs(given.standing > 0.0):
            noise[begin:end] += self.stand.drifting(end - begin, self.period, random)
        return quantised(given.stand + noise, self.codes)


def still_of(recording: Recording, codes: Codes) -> Still:
    """A log that stands where its sensor scatters no more than at rest.

    Raises:
        LogError: it never rests, or shows another gravity than the earth's.
    """
    require_gravity(recording)
    plain = codes.uncut_recording(recording)
    return Still(recording=plain, bias=bias(plain), still=quiet(plain))


def fit_rests(
    recordings: Sequence[Recording], gravity: float, seed: int
) -> tuple[RestModel, FoundRest, Gravity]:
    """Identify a sensor by its rests.

    Args:
        recordings: of one sensor, without a pose.
        gravity: where they were recorded [m/s^2].
        seed: of the draws by which the drift is told.

    Raises:
        LogError: no log has a long rest.
    """
    codes = codes_of(recordings)
    logs = [still_of(one, codes) for one in recordings]
    parts = [rests(one.recording, one.still) for one in logs]
    if not any(parts):
        raise LogError(f"log {recordings[0].name} and others: no long rest; expected one, it is the truth")
    means = np.array([part[:, 3:].mean(axis=0) for own in parts for part in own])
    number = np.array([n for n, own in enumerate(parts) for _ in own])
    found, weight = found_at_rest(logs, codes), fit_gravity(means, number, gravity)
    model = RestModel(
        period=found.period,
        codes=codes,
        gravity=gravity,
        scale=weight.scale,
        offset=weight.bias,
        stand=fit_stand(logs, codes, seed),
        tails=(Tail(50.0, 1.0),) * 6,
    )
    stated = [model.stated(model.given(one)) for one in recordings]
    errors = [((s.given.reading - s.ideal) / s.spread)[s.given.rest] for s in stated]
    tails = tuple(fit_tail(column) for column in np.concatenate(errors).T)
    return replace(model, tails=tails), found, weight
