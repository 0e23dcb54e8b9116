"""A sensor's readings along a log, beside what its drive did in the simulator that replayed the log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.errors import LogError
from hybridsim.log import Log
from hybridsim.replay.engine import Trajectory
from hybridsim.robot import Robot
from hybridsim.sensing.codes import FEWEST

FIELDS = ("speed", "motor", "duty")
OTHER_UNIT = 30.0
"""Readings this many times larger than what the drive gives are of another unit; chosen, because identified
efforts are off by factors of up to six where nothing but friction loads a joint."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One drive in one log.

    Attributes:
        log_id: the log.
        joint: that the drive moves.
        time: of the readings, since the replay's first row [s].
        reading: all finite [the signal's unit].
        timestep: between the rows below [s].
        speed: of the shaft [rad/s].
        motor: effort of the motor at the output [N*m].
        duty: share of the supply voltage on it [1].
    """

    log_id: str
    joint: str
    time: Float[np.ndarray, " row"]
    reading: Float[np.ndarray, " row"]
    timestep: float
    speed: Float[np.ndarray, " step"]
    motor: Float[np.ndarray, " step"]
    duty: Float[np.ndarray, " step"]


def samples_of(
    log: Log, signal: str, joint: str, start_ns: int
) -> tuple[Float[np.ndarray, " row"], Float[np.ndarray, " row"]]:
    """Times since a stamp [s] and values of one component, finite ones alone.

    Raises:
        LogError: the signal or component is missing, has few readings, or never changes.
    """
    found = log.signal(signal)
    values = found.column(joint)
    time = (found.stamp_ns - start_ns) * 1e-9
    kept = np.isfinite(values) & (time >= 0.0)
    where = f"log {log.name}: '{signal}' of {joint}"
    if kept.sum() < FEWEST:
        raise LogError(f"{where} has {kept.sum()} readings; expected at least {FEWEST}")
    if np.ptp(values[kept]) == 0.0:
        raise LogError(f"{where} reads {values[kept][0]:g} {found.unit} throughout; expected a live sensor")
    return time[kept], values[kept]


def watched(log: Log, robot: Robot, run: Trajectory, signal: str, joint: str) -> Watched:
    """A log's readings beside the drive that replayed it.

    Raises:
        LogError: as `samples_of`, or readings are of another unit than the signal's.
    """
    drive = robot.drive(joint)
    time, reading = samples_of(log, signal, joint, int(log.signal(robot.drives[0].command).stamp_ns[0]))
    within = time <= (len(run.angle) - 1) * run.timestep
    largest, most = float(np.percentile(np.abs(reading), 99.0)), _most(robot, signal, joint)
    if most is not None and largest > OTHER_UNIT * most:
        unit = log.signal(signal).unit
        raise LogError(
            f"log {log.name}: '{signal}' of {joint} reads up to {largest:.3g} {unit}, its drive gives "
            f"{most:.3g}; expected {unit}, this looks like counts or another unit"
        )
    column = robot.drives.index(drive)
    own = {name: getattr(run, name)[:, column] for name in FIELDS}
    return Watched(
        log_id=log.log_id,
        joint=joint,
        time=time[within],
        reading=reading[within],
        timestep=run.timestep,
        **own,
    )


def _most(robot: Robot, signal: str, joint: str) -> float | None:
    """The largest reading that the drive's data sheet allows; None where it says nothing."""
    drive = robot.drive(joint)
    if signal == "motor_duty":
        return 1.0
    if signal == "motor_current":
        return (
            None if drive.torque_constant is None else drive.stall_effort.value / drive.torque_constant.value
        )
    if signal == "joint_velocity":
        return drive.no_load_speed.value
    return drive.stall_effort.value
