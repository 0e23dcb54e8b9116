"""A robot design: what robot.toml and its URDF promise, every value with unit and source."""

from hybridsim.robot.load import load_robot
from hybridsim.robot.model import (
    ContactPrior,
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
    "UrdfSource",
    "load_robot",
    "problems",
]
