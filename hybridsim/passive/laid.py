"""What is replayed and what comes of it, as flat arrays: pieces of logs, their starts and their paths."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from hybridsim.contacts.residual import INPUTS
from hybridsim.simulator.tool_path import ToolPath, nothing_pushes


class Starts(NamedTuple):
    """States of the root link's origin in the data's own units, one row a piece."""

    position: np.ndarray
    """[piece 3] world [m]."""
    orientation: np.ndarray
    """[piece 4] world from body, xyzw."""
    linear_velocity: np.ndarray
    """[piece 3] world axes [m/s]."""
    angular_velocity: np.ndarray
    """[piece 3] body axes [rad/s]."""
    joint: np.ndarray
    """[piece joint]."""
    joint_velocity: np.ndarray
    """[piece joint]."""


class Pieces(NamedTuple):
    """What is replayed: stretches of logs with the times at which their state is wanted."""

    world: np.ndarray
    """[piece] row of the setups."""
    first: np.ndarray
    """[piece] its first sample's row in the arrays below."""
    count: np.ndarray
    """[piece] samples, the first at the start itself."""
    time: np.ndarray
    """[sample] since the piece's start, in the data's time [s]."""
    measured: np.ndarray
    """[piece] bool: the start's velocities are measured ones, which lag."""
    tool: ToolPath = nothing_pushes()
    """What pushes along the pieces."""


class Paths(NamedTuple):
    """Predicted states of the root link's origin at the samples, in the data's own units."""

    position: Float[np.ndarray, "sample 3"]
    orientation: Float[np.ndarray, "sample 4"]
    joint: Float[np.ndarray, "sample joint"]
    features: Float32[np.ndarray, "sample feature"]
    """What a network saw of one contact in the step before; NaN in the air and without a network."""


def new_paths(samples: int, joints: int) -> Paths:
    """Room for so many samples."""
    features = np.full((samples, len(INPUTS)), np.nan, np.float32)
    return Paths(np.zeros((samples, 3)), np.zeros((samples, 4)), np.zeros((samples, joints)), features)
