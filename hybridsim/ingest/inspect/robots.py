"""A robot on one page: every value with unit and source."""

from __future__ import annotations

from pydantic import BaseModel

from hybridsim.ingest.inspect.sheet import Grid, Sheet, number
from hybridsim.robot import Quantity, Robot, problems

JOINT_KEYS = ("offset", "lower", "upper", "velocity_limit", "effort_limit")
DRIVE_WORDS = ("joint", "model", "coupling", "command", "measured")


def robot_sheet(robot: Robot) -> Sheet:
    """Joints, drives, encoders and sensors of a robot, where each value comes from, and what looks wrong."""
    facts = (
        ("description", robot.description),
        ("URDF", f"{robot.urdf.path} ({robot.urdf.package or 'beside robot.toml'}): {robot.urdf.source}"),
        ("base", robot.urdf.base),
        ("timestep", _shown(robot.rigid_body.timestep)),
        *_contact(robot),
        ("reflected inertia", f"{robot.rigid_body.reflected_inertia}: {robot.rigid_body.source}"),
    )
    grids = [_joints(robot), _drives(robot), _others(robot), _values(robot)]
    return Sheet(
        title=f"robot {robot.name}",
        facts=facts,
        grids=tuple(grid for grid in grids if grid.rows),
        problems=tuple(problems(robot)),
        data={"kind": "robot", "name": robot.name, "robot": robot.model_dump(mode="json", by_alias=True)},
    )


def _contact(robot: Robot) -> tuple[tuple[str, str], ...]:
    """The prior of its contacts, where it states one."""
    if robot.contact is None:
        return ()
    return (("contact", ", ".join(f"{key} {_shown(value)}" for key, value in robot.contact)),)


def _joints(robot: Robot) -> Grid:
    columns = ("joint", "URDF joint", "sign", *(f"{key} [{_unit(robot, key)}]" for key in JOINT_KEYS))
    rows = [
        (
            joint.name,
            joint.urdf_joint,
            f"{joint.sign:+d}",
            *(number(getattr(joint, key).value) for key in JOINT_KEYS),
        )
        for joint in robot.joints
    ]
    return Grid("joints", columns, tuple(rows))


def _unit(robot: Robot, key: str) -> str:
    return getattr(robot.joints[0], key).unit if robot.joints else "-"


def _drives(robot: Robot) -> Grid:
    rows = [tuple(str(getattr(drive, word)) for word in DRIVE_WORDS) for drive in robot.drives]
    return Grid("drives", DRIVE_WORDS, tuple(rows))


def _others(robot: Robot) -> Grid:
    rows = [("encoder", e.joint, f"resolution {_shown(e.resolution)}") for e in robot.encoders]
    rows += [
        (one.kind, one.name, f"on link {one.link}" if one.link else f"at joint {one.joint}")
        for one in robot.sensors
    ]
    rows += [
        ("payload", payload.link, f"{payload.mass_constant} [kg] at {payload.length_constant} [m]")
        for payload in robot.payloads
    ]
    return Grid("encoders, sensors, payloads", ("kind", "of", "what"), tuple(rows))


def _values(robot: Robot) -> Grid:
    """Every value with its source; equal ones of several joints share a line."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for joint in robot.joints:
        found.setdefault(("sign", f"{joint.sign:+d}", "1", joint.sign_source), []).append(joint.name)
    for joint in robot.joints:
        _collect(found, joint.name, joint)
    for part in (*robot.drives, *robot.encoders):
        _collect(found, part.joint, part)
    _collect(found, "rigid body", robot.rigid_body)
    if robot.contact is not None:
        _collect(found, "contact", robot.contact)
    rows = [(key, value, unit, _some(of), source) for (key, value, unit, source), of in found.items()]
    return Grid("values", ("value", "is", "unit", "of", "source"), tuple(rows))


def _collect(found: dict[tuple[str, str, str, str], list[str]], name: str, part: BaseModel) -> None:
    for key, value in part:
        if isinstance(value, Quantity):
            entry = (key, number(value.value, 6), value.unit, value.source)
            found.setdefault(entry, []).append(name)


def _some(names: list[str]) -> str:
    """One or two names, or the first and how many more."""
    return ", ".join(names) if len(names) < 3 else f"{names[0]} and {len(names) - 1} more"


def _shown(quantity: Quantity) -> str:
    unit = "" if quantity.unit == "1" else f" {quantity.unit}"
    return f"{number(quantity.value, 6)}{unit}"
