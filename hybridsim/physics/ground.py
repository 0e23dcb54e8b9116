"""How high a robot's lowest point stands above the ground, and how each joint would change that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet
from jaxtyping import Float, Int

from hybridsim.physics.chain import Chain, chain_of
from hybridsim.physics.client import WorldSettings, open_client
from hybridsim.physics.model import RigidModel

REACH = 0.25  # chosen, because nothing that far above the ground touches it before the next sample [m]


def ground_gap(
    model: RigidModel, joints: Sequence[str], position: Float[np.ndarray, "n joint"]
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n joint"]]:
    """Height of the lowest collision point above z = 0 of the base frame, and its rate with each joint.

    The root link is left out: it stands on the ground by design.

    Args:
        model: the robot, fixed links merged.
        joints: columns of `position`.
        position: joint positions.

    Returns:
        Height [m], at most REACH, and its rate [m/rad or m/m].
    """
    settings = WorldSettings(timestep=1.0, plane=True, plane_height=-1.0)
    client = open_client(model, joints, settings)
    plane = 0 if client.body != 0 else 1
    gap = np.full(len(position), REACH)
    point = np.zeros((len(position), 3))
    link = np.full(len(position), -1)
    for n, row in enumerate(position.tolist()):
        for index, angle in zip(client.indices, row, strict=True):
            pybullet.resetJointState(client.body, index, angle, physicsClientId=client.id)
        found = pybullet.getClosestPoints(plane, client.body, 1.0 + REACH, physicsClientId=client.id)
        near = [c for c in found if c[4] != -1]
        if near:
            lowest = min(near, key=lambda c: c[8])
            gap[n], point[n], link[n] = lowest[8] - 1.0, lowest[6], lowest[4]
    moved = {index: k for k, index in enumerate(client.indices)}
    pybullet.disconnect(physicsClientId=client.id)
    carried = np.array([moved.get(int(index), -1) for index in link])
    return gap, rise_rates(chain_of(model, joints), position, point, carried)


def rise_rates(
    chain: Chain,
    position: Float[np.ndarray, "n joint"],
    point: Float[np.ndarray, "n 3"],
    dof: Int[np.ndarray, "n"],
) -> Float[np.ndarray, "n joint"]:
    """Rate of a point's height with every hinge that carries it [m/rad].

    Args:
        chain: the robot.
        position: joint positions.
        point: in the base frame [m].
        dof: joint whose link the point is fixed to, -1 for none.
    """
    origins, axes = joint_frames(chain, position)
    rates = np.zeros_like(position)
    ancestors = carriers(chain)
    for joint in range(position.shape[1]):
        arm = point - origins[joint]
        rise = axes[joint][:, 0] * arm[:, 1] - axes[joint][:, 1] * arm[:, 0]
        rates[:, joint] = np.where((dof >= 0) & ancestors[dof, joint], rise, 0.0)
    return rates


def joint_frames(chain: Chain, position: Float[np.ndarray, "n joint"]) -> tuple[list, list]:
    """Per joint, in the caller's order, its origin and axis in the base frame, [n 3] each."""
    rows, bodies = len(position), len(chain.parent)
    turned, placed = [np.zeros(0)] * bodies, [np.zeros(0)] * bodies
    origins, axes = [np.zeros(0)] * bodies, [np.zeros(0)] * bodies
    for body in range(bodies):
        parent = int(chain.parent[body])
        base = np.broadcast_to(np.eye(3), (rows, 3, 3)) if parent < 0 else turned[parent]
        start = np.zeros((rows, 3)) if parent < 0 else placed[parent]
        angle = position[:, chain.dof[body]]
        turn = (
            chain.turn[body][0]
            + np.sin(angle)[:, None, None] * chain.turn[body][1]
            + np.cos(angle)[:, None, None] * chain.turn[body][2]
        )
        turned[body] = base @ turn
        placed[body] = start + base @ chain.position[body]
        origins[chain.dof[body]] = placed[body]
        axes[chain.dof[body]] = turned[body] @ chain.axis[body]
    return origins, axes


def carriers(chain: Chain) -> np.ndarray:
    """[joint, joint] whether the second joint moves the first one's link."""
    bodies = len(chain.parent)
    found = np.zeros((bodies + 1, bodies), dtype=bool)
    for body in range(bodies):
        ancestor = body
        while ancestor >= 0:
            found[chain.dof[body], chain.dof[ancestor]] = True
            ancestor = int(chain.parent[ancestor])
    return found
