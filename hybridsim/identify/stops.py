"""Mechanical stops, found where a drive pushed on against a joint that stood still at the end of its path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybridsim.simulator.inputs import LogInputs

# Chosen, because no friction of a servo holds it this far from its command [rad] for this long [s].
PUSHED = 0.12
FOR = 0.2
NEAR = 0.01
"""How far from the end of its path a blocked joint may be read, in rad: backlash and a few counts."""


def found_stops(logs: Sequence[LogInputs], joints: Sequence[str]) -> dict[str, float]:
    """Measured angle of every stop that the logs show, by parameter name [rad].

    A joint that was never pushed against a stop has none here: the logs cannot say where it is.
    """
    found = {}
    for d, joint in enumerate(joints):
        for side, name in ((-1.0, "stop_low"), (1.0, "stop_high")):
            end = max(float(np.nanmax(side * log.measured[:, d])) for log in logs)
            if any(_blocked(log, d, side, end) for log in logs):
                found[f"drive.{joint}.{name}"] = side * end
    return found


def _blocked(log: LogInputs, drive: int, side: float, end: float) -> bool:
    """Whether the joint stood at `end` while its command lay well beyond for a while."""
    measured = side * log.measured[:, drive]
    beyond = (measured > end - NEAR) & (side * log.command[:, drive] > measured + PUSHED)
    if not beyond.any():
        return False
    span = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], beyond.astype(int), [0]]))))[::2].max()
    return bool(span * np.median(np.diff(log.time_s)) > FOR)
