"""A robot's sensors as arrays: from parameters by name to what compiled code reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.errors import CalibrationError
from hybridsim.sensors import fronts, line
from hybridsim.sensors.parameters import (
    AXES,
    CORRELATIONS,
    IMU_CHANNELS,
    PAIRS,
    WRENCH_CHANNELS,
    Described,
)

Values = Mapping[str, float]
KINDS = {
    "imu": fronts.IMU,
    "encoder": fronts.ENCODER,
    "current": fronts.EFFORT,
    "torque": fronts.EFFORT,
    "duty": fronts.EFFORT,
    "force": fronts.FORCE,
    "contact": fronts.CONTACT,
    "wrench": fronts.WRENCH,
    "pose": fronts.POSE,
    "odometry": fronts.POSE,
}


@dataclass(frozen=True, eq=False)
class Mounted:
    """A sensor and where it is mounted."""

    sensor: Described
    source: int
    """Row of what it reads in `fronts.Sources`: a frame, a drive, a link that is touched."""
    gear_ratio: float = 1.0
    """Turns of the rotor for one of the joint [1]."""


def in_order(mounted: Sequence[Mounted]) -> list[Mounted]:
    """Sensors of one kind together, else as they come."""
    return sorted(mounted, key=lambda one: KINDS[one.sensor.kind])


def table_of(mounted: Sequence[Mounted]) -> np.ndarray:
    """[sensor 5] of int, see `line.KIND` and what follows it."""
    rows, first, mixed = [], 0, 0
    for one in mounted:
        kind = KINDS[one.sensor.kind]
        count = fronts.CHANNELS[kind]
        rows.append([kind, first, count, one.source, mixed if kind == fronts.IMU else -1])
        first, mixed = first + count, mixed + (kind == fronts.IMU)
    return np.array(rows, np.int64).reshape(-1, 5)


def channels_in(kind: str) -> int:
    """How many channels a sensor of this kind has."""
    return fronts.CHANNELS[KINDS[kind]]


def starts_of(table: np.ndarray) -> np.ndarray:
    """[kind + 1] where each kind's rows begin; the last is where all end."""
    return np.searchsorted(table[:, line.KIND], np.arange(len(fronts.CHANNELS) + 1))


def chain_of(
    p: Values, timestep: float, prefix: str = "", axis: str = "", chain: str | None = None
) -> Float[np.ndarray, " coefficient"]:
    """One channel's row of `Lines.coefficient`; `chain` is the prefix of its delay and the like."""
    on = prefix if chain is None else chain
    bandwidth = p.get(f"{on}bandwidth", 0.0)
    row = np.zeros(line.COEFFICIENTS)
    row[line.SMOOTH] = smoothing(bandwidth, timestep)
    row[line.BIAS], row[line.TURN_ON] = p[f"{prefix}bias{axis}"], p[f"{prefix}turn_on{axis}"]
    row[line.WALK], row[line.WHITE] = p[f"{prefix}walk{axis}"], p[f"{prefix}white{axis}"]
    row[line.DRIFT], row[line.FORGET] = p[f"{prefix}drift{axis}"], 1.0 / p[f"{prefix}drift_time{axis}"]
    for column, name in (
        (line.DELAY, "delay"),
        (line.RANGE, "range"),
        (line.RESOLUTION, "resolution"),
        (line.TOWARD_ZERO, "toward_zero"),
    ):
        row[column] = p.get(f"{on}{name}", 0.0)
    row[line.DELAY] /= timestep
    row[line.CONVERSION] = p.get(f"{on}conversion", 0.0) * timestep
    row[line.UNSIGNED] = p.get("unsigned", 0.0)
    return row


def smoothing(bandwidth: float, period: float) -> float:
    """Share of the new value that a first-order low-pass takes over in a period; bandwidth [Hz], 0: all."""
    return 1.0 if bandwidth <= 0.0 else -math.expm1(-2.0 * math.pi * bandwidth * period)


def channels_of(kind: str, p: Values, timestep: float) -> Float[np.ndarray, "channel coefficient"]:
    """Coefficients of all channels of one sensor."""
    if kind == "imu":
        rows = [chain_of(p, timestep, word, f"_{x}") for word in ("gyro_", "acc_") for x in AXES]
    elif kind == "wrench":
        rows = [chain_of(p, timestep, word, f"_{x}") for word in ("force_", "torque_") for x in AXES]
    elif kind in ("pose", "odometry"):
        rows = [chain_of(p, timestep, "position_", f"_{x}", chain="") for x in AXES]
        delayed = np.zeros((4, line.COEFFICIENTS))
        delayed[:, line.SMOOTH], delayed[:, line.DELAY] = 1.0, p["delay"] / timestep
        rows += [*delayed, *(chain_of(p, timestep, "rotation_", f"_{x}", chain="none") for x in AXES)]
    elif kind == "encoder":
        velocity = np.zeros(line.COEFFICIENTS)
        velocity[line.SMOOTH], velocity[line.DELAY] = (
            smoothing(p["bandwidth"], timestep),
            p["delay"] / timestep,
        )
        velocity[line.WHITE], velocity[line.RESOLUTION] = p["velocity_white"], p["velocity_resolution"]
        rows = [chain_of(p, timestep), velocity]
    else:
        rows = [chain_of(p, timestep)]
    return np.stack(rows)


def front_of(one: Mounted, p: Values, timestep: float) -> Float[np.ndarray, " parameter"]:
    """One sensor's row of `front`, laid out as `fronts` reads it."""
    kind, found = one.sensor.kind, np.zeros(fronts.FRONT)
    if kind == "imu":
        words = [f"{word}_{pair}" for word in ("gyro_map", "acc_map", "gyro_force") for pair in PAIRS]
        words += [f"lever_{x}" for x in AXES]
        words += [f"{word}_per_kelvin_{x}" for word in ("gyro", "acc") for x in AXES]
        numbers = [p[word] for word in (*words, "reference_temperature")]
    elif kind == "wrench":
        numbers = [p[f"cross_{a}_{b}"] for a in WRENCH_CHANNELS for b in WRENCH_CHANNELS]
    elif kind == "encoder":
        smooth = smoothing(p["velocity_bandwidth"], 1.0 / p["rate"] if p["rate"] > 0.0 else timestep)
        numbers = [p["play"], round(p["velocity_window"]), smooth, p["velocity_resolution"]]
    elif kind in ("current", "torque"):
        order = p["ripple_order"] * one.gear_ratio
        numbers = [p["gain"], p["ripple"], order, p["ripple_phase"], p["friction"], p["friction_speed"]]
        numbers += [fronts.JOINT if kind == "torque" else fronts.MOTOR, p["supply"]]
    elif kind == "duty":
        numbers = [p["gain"], 0.0, 0.0, 0.0, 0.0, 1.0, fronts.DUTY, 0.0]
    elif kind == "force":
        numbers = [p["gain"], p["hysteresis"]]
    elif kind == "contact":
        numbers = [p["threshold_on"], p["threshold_off"], round(p["bounce"])]
    else:
        numbers = []
    found[: len(numbers)] = numbers
    return found


def timing_of(p: Values) -> list[float]:
    """One sensor's row of `Lines.timing`."""
    return [1.0 / p["rate"] if p["rate"] > 0.0 else 0.0, p["jitter"], p["dropout"]]


def mix_of(name: str, p: Values) -> Float[np.ndarray, "6 6"]:
    """Factor L of the covariance L Lᵀ of an IMU's white noise; NO_NOISE in it where there is none.

    Raises:
        CalibrationError: no six numbers can be correlated like that.
    """
    sigma = np.array([p[f"{word}_white_{x}"] for word in ("gyro", "acc") for x in AXES])
    if not sigma.any():
        return np.full((6, 6), line.NO_NOISE)
    correlation = np.eye(6)
    for a, b in CORRELATIONS:
        i, k = IMU_CHANNELS.index(a), IMU_CHANNELS.index(b)
        correlation[i, k] = correlation[k, i] = p[f"correlation_{a}_{b}"]
    try:
        return sigma[:, None] * np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        least = np.linalg.eigvalsh(correlation)[0]
        raise CalibrationError(
            f"sensor {name}: no noise has these correlations (least eigenvalue {least:.3g});"
            " expected a positive definite matrix"
        ) from None


def draws_in_a_step(lines: line.Lines, front: np.ndarray, table: np.ndarray) -> int:
    """Random numbers that a world may use in one step; none where nothing is left to chance."""
    chance = lines.coefficient[..., [line.TURN_ON, line.WALK, line.WHITE, line.DRIFT, line.CONVERSION]].any()
    bounces = (table[:, line.KIND] == fronts.CONTACT) & front[..., fronts.BOUNCE].any(axis=0)
    if not (chance or bounces.any() or lines.timing[..., [line.JITTER, line.DROPOUT]].any()):
        return 0
    return 4 * lines.coefficient.shape[1] + 3 * len(table)
