"""A command as its caller gives it, as one row a world."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError


def command_rows(
    command: Float[np.ndarray, "*world drive"] | Sequence[float], worlds: int, joints: Sequence[str]
) -> Float[np.ndarray, "world drive"]:
    """One row a world, where the command may be one for all.

    Raises:
        SimulationError: it is of another shape or not finite.
    """
    wanted, drives = np.asarray(command, float), len(joints)
    if wanted.shape not in ((drives,), (1, drives), (worlds, drives)):
        raise SimulationError(
            f"HybridSim: command of shape {wanted.shape}; expected ({drives},) or"
            f" ({worlds}, {drives}) for {', '.join(joints)}"
        )
    if not isfinite(wanted.sum()):
        raise SimulationError("HybridSim: the command is not finite; expected finite numbers")
    if wanted.shape == (worlds, drives):
        return wanted
    rows = np.empty((worlds, drives))
    rows[:] = wanted
    return rows
