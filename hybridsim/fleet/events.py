"""Stops and interventions in logs: moments that a challenger has to reproduce."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from hybridsim.log import Log
from hybridsim.simulator.inputs import LogInputs

BEFORE, AFTER = 0.5, 2.0
"""Of an event, what is judged [s]; chosen, because what led to it counts, and how the robot came to rest."""
SIGNALS = ("motor_enabled", "intervention", "emergency_stop")
"""Whose changes are events."""
STOPS = {"motor_enabled": False, "emergency_stop": True}
"""What a signal turns to where somebody stops the robot."""
REST, STILL = 0.5, 0.02
"""For so long [s] a joint at rest moves by no more than that [rad]; chosen: some steps of an encoder."""


def event_times(log: Log) -> Float[np.ndarray, " event"]:
    """When a motor was switched or somebody stepped in [s since 1970]."""
    return _turns(log, dict.fromkeys(SIGNALS))


def stop_times(log: Log) -> Float[np.ndarray, " stop"]:
    """When a motor was switched off or an emergency stop pressed [s since 1970]."""
    return _turns(log, STOPS)


def _turns(log: Log, wanted: Mapping[str, bool | None]) -> Float[np.ndarray, " event"]:
    """When any component of some signals turned to a value, or to any for None [s since 1970]."""
    times = []
    for name in sorted(set(wanted) & set(log.signals)):
        signal, to = log.signal(name), wanted[name]
        values = np.nan_to_num(signal.values) > 0.5
        turned = (values[1:] != values[:-1]) & (True if to is None else values[1:] == to)
        times.append(signal.stamp_ns[1:][turned.any(axis=1)] * 1e-9)
    return np.unique(np.concatenate(times)) if times else np.empty(0)


def around_events(log: Log, inputs: LogInputs, error: Float[np.ndarray, "time drive"]) -> float:
    """Mean error from shortly before to shortly after a log's events; NaN without any."""
    near = np.zeros(len(inputs.time_s), bool)
    for moment in event_times(log) - _start(log):
        near |= (inputs.time_s >= moment - BEFORE) & (inputs.time_s <= moment + AFTER)
    return float(np.nanmean(error[near])) if near.any() else float("nan")


def stops_missed(log: Log, inputs: LogInputs, angle: Float[np.ndarray, "time drive"]) -> int:
    """Stops after which a joint of the log comes to rest, and the replay's does not.

    Looked at is the end of what is judged of a stop, or what comes before the next event.

    Args:
        log: the recording.
        inputs: of the log.
        angle: of the replay, at the inputs' times [rad].
    """
    start, missed = _start(log), 0
    events, time = np.append(event_times(log) - start, np.inf), inputs.time_s
    for moment in stop_times(log) - start:
        end = min(moment + AFTER, events[events > moment].min(), time[-1])
        late = (time >= end - REST) & (time < end)
        if end - moment >= REST and late.any():
            rests = _moved(inputs.measured[late]) <= STILL
            missed += bool((rests & (_moved(angle[late]) > 2 * STILL)).any())
    return missed


def _moved(angle: Float[np.ndarray, "time drive"]) -> Float[np.ndarray, " drive"]:
    """How far joints went there and back [rad]; NaN where a sample is missing."""
    return angle.max(axis=0) - angle.min(axis=0)


def _start(log: Log) -> float:
    """Of its commands, which inputs count from [s since 1970]."""
    name = next(name for name in log.signals if name.endswith("_command"))
    return log.signal(name).stamp_ns[0] * 1e-9
