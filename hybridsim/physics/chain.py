"""A fixed-base tree of joints as flat arrays, the form in which the dynamics kernel reads a robot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.errors import RobotError, listed
from hybridsim.physics.edits import with_collision
from hybridsim.physics.inertia import point_inertia
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import Joint, RigidModel

PARAMETERS = ("m", "mcx", "mcy", "mcz", "ixx", "ixy", "ixz", "iyy", "iyz", "izz")
"""Inertial parameters of one body, in which its dynamics is linear: mass [kg], mass times centre of mass
[kg·m], inertia about the joint frame's origin [kg·m²], all in the joint frame."""


class Chain(NamedTuple):
    """Bodies in topological order, one joint each; frames as in the URDF. A tuple, so that numba reads it."""

    parent: np.ndarray
    """[body] index of the body that carries it, -1 for the ground."""
    dof: np.ndarray
    """[body] the joint's place in the caller's joint order."""
    hinge: np.ndarray
    """[body] 1 for a hinge, 0 for a slider."""
    axis: np.ndarray
    """[body 3] unit axis in the joint frame."""
    turn: np.ndarray
    """[body 3 3 3] rotation_parent_from_body = turn[0] + sin(q) turn[1] + cos(q) turn[2]."""
    position: np.ndarray
    """[body 3] joint origin in the parent's frame [m]."""
    mass: np.ndarray
    """[body] mass [kg]."""
    moment: np.ndarray
    """[body 3] mass times centre of mass [kg·m]."""
    inertia: np.ndarray
    """[body 3 3] about the joint frame's origin, its axes [kg·m²]."""
    gravity: np.ndarray
    """[3] gravity in the base frame [m/s²]."""


def chain_of(model: RigidModel, joints: Sequence[str], gravity: Sequence[float] = (0.0, 0.0, -9.81)) -> Chain:
    """Arrays of a robot whose root link is fixed to the ground.

    Args:
        model: the robot; fixed links are merged here.
        joints: every moving joint's name, in the order of the effort, position and velocity columns.
        gravity: in the root link's frame [m/s²].

    Raises:
        RobotError: a joint is missing, unknown or given twice.
    """
    merged = merge_fixed(with_collision(model, False))
    check_joints(merged, joints)
    ordered = topological(merged)
    bodies = [joint.child for joint in ordered]
    links = [merged.link(name) for name in bodies]
    return Chain(
        parent=np.array([bodies.index(x.parent) if x.parent in bodies else -1 for x in ordered], np.int64),
        dof=np.array([list(joints).index(joint.name) for joint in ordered], np.int64),
        hinge=np.array([joint.kind != "prismatic" for joint in ordered], np.int64),
        axis=np.array([joint.axis for joint in ordered]).reshape(-1, 3),
        turn=np.array([turn_matrices(joint) for joint in ordered]).reshape(-1, 3, 3, 3),
        position=np.array([joint.origin.position for joint in ordered]).reshape(-1, 3),
        mass=np.array([link.mass for link in links], float),
        moment=np.array([link.mass * link.com for link in links]).reshape(-1, 3),
        inertia=np.array([x.inertia + point_inertia(x.mass, x.com) for x in links]).reshape(-1, 3, 3),
        gravity=np.asarray(gravity, float),
    )


def check_joints(model: RigidModel, joints: Sequence[str]) -> None:
    """Every moving joint named exactly once; others are to be locked by the caller first."""
    names = [joint.name for joint in model.moving_joints]
    if sorted(joints) != sorted(names):
        raise RobotError(
            f"{model.name}: joints {listed(joints)}; expected each moving joint once: {listed(names)}"
            " (lock the others with with_locked)"
        )


def topological(model: RigidModel) -> list[Joint]:
    """Joints with every parent before its children."""
    ordered: list[Joint] = []
    waiting = [model.root]
    while waiting:
        link = waiting.pop()
        children = [joint for joint in model.joints if joint.parent == link]
        ordered += children
        waiting += [joint.child for joint in children]
    return ordered


def turn_matrices(joint: Joint) -> np.ndarray:
    """Rodrigues' formula in sine and cosine: [3 3 3] as `Chain.turn` has it."""
    x, y, z = joint.axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation = joint.origin.rotation
    if joint.kind == "prismatic":
        return np.array([rotation, np.zeros((3, 3)), np.zeros((3, 3))])
    return np.array([rotation + rotation @ cross @ cross, rotation @ cross, -rotation @ cross @ cross])


def parameters_of(chain: Chain) -> Float[np.ndarray, "parameter"]:
    """Inertial parameters of all bodies, ten a body as `PARAMETERS` lists them, in the chain's body order."""
    rows, columns = np.triu_indices(3)
    blocks = [chain.mass[:, None], chain.moment, chain.inertia[:, rows, columns]]
    return np.concatenate(blocks, axis=1).ravel()


def with_parameters(chain: Chain, parameters: Float[np.ndarray, "parameter"]) -> Chain:
    """The same joints carrying bodies of other inertial parameters (see `PARAMETERS`)."""
    table = np.asarray(parameters, float).reshape(len(chain.mass), len(PARAMETERS))
    inertia = np.zeros((len(table), 3, 3))
    rows, columns = np.triu_indices(3)
    inertia[:, rows, columns] = inertia[:, columns, rows] = table[:, 4:]
    return chain._replace(
        mass=table[:, 0].copy(), moment=np.ascontiguousarray(table[:, 1:4]), inertia=inertia
    )
