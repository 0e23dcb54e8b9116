"""The synthetic stand-in for a real arm: full rigid-body dynamics under its drives' torques.

It shares the URDF with the simulator that is calibrated, but neither its equations nor its time step: here
drives push on the joints of PyBullet's bodies (effort coupling, friction solved together with the coupled
dynamics, cogging on top), there each drive integrates its own shaft and the body follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.actuators import drive_defaults
from hybridsim.demo.planted import Truth
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision, with_limits
from hybridsim.robot import Robot
from hybridsim.simulator.body import body_of

WorldJoint = Float[np.ndarray, "world joint"]
PerJoint = Float[np.ndarray, " joint"]
SETTLING = 0.5
"""How long the arm hangs in its first command before a recording starts [s]."""


@dataclass(frozen=True, kw_only=True)
class HiddenDrives:
    """The drives as they are; units as in `hybridsim.actuators.parameters`, one entry a joint."""

    delay: PerJoint
    position_gain: PerJoint
    stall_effort: PerJoint
    back_emf: PerJoint
    armature: PerJoint
    output_coulomb: PerJoint
    gear_loss_drive: PerJoint
    gear_loss_back: PerJoint
    command_offset: PerJoint
    resolution: PerJoint
    cogging: PerJoint
    waves: int

    @classmethod
    def of(cls, robot: Robot, truth: Truth) -> HiddenDrives:
        """What the truth plants, and for the rest what study.toml and robot.toml state."""
        values = truth.values()
        columns = {}
        for name in cls.__dataclass_fields__.keys() - {"resolution", "cogging", "waves"}:
            stated = [{**drive_defaults(drive), **truth.stated}[name] for drive in robot.drives]
            hidden = [values.get(f"drive.{drive.joint}.{name}") for drive in robot.drives]
            columns[name] = np.array([s if h is None else h for s, h in zip(stated, hidden, strict=True)])
        return cls(
            resolution=np.array([encoder.resolution.value for encoder in robot.encoders]),
            cogging=np.array([truth.cogging[drive.joint] for drive in robot.drives]),
            waves=truth.waves,
            **columns,
        )

    def counted(self, angle: WorldJoint) -> WorldJoint:
        """The nearest whole count of the encoders [rad]."""
        return np.round(angle / self.resolution) * self.resolution

    def motor(self, sent: WorldJoint, angle: WorldJoint, speed: WorldJoint) -> WorldJoint:
        """Effort of the motors for commands that have arrived, damping by back-EMF included [N*m]."""
        error = sent + self.command_offset - self.counted(angle)
        return self.stall_effort * np.clip(self.position_gain * error, -1.0, 1.0) - self.back_emf * speed

    def cogged(self, angle: WorldJoint) -> WorldJoint:
        """Effort of the cogging on the joints [N*m]."""
        return self.cogging * np.sin(self.waves * angle)

    def friction(
        self, motor: WorldJoint, load: WorldJoint, speed: WorldJoint, acceleration: WorldJoint
    ) -> WorldJoint:
        """Largest friction effort on each joint [N*m]: dry, and a share of what goes through the gears.

        The share depends on who drives: the motor, where the effort through the gears goes with the motion.
        """
        through = motor - self.armature * acceleration
        going = np.where(speed != 0.0, np.sign(speed), np.sign(motor - load))
        lost = np.where(going * through > 0.0, self.gear_loss_drive, self.gear_loss_back)
        return self.output_coulomb + lost * np.abs(through)


def swing(
    robot: Robot,
    truth: Truth,
    time: Float[np.ndarray, "world time"],
    command: Float[np.ndarray, "world time joint"],
    timestep: float,
) -> tuple[Float[np.ndarray, " step"], Float[np.ndarray, "step world joint"]]:
    """Let synthetic arms follow commands, one world each; a joint's URDF angle is its joint angle.

    Args:
        robot: the design.
        truth: what is hidden.
        time: when each command was sent [s].
        command: held until the next one [rad].
        timestep: of the rigid bodies and the drives [s].

    Returns:
        Times [s] and true angles [rad], every timestep from time 0 on.
    """
    drives = HiddenDrives.of(robot, truth)
    times = np.arange(-SETTLING, time.max() + timestep, timestep)
    sent = arrived(time, command, times + 0.5 * timestep, drives.delay)
    angles = np.empty_like(sent)
    model = with_collision(with_limits(body_of(robot, truth.values(), {}), False), False)
    settings = WorldSettings(timestep=timestep, armature=tuple(drives.armature.tolist()))
    joints = [joint.urdf_joint for joint in robot.joints]
    with BulletWorlds(model, joints, len(time), settings) as worlds:
        worlds.reset(None, command[:, 0])
        acceleration = np.zeros_like(angles[0])
        for k, now in enumerate(sent):
            angle, speed = worlds.joint_position, worlds.joint_velocity.copy()
            angles[k] = angle
            motor, load = drives.motor(now, angle, speed), worlds.bias_effort(angle, speed)
            worlds.apply_effort(motor + drives.cogged(angle))
            worlds.apply_friction(drives.friction(motor, load, speed, acceleration))
            worlds.step()
            acceleration = (worlds.joint_velocity - speed) / timestep
    start = round(SETTLING / timestep)
    return times[start:], angles[start:]


def arrived(
    time: Float[np.ndarray, "world time"],
    command: Float[np.ndarray, "world time joint"],
    at: Float[np.ndarray, " step"],
    delay: PerJoint,
) -> Float[np.ndarray, "step world joint"]:
    """The command that has arrived at each moment, the first one before any has [rad]."""
    worlds, _, joints = command.shape
    out = np.empty((len(at), worlds, joints))
    for world in range(worlds):
        for joint in range(joints):
            row = np.searchsorted(time[world], at - delay[joint], side="right") - 1
            out[:, world, joint] = command[world, np.maximum(row, 0), joint]
    return out
