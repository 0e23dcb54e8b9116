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
        self.joints = joints
        shape = (len(clients), joints)
        self.position, self.velocity = np.zeros(shape), np.zeros(shape)
        self.motor_effort = np.zeros(shape)
        """What the velocity motors did in the last step [N·m]; zero where they are off."""
        self._motor_velocity, self._motor_limit = np.zeros(shape), np.zeros(shape)
        self._motors_on = False

    def advance(self, effort: WorldJoint) -> None:
        """Apply efforts, step every world and read it back."""
        if not self.joints:
            for client in self.clients:
                pybullet.stepSimulation(client.id)
            return
        push, step, read = (
            pybullet.setJointMotorControlArray,
            pybullet.stepSimulation,
            pybullet.getJointStates,
        )
        torque = pybullet.TORQUE_CONTROL
        states = []
        for client, forces in zip(self.clients, effort.tolist(), strict=True):
            push(client.body, client.indices, torque, forces=forces, physicsClientId=client.id)
            step(client.id)
            states += read(client.body, client.indices, client.id)
        position, velocity, _, applied = zip(*states, strict=True)
        self.position.ravel()[:] = position
        self.velocity.ravel()[:] = velocity
        if self._motors_on:
            self.motor_effort.ravel()[:] = applied

    def set_motors(self, velocity: WorldJoint | float, limit: WorldJoint | float) -> None:
        """Let the velocity motors aim at `velocity` with at most `limit`, until set again.

        Motors persist in Bullet, so only worlds where something changed are told.
        """
        changed = ((self._motor_velocity != velocity) | (self._motor_limit != limit)).any(axis=1)
        if not changed.any():
            return
        self._motor_velocity[:], self._motor_limit[:] = velocity, limit
        self._motors_on = bool(self._motor_limit.any())
        self.motor_effort[:] = 0.0
        for world in np.flatnonzero(changed).tolist():
            self._tell_motors(world)

    def _tell_motors(self, world: int) -> None:
        """Send one world's motor targets to Bullet."""
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
            self._motor_velocity[world] = self._motor_limit[world] = self.motor_effort[world] = 0.0
            self._tell_motors(world)
            for index, angle, rate in zip(client.indices, q, qd, strict=True):
                pybullet.resetJointState(client.body, index, angle, rate, physicsClientId=client.id)
            self.position[world], self.velocity[world] = q, qd
        self._motors_on = bool(self._motor_limit.any())
