"""What links feel: normal forces of PyBullet's contacts, and the wrench that a joint puts on its link."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet
from jaxtyping import Float, Int

from hybridsim.physics.client import Client
from hybridsim.physics.felt_loop import LinkForces, add_forces, asked_of_nobody
from hybridsim.physics.pose import rotations
from hybridsim.physics.wiring import wire

NORMAL_FORCE, LINK_A = 9, 3
"""Places in what getContactPoints returns."""


class ContactForces:
    """Sums of normal forces of all contacts of some links with anything, in every world."""

    def __init__(self, clients: Sequence[Client], links: Sequence[int]) -> None:
        """Nothing felt yet; links by PyBullet's index, several may ask for the same."""
        self._clients, self._links = tuple(clients), tuple(links)
        self._wiring = wire(clients) if clients else None
        self._asked = np.array(links, np.int64)

    def asked(self) -> LinkForces:
        """For compiled loops that read by themselves; of no world where Python has to."""
        if self._wiring is None:
            return asked_of_nobody()
        bodies = self._wiring.bodies.astype(np.int64)
        return LinkForces(self._wiring.functions, self._wiring.handles, bodies, self._asked)

    def read(self, worlds: Int[np.ndarray, " some"], force: Float[np.ndarray, "world link"]) -> None:
        """Write forces as the last step left them [N]."""
        if self._wiring is not None:
            add_forces(self.asked(), worlds, force)
            return
        for w in worlds.tolist():
            client = self._clients[w]
            force[w] = 0.0
            for contact in pybullet.getContactPoints(client.body, physicsClientId=client.id):
                for column, link in enumerate(self._links):
                    if contact[LINK_A] == link:
                        force[w, column] += contact[NORMAL_FORCE]


class JointWrenches:
    """What joints put on the links behind them: force and torque at the link's origin, its axes."""

    def __init__(self, clients: Sequence[Client], links: Sequence[int]) -> None:
        """Let PyBullet report them, from the next step on; links by its index."""
        self._clients, self._links = tuple(clients), list(links)
        self._inertial: list[list[tuple[np.ndarray, np.ndarray]]] = []
        for client in clients:
            found = [pybullet.getDynamicsInfo(client.body, x, physicsClientId=client.id) for x in links]
            turns = rotations(np.array([one[4] for one in found], float))
            self._inertial.append([(np.array(one[3]), turn) for one, turn in zip(found, turns, strict=True)])
            for link in links:
                pybullet.enableJointForceTorqueSensor(client.body, link, True, physicsClientId=client.id)

    def read(self, worlds: Int[np.ndarray, " some"], wrench: Float[np.ndarray, "world link 6"]) -> None:
        """Write what the last step left [N, N·m], the drive's own effort included.

        PyBullet speaks of the centre of mass and of principal axes.
        """
        for w in worlds.tolist():
            client = self._clients[w]
            states = pybullet.getJointStates(client.body, self._links, physicsClientId=client.id)
            for n, (state, (com, turn)) in enumerate(zip(states, self._inertial[w], strict=True)):
                force = turn @ state[2][:3]
                wrench[w, n, :3] = force
                wrench[w, n, 3:] = turn @ state[2][3:] + np.cross(com, force)
