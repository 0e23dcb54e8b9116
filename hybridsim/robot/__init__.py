"""A robot design: what robot.toml and its URDF promise, every value with unit and source."""

from hybridsim.robot.contact import ContactPrior, Touching
from hybridsim.robot.load import load_robot
from hybridsim.robot.model import (
    Drive,
    Encoder,
    Joint,
    Payload,
    RigidBody,
    Robot,
    Sensor,
    UrdfSource,
)
from hybridsim.robot.problems import problems
from hybridsim.robot.quantity import Quantity
from hybridsim.robot.tool import Tool

__all__ = [
    "ContactPrior",
    "Drive",
    "Encoder",
    "Joint",
    "Payload",
    "Quantity",
    "RigidBody",
    "Robot",
    "Sensor",
    "Tool",
    "Touching",
    "UrdfSource",
    "load_robot",
    "problems",
]
