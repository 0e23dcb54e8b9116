"""What a URDF's elements say: links, inertials, shapes, contact parameters, joints and their limits."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from hybridsim.errors import RobotError, listed
from hybridsim.physics.inertia import rotation_from_rpy
from hybridsim.physics.meshes import resolve_mesh
from hybridsim.physics.model import Collision, Contact, Joint, Link, Pose
from hybridsim.physics.xml_source import number, text_attribute, vector

KINDS = ("fixed", "revolute", "continuous", "prismatic")


def parse_link(element: Element, urdf: Path, root: Path | None) -> Link:
    """One `<link>`; visual meshes are checked like collision meshes, then left out."""
    name = text_attribute(element, "name", str(urdf))
    where = f"{urdf}: link '{name}'"
    for mesh in element.iterfind("visual/geometry/mesh"):
        resolve_mesh(text_attribute(mesh, "filename", where), urdf, root, where)
    shapes = tuple(parse_collision(x, urdf, root, where) for x in element.findall("collision"))
    contact = parse_contact(element.find("contact"), where)
    inertial = element.find("inertial")
    if inertial is None:
        return Link(name, collisions=shapes, contact=contact)
    mass, inertia = parse_inertial(inertial, where)
    pose = parse_pose(inertial.find("origin"), where)
    return Link(name, mass, pose.position, pose.rotation @ inertia @ pose.rotation.T, shapes, contact)


def parse_inertial(element: Element, where: str) -> tuple[float, np.ndarray]:
    """Mass [kg] and inertia about the centre of mass, axes of the inertial frame [kg·m²]."""
    mass_element, inertia = element.find("mass"), element.find("inertia")
    if mass_element is None or inertia is None:
        raise RobotError(f"{where}: <inertial> without <mass> or <inertia>; expected both")
    mass = number(mass_element, "value", where)
    if mass < 0:
        raise RobotError(f"{where}: mass {mass} kg; expected zero or more")
    xx, yy, zz = (number(inertia, key, where) for key in ("ixx", "iyy", "izz"))
    xy, xz, yz = (number(inertia, key, where, 0.0) for key in ("ixy", "ixz", "iyz"))
    return mass, np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def parse_pose(element: Element | None, where: str) -> Pose:
    """An `<origin>`; absent means the identity."""
    rpy = vector(element, "rpy", where, (0.0, 0.0, 0.0))
    return Pose(vector(element, "xyz", where, (0.0, 0.0, 0.0)), rotation_from_rpy(rpy))


def parse_collision(element: Element, urdf: Path, root: Path | None, where: str) -> Collision:
    """One `<collision>` with its shape and pose."""
    geometry = element.find("geometry")
    shape = None if geometry is None else next(iter(geometry), None)
    if shape is None:
        raise RobotError(f"{where}: <collision> without a shape in <geometry>")
    pose = parse_pose(element.find("origin"), where)
    if shape.tag == "mesh":
        mesh = resolve_mesh(text_attribute(shape, "filename", where), urdf, root, where)
        scale = vector(shape, "scale", where, (1.0, 1.0, 1.0))
        return Collision("mesh", tuple(scale.tolist()), pose, mesh)
    if shape.tag == "box":
        size = tuple(vector(shape, "size", where, (np.nan,) * 3).tolist())
        kind = "box"
    elif shape.tag == "sphere":
        size, kind = (number(shape, "radius", where),), "sphere"
    elif shape.tag in ("cylinder", "capsule"):
        size = (number(shape, "radius", where), number(shape, "length", where))
        kind = "cylinder" if shape.tag == "cylinder" else "capsule"
    else:
        raise RobotError(f"{where}: shape <{shape.tag}>; known: box, cylinder, sphere, capsule, mesh")
    if not all(x > 0 for x in size):
        raise RobotError(f"{where}: <{shape.tag}> of size {size}; expected positive lengths")
    return Collision(kind, size, pose)


def parse_contact(element: Element | None, where: str) -> Contact:
    """Bullet's `<contact>` extension; what it leaves out keeps Bullet's default."""
    if element is None:
        return Contact()
    known = {field.name for field in fields(Contact)}
    values = {x.tag: number(x, "value", where) for x in element if x.tag in known}
    if any(value < 0 for value in values.values()):
        raise RobotError(f"{where}: <contact> {values}; expected zero or more")
    return Contact(**values)


def parse_joint(element: Element, urdf: Path) -> Joint:
    """One `<joint>`."""
    name = text_attribute(element, "name", str(urdf))
    where = f"{urdf}: joint '{name}'"
    kind = element.get("type")
    if kind not in KINDS:
        raise RobotError(f"{where}: type '{kind}'; known: {listed(KINDS)}")
    parent, child = (element.find(tag) for tag in ("parent", "child"))
    if parent is None or child is None:
        raise RobotError(f"{where}: without <parent> or <child>; expected both")
    dynamics = element.find("dynamics")
    dynamics = Element("dynamics") if dynamics is None else dynamics
    return Joint(
        name,
        kind,
        text_attribute(parent, "link", where),
        text_attribute(child, "link", where),
        parse_pose(element.find("origin"), where),
        parse_axis(element.find("axis"), kind, where),
        *parse_limits(element.find("limit"), kind, where),
        urdf_damping=number(dynamics, "damping", where, 0.0),
        urdf_friction=number(dynamics, "friction", where, 0.0),
    )


def parse_axis(element: Element | None, kind: str, where: str) -> np.ndarray:
    """Unit axis of a joint; x where the file names none, as the URDF specification says."""
    axis = vector(element, "xyz", where, (1.0, 0.0, 0.0))
    length = float(np.linalg.norm(axis))
    if kind == "fixed":
        return np.array([1.0, 0.0, 0.0])
    if length < 1e-6:
        raise RobotError(f"{where}: axis {axis.tolist()}; expected a direction")
    return axis / length


def parse_limits(
    element: Element | None, kind: str, where: str
) -> tuple[float | None, float | None, float | None, float | None]:
    """Lower, upper, effort and velocity limits; None where there is none."""
    if element is None or kind == "fixed":
        return None, None, None, None
    effort, velocity = (
        number(element, key, where) if element.get(key) is not None else None
        for key in ("effort", "velocity")
    )
    if kind == "continuous" or (element.get("lower") is None and element.get("upper") is None):
        return None, None, effort, velocity
    lower, upper = number(element, "lower", where, 0.0), number(element, "upper", where, 0.0)
    if lower > upper:
        raise RobotError(f"{where}: lower limit {lower} above upper limit {upper}")
    return lower, upper, effort, velocity
