"""An inertial sensor identified against a tracked pose: everything that its parameters are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hybridsim.errors import LogError
from hybridsim.sensing.acceleration import fit_force
from hybridsim.sensing.alignment import Alignment, alignment_of
from hybridsim.sensing.codes import cuts_toward_zero, step_of, uncut
from hybridsim.sensing.conversion import Conversion, find_conversion
from hybridsim.sensing.gyro import Still, fit_delay, fit_matrix
from hybridsim.sensing.noise import RestNoise, rest_noise
from hybridsim.sensing.recording import Recording
from hybridsim.sensing.rest import bias, first_rest, still
from hybridsim.sensing.squares import Step

APART_S = 0.1
"""Clocks of truth and sensor that are further apart were never synchronised; then delays mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Codes:
    """How a sensor's numbers are quantised, gyroscope and accelerometer.

    Attributes:
        gyro_step: [rad/s]; 0 for none.
        acc_step: [m/s^2]; 0 for none.
        gyro_cuts: whether the gyroscope cuts toward zero instead of rounding.
    """

    gyro_step: float
    acc_step: float
    gyro_cuts: bool

    def uncut_recording(self, recording: Recording) -> Recording:
        """A log whose rates lie in the middle of what their codes stand for."""
        if not self.gyro_cuts:
            return recording
        return replace(recording, gyro=uncut(recording.gyro, self.gyro_step))

    def uncut(self, readings: Float[np.ndarray, "row 6"]) -> Float[np.ndarray, "row 6"]:
        """The same of readings, gyroscope, then accelerometer."""
        if not self.gyro_cuts:
            return readings
        return np.concatenate([uncut(readings[:, :3], self.gyro_step), readings[:, 3:]], axis=1)

    @property
    def steps(self) -> Float[np.ndarray, "6"]:
        """Of all six channels."""
        return np.repeat([self.gyro_step, self.acc_step], 3)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How a sensor sits in the frame of the tracked body, and what its numbers mean there.

    Attributes:
        rate: rates of the body = rate (reading - bias) [1].
        rate_delay: of the gyroscope behind the truth's stamps [s].
        force: specific force in the body's axes = force reading + offset [1].
        offset: see above [m/s^2].
        lever: of the accelerometer in the tracked body's frame [m].
        gravity: in the truth's world [m/s^2].
        force_delay: of the accelerometer behind the truth's stamps [s].
    """

    rate: Float[np.ndarray, "3 3"]
    rate_delay: float
    force: Float[np.ndarray, "3 3"]
    offset: Float[np.ndarray, "3"]
    lever: Float[np.ndarray, "3"]
    gravity: Float[np.ndarray, "3"]
    force_delay: float


@dataclass(frozen=True, kw_only=True)
class FoundFrame:
    """A frame and how well it is known: last steps of its matrix, its delay, and all of its accelerometer."""

    frame: Frame
    rate_step: Step
    delay_step: Step
    force_step: Step


@dataclass(frozen=True, kw_only=True)
class FoundRest:
    """A sensor as its rests, and the texture of its readings, show it.

    Attributes:
        period: between rows [s].
        codes: quantisation.
        noise: at rest.
        biases: of the gyroscope by log [rad/s].
        scatter: standard error of each [rad/s].
        conversions: clocks of gyroscope and accelerometer, where they show.
    """

    period: float
    codes: Codes
    noise: RestNoise
    biases: Float[np.ndarray, "log 3"]
    scatter: Float[np.ndarray, "log 3"]
    conversions: tuple[Conversion | None, Conversion | None]


@dataclass(frozen=True, kw_only=True)
class FoundImu(FoundRest):
    """A sensor as its logs show it beside a pose.

    Attributes:
        frame: of all logs together.
        lags: by which the truth's clock is later than the sensor's, by log [s]; 0 where they agree.
    """

    frame: FoundFrame
    lags: Float[np.ndarray, " log"]


def codes_of(recordings: Sequence[Recording]) -> Codes:
    """Quantisation that all logs share; none where they do not."""
    gyro = [step_of(one.gyro.ravel()) for one in recordings]
    acc = [step_of(one.acc.ravel()) for one in recordings]
    step = _shared(gyro)
    cuts = cuts_toward_zero([one.gyro[first_rest(one)] for one in recordings], step)
    return Codes(gyro_step=step, acc_step=_shared(acc), gyro_cuts=cuts)


def _shared(steps: Sequence[float]) -> float:
    """The step that all have, to a hundredth."""
    middle = float(np.median(steps))
    return middle if middle > 0.0 and np.abs(np.array(steps) / middle - 1.0).max() < 0.01 else 0.0


def prepared(recording: Recording, codes: Codes, alignment: Alignment) -> Still:
    """A log as fits read it."""
    plain = codes.uncut_recording(recording)
    apart = abs(alignment.rows) * recording.period > APART_S
    return Still(recording=plain, bias=bias(plain), still=still(plain), lag=alignment.rows if apart else 0)


def find_frame(logs: Sequence[Still], rotation: Float[np.ndarray, "3 3"], gravity: float) -> FoundFrame:
    """Everything that a mounting decides, and the matrices with it.

    Args:
        logs: of one mounting.
        rotation: body from sensor, a first guess.
        gravity: its size where it was recorded [m/s^2].
    """
    matrix, step = fit_matrix(logs, rotation, 0.0)
    known = np.sqrt(np.diag(step.covariance)[:9])
    delay, delay_step = fit_delay(logs, matrix, 0.0, known)
    matrix, step = fit_matrix(logs, matrix, delay)
    found = fit_force(logs, rotation, delay, gravity)
    frame = Frame(
        rate=matrix,
        rate_delay=delay,
        force=found.matrix,
        offset=found.offset,
        lever=found.lever,
        gravity=found.gravity,
        force_delay=found.delay,
    )
    return FoundFrame(frame=frame, rate_step=step, delay_step=delay_step, force_step=found.step)


def identify_imu(recordings: Sequence[Recording], gravity: float) -> FoundImu:
    """Identify one sensor on its logs.

    Raises:
        LogError: a log whose units, axes or motion do not fit its truth, or that never rests.
    """
    if not recordings:
        raise LogError("no log to identify a sensor on; expected at least one")
    codes = codes_of(recordings)
    alignments = [alignment_of(one) for one in recordings]
    logs = [prepared(one, codes, a) for one, a in zip(recordings, alignments, strict=True)]
    rotation = mean_rotation([one.rotation_body_from_sensor for one in alignments])
    frame = find_frame(logs, rotation, gravity)
    return FoundImu(
        **vars(found_at_rest(logs, codes)),
        frame=frame,
        lags=np.array([log.lag * log.recording.period for log in logs]),
    )


def found_at_rest(logs: Sequence[Still], codes: Codes) -> FoundRest:
    """What needs no truth but that nothing moves."""
    noise = rest_noise(logs, codes.steps)
    samples = np.array([first_rest(log.recording).sum() for log in logs], float)
    period = float(np.median([log.recording.period for log in logs]))
    return FoundRest(
        period=period,
        codes=codes,
        noise=noise,
        biases=np.stack([log.bias for log in logs]),
        scatter=np.sqrt(np.diag(noise.covariance)[:3] / samples[:, None]),
        conversions=(
            find_conversion([log.recording.gyro for log in logs], period),
            find_conversion([log.recording.acc for log in logs], period),
        ),
    )


def mean_rotation(rotations: Sequence[Float[np.ndarray, "3 3"]]) -> Float[np.ndarray, "3 3"]:
    """The rotation nearest to the mean."""
    left, _, right = np.linalg.svd(np.mean(rotations, axis=0))
    return left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
