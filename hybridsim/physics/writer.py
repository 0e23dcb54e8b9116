"""Writing a `RigidModel` as the URDF text that PyBullet loads without changing a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from hybridsim.physics.inertia import is_possible, principal_axes, rpy_from_rotation
from hybridsim.physics.model import Collision, Contact, Joint, Link, Pose, RigidModel


def to_urdf(model: RigidModel, loadable: bool = False) -> str:
    """Canonical URDF text: no damping, every inertial explicit and in principal axes.

    Visuals are those of links with shapes that are only drawn; the others are drawn as they touch.
    Bullet diagonalises inertias to five digits only; written in principal axes they arrive unchanged.
    Meshes are absolute paths. `load_urdf` reads the text back to the same dynamics.

    Args:
        model: the robot.
        loadable: write a sphere's inertia where Bullet would refuse the true one (a moment above the sum of
            the other two) and set zero; the caller then sets the true moments.
    """
    robot = Element("robot", name=model.name)
    for link in model.links:
        write_link(robot, link, loadable)
    for joint in model.joints:
        write_joint(robot, joint)
    indent(robot)
    return '<?xml version="1.0"?>\n' + tostring(robot, encoding="unicode") + "\n"


def words(values: Iterable[float]) -> str:
    """Numbers with all their digits, space-separated."""
    return " ".join(repr(float(value)) for value in values)


def write_pose(parent: Element, pose: Pose) -> None:
    """An `<origin>`."""
    SubElement(parent, "origin", xyz=words(pose.position), rpy=words(rpy_from_rotation(pose.rotation)))


def write_link(robot: Element, link: Link, loadable: bool) -> None:
    """A `<link>` with its inertial in principal axes, its shapes and contact parameters."""
    element = SubElement(robot, "link", name=link.name)
    moments, rotation = principal_axes(link.inertia)
    inertial = SubElement(element, "inertial")
    write_pose(inertial, Pose(link.com, rotation))
    SubElement(inertial, "mass", value=repr(float(link.mass)))
    if loadable and not is_possible(link.inertia, tolerance=0.0):
        moments = np.full(3, np.trace(link.inertia) / 3)
    xx, yy, zz = (repr(float(moment)) for moment in moments)
    SubElement(inertial, "inertia", ixx=xx, ixy="0", ixz="0", iyy=yy, iyz="0", izz=zz)
    drawn = (*link.collisions, *link.only_drawn) if link.only_drawn else ()
    for kind, shapes in (("visual", drawn), ("collision", link.collisions)):
        for shape in shapes:
            placed = SubElement(element, kind)
            write_pose(placed, shape.pose)
            write_shape(SubElement(placed, "geometry"), shape)
    if link.contact != Contact():
        contact = SubElement(element, "contact")
        for field in fields(Contact):
            value = getattr(link.contact, field.name)
            if value is not None:
                SubElement(contact, field.name, value=repr(float(value)))


def write_shape(geometry: Element, shape: Collision) -> None:
    """The shape inside a `<geometry>`."""
    element = SubElement(geometry, shape.kind)
    if shape.kind == "mesh":
        element.set("filename", str(shape.mesh))
        element.set("scale", words(shape.size))
    elif shape.kind == "box":
        element.set("size", words(shape.size))
    else:
        for key, value in zip(("radius", "length"), shape.size, strict=False):
            element.set(key, repr(float(value)))


def write_joint(robot: Element, joint: Joint) -> None:
    """A `<joint>`; one without limits is written so that Bullet adds none."""
    free = joint.lower is None or joint.upper is None
    kind = "continuous" if joint.kind == "revolute" and free else joint.kind
    element = SubElement(robot, "joint", name=joint.name, type=kind)
    write_pose(element, joint.origin)
    SubElement(element, "parent", link=joint.parent)
    SubElement(element, "child", link=joint.child)
    if not joint.moves:
        return
    SubElement(element, "axis", xyz=words(np.asarray(joint.axis)))
    limit = {"effort": repr(joint.effort_limit or 0.0), "velocity": repr(joint.velocity_limit or 0.0)}
    if not free:
        limit |= {"lower": repr(joint.lower), "upper": repr(joint.upper)}
    elif joint.kind == "prismatic":
        limit |= {"lower": "1.0", "upper": "-1.0"}  # Bullet's way to say that a slider is free
    SubElement(element, "limit", limit)
