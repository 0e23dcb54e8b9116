"""The table `[sensor]` of study.toml: how sensors are identified, and against which truth."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from hybridsim.study.sections import WORD, Table

INERTIAL_SIGNALS = ("imu_angular_velocity", "imu_linear_acceleration")
DRIVE_SIGNALS = ("joint_velocity", "joint_effort_magnitude", "joint_effort", "motor_current", "motor_duty")
"""What sensors in drives read."""


class SensorRule(Table):
    """What a study of sensors knows beside its logs.

    Attributes:
        truth: `pose` for an inertial sensor on a tracked body; `rest` for one that nobody tracked, in whose
            rests only gravity's size is known; `replay` for sensors in drives, whose truth is the simulator
            of `calibration` replayed over the logs.
        calibration: id of a calibration beside the study, or anything `Calibration.load` takes; the new one
            carries all that it has, and its logs keep their sides.
        name: of the sensor in robot.toml; None takes its only IMU.
        mounting: label of logs that share how the sensor sits in the tracked body's frame; None: all do.
        gravity_m_s2: its size where the logs were recorded; a wrong one is a wrong scale.
        gravity_source: where that comes from.
    """

    truth: Literal["pose", "rest", "replay"] = "pose"
    calibration: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    name: Annotated[str, Field(pattern=WORD.pattern)] | None = None
    mounting: Annotated[str, Field(pattern=WORD.pattern)] | None = None
    gravity_m_s2: Annotated[FiniteFloat, Field(ge=9.7, le=9.9)] = 9.80665
    gravity_source: Annotated[str, Field(max_length=500)] = "standard gravity"

    @model_validator(mode="after")
    def _truth_is_there(self) -> SensorRule:
        if (self.truth == "replay") != (self.calibration is not None):
            raise ValueError(
                f"truth = '{self.truth}' with calibration {self.calibration!r}; expected truth = 'replay' "
                "and the calibration that is replayed, or neither"
            )
        pose = {"name", "mounting", "gravity_m_s2", "gravity_source"} & self.model_fields_set
        if self.truth == "replay" and pose:
            raise ValueError(f"'{min(pose)}' is for truth = 'pose'")
        if self.truth == "rest" and self.mounting is not None:
            raise ValueError("'mounting' is for truth = 'pose': rests alone know of no frame")
        return self
