"""Real trials of an inertial sensor and readings drawn along them, for benchmarks that compare the two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration
from hybridsim.evaluate_sensor import sensor_model
from hybridsim.log import LogStore
from hybridsim.sensing.frames import placed
from hybridsim.sensing.given import Given
from hybridsim.sensing.imu import Frame
from hybridsim.sensing.model import ImuModel
from hybridsim.sensing.recording import recording_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One log: as it was read and as it could have been read; gyroscope, then accelerometer.

    Attributes:
        name: the log's own.
        kind: of motion, as the log's label has it.
        seen: whether the calibration's fit has seen the log.
        frame: fitted on the other trials of its mounting.
        given: what its pose says.
        read: codes and all.
        drawn: the same, simulated.
        ideal: readings of a sensor without noise, unquantised.
    """

    name: str
    kind: str
    seen: bool
    frame: Frame
    given: Given
    read: Float[np.ndarray, "row 6"]
    drawn: Float[np.ndarray, "row 6"]
    ideal: Float[np.ndarray, "row 6"]


def trials_of(store: Path, reference: str, seed: int = 0) -> tuple[ImuModel, list[Trial]]:
    """The model, and all logs of a store with one draw each, in the order of their names."""
    calibration = Calibration.load(reference)
    name, model = sensor_model(calibration)
    label = calibration.table(f"sensor.{name}").contract.words.get("mounting")
    logs = LogStore(store)
    recordings = sorted((recording_of(logs.load(one)) for one in logs.ids()), key=lambda one: one.name)
    seen, found = set(calibration.record.lineage.fitted_on), []
    for n, place in enumerate(placed(model, recordings, label)):
        recording, given = place.recording, model.given(place.recording, place.frame)
        found.append(
            Trial(
                name=recording.name,
                kind=recording.labels.get("kind", "any"),
                seen=recording.log_id in seen,
                frame=place.frame,
                given=given,
                read=np.concatenate([recording.gyro, recording.acc], axis=1),
                drawn=model.draw(given, np.random.default_rng([seed, n])),
                ideal=model.stated(given).ideal,
            )
        )
    return model, found
