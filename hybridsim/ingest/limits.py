"""What a recorded value may be before it is taken for garbage."""

from __future__ import annotations

import numpy as np

from hybridsim.robot import Robot
from hybridsim.signals import signal_word

# How far beyond a joint's limits a recorded value is still believed; chosen, because a drive overshoots, has
# another zero, or runs at a higher voltage than rated, but never by this much.
POSITION_MARGIN = 2 * np.pi
RATE_FACTOR = 20.0


def bounds(signal: str, component: str, robot: Robot) -> tuple[float, float]:
    """What a recorded value may be [SI]: the signal's own bounds, tightened by the joint's limits."""
    word = signal_word(signal)
    if word.limit is None:
        return word.low, word.high
    joint = robot.joint(component)
    if word.limit == "position":
        return (
            max(word.low, joint.lower.value - POSITION_MARGIN),
            min(word.high, joint.upper.value + POSITION_MARGIN),
        )
    limit = joint.velocity_limit if word.limit == "velocity" else joint.effort_limit
    most = min(word.high, RATE_FACTOR * limit.value)
    return -most, most
