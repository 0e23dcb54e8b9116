"""A ball or rod in a PyBullet world that is put where somebody says before every step, and pushes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pybullet
from jaxtyping import Float

from hybridsim.physics.client import Client

MASS = 1e4
"""[kg]; chosen, because nothing that it pushes then slows it down within a step."""
KINDS = {
    "sphere": pybullet.GEOM_SPHERE,
    "cylinder": pybullet.GEOM_CYLINDER,
    "capsule": pybullet.GEOM_CAPSULE,
}


class MovedShape:
    """One shape beside one robot; it does not touch the ground."""

    def __init__(
        self,
        client: Client,
        kind: Literal["sphere", "cylinder", "capsule"],
        radius: float,
        length: float,
        friction: float,
    ) -> None:
        """Put it into the robot's world.

        Args:
            client: where the robot lives.
            kind: along z, where it is long.
            radius: [m].
            length: of a cylinder, or between the centres of a capsule's ends [m].
            friction: of it; Bullet multiplies that with the robot's own [1].
        """
        self._client = client.id
        size = {"radius": radius} | ({"height": length} if kind != "sphere" else {})
        shape = pybullet.createCollisionShape(KINDS[kind], **size, physicsClientId=client.id)
        self.body = pybullet.createMultiBody(MASS, shape, basePosition=[0, 0, 1e3], physicsClientId=client.id)
        pybullet.changeDynamics(
            self.body,
            -1,
            lateralFriction=friction,
            linearDamping=0.0,
            angularDamping=0.0,
            activationState=pybullet.ACTIVATION_STATE_DISABLE_SLEEPING,
            physicsClientId=client.id,
        )
        for other in range(pybullet.getNumBodies(physicsClientId=client.id)):
            body = pybullet.getBodyUniqueId(other, physicsClientId=client.id)
            if body not in (self.body, client.body):
                pybullet.setCollisionFilterPair(body, self.body, -1, -1, 0, physicsClientId=client.id)

    def move(
        self,
        place: Float[np.ndarray, "3"],
        orientation: Float[np.ndarray, "4"],
        velocity: Float[np.ndarray, "3"],
        spin: Float[np.ndarray, "3"],
    ) -> None:
        """Put it somewhere [m, xyzw], moving so [m/s, rad/s], for the next step."""
        pybullet.resetBasePositionAndOrientation(
            self.body, place.tolist(), orientation.tolist(), physicsClientId=self._client
        )
        pybullet.resetBaseVelocity(self.body, velocity.tolist(), spin.tolist(), physicsClientId=self._client)
