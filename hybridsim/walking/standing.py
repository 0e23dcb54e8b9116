"""What a robot's base weighs and where its centre of mass is, from the efforts that hold it at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.simulator.bodies import GRAVITY
from hybridsim.walking.legs import Legs

ARM = 0.3
"""Length by which moments weigh as much as forces [m]; chosen, because feet are that far from the base."""


class Rest(NamedTuple):
    """A robot that stands still."""

    posture: Float[np.ndarray, " joint"]
    """URDF's joint angles [rad]."""
    effort: Float[np.ndarray, " joint"]
    """Of the drives, URDF's signs [N*m]."""
    down: Float[np.ndarray, "3"]
    """Unit vector of gravity in the base's axes."""


def base_found(legs: Legs, rests: Sequence[Rest]) -> Float[np.ndarray, "3"]:
    """Mass [kg] and com_x, com_y [m] of the base with which forces and moments balance best.

        sum force + mass g = -legs' weight,  sum place x force + mass com x g = -legs' moment

    The height of its centre is not looked for: an upright robot hardly tells it. Legs weigh what the URDF
    says.
    Error: a planted mass and centre come back to 1e-6, tests/walking/test_standing.py.
    """
    rows = [_balance(legs, rest) for rest in rests]
    matrix = np.concatenate([row[0] for row in rows])
    target = np.concatenate([row[1] for row in rows])
    mass, first_x, first_y = np.linalg.lstsq(matrix, target, rcond=None)[0]
    return np.array([mass, first_x / mass, first_y / mass])


def _balance(legs: Legs, rest: Rest) -> tuple[Float[np.ndarray, "6 3"], Float[np.ndarray, "6"]]:
    """Rows in mass, mass com_x and mass com_y: three of forces, three of moments over ARM."""
    gravity = GRAVITY * rest.down
    force, place = legs.bearing(rest.posture, rest.effort, gravity)
    mass, centre = legs.bodies(rest.posture)
    height = np.array([0.0, 0.0, centre[0, 2]])
    matrix, target = np.zeros((6, 3)), np.zeros(6)
    matrix[:3, 0] = gravity
    target[:3] = -force.sum(axis=0) - mass[1:].sum() * gravity
    matrix[3:, 0] = np.cross(height, gravity) / ARM
    matrix[3:, 1] = np.cross([1.0, 0.0, 0.0], gravity) / ARM
    matrix[3:, 2] = np.cross([0.0, 1.0, 0.0], gravity) / ARM
    first = mass[1:] @ centre[1:]
    target[3:] = (-np.cross(place, force).sum(axis=0) - np.cross(first, gravity)) / ARM
    return matrix, target
