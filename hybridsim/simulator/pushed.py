"""Free runs of drives that push, along the measured motion, by the simulator's own kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from hybridsim.actuators import drive_matrix, loop_of, offered
from hybridsim.actuators.batch import LONGEST_DELAY, delay_commands, push_commands
from hybridsim.actuators.drive import ANGLE, JOINT_ANGLE, SPEED, STATES, TARGET, advance_effort
from hybridsim.actuators.loop import IMPEDANCE_LOOP, POSITION_LOOP
from hybridsim.actuators.parameters import ARMATURE, DELAY, ENCODER_OFFSET, STIFFNESS
from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.features import log_features
from hybridsim.networks.inference import Networks
from hybridsim.networks.stepped import steps_between
from hybridsim.parameters import Parameter
from hybridsim.robot import Robot
from hybridsim.simulator.along import Along, Steps
from hybridsim.simulator.residual import inputs_given, inputs_of, stack_inputs

READING = "reading."
"""Beginning of the names of what logs say and worlds do not; only calibrations of pushing drives have it."""
OFFSET = "effort_offset"
MOTION_HZ = f"{READING}motion_hz"
DELAYS = np.arange(0.0, 0.0601, 0.0025)
"""Among which the best pure delay is looked for; chosen, because no drive that walks answers later [s]."""
BROKEN = 1e6
"""Effort that stands for one that is not finite [N*m]."""


class MotionPath(NamedTuple):
    """One drive along many logs, steps of all logs one after the other; a tuple, so that numba reads it."""

    first: np.ndarray
    """[log + 1] step at which each log starts, and the end."""
    time: np.ndarray
    """[step] [s]."""
    command: np.ndarray
    """[step] in joint angle [rad], or what else the drive takes."""
    angle: np.ndarray
    """[step] as measured [rad]."""
    speed: np.ndarray
    """[step] [rad/s]."""
    gain: np.ndarray
    voltage: np.ndarray
    enabled: np.ndarray


class Pushed(NamedTuple):
    """What drives did along one log, [step drive] each."""

    effort: Steps
    """On the joints, without networks [N*m]."""
    shaft: Steps
    """Angle of the shafts as their encoders read it [rad]."""
    speed: Steps
    """Of the shafts [rad/s]."""


def offered_readings(robot: Robot) -> list[Parameter]:
    """What measured efforts read where drives give none, `reading.<joint>.effort_offset`."""
    return [
        Parameter(
            name=f"{READING}{drive.joint}.{OFFSET}",
            value=0.0,
            unit="N*m",
            low=-0.1 * drive.stall_effort.value,
            high=0.1 * drive.stall_effort.value,
            source=f"robots/{robot.name}; measured effort where the drive gives none; not in the simulator",
        )
        for drive in robot.drives
    ]


def motion_hz_read(corner: float) -> Parameter:
    """The low-pass on the measured motion under which drives were found, as a calibration keeps it."""
    return Parameter(
        name=MOTION_HZ,
        value=corner,
        unit="Hz",
        low=0.0,
        high=1e9,
        identifiable=False,
        source="study: corner of the zero-phase low-pass on the measured motion; 0 for none",
    )


def best_pushed_delays(robot: Robot, logs: Sequence[Along], timestep: float) -> Float[np.ndarray, " drive"]:
    """The delay of every ideal drive with the least mean absolute error over the logs [s]."""
    values = {p.name: p.value for p in offered(robot)}
    matrix = drive_matrix([drive.joint for drive in robot.drives], values)
    best = np.zeros(len(robot.drives))
    for d, drive in enumerate(robot.drives):
        path, measured = motion_path(logs, d), np.concatenate([log.effort[:, d] for log in logs])
        errors = []
        for delay in DELAYS:
            matrix[d, DELAY] = delay
            errors.append(
                np.nanmean(np.abs(run_path(matrix[d], loop_of(drive), path, timestep)[0] - measured))
            )
        best[d] = DELAYS[int(np.argmin(errors))]
    return best


def reads_offsets(names: Mapping[str, object]) -> bool:
    """Whether parameters of these names are those of pushing drives found along the measured motion."""
    return any(name.startswith(READING) for name in names)


def offsets_of(robot: Robot, values: Mapping[str, float]) -> Float[np.ndarray, " drive"]:
    """What each drive's measured effort reads too much [N*m]."""
    return np.array([values.get(f"{READING}{drive.joint}.{OFFSET}", 0.0) for drive in robot.drives])


def motion_path(logs: Sequence[Along], drive: int) -> MotionPath:
    """One drive along logs."""
    column = lambda name: np.concatenate([getattr(log, name)[:, drive] for log in logs])  # noqa: E731
    return MotionPath(
        first=np.concatenate([[0], np.cumsum([len(log.time_s) for log in logs])]),
        time=np.concatenate([log.time_s for log in logs]),
        command=column("command"),
        angle=column("angle"),
        speed=column("speed"),
        gain=column("gain"),
        voltage=column("voltage"),
        enabled=column("enabled"),
    )


@njit(cache=True, nogil=True)
def push_along(
    p: np.ndarray,
    mode: int,
    path: MotionPath,
    timestep: float,
    effort: np.ndarray,
    shaft: np.ndarray,
    speed: np.ndarray,
) -> None:
    """Run one drive freely along every log, reset at each one's begin; as `simulator.push` steps it.

    Args:
        p: its parameters.
        mode: which loop the command closes.
        path: the logs.
        timestep: [s].
        effort: [step] on the joint from the step's begin on, written [N*m]. That of the spring where there is
            one, so that friction before it is in it, as a torque sensor sees it; else the motor's own, and
            friction is not in it, as a current tells it. The simulator calls the same `joint_effort`.
        shaft: [step] its angle after the step, as its encoder reads it, written [rad].
        speed: [step] the same of its speed, written [rad/s].
    """
    parameters = p.reshape(1, 1, len(p))
    length = int(max(p[DELAY], LONGEST_DELAY) / timestep) + 3
    past, command, delayed = np.zeros((1, 1, length)), np.zeros((1, 1)), np.zeros((1, 1))
    head, s = np.full(1, -1), np.zeros(STATES)
    for log in range(len(path.first) - 1):
        start = path.first[log]
        head[0], s[:] = -1, 0.0
        if mode in (POSITION_LOOP, IMPEDANCE_LOOP):
            s[TARGET] = path.angle[start]
        s[ANGLE] = s[JOINT_ANGLE] = path.angle[start] - p[ENCODER_OFFSET]
        for k in range(start, path.first[log + 1]):
            command[0, 0] = path.command[k]
            push_commands(past, head, command)
            delay_commands(past, head, parameters, timestep, delayed)
            inputs = (delayed[0, 0], path.gain[k], path.voltage[k], path.enabled[k])
            body = (path.angle[k] - p[ENCODER_OFFSET], path.speed[k], 0.0, 0.0)
            effort[k], _ = advance_effort(p, s, mode, inputs, body, timestep)
            shaft[k], speed[k] = s[ANGLE] + p[ENCODER_OFFSET], s[SPEED]


def run_path(p: np.ndarray, mode: int, path: MotionPath, timestep: float) -> Float[np.ndarray, "3 step"]:
    """Effort [N*m], shaft angle [rad] and speed [rad/s] of one drive; finite whatever its parameters."""
    out = np.empty((3, len(path.time)))
    push_along(p, mode, path, timestep, out[0], out[1], out[2])
    if stiff(p, timestep) or not np.isfinite(out).all():
        out[:] = np.clip(np.nan_to_num(out, nan=BROKEN, posinf=BROKEN, neginf=-BROKEN), -BROKEN, BROKEN)
    return out


def stiff(p: np.ndarray, timestep: float) -> bool:
    """Whether the spring would shake its own shaft apart, see `Drives`."""
    return bool(p[STIFFNESS] > 0.0 and p[STIFFNESS] * timestep**2 >= 4.0 * p[ARMATURE])


def run_drives(robot: Robot, values: Mapping[str, float], log: Along, timestep: float) -> Pushed:
    """All drives along one log, networks left out."""
    matrix = drive_matrix([drive.joint for drive in robot.drives], values)
    runs = [
        run_path(matrix[d], loop_of(drive), motion_path([log], d), timestep)
        for d, drive in enumerate(robot.drives)
    ]
    return Pushed(*np.stack(runs, axis=2))


def features_at(
    spec: NetworkSpec, robot: Robot, log: Along, run: Pushed, rows: Int[np.ndarray, " row"]
) -> Float[np.ndarray, "row drive feature"]:
    """What networks of a spec see after some evenly spaced steps, as `recall.look` lays it out."""
    inputs, command = inputs_of(robot), log.command[rows]
    before = np.concatenate([command[:1], command[:-1]])
    period = float(log.time_s[rows[1]] - log.time_s[rows[0]]) if len(rows) > 1 else spec.sample_period
    values = stack_inputs(command, before, run.shaft[rows], run.speed[rows], run.effort[rows], period)
    if inputs[0][0] != "error":
        values[..., 0] = command
    return log_features(spec, values, inputs=inputs_given(inputs), period=period)


def rows_seen(steps: int, every: int) -> Int[np.ndarray, " row"]:
    """Steps after which networks run."""
    return np.arange(every - 1, steps, every)


def corrections(
    networks: Networks, robot: Robot, log: Along, run: Pushed, timestep: float
) -> tuple[Steps, Steps]:
    """What networks add to the effort of every step, and their spread [N*m]; held from run to run."""
    every = steps_between(networks, timestep)
    rows = rows_seen(len(log.time_s), every)
    mean, spread = networks.evaluate(features_at(networks.contract, robot, log, run, rows))
    held = np.searchsorted(rows, np.arange(len(log.time_s)), side="right") - 1
    known = (held >= 0)[:, None]
    return np.where(known, mean[held], 0.0), np.where(known, np.nan_to_num(spread)[held], 0.0)
