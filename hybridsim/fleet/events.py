"""Stops and interventions in logs: moments that a challenger has to reproduce."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.log import Log
from hybridsim.simulator.inputs import LogInputs

BEFORE, AFTER = 0.5, 2.0
"""Of an event, what is judged [s]; chosen, because what led to it counts, and how the robot came to rest."""
SIGNALS = ("motor_enabled", "intervention", "emergency_stop")
"""Whose changes are events."""


def event_times(log: Log) -> Float[np.ndarray, " event"]:
    """When a motor was switched or somebody stepped in [s since 1970]."""
    times = []
    for name in SIGNALS:
        if name not in log.signals:
            continue
        signal = log.signal(name)
        values = np.nan_to_num(signal.values) > 0.5
        rows = 1 + np.flatnonzero((values[1:] != values[:-1]).any(axis=1))
        times.append(signal.stamp_ns[rows] * 1e-9)
    return np.unique(np.concatenate(times)) if times else np.empty(0)


def around_events(log: Log, inputs: LogInputs, error: Float[np.ndarray, "time drive"]) -> float:
    """Mean error from shortly before to shortly after a log's events; NaN without any."""
    start = log.signal(_first_command(log)).stamp_ns[0] * 1e-9
    near = np.zeros(len(inputs.time_s), bool)
    for moment in event_times(log) - start:
        near |= (inputs.time_s >= moment - BEFORE) & (inputs.time_s <= moment + AFTER)
    return float(np.nanmean(error[near])) if near.any() else float("nan")


def _first_command(log: Log) -> str:
    return next(name for name in log.signals if name.endswith("_command"))
