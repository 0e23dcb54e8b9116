"""Connecting the native loop to clients that Python opened, and trusting it only after a look at the bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet

from hybridsim.physics import native
from hybridsim.physics.client import Client
from hybridsim.physics.native_loop import READ, Wiring, read_world


def wire(clients: Sequence[Client]) -> Wiring | None:
    """What the native loop needs, or None where it cannot be trusted to be PyBullet's own.

    Every joint is moved, and moved back to zero, to compare what the native loop reads.
    """
    functions = native.functions()
    handles = [native.client_handle(client.id) for client in clients] if functions else []
    if functions is None or not clients or not clients[0].indices or None in handles:
        return None
    first = clients[0]
    infos = [pybullet.getJointInfo(first.body, x, physicsClientId=first.id) for x in first.indices]
    wiring = Wiring(
        functions=np.array(functions, np.int64),
        handles=np.array(handles, np.int64),
        bodies=np.array([client.body for client in clients], np.int32),
        q_index=np.array([info[3] for info in infos], np.int32),
        u_index=np.array([info[4] for info in infos], np.int32),
        link=np.array(first.indices, np.int32),
    )
    return wiring if all(reads_true(wiring, world, client) for world, client in enumerate(clients)) else None


def reads_true(wiring: Wiring, world: int, client: Client) -> bool:
    """Whether the native loop reads from this client what Python wrote to it and reads from it."""
    joints = len(client.indices)
    wanted = np.array([0.1 + 0.01 * np.arange(joints), 0.2 - 0.01 * np.arange(joints)])
    for index, (position, velocity) in zip(client.indices, wanted.T.tolist(), strict=True):
        pybullet.resetJointState(client.body, index, position, velocity, physicsClientId=client.id)
    state, base = np.zeros((3, joints)), np.zeros(13)
    kind = read_world(wiring, world, np.zeros(3, np.int64), state, base)
    pose = pybullet.getBasePositionAndOrientation(client.body, physicsClientId=client.id)
    for index in client.indices:
        pybullet.resetJointState(client.body, index, 0.0, 0.0, physicsClientId=client.id)
    return kind == READ and np.array_equal(state[:2], wanted) and np.array_equal(base[:7], pose[0] + pose[1])
