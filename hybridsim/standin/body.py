"""A stand-in's body, drives and battery, as they truly are: nothing here errs."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's names come from a compiled module without types.
from __future__ import annotations

from typing import NamedTuple

import mujoco
import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from hybridsim.standin.draw import Hidden, PerJoint
from hybridsim.standin.drives import Drives, power
from hybridsim.standin.model import HANGS, compile_model, design, individual, stated

TIMESTEP = 0.0005
"""[s]. Chosen: a shank on its spring swings at some 30 Hz, which 1 ms would follow as well, but samples at
400 Hz want whole steps between them. Error: 1.4 mrad in 2 s of jumps, tests/standin/test_drives.py."""
MEMORY = 16
"""Past frames that sensors can look back at; 8 ms."""


class Frame(NamedTuple):
    """Which columns of a frame are what."""

    position: slice = slice(0, 12)
    velocity: slice = slice(12, 24)
    gyro: slice = slice(24, 27)
    acceleration: slice = slice(27, 30)
    orientation: slice = slice(30, 34)  # of the base, world from body, w first
    load: slice = slice(34, 38)
    effort: slice = slice(38, 50)
    voltage: slice = slice(50, 51)


FRAME = Frame()
WIDTH = 51


class Body:
    """One individual over flat ground, or hanging in a crane."""

    def __init__(self, hidden: Hidden, *, hung: bool, timestep: float = TIMESTEP) -> None:
        """Built and lying about; `reset` comes before the first step."""
        body = hidden.body
        self._model = compile_model(
            individual(stated(), body),
            timestep=timestep,
            hung=hung,
            friction=body.friction,
            softness=body.softness,
        )
        self._data, self._battery, self.hung = mujoco.MjData(self._model), hidden.battery, hung
        self.drives = Drives(hidden.drives, hidden.sensors.encoder_offset, timestep)
        first = 0 if hung else 1
        names = [self._model.joint(k).name for k in range(first, self._model.njnt)]
        assert names == [joint.urdf_joint for joint in design().joints], "MuJoCo's joints in another order"
        self._position = self._data.qpos[-len(names) :]  # views, which MuJoCo writes through
        self._velocity = self._data.qvel[-len(names) :]
        self._effort = self._data.qfrc_applied[-len(names) :]
        self._frames = np.zeros((MEMORY, WIDTH))
        self.timestep, self._steps, self._open, self.voltage = timestep, 0, 0.0, 0.0

    @property
    def time(self) -> float:
        """Since the reset [s]."""
        return self._steps * self.timestep

    def reset(
        self, posture: PerJoint, target: PerJoint, *, height: float, heading: float, open_voltage: float
    ) -> None:
        """Put the robot somewhere at rest.

        Args:
            posture: of the joints [rad].
            target: that the drives have held for long [rad].
            height: of the base's origin; a crane has its own [m].
            heading: of the base [rad].
            open_voltage: of the battery without a load [V].
        """
        mujoco.mj_resetData(self._model, self._data)
        if not self.hung:
            half = 0.5 * heading
            self._data.qpos[:7] = [0.0, 0.0, height, np.cos(half), 0.0, 0.0, np.sin(half)]
        self._position[:] = posture
        self.drives.reset(target, posture)
        self._steps, self._open, self.voltage = 0, open_voltage, open_voltage
        mujoco.mj_forward(self._model, self._data)
        self._frames[:] = self._frame(np.zeros_like(posture))

    def step(self, target: PerJoint, steps: int) -> None:
        """Move on by some time steps under one target [rad]."""
        for _ in range(steps):
            self._effort[:] = effort = self.drives.step(target, self._position, self._velocity, self.voltage)
            mujoco.mj_step(self._model, self._data)
            self._steps += 1
            # MuJoCo's sensors are those of before the step: the newest frame is a step old.
            self._frames[self._steps % MEMORY] = self._frame(effort)
            drawn = power(self.drives.motor, self.drives.speed, self._battery.copper_loss)
            current = (drawn + self._battery.idle_power) / self.voltage
            self.voltage = self._open - self._battery.resistance * current

    def _frame(self, effort: PerJoint) -> Float[np.ndarray, " column"]:
        return np.concatenate([self._data.sensordata, effort, [self.voltage]])

    def seen(self, ago: float) -> Float[np.ndarray, " column"]:
        """The frame of so long ago [s], as columns of `FRAME`."""
        back = round(ago / self.timestep)
        assert 0 <= back < MEMORY, "sensors look back further than frames are kept"
        return self._frames[(self._steps - back) % MEMORY]

    @property
    def base_height(self) -> float:
        """Of the base's origin [m]."""
        return HANGS if self.hung else float(self._data.qpos[2])

    @property
    def rotation(self) -> Rotation:
        """Of the base, world from body."""
        return Rotation.from_quat(np.roll(self.seen(0.0)[FRAME.orientation], -1))

    @property
    def base_velocity(self) -> Float[np.ndarray, "2 3"]:
        """Of the base's origin in the world [m/s], and its turning in its own axes [rad/s]."""
        return np.zeros((2, 3)) if self.hung else self._data.qvel[:6].reshape(2, 3).copy()

    @property
    def load(self) -> Float[np.ndarray, "4"]:
        """Normal force of every foot [N]."""
        return self.seen(0.0)[FRAME.load]

    @property
    def weight(self) -> float:
        """Of the whole robot [N]."""
        return float(self._model.body_mass.sum() * -self._model.opt.gravity[2])
