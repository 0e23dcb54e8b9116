"""How the robot stands, and what its drives have to be told for it: they are soft and would sag."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float

from hybridsim.standin.draw import POSITION_GAIN, VELOCITY_GAIN
from hybridsim.standin.model import GRAVITY, design
from hybridsim.walking.legs import Legs, shared_load

ABOVE = 0.002
"""Height of the feet over the ground before the robot is let down [m]; chosen, so that none starts inside."""
ANGLES = {"HAA": 0.0, "F_HFE": 0.4, "F_KFE": -0.8, "H_HFE": -0.4, "H_KFE": 0.8}
"""By the end of a joint's name: how it stands, knees inwards, some 0.55 m high [rad]; chosen, for reach."""


@cache
def legs() -> Legs:
    """The robot's legs as the URDF states them; a stand-in's own masses are no part of any plan."""
    return Legs(design())


@cache
def stance() -> Float[np.ndarray, " joint"]:
    """Joint positions of a robot that stands [rad]."""
    ends = [next(x for end, x in ANGLES.items() if joint.name.endswith(end)) for joint in design().joints]
    found = np.array(ends)
    found.setflags(write=False)
    return found


def bearing(
    posture: Float[np.ndarray, " joint"], share: Float[np.ndarray, " foot"]
) -> Float[np.ndarray, " joint"]:
    """Torque that holds a posture where each foot carries a share of the weight [N*m]."""
    return legs().holding(posture, GRAVITY * legs().mass * share)


def target_of(
    posture: Float[np.ndarray, "*row joint"],
    velocity: Float[np.ndarray, "*row joint"],
    effort: Float[np.ndarray, "*row joint"],
) -> Float[np.ndarray, "*row joint"]:
    """Position target at which drives of the documented gains give this torque in this motion [rad].

    effort = k (target - position) - d velocity, solved for the target.
    """
    return posture + (effort + VELOCITY_GAIN * velocity) / POSITION_GAIN


def standing_target(posture: Float[np.ndarray, " joint"]) -> Float[np.ndarray, " joint"]:
    """What the drives are told so that the robot stands in a posture [rad]."""
    share = shared_load(legs().centre_of_mass(posture), legs().places(posture), np.ones(len(legs().feet)))
    return target_of(posture, np.zeros_like(posture), bearing(posture, share))


def standing_height(posture: Float[np.ndarray, " joint"]) -> float:
    """Of the base's origin over the ground, an upright robot's lowest foot just above it [m]."""
    return float(-legs().places(posture)[:, 2].min()) + ABOVE
