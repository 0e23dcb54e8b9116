"""The rigid body of a robot as a calibration and a log describe it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hybridsim.errors import CalibrationError
from hybridsim.parameters import Parameter
from hybridsim.physics.edits import with_inertial, with_point_mass
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import Link, RigidModel
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import Robot

COM = ("com_x", "com_y", "com_z")
INERTIA = ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")


@functools.lru_cache(maxsize=8)
def _bare(path: Path, changed_ns: int) -> RigidModel:
    return merge_fixed(load_urdf(path))


def bare_body(robot: Robot) -> RigidModel:
    """The URDF's body, fixed links merged, no payload."""
    path = robot.urdf_path()
    return _bare(path, path.stat().st_mtime_ns)


def offered_inertials(robot: Robot) -> list[Parameter]:
    """`link.<link>.mass` and `.com_x/y/z` of every link that moves, at the URDF's values.

    The root is one of them where a robot with drives is not bolted down.
    """
    model, loose = bare_body(robot), robot.urdf.base == "floating" and bool(robot.drives)
    found = []
    for link in model.links:
        if (link.name == model.root and not loose) or link.mass <= 0:
            continue
        found.append(
            Parameter(
                name=f"link.{link.name}.mass",
                value=link.mass,
                unit="kg",
                low=0.2 * link.mass,
                high=5.0 * link.mass,
                scale="log",
                source=f"robots/{robot.name}: URDF; its inertia scales with it",
            )
        )
        for axis, value in zip(COM, link.com, strict=True):
            found.append(
                Parameter(
                    name=f"link.{link.name}.{axis}",
                    value=float(value),
                    unit="m",
                    low=float(value) - 0.1,
                    high=float(value) + 0.1,
                    source=f"robots/{robot.name}: URDF, link frame",
                )
            )
    return found


def body_of(robot: Robot, values: Mapping[str, float], constants: Mapping[str, float]) -> RigidModel:
    """The body with identified inertials, then the payload that a log's constants state.

    Args:
        robot: the design.
        values: parameters by name; those of links are used, the URDF's where there are none. An inertia that
            is not among them scales with the mass.
        constants: of a log, such as payload_mass [kg] and payload_length [m].

    Raises:
        CalibrationError: the robot carries a payload and the log does not state it.
    """
    model = bare_body(robot)
    for link in model.links:
        mass = values.get(f"link.{link.name}.mass", link.mass)
        com = [
            values.get(f"link.{link.name}.{axis}", float(c)) for axis, c in zip(COM, link.com, strict=True)
        ]
        inertia = _inertia(link, values, mass)
        if mass != link.mass or com != list(link.com) or (inertia != link.inertia).any():
            model = with_inertial(model, link.name, mass, np.array(com), inertia)
    for payload in robot.payloads:
        missing = [name for name in (payload.mass_constant, payload.length_constant) if name not in constants]
        if missing:
            raise CalibrationError(
                f"robots/{robot.name}: the payload on link '{payload.link}' needs constants {missing};"
                f" given: {sorted(constants)}"
            )
        length = constants[payload.length_constant]
        model = with_point_mass(
            model, payload.link, constants[payload.mass_constant], length * np.array(payload.axis)
        )
    return model


def _inertia(link: Link, values: Mapping[str, float], mass: float) -> np.ndarray:
    """About the centre of mass: as identified from efforts, else the URDF's, scaled as found."""
    found = [values.get(f"link.{link.name}.{word}") for word in INERTIA]
    if any(value is None for value in found):
        scale = values.get(f"link.{link.name}.inertia_scale", 1.0)
        return link.inertia * (scale * mass / link.mass) if link.mass else link.inertia
    inertia = np.zeros((3, 3))
    inertia[np.triu_indices(3)] = np.array(found, float)
    return inertia + np.triu(inertia, 1).T
