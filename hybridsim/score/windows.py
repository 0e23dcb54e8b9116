"""Scores of short replays: the simulator is started again from a measured state every so often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hybridsim.errors import SimulationError
from hybridsim.replay import WindowError
from hybridsim.score.bootstrap import Draws, interval_over_logs, mean_over_logs

REFERENCE = "identified"
"""Every other variant is compared with it, log by log."""


def windowed_scores(
    errors: Sequence[WindowError], signal: str, variant: str, draws: Draws
) -> list[dict[str, Any]]:
    """One entry a horizon, shortest first: components, mean and interval, every log weighing equally.

    Where `identified` was restarted too, `minus_identified` is the paired difference to it, log by log.
    """
    mine = [e for e in errors if e.signal == signal and e.variant == variant and e.count > 0]
    others = [e for e in errors if e.signal == signal and e.variant == REFERENCE and variant != REFERENCE]
    for error in mine:
        if not np.isfinite(error.mae).all():
            raise SimulationError(
                f"log {error.log_id}: signal {signal}, variant {variant}, restarts every {error.horizon_s} s "
                f"give {error.mae}; expected finite errors"
            )
    horizons = sorted({error.horizon_s for error in mine})
    return [
        _entry([e for e in mine if e.horizon_s == h], h, draws)
        | _difference([e for e in mine if e.horizon_s == h], [e for e in others if e.horizon_s == h], draws)
        for h in horizons
    ]


def _difference(mine: list[WindowError], others: list[WindowError], draws: Draws) -> dict[str, Any]:
    """Of the logs that both have; nothing where there is none."""
    known = {error.log_id: error.mae.mean() for error in others}
    pairs = sorted((e.log_id, e.mae.mean() - known[e.log_id]) for e in mine if e.log_id in known)
    if not pairs:
        return {}
    apart = np.array([[difference] for _, difference in pairs])
    interval = interval_over_logs(apart, draws.weights(len(apart)))[:, 0]
    return {"minus_identified": mean_over_logs(apart)[0], "minus_identified_interval_95": interval}


def _entry(errors: list[WindowError], horizon_s: float, draws: Draws) -> dict[str, Any]:
    errors = sorted(errors, key=lambda error: error.log_id)
    mae = np.stack([error.mae for error in errors])  # [log component]
    mean = mae.mean(axis=1, keepdims=True)  # [log 1]
    interval = interval_over_logs(mean, draws.weights(len(errors)))
    return {
        "horizon_s": horizon_s,
        "mae": mean_over_logs(mae),
        "mae_mean": mean_over_logs(mean)[0],
        "mae_mean_interval_95": interval[:, 0],
        "logs": len(errors),
        "samples": sum(error.count for error in errors),
    }
