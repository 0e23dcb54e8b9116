"""One scripted recording: where it starts and what the joints are told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.standin.model import design


@dataclass(frozen=True, kw_only=True, eq=False)
class Script:
    """Position targets at 50 Hz.

    Attributes:
        motion: what it is called.
        hung: whether the robot hangs in its crane meanwhile.
        posture: that the robot is put down in [rad].
        target: one row a control period [rad].
    """

    motion: str
    hung: bool
    posture: Float[np.ndarray, " joint"]
    target: Float[np.ndarray, "time joint"]


def within_limits(target: Float[np.ndarray, "*row joint"]) -> Float[np.ndarray, "*row joint"]:
    """Targets as the robot's own software lets them pass: not beyond a joint's limits [rad]."""
    joints = design().joints
    return np.clip(target, [joint.lower.value for joint in joints], [joint.upper.value for joint in joints])
