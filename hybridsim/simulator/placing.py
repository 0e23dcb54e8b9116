"""Putting the floating bases of some worlds somewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike

from hybridsim.errors import SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.carried import CarriedBodies
from hybridsim.robot import Robot

AT_REST = (np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(3), np.zeros(3))
"""A base at the origin, upright: position, orientation, linear and angular velocity."""


def place_bases(
    robot: Robot,
    body: BulletWorlds | CarriedBodies,
    worlds: Int[np.ndarray, " some"],
    state: Sequence[ArrayLike | None],
) -> None:
    """Put bases somewhere; what is None is at rest at the origin, and nothing moves where all of it is.

    Args:
        robot: the design.
        body: its worlds.
        worlds: which.
        state: position [m], orientation xyzw, linear [m/s] and angular velocity [rad/s] in the world's axes.

    Raises:
        SimulationError: the base is fixed.
    """
    if all(part is None for part in state):
        return
    if not isinstance(body, BulletWorlds) or body.base is None:
        raise SimulationError(f"robots/{robot.name}: base is fixed; expected no base_position")
    rows = [
        np.broadcast_to(rest if part is None else np.asarray(part, float), (len(worlds), len(rest)))
        for part, rest in zip(state, AT_REST, strict=True)
    ]
    for world, place, turn, speed, spin in zip(worlds.tolist(), *rows, strict=True):
        body.base.place(world, place, turn, speed, spin)
