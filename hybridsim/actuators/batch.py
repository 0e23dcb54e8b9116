"""All drives of all worlds, advanced by one call a physics step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from hybridsim.actuators.drive import advance, advance_effort
from hybridsim.actuators.loop import IMPEDANCE_LOOP, POSITION_LOOP
from hybridsim.actuators.parameters import (
    ARMATURE,
    DELAY,
    ENCODER_OFFSET,
    ENCODER_RESOLUTION,
    NAMES,
    STIFFNESS,
)
from hybridsim.actuators.state import ANGLE, JOINT_ANGLE, SPEED, STATES, TARGET
from hybridsim.errors import SimulationError

WorldJoint = Float[np.ndarray, "world joint"]
LONGEST_DELAY = 0.1
"""For which there is room whatever the drives' own [s]; chosen, so that drives can be changed later."""


class DriveArrays(NamedTuple):
    """What compiled loops step: the very arrays of `Drives`, not copies."""

    parameters: np.ndarray
    """[world joint parameter]."""
    modes: np.ndarray
    """[joint]."""
    state: np.ndarray
    """[world joint state]."""
    past: np.ndarray
    """[world joint slot] ring of commands."""
    head: np.ndarray
    """[world] newest slot, -1 after a reset."""
    delayed: np.ndarray
    """[world joint]."""
    gain: np.ndarray
    voltage: np.ndarray
    enabled: np.ndarray


class Drives:
    """State and step of every drive; arrays are [world, joint], angles in rad at the joint, efforts in N*m.

    Args:
        parameters: one row a joint, or one a world and joint; columns as DRIVE_PARAMETERS.
        modes: per joint POSITION_LOOP, VELOCITY_LOOP, EFFORT_LOOP or IMPEDANCE_LOOP.
        motion: per joint, True for motion coupling.
        worlds: how many.
        timestep: of one step [s].

    Raises:
        SimulationError: columns are missing, or a spring is too stiff for the timestep.
    """

    def __init__(
        self,
        parameters: Float[np.ndarray, "*world joint parameter"],
        modes: Sequence[int],
        motion: Sequence[bool],
        worlds: int,
        timestep: float,
    ) -> None:
        if parameters.shape[-1] != len(NAMES):
            raise SimulationError(
                f"drives: {parameters.shape[-1]} parameters a joint; expected {len(NAMES)}:"
                f" {', '.join(NAMES)}"
            )
        shape = (worlds, len(modes), len(NAMES))
        self.parameters = np.broadcast_to(parameters, shape).copy()
        self.modes = np.array(modes, dtype=np.int64)
        self.motion = np.array(motion, dtype=bool)
        self.timestep = timestep
        self.state = np.zeros((*shape[:2], STATES))
        self.effort = np.zeros(shape[:2])
        self.friction = np.zeros(shape[:2])
        self.gain = np.ones(shape[:2])
        self.voltage = np.zeros(shape[:2])
        self.enabled = np.ones(shape[:2], dtype=bool)
        steps = math.ceil(self.parameters[..., DELAY].max(initial=LONGEST_DELAY) / timestep) + 2
        self._past = np.zeros((*shape[:2], steps))
        self._delayed = np.zeros(shape[:2])
        self._head = np.full(worlds, -1, dtype=np.int64)
        self._check_springs()

    @property
    def shaft_angle(self) -> WorldJoint:
        """Shaft angle; the joint's where nothing gives [rad]."""
        return self.state[..., ANGLE]

    @property
    def shaft_speed(self) -> WorldJoint:
        """Shaft speed; the joint's where nothing gives [rad/s]."""
        return self.state[..., SPEED]

    @property
    def joint_angle(self) -> WorldJoint:
        """Where motion coupling wants the body's joints [rad]."""
        return self.state[..., JOINT_ANGLE]

    @property
    def delayed_command(self) -> WorldJoint:
        """The command that the drives acted on in the last step [the command's unit]."""
        return self._delayed

    @property
    def arrays(self) -> DriveArrays:
        """For compiled loops."""
        return DriveArrays(
            self.parameters,
            self.modes,
            self.state,
            self._past,
            self._head,
            self._delayed,
            self.gain,
            self.voltage,
            self.enabled,
        )

    def measured(self, angle: WorldJoint) -> WorldJoint:
        """What the encoders report for these shaft angles [rad]: offset added, quantised."""
        return self.counted(angle + self.parameters[..., ENCODER_OFFSET])

    def counted(self, angle: WorldJoint) -> WorldJoint:
        """The same without the offset: in whole counts where the encoder counts [rad]."""
        resolution = self.parameters[..., ENCODER_RESOLUTION]
        if not resolution.any():
            return angle
        step = np.where(resolution > 0, resolution, 1.0)
        return np.where(resolution > 0, np.floor(angle / step + 0.5) * step, angle)

    def change(
        self, worlds: Int[np.ndarray, " some"], parameters: Float[np.ndarray, "some joint parameter"]
    ) -> None:
        """Give some worlds other drives; reset those worlds before they step.

        Raises:
            SimulationError: a delay is longer than there is room for, or a spring is too stiff.
        """
        longest, room = parameters[..., DELAY].max(initial=0.0), (self._past.shape[2] - 2) * self.timestep
        if longest > room:
            raise SimulationError(f"drives: a delay of {longest:.3g} s; expected at most {room:.3g} s here")
        self.parameters[worlds] = parameters
        self._check_springs()

    def reset(
        self,
        worlds: Int[np.ndarray, " some"],
        measured: Float[np.ndarray, "some joint"],
        told: Float[np.ndarray, "some joint"] | None = None,
    ) -> None:
        """Put the shafts of some worlds at rest at these measured angles; nothing else of the past remains.

        Gains go back to 1, voltages to the rated ones, and every motor is switched on.

        Args:
            worlds: which.
            measured: angles [rad].
            told: command of all the time before, which drives go on with as long as they are late; None for
                the one to come.
        """
        angle = measured - self.parameters[worlds, :, ENCODER_OFFSET]
        self.state[worlds] = 0.0
        self.state[worlds, :, ANGLE] = angle
        self.state[worlds, :, TARGET] = np.where(
            np.isin(self.modes, (POSITION_LOOP, IMPEDANCE_LOOP)), measured, 0.0
        )
        self.state[worlds, :, JOINT_ANGLE] = angle
        for output in (self.effort, self.friction, self._delayed):
            output[worlds] = 0.0
        self._head[worlds] = -1 if told is None else 0
        if told is not None:
            self._past[worlds] = told[:, :, None]
            self.state[worlds, :, TARGET] = told
        self.gain[worlds] = 1.0
        self.voltage[worlds] = 0.0
        self.enabled[worlds] = True

    def step(
        self,
        command: WorldJoint,
        angle: WorldJoint,
        speed: WorldJoint,
        load: WorldJoint,
        load_inertia: WorldJoint,
    ) -> None:
        """Advance all drives by one timestep.

        Motion coupling moves `joint_angle`, effort coupling sets `effort` and `friction`.

        Args:
            command: sent at this step; each drive acts on it after its delay.
            angle: of the joints [rad], read by effort-coupled drives.
            speed: of the joints [rad/s].
            load: effort that the rigid body asks for [N*m].
            load_inertia: of the rigid body about each joint [kg*m^2].
        """
        push_commands(self._past, self._head, command)
        delay_commands(self._past, self._head, self.parameters, self.timestep, self._delayed)
        advance_all(
            (self.parameters, self.modes, self.motion, self.state),
            (self._delayed, self.gain, self.voltage, self.enabled),
            (angle, speed, load, load_inertia),
            (self.effort, self.friction),
            self.timestep,
        )

    def _check_springs(self) -> None:
        """Refuse a spring that would shake its own shaft apart at this timestep."""
        p = self.parameters
        slowest = 2.0 * np.sqrt(p[..., ARMATURE] / np.maximum(p[..., STIFFNESS], 1e-300))
        bad = ~self.motion & (p[..., STIFFNESS] > 0.0) & (slowest <= self.timestep)
        if bad.any():
            world, joint = np.argwhere(bad)[0]
            raise SimulationError(
                f"drive {joint}: stiffness {p[world, joint, STIFFNESS]:.6g} N*m/rad with armature"
                f" {p[world, joint, ARMATURE]:.6g} kg*m^2 at timestep {self.timestep:.6g} s;"
                f" expected a timestep below {slowest[world, joint]:.3g} s"
            )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def push_commands(past: np.ndarray, head: np.ndarray, command: np.ndarray) -> None:
    """Write a command into each world's ring; the first after a reset fills the ring."""
    worlds, joints, length = past.shape
    for w in range(worlds):
        fresh = head[w] < 0
        head[w] = 0 if fresh else (head[w] + 1) % length
        for j in range(joints):
            if fresh:
                past[w, j, :] = command[w, j]
            else:
                past[w, j, head[w]] = command[w, j]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def delay_commands(
    past: np.ndarray, head: np.ndarray, parameters: np.ndarray, timestep: float, out: np.ndarray
) -> None:
    """The command of `delay` ago; between two steps a blend, the mean of the held command over the step."""
    worlds, joints, length = past.shape
    for w in range(worlds):
        for j in range(joints):
            steps = parameters[w, j, DELAY] / timestep
            whole = int(steps)
            share = steps - whole
            newer = past[w, j, (head[w] - whole) % length]
            older = past[w, j, (head[w] - whole - 1) % length]
            out[w, j] = newer + share * (older - newer)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def advance_all(
    drives: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    inputs: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    body: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    outputs: tuple[np.ndarray, np.ndarray],
    h: float,
) -> None:
    """Advance every drive of every world by h."""
    parameters, modes, motion, state = drives
    command, gain, voltage, enabled = inputs
    angle, speed, load, inertia = body
    effort, friction = outputs
    for w in range(state.shape[0]):
        for j in range(state.shape[1]):
            p, s = parameters[w, j], state[w, j]
            if motion[j]:
                advance(
                    p,
                    s,
                    modes[j],
                    command[w, j],
                    gain[w, j],
                    voltage[w, j],
                    enabled[w, j],
                    load[w, j],
                    inertia[w, j],
                    h,
                )
                continue
            effort[w, j], friction[w, j] = advance_effort(
                p,
                s,
                modes[j],
                (command[w, j], gain[w, j], voltage[w, j], enabled[w, j]),
                (angle[w, j], speed[w, j], load[w, j], inertia[w, j]),
                h,
            )
