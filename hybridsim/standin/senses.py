"""What a stand-in's sensors say: late, biased and noisy."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from hybridsim.standin.body import FRAME, Body
from hybridsim.standin.draw import SensorDraw

Signals = dict[str, Float[np.ndarray, "1 _column"]]
WANDER_RATIO = 0.7
"""Between the periods of the two axes' wander; chosen, so that they do not repeat together."""
ORIENTATION_NOISE = 3e-4
"""Of each axis of the estimated orientation [rad]; chosen, as a filter over gyro and accelerometer leaves."""


class Senses:
    """All sensors of one body. Every look draws new noise."""

    def __init__(self, drawn: SensorDraw, body: Body) -> None:
        """Sensors that look at a body; `reset` comes before the first look."""
        self._drawn, self._body = drawn, body
        self._random, self._touching = np.random.default_rng(), np.zeros(4, bool)

    def reset(self, random: np.random.Generator) -> None:
        """Forget what touched, and take noise from here on."""
        self._random, self._touching = random, np.zeros(4, bool)

    def look(self) -> Signals:
        """Every signal now, by the names and in the frames of `HybridSim.observe`, one row for the one world.

        joint_position, joint_velocity and joint_effort have a column a joint, contact one a foot; the IMU's
        are in its own frame; base_orientation (world from body, xyzw) is an estimate; supply_voltage is the
        drives'.
        """
        found = self._joints() | self._imu()
        found["base_orientation"] = self._orientation()
        found["contact"] = self._contact()
        volts = self._body.seen(self._drawn.joint_delay)[FRAME.voltage]
        found["supply_voltage"] = volts + self._noise(self._drawn.voltage_noise, 1)
        return {name: values[None] for name, values in found.items()}

    def _noise(self, deviation: float, columns: int) -> Float[np.ndarray, " _column"]:
        return self._random.normal(0.0, deviation, columns)

    def _joints(self) -> dict[str, np.ndarray]:
        drawn = self._drawn
        frame = self._body.seen(drawn.joint_delay)
        read = drawn.effort_gain * frame[FRAME.effort] + drawn.effort_offset
        return {
            "joint_position": frame[FRAME.position]
            + drawn.encoder_offset
            + self._noise(drawn.encoder_noise, 12),
            "joint_velocity": frame[FRAME.velocity] + self._noise(drawn.velocity_noise, 12),
            "joint_effort": read + self._noise(drawn.effort_noise, 12),
        }

    def _imu(self) -> dict[str, np.ndarray]:
        drawn = self._drawn
        frame = self._body.seen(drawn.imu_delay)
        turn = frame[FRAME.gyro] + drawn.gyro_bias + self._noise(drawn.gyro_noise, 3)
        force = frame[FRAME.acceleration] + drawn.acceleration_bias
        return {
            "imu_angular_velocity": turn,
            "imu_linear_acceleration": force + self._noise(drawn.acceleration_noise, 3),
        }

    def _orientation(self) -> Float[np.ndarray, "4"]:
        """The true one, turned in the world by a tilt that is off and wanders and a heading that drifts."""
        drawn, time = self._drawn, self._body.time
        phase = 2.0 * np.pi * time / drawn.wander_period
        swing = np.sin([phase, phase / WANDER_RATIO])
        error = np.append(drawn.tilt_offset + drawn.tilt_wander * swing, drawn.yaw_drift * time)
        true = Rotation.from_quat(np.roll(self._body.seen(drawn.orientation_delay)[FRAME.orientation], -1))
        read = Rotation.from_rotvec(error + self._noise(ORIENTATION_NOISE, 3)) * true
        return read.as_quat(canonical=True)

    def _contact(self) -> Float[np.ndarray, "4"]:
        """1 from a load on that is clearly one, until it is clearly none."""
        load = self._body.seen(self._drawn.contact_delay)[FRAME.load]
        level = np.where(self._touching, self._drawn.touch_off, self._drawn.touch_on)
        self._touching = load > level
        return self._touching.astype(float)
