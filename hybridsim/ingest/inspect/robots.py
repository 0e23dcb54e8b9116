"""A robot on one page: every value with unit and source."""

from __future__ import annotations

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
        ("reflected inertia", f"{robot.rigid_body.reflected_inertia}: {robot.rigid_body.source}"),
    )
    grids = [_joints(robot), _drives(robot), _others(robot), _sources(robot)]
    return Sheet(
        title=f"robot {robot.name}",
        facts=facts,
        grids=tuple(grid for grid in grids if grid.rows),
        problems=tuple(problems(robot)),
        data={"kind": "robot", "name": robot.name, "robot": robot.model_dump(mode="json", by_alias=True)},
    )


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
    return getattr(robot.joints[0], key).unit


def _drives(robot: Robot) -> Grid:
    columns = (*DRIVE_WORDS, "values")
    rows = [
        (
            *(str(getattr(drive, word)) for word in DRIVE_WORDS),
            ", ".join(f"{key} {_shown(value)}" for key, value in drive if isinstance(value, Quantity)),
        )
        for drive in robot.drives
    ]
    return Grid("drives", columns, tuple(rows))


def _others(robot: Robot) -> Grid:
    rows = [("encoder", e.joint, f"resolution {_shown(e.resolution)}") for e in robot.encoders]
    rows += [(sensor.kind, sensor.name, f"on link {sensor.link}") for sensor in robot.sensors]
    rows += [
        ("payload", payload.link, f"{payload.mass_constant} [kg] at {payload.length_constant} [m]")
        for payload in robot.payloads
    ]
    return Grid("encoders, sensors, payloads", ("kind", "of", "what"), tuple(rows))


def _sources(robot: Robot) -> Grid:
    """Every value's source once, with the values that it stands for."""
    found: dict[str, list[str]] = {}
    for joint in robot.joints:
        found.setdefault(joint.sign_source, []).append(f"{joint.name}.sign")
    parts = [(part.joint if hasattr(part, "joint") else part.name, part) for part in _parts(robot)]
    for name, part in parts:
        for key, value in part:
            if isinstance(value, Quantity):
                found.setdefault(value.source, []).append(f"{name}.{key}")
    rows = [(_some(values), source) for source, values in found.items()]
    return Grid("sources", ("values", "source"), tuple(rows))


def _parts(robot: Robot) -> list:
    return [*robot.joints, *robot.drives, *robot.encoders]


def _some(values: list[str], most: int = 3) -> str:
    names = list(dict.fromkeys(values))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _shown(quantity: Quantity) -> str:
    unit = "" if quantity.unit == "1" else f" {quantity.unit}"
    return f"{number(quantity.value, 6)}{unit}"
