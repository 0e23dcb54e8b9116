"""What a replay leaves: one signal of one log beside every prediction of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True, kw_only=True)
class Replay:
    """One signal of one log beside what every variant predicted for it.

    A replay starts from the log's first measured state and never looks at measurements again.

    Attributes:
        log_id: the log's id in its store.
        signal: "joint_position", "gripper_opening", ...
        unit: unit of every array below that has none of its own.
        components: names of the columns, the robot's joint names for joint signals.
        time_s: time since the log's first sample [s].
        measured: the log's own samples; NaN where a sample is missing.
        command: the command held at each sample, same unit as `measured`.
        predicted: per variant (command, nominal, delayed, identified, hybrid, blackbox), never NaN.
        low: lower end of the hybrid's 90 % interval, or None without one.
        high: upper end of the hybrid's 90 % interval, or None without one.
        speed: rate of change of the component [unit/s].
        load: predicted load effort on the component [N*m]; NaN where the robot has no such effort.
        enabled: whether the motor was on.
    """

    log_id: str
    signal: str
    unit: str
    components: tuple[str, ...]
    time_s: Float[np.ndarray, " time"]
    measured: Float[np.ndarray, "time component"]
    command: Float[np.ndarray, "time component"]
    predicted: Mapping[str, Float[np.ndarray, "time component"]]
    low: Float[np.ndarray, "time component"] | None
    high: Float[np.ndarray, "time component"] | None
    speed: Float[np.ndarray, "time component"]
    load: Float[np.ndarray, "time component"]
    enabled: Bool[np.ndarray, " time"]


@dataclass(frozen=True, kw_only=True)
class WindowError:
    """Error of one variant on one log when it restarts from the measured state every `horizon_s`.

    Attributes:
        log_id: the log's id.
        signal: which signal.
        horizon_s: length of every window [s].
        variant: which variant.
        mae: mean absolute error over all samples of all windows, per scored component [the signal's unit].
        count: samples behind the mean; 0 with `mae` NaN where the log is shorter than the window.
    """

    log_id: str
    signal: str
    horizon_s: float
    variant: str
    mae: Float[np.ndarray, " component"]
    count: int
