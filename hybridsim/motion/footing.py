"""On which feet a robot stands in a posture, and what holds it there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from hybridsim.robot import Robot
from hybridsim.simulator.bodies import GRAVITY
from hybridsim.walking.legs import Legs

NEAR = 0.02
"""Height over the lowest foot at which a foot bears 1/e of what that one does; chosen, because clips are that
uneven [m]."""


class Footing(NamedTuple):
    """Of a row a posture."""

    feet: Float[np.ndarray, "row foot"]
    """Heights of the feet over the base's origin [m]."""
    effort: Float[np.ndarray, "row joint"]
    """That holds the posture, joints in robot.toml's order and signs [N*m]."""


def footing_of(robot: Robot, position: Float[np.ndarray, "row joint"], level: Rotation) -> Footing:
    """Feet of a robot on level ground, weight shared out by how near the ground they are.

    Args:
        robot: whose feet are spheres.
        position: joint angles [rad].
        level: of the base, without its heading; a row a posture.
    """
    legs = Legs(robot)
    sign = np.array([joint.sign for joint in robot.joints])
    angles = sign * position + np.array([joint.offset.value for joint in robot.joints])
    places = np.array([legs.places(row) for row in angles])
    feet = np.array([turn.apply(row)[:, 2] for turn, row in zip(level, places, strict=True)])
    near = np.exp(-(((feet - feet.min(axis=1, keepdims=True)) / NEAR) ** 2))
    load = GRAVITY * legs.mass * near / near.sum(axis=1, keepdims=True)
    effort = [sign * legs.holding(row, own) for row, own in zip(angles, load, strict=True)]
    return Footing(feet, np.array(effort))
