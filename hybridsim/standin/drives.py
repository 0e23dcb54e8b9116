"""Twelve series-elastic drives: position targets in, torque of the springs on the joints out.

What happens to a target, in this order:

    delay       the drive hears of it a fixed time after it was sent, and holds it until the next
    loop        wanted = k (target - position) - d velocity, on the joint as the drive's own encoder reads it
    lag         the motor's torque follows what is wanted with one time constant
    limits      the drive's own limit; and what the battery allows at the motor's speed
    rotor       torque turns the rotor against dry and viscous friction of the gears
    spring      between rotor and joint; its torque is all that the joint feels
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.standin.draw import RATED_VOLTAGE, DriveDraw, PerJoint


class Drives:
    """All drives of a robot at one moment; `step` moves them on by one time step.

    The rotor is integrated by the semi-implicit Euler method. Its friction is solved for exactly, so that it
    sticks instead of chattering: friction takes at most the whole speed.
    """

    def __init__(self, drawn: DriveDraw, encoder_offset: PerJoint, timestep: float) -> None:
        """Drives at rest; `reset` comes before the first step.

        Args:
            drawn: what they are made of.
            encoder_offset: of the zeros of their encoders [rad].
            timestep: [s].
        """
        self._drawn, self._offset, self._timestep = drawn, encoder_offset, timestep
        self._wait = np.round(drawn.delay / timestep).astype(np.int64)
        self._sent = np.zeros((int(self._wait.max()) + 1, len(self._wait)))
        self._columns, self._now = np.arange(len(self._wait)), 0
        self._follow = -np.expm1(-timestep / drawn.lag)
        self._per_inertia = timestep / drawn.rotor_inertia
        self._slowed = 1.0 / (1.0 + self._per_inertia * drawn.viscous)
        self._slope = drawn.stall_torque / drawn.no_load_speed
        self._stall = drawn.stall_torque / RATED_VOLTAGE
        self.motor, self.angle, self.speed = np.zeros((3, len(self._wait)))
        """Torque of the motors [N*m], and the rotors behind the springs [rad, rad/s]; all at the joint."""

    def reset(self, target: PerJoint, position: PerJoint) -> None:
        """At rest with loose springs; the target has been there for long."""
        self._sent[:] = target
        self._now = 0
        self.motor, self.speed, self.angle = np.zeros_like(position), np.zeros_like(position), position.copy()

    def step(self, target: PerJoint, position: PerJoint, velocity: PerJoint, voltage: float) -> PerJoint:
        """Torque on the joints now [N*m]; then the rotors move on by one step.

        Args:
            target: that is being sent [rad].
            position: of the joints [rad].
            velocity: of the joints [rad/s].
            voltage: at the drives' input [V].
        """
        drawn = self._drawn
        spring = drawn.stiffness * (self.angle - position) + drawn.spring_damping * (self.speed - velocity)
        wanted = drawn.position_gain * (self._heard(target) - position - self._offset)
        wanted -= drawn.velocity_gain * velocity
        self.motor += self._follow * (wanted - self.motor)
        self.motor = self._limited(self.motor, voltage)
        speed = self._slowed * (self.speed + self._per_inertia * (self.motor - spring))
        rub = self._slowed * self._per_inertia * (drawn.coulomb + drawn.gear_loss * np.abs(spring))
        self.speed = speed - np.minimum(np.maximum(speed, -rub), rub)
        self.angle = self.angle + self._timestep * self.speed
        return spring

    def _heard(self, target: PerJoint) -> PerJoint:
        """The targets that have arrived, each after its own delay."""
        rows = len(self._sent)
        self._now = (self._now + 1) % rows
        self._sent[self._now] = target
        return self._sent[(self._now - self._wait) % rows, self._columns]

    def _limited(self, torque: PerJoint, voltage: float) -> PerJoint:
        """What the drives' limits and the battery leave: the torque that can be had falls with speed."""
        lost, most = self._slope * self.speed, self._stall * voltage
        high = np.minimum(self._drawn.torque_limit, most - lost)
        low = np.maximum(-self._drawn.torque_limit, -most - lost)
        return np.minimum(np.maximum(torque, low), high)


def power(
    motor: Float[np.ndarray, " joint"], speed: Float[np.ndarray, " joint"], copper_loss: float
) -> float:
    """What the drives take from the battery [W]; braking feeds nothing back.

    Args:
        motor: torques [N*m].
        speed: of the rotors, at the joint [rad/s].
        copper_loss: [W/(N*m)^2].
    """
    return float(np.maximum(motor * speed, 0.0).sum() + copper_loss * (motor @ motor))
