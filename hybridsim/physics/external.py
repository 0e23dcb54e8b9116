"""Forces from outside on single links, and which link is which in PyBullet."""

from __future__ import annotations

import numpy as np
import pybullet
from jaxtyping import Float

from hybridsim.physics.client import Client
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import tree_bodies


def push_link(
    client: Client, link: int, force: Float[np.ndarray, "3"], place: Float[np.ndarray, "3"]
) -> None:
    """Put a force [N] on a link at a place [m], both in the world, for the next step; forces add up."""
    pybullet.applyExternalForce(
        client.body, link, force.tolist(), place.tolist(), pybullet.WORLD_FRAME, physicsClientId=client.id
    )


def twist_link(client: Client, link: int, torque: Float[np.ndarray, "3"]) -> None:
    """Put a torque [N·m] in world axes on a link for the next step; torques add up."""
    pybullet.applyExternalTorque(
        client.body, link, torque.tolist(), pybullet.WORLD_FRAME, physicsClientId=client.id
    )


def tree_links(model: RigidModel, client: Client) -> list[int]:
    """PyBullet's index of every body of the model's tree; the root is -1."""
    found = {model.root: -1}
    for index in range(pybullet.getNumJoints(client.body, physicsClientId=client.id)):
        found[pybullet.getJointInfo(client.body, index, physicsClientId=client.id)[12].decode()] = index
    return [found[name] for name in tree_bodies(model)]
