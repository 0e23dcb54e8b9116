"""How long after its command each response came: measured, recorded in the log, never applied."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64, Int64

from hybridsim.ingest.latency import Delay, latency
from hybridsim.log import Lag, Samples

# What answers to what.
ANSWERS = {
    "joint_position_command": "joint_position",
    "joint_velocity_command": "joint_velocity",
    "joint_effort_command": "joint_effort",
    "gripper_opening_command": "gripper_opening",
}
MAX_ROWS = 1 << 18  # of either signal, from its start; chosen, delays do not take an hour to show
FEWEST = 20


def lags_of(signals: Mapping[str, Samples]) -> tuple[Lag, ...]:
    """Delays of all responses whose command a log holds: one for all joints together, then one each."""
    found: list[Lag] = []
    for command, response in ANSWERS.items():
        if command in signals and response in signals:
            found += _lags(signals[command], signals[response])
    return tuple(found)


def _lags(command: Samples, response: Samples) -> list[Lag]:
    joints = [joint for joint in command.components if joint in response.components]
    (sent_ns, sent), (got_ns, got) = _start(command, joints), _start(response, joints)
    end = min(sent_ns[-1], got_ns[-1]) if len(sent_ns) and len(got_ns) else 0
    sent_rows, got_rows = np.searchsorted(sent_ns, end), np.searchsorted(got_ns, end)
    if not joints or min(sent_rows, got_rows) < FEWEST:
        return []
    measured = latency(sent_ns[:sent_rows], sent[:sent_rows], got_ns[:got_rows], got[:got_rows])
    named = [("", measured.pooled), *zip(joints, measured.joints, strict=True)]
    return [_lag(command, response, component, delay) for component, delay in named]


def _lag(command: Samples, response: Samples, component: str, delay: Delay) -> Lag:
    return Lag(
        command=command.name,
        response=response.name,
        component=component or None,
        delay_s=delay.delay_s,
        interval_95_s=delay.interval_95_s,
        correlation=delay.correlation,
        trusted=delay.trusted,
        reason=delay.reason or None,
    )


def _start(
    signal: Samples, joints: list[str]
) -> tuple[Int64[np.ndarray, " sample"], Float64[np.ndarray, "sample joint"]]:
    """The first samples of a signal, of some of its components."""
    places = [signal.components.index(joint) for joint in joints]
    stamps, values, rows = [], [], 0
    for stamp_ns, block in signal.blocks():
        stamps.append(stamp_ns)
        values.append(block[:, places])
        rows += len(stamp_ns)
        if rows >= MAX_ROWS:
            break
    if not stamps:
        return np.empty(0, np.int64), np.empty((0, len(joints)))
    return np.concatenate(stamps)[:MAX_ROWS], np.concatenate(values)[:MAX_ROWS]
