"""Who steps a simulator's worlds: drives that carry their bodies, or drives that push them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.actuators import Drives
from hybridsim.actuators.drive import DUTY, MOTOR
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.physics import kernel
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.carried import CarriedBodies
from hybridsim.robot import Robot
from hybridsim.simulator.carry import FINISHED, KEPT, TOUCHING, Mounting, Rows, run, weigh_all
from hybridsim.simulator.correction import Correction
from hybridsim.simulator.ground_contact import GroundContacts
from hybridsim.simulator.push import push

WorldDrive = Float[np.ndarray, "world drive"]
Fields = Float[np.ndarray, "field step world drive"]


@dataclass(frozen=True, kw_only=True)
class Carrying:
    """Motion coupling: bodies follow their drives' shafts."""

    drives: Drives
    correction: Correction
    mounting: Mounting
    body: CarriedBodies

    def hold(self, command: WorldDrive, steps: int) -> None:
        """Hold a command for some steps."""
        d, (worlds, drives) = self.drives, command.shape
        row = np.tile(np.arange(worlds), (steps, 1))
        rows = Rows(command, d.gain, d.voltage, d.enabled, row, np.full(worlds, steps))
        self.run(rows, np.zeros((len(KEPT), 0, worlds, drives)))

    def run(self, rows: Rows, kept: Fields) -> None:
        """Step until the rows end; worlds near the ground step in PyBullet in between."""
        arrays = (self.drives.arrays, self.correction.recall, self.mounting, self.body.arrays)
        step, outcome = run(*arrays, rows, kept, 0, False)
        while outcome != FINISHED:
            if outcome == TOUCHING:
                self.body.touch()
            self.body.require_finite()
            step, outcome = run(*arrays, rows, kept, step, True)

    def weigh(self) -> None:
        """Load and inertia that the bodies put on the drives now."""
        weigh_all(self.mounting, self.body.arrays)

    def angle(self) -> WorldDrive:
        """What ideal encoders would read, offset and residual included [rad]."""
        return self.analytic_angle() + self.correction.value

    def analytic_angle(self) -> WorldDrive:
        """The same without the residual [rad]."""
        return self.drives.shaft_angle + self.drives.parameters[..., ENCODER_OFFSET]

    def speed(self) -> WorldDrive:
        """Of the shafts [rad/s]."""
        return self.drives.shaft_speed


class Pushing:
    """Effort coupling: drives put efforts and friction on the joints of PyBullet's worlds."""

    def __init__(
        self,
        drives: Drives,
        correction: Correction,
        mounting: Mounting,
        body: BulletWorlds,
        ground: GroundContacts | None = None,
    ) -> None:
        self.drives, self.correction, self.mounting, self.body = drives, correction, mounting, body
        self.ground = ground
        self._arrays = drives.arrays
        self._effort, self._friction = np.zeros_like(body.joint_position), np.zeros_like(body.joint_position)
        self._all = np.ones(body.worlds, np.bool_)

    def hold(self, command: WorldDrive, steps: int) -> None:
        """Hold a command for some steps."""
        for _ in range(steps):
            self.step(command)

    def run(self, rows: Rows, kept: Fields) -> None:
        """Step until the rows end; worlds whose rows have ended go on, unread."""
        d = self.drives
        for k, row in enumerate(rows.row):
            d.gain[:], d.voltage[:], d.enabled[:] = rows.gain[row], rows.voltage[row], rows.enabled[row]
            command = rows.command[row]
            self.step(command)
            angle, load = self.angle(), self.mounting.load
            effort, share = d.state[..., MOTOR], d.state[..., DUTY]
            kept[:, k] = angle, angle, d.shaft_speed, load, command, self.correction.spread, effort, share

    def step(self, command: WorldDrive) -> None:
        """One timestep."""
        body, drives = self.body, self.drives
        effort, friction = self._effort, self._friction
        push(
            self._arrays,
            (drives.effort, drives.friction),
            self.correction.recall,
            self.mounting,
            (body.joint_position, body.joint_velocity, effort, friction),
            command,
            self._all,
            drives.timestep,
        )
        body.apply_effort(effort)
        body.apply_friction(friction)
        if self.ground is not None:
            self.ground.push()
        body.step()
        self.weigh()

    def weigh(self) -> None:
        """Load and inertia that the bodies put on the drives now; a floating base's are not known."""
        body, m = self.body, self.mounting
        if body.chain is None:
            return
        load = kernel.bias_effort(body.chain, body.joint_position, body.joint_velocity)
        matrix = kernel.mass_matrix(body.chain, body.joint_position)
        m.load[:] = self._of_drives(load)
        m.inertia[:] = np.diagonal(matrix, axis1=1, axis2=2)[:, m.order]

    def angle(self) -> WorldDrive:
        """What ideal encoders would read, offset included [rad]."""
        offset = self.drives.parameters[..., ENCODER_OFFSET]
        return self._of_drives(self.body.joint_position - self.mounting.zero) + offset

    def analytic_angle(self) -> WorldDrive:
        """The same: what a residual adds is an effort."""
        return self.angle()

    def speed(self) -> WorldDrive:
        """Of the joints [rad/s]."""
        return self._of_drives(self.body.joint_velocity)

    def _of_drives(self, values: np.ndarray) -> WorldDrive:
        """A body's array in the drives' order and signs."""
        return (values * self.mounting.sign)[:, self.mounting.order]


def stepping_of(
    robot: Robot,
    drives: Drives,
    correction: Correction,
    body: BulletWorlds | CarriedBodies,
    ground: GroundContacts | None = None,
) -> Carrying | Pushing:
    """What fits the bodies; `ground` is that of an identified law, for pushed ones."""
    shape = drives.effort.shape
    mounting = Mounting(
        order=np.array([robot.joint_names.index(drive.joint) for drive in robot.drives], np.int64),
        sign=np.array([joint.sign for joint in robot.joints], float),
        zero=np.array([joint.offset.value for joint in robot.joints]),
        load=np.zeros(shape),
        inertia=np.zeros(shape),
    )
    if isinstance(body, CarriedBodies):
        return Carrying(drives=drives, correction=correction, mounting=mounting, body=body)
    return Pushing(drives=drives, correction=correction, mounting=mounting, body=body, ground=ground)
