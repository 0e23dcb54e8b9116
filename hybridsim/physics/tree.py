"""A floating-base tree of joints as flat arrays, the form in which the tree kernel reads a robot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.errors import RobotError
from hybridsim.physics.chain import check_joints, topological
from hybridsim.physics.edits import with_collision
from hybridsim.physics.inertia import point_inertia
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import Joint, Pose, RigidModel

# Chosen, because it is far above the rounding of a mass matrix and far below any gearbox's inertia ratio.
LEAST_PIVOT = 1e-12
"""What the joints further out must leave of a coordinate's inertia, as a share of it, for it to count."""


class Tree(NamedTuple):
    """Bodies with parents before children, body 0 the root; frames as in the URDF. Numba reads the tuple."""

    parent: np.ndarray
    """[body] index of the body that carries it, -1 for the root."""
    dof: np.ndarray
    """[body] its joint's column of q, -1 for the root."""
    sliding: np.ndarray
    """[body] whether its joint is prismatic."""
    axis: np.ndarray
    """[body 3] unit axis in the joint frame, which is the link's frame; zero for the root."""
    position: np.ndarray
    """[body 3] joint origin in the parent link's frame at q = 0 [m]; zero for the root."""
    rotation: np.ndarray
    """[body 3 3] rotation_parent_from_link at q = 0; the identity for the root."""
    mass: np.ndarray
    """[body] mass [kg]."""
    com: np.ndarray
    """[body 3] centre of mass in the link's frame [m]."""
    inertia: np.ndarray
    """[body 3 3] about the centre of mass, axes of the link's frame [kg·m²]."""


class TreeWork(NamedTuple):
    """Where bodies are and what follows from it, allocated once; n is 6 + joints."""

    rotation: np.ndarray
    """[body 3 3] rotation_world_from_link."""
    origin: np.ndarray
    """[body 3] of the link's frame [m]."""
    com: np.ndarray
    """[body 3] centre of mass [m]."""
    axis: np.ndarray
    """[body 3] of the joint."""
    sweep: np.ndarray
    """[body 3] velocity that a unit joint rate gives to the point at the root's centre of mass."""
    inertia: np.ndarray
    """[body 3 3] about the body's own centre of mass [kg·m²]."""
    weight: np.ndarray
    """[body] mass of the subtree [kg]."""
    moment: np.ndarray
    """[body 3] first moment of the subtree [kg·m]."""
    spread: np.ndarray
    """[body 3 3] inertia of the subtree [kg·m²]."""
    spin: np.ndarray
    """[body 3] angular velocity [rad/s]."""
    spin_rate: np.ndarray
    """[body 3] angular acceleration at udot = 0 [rad/s²]."""
    rise: np.ndarray
    """[body 3] acceleration of the origin at udot = 0 [m/s²]."""
    force: np.ndarray
    """[body 3] that the subtree needs at udot = 0, gravity included [N]."""
    torque: np.ndarray
    """[body 3] the same, moment [N·m]."""
    mass: np.ndarray
    """[n n] mass matrix."""
    factor: np.ndarray
    """[n n] lower triangle L with mass = Lᵀ L, its diagonal inverted."""
    bias: np.ndarray
    """[n] generalised force of gravity, Coriolis and centrifugal effects."""


@njit(cache=True, nogil=True)
def new_tree_work(bodies: int, joints: int) -> TreeWork:
    """Scratch for a tree of this many bodies and joints."""
    rows, blocks = np.zeros((10, bodies, 3)), np.zeros((3, bodies, 3, 3))
    square = np.zeros((2, 6 + joints, 6 + joints))
    return TreeWork(
        rotation=blocks[0],
        origin=rows[0],
        com=rows[1],
        axis=rows[2],
        sweep=rows[3],
        inertia=blocks[1],
        weight=np.zeros(bodies),
        moment=rows[4],
        spread=blocks[2],
        spin=rows[5],
        spin_rate=rows[6],
        rise=rows[7],
        force=rows[8],
        torque=rows[9],
        mass=square[0],
        factor=square[1],
        bias=np.zeros(6 + joints),
    )


def tree_of(model: RigidModel, joints: Sequence[str]) -> Tree:
    """Arrays of a robot whose root link is free to move.

    Args:
        model: the robot; fixed links that are left, such as a foot with its own friction, are merged here.
        joints: every moving joint's name, in the order of the columns of q; none for a single body.

    Raises:
        RobotError: a joint is missing, unknown or given twice; a body's acceleration would be anything.
    """
    merged = merge_fixed(with_collision(model, False))
    check_joints(merged, joints)
    names = tree_bodies(merged)
    held = {joint.child: joint for joint in merged.joints}
    ordered = [held.get(name) for name in names]
    placed = [Pose() if joint is None else joint.origin for joint in ordered]
    links = [merged.link(name) for name in names]
    tree = Tree(
        parent=np.array([-1 if x is None else names.index(x.parent) for x in ordered], np.int64),
        dof=np.array([-1 if x is None else list(joints).index(x.name) for x in ordered], np.int64),
        sliding=np.array([x is not None and x.kind == "prismatic" for x in ordered]),
        axis=np.array([axis_of(joint) for joint in ordered], float),
        position=np.array([pose.position for pose in placed], float),
        rotation=np.array([pose.rotation for pose in placed], float),
        mass=np.array([link.mass for link in links], float),
        com=np.array([link.com for link in links], float),
        inertia=np.array([link.inertia for link in links], float),
    )
    check_inertias(model.name, names, tree)
    return tree


def tree_bodies(model: RigidModel) -> tuple[str, ...]:
    """Names of the moving links in the tree's body order; `merge_fixed` tells which link went into which."""
    merged = merge_fixed(with_collision(model, False))
    return (merged.root, *(joint.child for joint in topological(merged)))


def axis_of(joint: Joint | None) -> np.ndarray:
    """Axis in the joint's frame; the root has none."""
    return np.zeros(3) if joint is None else joint.axis


def check_inertias(name: str, bodies: Sequence[str], tree: Tree) -> None:
    """Refuse a tree whose mass matrix is singular at q = 0, and name the link that is to blame.

    What a joint still moves when the joints further out give way is its link's articulated inertia.
    Source: Featherstone 2008, "Rigid Body Dynamics Algorithms", section 7.2.
    """
    if not tree.mass[0] > 0:
        raise RobotError(
            f"{name}: floating root link '{bodies[0]}' weighs {tree.mass[0]:g} kg; expected more than 0"
        )
    motions, whole = resting(tree)
    free = whole.copy()
    for i in range(len(bodies) - 1, 0, -1):
        push = free[i] @ motions[i]
        if not motions[i] @ push > LEAST_PIVOT * (motions[i] @ whole[i] @ motions[i]):
            raise RobotError(
                f"{name}: link '{bodies[i]}' does not resist its own joint (mass {tree.mass[i]:g} kg);"
                " expected mass or inertia there, or a fixed joint"
            )
        free[tree.parent[i]] += free[i] - np.outer(push, push) / (motions[i] @ push)
        whole[tree.parent[i]] += whole[i]
    scale = np.sqrt(np.diagonal(whole[0]))
    if not (scale > 0).all() or np.linalg.eigvalsh(free[0] / np.outer(scale, scale))[0] <= LEAST_PIVOT:
        raise RobotError(
            f"{name}: floating root link '{bodies[0]}' can turn without resistance; expected an inertia"
        )


def resting(tree: Tree) -> tuple[Float[np.ndarray, "body 6"], Float[np.ndarray, "body 6 6"]]:
    """Joint motions and inertias at q = 0 about the root's centre of mass, angular part first, root axes."""
    poses: list[Pose] = []
    motions, inertias = np.zeros((len(tree.mass), 6)), np.zeros((len(tree.mass), 6, 6))
    for i, parent in enumerate(tree.parent):
        local = Pose(tree.position[i].copy(), tree.rotation[i].copy())
        poses.append(local if parent < 0 else poses[parent] @ local)
        turn, axis = poses[i].rotation, poses[i].rotation @ tree.axis[i]
        swing = np.cross(axis, tree.com[0] - poses[i].position)
        motions[i] = [0.0, 0.0, 0.0, *axis] if tree.sliding[i] else [*axis, *swing]
        lever = poses[i].position + turn @ tree.com[i] - tree.com[0]
        about = turn @ tree.inertia[i] @ turn.T + point_inertia(tree.mass[i], lever)
        moment = tree.mass[i] * np.cross(np.eye(3), lever)  # rows are e × lever, so this is the matrix lever×
        inertias[i] = np.block([[about, moment], [moment.T, tree.mass[i] * np.eye(3)]])
    return motions, inertias
