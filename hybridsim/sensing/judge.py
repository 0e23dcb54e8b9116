"""Whether following the motion beats one spread in motion and one at rest, on logs that no fit saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.networks.selection import FEWEST_LOGS, gate_verdict
from hybridsim.sensing.given import Given
from hybridsim.sensing.model import ANY, ImuModel, Stated
from hybridsim.sensing.recording import ACC, GYRO, Recording
from hybridsim.sensing.tails import crps

UNITS = {GYRO: "rad/s", ACC: "m/s^2"}


@dataclass(frozen=True, kw_only=True)
class SignalVerdict:
    """On one signal: difference of the mean continuous ranked probability score in motion."""

    ships: bool
    unit: str
    mean_difference: float | None
    interval_95: tuple[float, float] | None
    reason: str


def judged(model: ImuModel, logs: Sequence[tuple[Recording, str]], seed: int) -> dict[str, SignalVerdict]:
    """Compare on logs, each with the name of its mounting."""
    given = [
        one
        for recording, mounting in logs
        if (one := model.given(recording, model.frames.get(mounting, model.frames[ANY]))).motion.any()
    ]
    if len(given) < FEWEST_LOGS:
        reason = f"{len(given)} validation logs with motion; {FEWEST_LOGS} are needed to judge"
        return {
            name: SignalVerdict(ships=False, unit=unit, mean_difference=None, interval_95=None, reason=reason)
            for name, unit in UNITS.items()
        }
    with_motion = np.array([_by_signal(model.stated(one)) for one in given])
    without = np.array([_by_signal(model.plain(one)) for one in given])
    verdict = gate_verdict(with_motion, without, list(UNITS), seed=seed)
    return {
        name: SignalVerdict(
            ships=v.ships,
            unit=UNITS[name],
            mean_difference=v.mean_difference,
            interval_95=v.interval_95,
            reason=v.reason,
        )
        for name, v in verdict.groups.items()
    }


def _by_signal(stated: Stated) -> Float[np.ndarray, "2"]:
    """Mean score in motion of gyroscope and accelerometer."""
    each = motion_scores(stated.given, stated)
    return np.array([each[:3].mean(), each[3:].mean()])


def motion_scores(given: Given, stated: Stated) -> Float[np.ndarray, "6"]:
    """Mean continuous ranked probability score of each column in motion [rad/s, m/s^2]."""
    rows = given.motion
    error = (given.reading - stated.ideal)[rows]
    return np.array(
        [crps(error[:, k], stated.spread[rows, k], stated.tails[0][k]).mean() for k in range(error.shape[1])]
    )
