"""The few PyBullet calls of one step: through its C functions where they can be trusted, else in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pybullet
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.physics import native_loop
from hybridsim.physics.client import Client
from hybridsim.physics.wiring import wire

WorldJoint = Float[np.ndarray, "world joint"]


class Stepper:
    """State of all worlds, refreshed by `advance` and `reset`."""

    def __init__(self, clients: Sequence[Client], joints: int) -> None:
        self.clients = clients
        self.joints = joints
        self.wiring = wire(clients)
        shape = (len(clients), joints)
        self._state = np.zeros((3, *shape))
        self.position, self.velocity, self.motor_effort = self._state
        """The last is what the velocity motors did in the last step [N·m]; zero where they are off."""
        self.base = np.zeros((len(clients), 13))
        """Base as PyBullet gives it, after an `advance` that returned True."""
        self._motor_velocity, self._motor_limit = np.zeros(shape), np.zeros(shape)
        self._motors_on = False
        self._untold = np.zeros(len(clients), bool)

    def advance(self, effort: WorldJoint) -> bool:
        """Apply efforts, step every world and read it back; whether `base` was read too."""
        if self.wiring is None:
            self._advance_in_python(effort)
        else:
            self._advance_natively(self.wiring, effort)
        if self._motors_on:  # a motor that is off keeps its last effort in Bullet
            self.motor_effort[self._motor_limit == 0.0] = 0.0
        else:
            self.motor_effort.fill(0.0)
        return self.wiring is not None

    def _advance_natively(self, wiring: native_loop.Wiring, effort: WorldJoint) -> None:
        """One step through PyBullet's C functions."""
        failed = native_loop.advance(
            wiring, effort, self._untold, self._motor_velocity, self._motor_limit, self._state, self.base
        )
        if failed >= 0:
            raise SimulationError(f"world {failed}: PyBullet did not complete the step")
        self._untold.fill(False)

    def _advance_in_python(self, effort: WorldJoint) -> None:
        """The same through PyBullet's Python functions."""
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
        self.motor_effort.ravel()[:] = applied

    @property
    def state(self) -> Float[np.ndarray, "3 world joint"]:
        """Positions, velocities and motor efforts, for compiled loops: the very array."""
        return self._state

    @property
    def checksum(self) -> float:
        """Sum of the whole state: not finite where any of it is not."""
        return float(self._state.sum())

    def set_motors(self, velocity: WorldJoint | float, limit: WorldJoint | float) -> None:
        """Let the velocity motors aim at `velocity` with at most `limit`, until set again.

        Motors persist in Bullet, so only worlds where something changed are told.
        """
        changed = ((self._motor_velocity != velocity) | (self._motor_limit != limit)).any(axis=1)
        if not changed.any():
            return
        self._motor_velocity[:], self._motor_limit[:] = velocity, limit
        self._motors_on = bool(self._motor_limit.any())
        if self.wiring is not None:
            self._untold |= changed
            return
        for world in np.flatnonzero(changed).tolist():
            self._tell_motors(world)

    def tell_motors(self) -> None:
        """Send what the next native step would have sent."""
        if not self._untold.any():
            return
        for world in np.flatnonzero(self._untold).tolist():
            self._tell_motors(world)
        self._untold.fill(False)

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
            self._untold[world] = False
            self._tell_motors(world)
            for index, angle, rate in zip(client.indices, q, qd, strict=True):
                pybullet.resetJointState(client.body, index, angle, rate, physicsClientId=client.id)
            self.position[world], self.velocity[world] = q, qd
        self._motors_on = bool(self._motor_limit.any())
