"""The table `[sensor]` of study.toml: how an inertial sensor is identified against a tracked pose."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, FiniteFloat

from hybridsim.study.sections import WORD, Table

INERTIAL_SIGNALS = ("imu_angular_velocity", "imu_linear_acceleration")


class SensorRule(Table):
    """What a study of an inertial sensor knows beside its logs.

    Attributes:
        name: of the sensor in robot.toml; None takes its only IMU.
        mounting: label of logs that share how the sensor sits in the tracked body's frame; None: all do.
        gravity_m_s2: its size where the logs were recorded; a wrong one is a wrong scale.
        gravity_source: where that comes from.
    """

    name: Annotated[str, Field(pattern=WORD.pattern)] | None = None
    mounting: Annotated[str, Field(pattern=WORD.pattern)] | None = None
    gravity_m_s2: Annotated[FiniteFloat, Field(ge=9.7, le=9.9)] = 9.80665
    gravity_source: Annotated[str, Field(max_length=500)] = "standard gravity"
