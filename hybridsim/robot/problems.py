"""What looks wrong with a robot: its drives, its limits, and the inertias of its URDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from jaxtyping import Float

from hybridsim.errors import RobotError, listed
from hybridsim.robot.model import Joint, Robot

MAX_URDF_BYTES = 20_000_000
MOVABLE = ("revolute", "continuous", "prismatic", "floating", "planar")
# Relative slack of the triangle inequality: CAD exports round inertias to about six digits.
TRIANGLE_SLACK = 1e-4


def problems(robot: Robot) -> list[str]:
    """Everything that looks wrong, one line each; empty when nothing does.

    A missing mesh is reported as a note, because only collisions and pictures need it.
    """
    found = [*_table_problems(robot)]
    try:
        tree = _read_urdf(robot.urdf_path())
    except RobotError as error:
        return [*found, str(error)]
    return [*found, *_joint_problems(robot, tree), *_link_problems(tree), *_mesh_notes(robot, tree)]


def _read_urdf(path: Path) -> Element:
    """The URDF's root element, parsed without entities or external references."""
    if path.stat().st_size > MAX_URDF_BYTES:
        raise RobotError(f"{path.name}: {path.stat().st_size} bytes; expected at most {MAX_URDF_BYTES}")
    try:
        return fromstring(path.read_bytes(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise RobotError(f"{path.name}: not a safe URDF: {error}") from None


def _table_problems(robot: Robot) -> Iterator[str]:
    driven = [drive.joint for drive in robot.drives]
    measured = {encoder.joint for encoder in robot.encoders}
    for joint in robot.joints:
        yield from _limit_problems(joint)
        if driven.count(joint.name) != 1:
            yield f"joint {joint.name}: {'no drive' if joint.name not in driven else 'more than one drive'}"
        if joint.name not in measured:
            yield f"joint {joint.name}: no encoder"
    sensed = [sensor.joint for sensor in robot.sensors if sensor.joint is not None]
    named = (("drive", driven), ("encoder", [e.joint for e in robot.encoders]), ("sensor", sensed))
    for word, names in named:
        for name in names:
            if name not in robot.joint_names:
                yield f"{word} of joint '{name}': no such joint; available: {listed(robot.joint_names)}"
    for drive in robot.drives:
        for key in ("gear_ratio", "stall_effort", "no_load_speed", "rated_voltage"):
            value = getattr(drive, key).value
            if value <= 0:
                yield f"drive of {drive.joint}: {key} is {value:g}, expected above 0"
        if drive.armature.value < 0 or drive.command_scale.value == 0:
            yield f"drive of {drive.joint}: armature is below 0 or command_scale is 0"


def _limit_problems(joint: Joint) -> Iterator[str]:
    if joint.lower.value >= joint.upper.value:
        lower, upper = joint.lower.value, joint.upper.value
        yield f"joint {joint.name}: limits are inverted: lower {lower:g}, upper {upper:g} rad"
    for key in ("velocity_limit", "effort_limit"):
        value = getattr(joint, key).value
        if value <= 0:
            yield f"joint {joint.name}: {key} is {value:g}, expected above 0"


def _joint_problems(robot: Robot, tree: Element) -> Iterator[str]:
    kinds = {joint.get("name", ""): joint.get("type", "") for joint in tree.findall("joint")}
    movable = [name for name, kind in kinds.items() if kind in MOVABLE]
    links = {link.get("name") for link in tree.iter("link")}
    for joint in robot.joints:
        if joint.urdf_joint not in movable:
            there = listed(movable, most=40)
            yield f"joint '{joint.urdf_joint}' is not a moving joint of the URDF; it has {there}"
    named = {joint.urdf_joint for joint in robot.joints}
    for name in movable:
        if name not in named:
            yield f"URDF joint {name} moves but robot.toml does not name it"
    for place, link in (
        [("payload", payload.link) for payload in robot.payloads]
        + [(f"sensor {sensor.name}", sensor.link) for sensor in robot.sensors if sensor.link is not None]
        + [("touch", link) for link in (robot.touch.links if robot.touch else ())]
    ):
        if link not in links:
            yield f"{place}: link '{link}' is not in the URDF; it has {listed(filter(None, links), most=40)}"


def _link_problems(tree: Element) -> Iterator[str]:
    # Only top-level joints: <transmission> holds <joint> tags of its own.
    ends = [(joint.find("parent"), joint.find("child"), joint.get("type")) for joint in tree.findall("joint")]
    parents = {parent.get("link") for parent, _, _ in ends if parent is not None}
    moving = {child.get("link") for _, child, kind in ends if child is not None and kind != "fixed"}
    massless = []
    for link in tree.findall("link"):
        name = link.get("name", "")
        inertial = link.find("inertial")
        if inertial is not None and not _is_massless(inertial):
            yield from _inertial_problems(name, inertial)
        elif name in moving and (inertial is not None or name not in parents):
            yield f"link {name}: moves and has no mass"
        elif inertial is not None:
            massless.append(name)
    if massless:
        yield f"note: {len(massless)} fixed links have a mass of 0: {listed(massless, most=5)}"


def _is_massless(inertial: Element) -> bool:
    try:
        return _mass(inertial) == 0 and not _inertia(inertial).any()
    except ValueError:
        return False


def _inertial_problems(name: str, inertial: Element) -> Iterator[str]:
    try:
        mass, matrix = _mass(inertial), _inertia(inertial)
    except (ValueError, TypeError):
        yield f"link {name}: mass or inertia is missing or not a number"
        return
    if not (np.isfinite(mass) and np.isfinite(matrix).all()):
        yield f"link {name}: mass or inertia is not finite"
        return
    if mass <= 0:
        yield f"link {name}: mass is {mass:g} kg"
    if not matrix.any():
        if mass > 1e-6:
            yield f"link {name}: no inertia though it weighs {mass:g} kg"
        return
    moments = np.linalg.eigvalsh(matrix)
    if moments[0] <= 0:
        yield f"link {name}: inertia is not positive definite: principal moments {_numbers(moments)} kg*m^2"
    elif moments[0] + moments[1] < moments[2] * (1 - TRIANGLE_SLACK):
        yield (
            f"link {name}: impossible inertia: the largest principal moment exceeds the sum of the others: "
            f"{_numbers(moments)} kg*m^2"
        )


def _mass(inertial: Element) -> float:
    mass = inertial.find("mass")
    return float("nan") if mass is None else float(mass.get("value", "nan"))


def _inertia(inertial: Element) -> Float[np.ndarray, "3 3"]:
    tag = inertial.find("inertia")
    if tag is None:
        raise ValueError("no inertia")
    xx, xy, xz, yy, yz, zz = (float(tag.get(key, "0")) for key in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz"))
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _mesh_notes(robot: Robot, tree: Element) -> Iterator[str]:
    names = {mesh.get("filename", "") for mesh in tree.iter("mesh")}
    if not robot.urdf.package:  # whose meshes lie in the package around it
        outside = {name for name in names if not _is_inside(robot.folder, _mesh_path(robot, name))}
        yield from (f"mesh '{name}' lies outside {robot.folder}" for name in sorted(outside))
        names -= outside
    missing = sorted(name for name in names if not _mesh_path(robot, name).is_file())
    if missing:
        yield f"note: {len(missing)} of {len(names)} meshes are missing: {listed(missing, most=5)}"


def _is_inside(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _mesh_path(robot: Robot, name: str) -> Path:
    """Where a mesh of the URDF should lie: `package://<package>/robots/...` or beside the URDF."""
    urdf = robot.urdf_path()
    if not name.startswith("package://"):
        return urdf.parent / name
    inside = Path(*Path(name.removeprefix("package://")).parts[1:])
    depth = len(Path(robot.urdf.path).parts)
    root = urdf.parents[depth] if robot.urdf.package else robot.folder
    return root / inside


def _numbers(values: Float[np.ndarray, " n"]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
