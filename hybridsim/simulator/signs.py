"""Which way each joint turns relative to the URDF: a parameter like any other, +1 or -1."""

from __future__ import annotations

from collections.abc import Mapping

from hybridsim.parameters import Parameter
from hybridsim.robot import Robot


def sign_name(joint: str) -> str:
    """Name of a joint's sign among the parameters."""
    return f"joint.{joint}.sign"


def offered_signs(robot: Robot) -> list[Parameter]:
    """`joint.<name>.sign` of every joint at robot.toml's value: URDF angle = sign * joint angle + offset."""
    return [
        Parameter(
            name=sign_name(joint.name), value=joint.sign, unit="1", low=-1, high=1, source=joint.sign_source
        )
        for joint in robot.joints
    ]


def with_signs(robot: Robot, values: Mapping[str, float]) -> Robot:
    """The robot with the signs that the values name, robot.toml's own where they name none."""
    joints = tuple(
        joint.model_copy(update={"sign": 1 if values.get(sign_name(joint.name), joint.sign) > 0 else -1})
        for joint in robot.joints
    )
    turned = robot.model_copy(update={"joints": joints})
    turned._folder = robot._folder
    return turned
