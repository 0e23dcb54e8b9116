"""A log as drives that push are replayed along it: commands in, joints where the log has them, efforts out.

The rigid body's place is taken by the measured motion, so that drives are judged without it; measured efforts
are never looked at. Everything lies on an even grid of physics steps, as the simulator's loop has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.signal import butter, sosfiltfilt

from hybridsim.errors import LogError
from hybridsim.log import Log, Signal
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import held, interpolated, supply_of

EFFORT = "joint_effort"
FEWEST = 10
"""Steps that a log has to be long."""

Steps = Float[np.ndarray, "step drive"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Along:
    """One log on the grid, one column a drive; time counts from the first command.

    Attributes:
        log_id: the log's id.
        name: the source's own name for it.
        serial: the individual.
        time_s: of the steps; negative where the first row is held so that drives settle [s].
        command: that is held over the step, in joint angles [rad] or what else the drives take.
        angle: of the joints at the step's begin, as measured [rad].
        speed: the same [rad/s].
        gain: position-gain register.
        voltage: supply [V]; 0 stands for the rated one.
        enabled: motor switched on.
        effort: measured, between its own samples; NaN where one is missing or the motion is not known [N*m].
        stamps_s: of the samples of the efforts [s].
        measured: those samples [N*m].
    """

    log_id: str
    name: str
    serial: str
    time_s: Float[np.ndarray, " step"]
    command: Steps
    angle: Steps
    speed: Steps
    gain: Steps
    voltage: Steps
    enabled: Bool[np.ndarray, "step drive"]
    effort: Steps
    stamps_s: Float[np.ndarray, " sample"]
    measured: Float[np.ndarray, "sample drive"]


def along_of(log: Log, robot: Robot, timestep: float, motion_hz: float = 0.0, settle_s: float = 0.5) -> Along:
    """Lay a log out on the grid.

    Args:
        log: with commands, joint_position and joint_effort; joint_velocity where it has one.
        robot: the design.
        timestep: of the physics [s].
        motion_hz: corner of the zero-phase low-pass on the motion [1/s]; 0 for none.
        settle_s: for which the first row is held before it [s].

    Raises:
        LogError: a signal is missing, or there is too little of it.
    """
    for name in (EFFORT, "joint_position"):
        if name not in log.signals:
            raise LogError(
                f"log {log.name}: no signal '{name}'; drives are followed along measured motion to measured "
                f"efforts; the log has {', '.join(sorted(log.signals))}"
            )
    stamps = _grid(log, robot, timestep)
    effort = log.signal(EFFORT)
    angle, speed, unknown = _motion(log, robot, stamps, timestep, motion_hz)
    measured = np.stack([interpolated(effort, d.joint, stamps) for d in robot.drives], 1)
    supply = [supply_of(log, drive, stamps) for drive in robot.drives]
    before = round(settle_s / timestep)
    begin = int(log.signal(robot.drives[0].command).stamp_ns[0])
    settled = lambda values: np.concatenate([np.repeat(values[:1], before, axis=0), values])  # noqa: E731
    still = np.zeros((before, len(robot.drives)))
    return Along(
        log_id=log.log_id,
        name=log.name,
        serial=log.serial,
        time_s=(stamps[0] - begin) * 1e-9 + timestep * (np.arange(before + len(stamps)) - before),
        command=settled(_commands(log, robot, stamps)),
        angle=settled(angle),
        speed=np.concatenate([still, speed]),
        gain=settled(np.stack([g for g, _, _ in supply], 1)),
        voltage=settled(np.stack([v for _, v, _ in supply], 1)),
        enabled=settled(np.stack([e for _, _, e in supply], 1) > 0.5),
        effort=np.concatenate([still * np.nan, np.where(unknown, np.nan, measured)]),
        stamps_s=(effort.stamp_ns - begin) * 1e-9,
        measured=np.stack([effort.column(drive.joint) for drive in robot.drives], 1),
    )


def _grid(log: Log, robot: Robot, timestep: float) -> np.ndarray:
    """Stamps of the steps [ns], where commands and motion are both known."""
    command, position = log.signal(robot.drives[0].command).stamp_ns, log.signal("joint_position").stamp_ns
    if not len(command) or not len(position):
        raise LogError(f"log {log.name}: no commands or no positions; expected both")
    first, last = max(int(command[0]), int(position[0])), int(position[-1])
    steps = int((last - first) * 1e-9 / timestep) + 1
    if steps < FEWEST:
        raise LogError(
            f"log {log.name}: commands and positions share {max((last - first) * 1e-9, 0.0):.3g} s; "
            f"expected at least {FEWEST * timestep:.3g} s"
        )
    return first + np.round(np.arange(steps) * timestep * 1e9).astype(np.int64)


def _commands(log: Log, robot: Robot, stamps: np.ndarray) -> Steps:
    """The last one at every step, in joint angles [rad] where it is one."""
    found = []
    for drive in robot.drives:
        values = held(log.signal(drive.command), drive.joint, stamps)
        if not np.isfinite(values).any():
            raise LogError(f"log {log.name}: '{drive.command}' of {drive.joint} holds no finite sample")
        values = np.where(np.isfinite(values), values, values[np.isfinite(values)][0])
        found.append(drive.command_scale.value * values + drive.command_offset.value)
    return np.stack(found, 1)


def _motion(
    log: Log, robot: Robot, stamps: np.ndarray, timestep: float, motion_hz: float
) -> tuple[Steps, Steps, Bool[np.ndarray, "step drive"]]:
    """Angles [rad], speeds [rad/s], and where they are not known and were bridged."""
    raw = np.stack([interpolated(log.signal("joint_position"), d.joint, stamps) for d in robot.drives], 1)
    unknown = ~np.isfinite(raw)
    if unknown.all(axis=0).any():
        joint = robot.drives[int(np.flatnonzero(unknown.all(axis=0))[0])].joint
        raise LogError(f"log {log.name}: 'joint_position' of {joint} holds no finite sample")
    angle = low_passed(_bridged(raw), motion_hz, timestep)
    if "joint_velocity" not in log.signals:
        return angle, np.gradient(angle, timestep, axis=0), unknown
    signal: Signal = log.signal("joint_velocity")
    speed = np.stack([interpolated(signal, d.joint, stamps) for d in robot.drives], 1)
    unknown |= ~np.isfinite(speed)
    if unknown.all(axis=0).any():
        return angle, np.gradient(angle, timestep, axis=0), ~np.isfinite(raw)
    return angle, low_passed(_bridged(speed), motion_hz, timestep), unknown


def _bridged(values: Steps) -> Steps:
    """Holes filled by straight lines."""
    out = values.copy()
    for column in out.T:
        bad = ~np.isfinite(column)
        if bad.any():
            column[bad] = np.interp(np.flatnonzero(bad), np.flatnonzero(~bad), column[~bad])
    return out


def low_passed(values: Steps, corner_hz: float, timestep: float) -> Steps:
    """Through a second-order Butterworth filter, forwards and backwards; as it is where that is no filter."""
    if corner_hz <= 0.0 or corner_hz >= 0.5 / timestep:
        return values
    sections = butter(2, corner_hz, fs=1.0 / timestep, output="sos")
    return np.ascontiguousarray(sosfiltfilt(sections, values, axis=0, padlen=min(12, len(values) - 1)))
