"""Scores of short replays: the simulator is started again from a measured state every so often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hybridsim.errors import SimulationError
from hybridsim.replay import WindowError
from hybridsim.score.bootstrap import Draws, interval_over_logs, mean_over_logs


def windowed_scores(
    errors: Sequence[WindowError], signal: str, variant: str, draws: Draws
) -> list[dict[str, Any]]:
    """One entry a horizon, shortest first: components, mean and interval, every log weighing equally."""
    mine = [e for e in errors if e.signal == signal and e.variant == variant and e.count > 0]
    for error in mine:
        if not np.isfinite(error.mae).all():
            raise SimulationError(
                f"log {error.log_id}: signal {signal}, variant {variant}, restarts every {error.horizon_s} s "
                f"give {error.mae}; expected finite errors"
            )
    horizons = sorted({error.horizon_s for error in mine})
    return [_entry([e for e in mine if e.horizon_s == h], h, draws) for h in horizons]


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
