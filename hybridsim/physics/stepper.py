"""The few PyBullet calls of one step, made as cheaply as Python can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pybullet
from jaxtyping import Float

from hybridsim.physics.client import Client

WorldJoint = Float[np.ndarray, "world joint"]


class Stepper:
    """State of all worlds, refreshed by `advance` and `reset`."""

    def __init__(self, clients: Sequence[Client], joints: int) -> None:
        self.clients = clients
        shape = (len(clients), joints)
        self.position, self.velocity = np.zeros(shape), np.zeros(shape)
        self.motor_effort = np.zeros(shape)
        """What the velocity motors did in the last step [N·m]; zero where they are off."""
        self._motor_velocity, self._motor_limit = np.zeros(shape), np.zeros(shape)

    def advance(
        self, effort: WorldJoint, motor_velocity: WorldJoint | float, limit: WorldJoint | float
    ) -> None:
        """Apply efforts, set the motors where they changed, step every world and read it back."""
        self._set_motors(motor_velocity, limit)
        torque = pybullet.TORQUE_CONTROL
        states = []
        for client, forces in zip(self.clients, effort.tolist(), strict=True):
            pybullet.setJointMotorControlArray(
                client.body, client.indices, torque, forces=forces, physicsClientId=client.id
            )
            pybullet.stepSimulation(client.id)
            states += pybullet.getJointStates(client.body, client.indices, client.id)
        position, velocity, _, applied = zip(*states, strict=True)
        shape = self.position.shape
        self.position[:] = np.array(position).reshape(shape)
        self.velocity[:] = np.array(velocity).reshape(shape)
        if self._motor_limit.any():
            self.motor_effort[:] = np.array(applied).reshape(shape)
        else:
            self.motor_effort[:] = 0.0

    def _set_motors(self, velocity: WorldJoint | float, limit: WorldJoint | float) -> None:
        """Velocity motors persist in Bullet, so only worlds where something changed are told."""
        changed = ((self._motor_velocity != velocity) | (self._motor_limit != limit)).any(axis=1)
        if not changed.any():
            return
        self._motor_velocity[:], self._motor_limit[:] = velocity, limit
        for world in np.flatnonzero(changed).tolist():
            client = self.clients[world]
            pybullet.setJointMotorControlArray(
                client.body,
                client.indices,
                pybullet.VELOCITY_CONTROL,
                targetVelocities=self._motor_velocity[world].tolist(),
                forces=self._motor_limit[world].tolist(),
                physicsClientId=client.id,
            )

    def reset(self, worlds: Iterable[int], position: WorldJoint, velocity: WorldJoint) -> None:
        """Put worlds into a state with their motors off."""
        for world, q, qd in zip(worlds, position.tolist(), velocity.tolist(), strict=True):
            client = self.clients[world]
            self._motor_velocity[world] = self._motor_limit[world] = 0.0
            self.motor_effort[world] = 0.0
            zeros = [0.0] * len(client.indices)
            pybullet.setJointMotorControlArray(
                client.body,
                client.indices,
                pybullet.VELOCITY_CONTROL,
                targetVelocities=zeros,
                forces=zeros,
                physicsClientId=client.id,
            )
            for index, angle, rate in zip(client.indices, q, qd, strict=True):
                pybullet.resetJointState(client.body, index, angle, rate, physicsClientId=client.id)
            self.position[world], self.velocity[world] = q, qd
