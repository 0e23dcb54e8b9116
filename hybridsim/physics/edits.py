"""Edits of a rigid robot, each a new model: payloads, identified inertials, armature, locked joints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hybridsim.errors import RobotError
from hybridsim.physics.inertia import Matrix, Vector, combine, rotation_about
from hybridsim.physics.model import Pose, RigidModel


def with_point_mass(model: RigidModel, link: str, mass: float, position: Vector) -> RigidModel:
    """The model with a point mass fixed to a link, as a payload is.

    Args:
        model: the robot; its fixed links may be merged before or after.
        link: name of the link that carries the mass.
        mass: to add [kg]; negative takes mass away.
        position: of the mass in the link's frame [m].
    """
    old = model.link(link)
    parts = ((old.mass, mass), (old.com, np.asarray(position, float)), (old.inertia, np.zeros((3, 3))))
    total, com, inertia = combine(*parts)
    if total < 0:
        raise RobotError(f"{model.name}: {mass} kg added to link '{link}' of {old.mass} kg leaves {total} kg")
    return model.with_link(replace(old, mass=total, com=com, inertia=inertia))


def with_inertial(
    model: RigidModel,
    link: str,
    mass: float | None = None,
    com: Vector | None = None,
    inertia: Matrix | None = None,
) -> RigidModel:
    """The model with a link's mass [kg], centre of mass [m] or inertia about it [kg·m²] replaced."""
    old = model.link(link)
    changed = replace(
        old,
        mass=old.mass if mass is None else float(mass),
        com=old.com if com is None else np.array(com, float),
        inertia=old.inertia if inertia is None else np.array(inertia, float),
    )
    finite = (
        np.isfinite(changed.mass) and np.isfinite(changed.com).all() and np.isfinite(changed.inertia).all()
    )
    if not finite or changed.mass < 0:
        raise RobotError(f"{model.name}: link '{link}' cannot have mass {changed.mass}, com {changed.com}")
    return model.with_link(changed)


def with_armature(model: RigidModel, armature: Mapping[str, float]) -> RigidModel:
    """The model with reflected inertia added to each joint's child link, about the joint's axis.

    Exact for a single joint between ground and one body. On a chain it is wrong, because a real rotor spins
    with its own joint only: 1 rad off on a two-link swing, tests/physics/test_armature.py.

    Args:
        model: the robot.
        armature: joint name to reflected inertia [kg·m², or kg for a prismatic joint].
    """
    for name, value in armature.items():
        joint = model.joint(name)
        link = model.link(joint.child)
        if joint.kind == "prismatic":
            raise RobotError(f"{model.name}: joint '{name}' is prismatic; armature is added to hinges only")
        added = link.inertia + value * np.outer(joint.axis, joint.axis)
        model = with_inertial(model, link.name, inertia=added)
    return model


def with_collision(model: RigidModel, keep: bool) -> RigidModel:
    """The model without its collision shapes when `keep` is False: free-space motion is then faster."""
    if keep:
        return model
    return replace(model, links=tuple(replace(link, collisions=()) for link in model.links))


def with_limits(model: RigidModel, keep: bool) -> RigidModel:
    """The model without joint limits when `keep` is False: the drive's own limits then rule alone."""
    if keep:
        return model
    free = (replace(joint, lower=None, upper=None) for joint in model.joints)
    return replace(model, joints=tuple(free))


def with_locked(model: RigidModel, positions: Mapping[str, float]) -> RigidModel:
    """The model with joints fixed at a position [rad or m], as a gripper is that nothing drives."""
    for name, position in positions.items():
        joint = model.joint(name)
        if joint.kind == "prismatic":
            moved = Pose(joint.axis * position)
        else:
            moved = Pose(np.zeros(3), rotation_about(joint.axis, position))
        locked = replace(joint, kind="fixed", origin=joint.origin @ moved, lower=None, upper=None)
        model = replace(model, joints=tuple(locked if x.name == name else x for x in model.joints))
    return model
