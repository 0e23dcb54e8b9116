"""Sensors in drives on logs: what they read in the replayed simulator beside what the real ones read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration, Intervals
from hybridsim.errors import LogError
from hybridsim.log import Log
from hybridsim.replay import Replay
from hybridsim.replay.variants import Replayed
from hybridsim.robot import Robot
from hybridsim.sensing.along import GROWTH, NOISE, Logged, Sensed, calibrated, readings
from hybridsim.sensors.residual import NAMES
from hybridsim.signals import signal_word

IDEAL = "ideal_sensor"


def reading_replays(
    calibration: Calibration,
    robot: Robot,
    logs: Sequence[Log],
    runs: Mapping[str, Replayed],
    notes: list[str],
) -> list[Replay]:
    """One record a log and signal of the sensors that the calibration describes.

    Args:
        calibration: with `sensor.*` among its parameters, or without.
        robot: the design.
        logs: with readings; why some are not scored goes to the notes.
        runs: replays of the variants; `nominal` is read by sensors without errors, and `ideal_sensor` is
            `identified` read by such.
        notes: gets a line for each log that is left out.
    """
    sensors = calibrated(robot, calibration.parameters, logs)
    found = []
    values = calibration.values()
    networks = [one for one in calibration.networks if one.contract.name in NAMES]
    for n, log in enumerate(logs):
        read = {
            name: readings(
                robot,
                values,
                replayed.runs[n],
                sensors,
                ideal=name == "nominal",
                networks=networks if name == "hybrid" else (),
            )
            for name, replayed in runs.items()
        }
        read[IDEAL] = readings(robot, values, runs["identified"].runs[n], sensors, ideal=True)
        for signal in dict.fromkeys(one.signal for one in sensors):
            own = [one for one in sensors if one.signal == signal]
            try:
                found.append(_record(calibration.record.intervals, robot, log, own, read, runs["hybrid"], n))
            except LogError as error:
                notes.append(f"not scored: {error}")
    return found


def _record(
    intervals: Intervals,
    robot: Robot,
    log: Log,
    sensors: Sequence[Logged],
    read: Mapping[str, Mapping[str, Sensed]],
    hybrid: Replayed,
    number: int,
) -> Replay:
    """A signal's real and simulated readings at its own stamps."""
    signal, run = sensors[0].signal, hybrid.runs[number]
    logged = log.signal(signal)
    time = (logged.stamp_ns - log.signal(robot.drives[0].command).stamp_ns[0]) * 1e-9
    within = (time >= 0.0) & (time <= (len(run.angle) - 1) * run.timestep)
    time = time[within]
    measured = np.stack([logged.column(one.joint)[within] for one in sensors], axis=1)
    steps = np.arange(len(run.angle)) * run.timestep

    def at(values: Mapping[str, Sensed], which: str) -> Float[np.ndarray, "time component"]:
        each = [np.interp(time, steps, getattr(values[one.sensor.name], which)) for one in sensors]
        return np.stack(each, axis=1)

    predicted = {name: at(values, "reading") for name, values in read.items()}
    drives = [robot.drives.index(robot.drive(one.joint)) for one in sensors]
    half = half_width(intervals, sensors, predicted["hybrid"], at(read["hybrid"], "strength"))
    unknown = np.full_like(measured, np.nan)
    return Replay(
        log_id=log.log_id,
        signal=signal,
        unit=signal_word(signal).unit,
        components=tuple(one.joint for one in sensors),
        time_s=time,
        measured=measured,
        command=unknown,
        predicted=predicted,
        low=None if half is None else predicted["hybrid"] - half,
        high=None if half is None else predicted["hybrid"] + half,
        speed=unknown,
        load=run.at("load", time)[:, drives],
        enabled=np.ones(len(time), bool),
    )


def half_width(
    intervals: Intervals,
    sensors: Sequence[Logged],
    reading: Float[np.ndarray, "time component"],
    strength: Float[np.ndarray, "time component"],
) -> Float[np.ndarray, "time component"] | None:
    """Half the 90 % interval of every reading; None where the calibration has none."""
    columns = []
    for k, one in enumerate(sensors):
        row = intervals.get(one.signal, {}).get(one.joint, {})
        if NOISE in row:
            sigma = row[NOISE][0] * strength[:, k]
        elif GROWTH in row:
            sigma = row[GROWTH][0] + row[GROWTH][1] * np.abs(reading[:, k])
        else:
            return None
        columns.append(row["multiplier"][0] * sigma)
    return np.stack(columns, axis=1)
