"""The scores of one variant: means over logs, its own logs, restarts, and the difference to `identified`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.replay import Replay
from hybridsim.score.bootstrap import Draws, interval_over_logs, mean_over_logs
from hybridsim.score.table import SignalErrors, coverage
from hybridsim.score.windows import REFERENCE, WindowError, windowed_scores


def variant_scores(
    tables: Mapping[str, SignalErrors], variant: str, windowed: Sequence[WindowError], draws: Draws
) -> dict[str, Any]:
    """Everything scores.json says about one variant, for the signals that it predicts.

    Beyond what DESIGN asks: `bias` (predicted minus measured), `windowed` (restarted replays) and
    `minus_identified`, the paired difference to `identified`, negative where the variant is better.
    """
    mine = [table for table in tables.values() if variant in table.variants]
    compared = [table for table in mine if variant != REFERENCE and REFERENCE in table.variants]
    return {
        "signals": {table.signal: signal_scores(table, variant, draws) for table in mine},
        "logs": log_scores(mine, variant),
        "windowed": {t.signal: windowed_scores(windowed, t.signal, variant, draws) for t in mine},
        "minus_identified": {table.signal: difference(table, variant, draws) for table in compared},
    }


def signal_scores(table: SignalErrors, variant: str, draws: Draws) -> dict[str, Any]:
    """Means over logs (each weighs the same) of one variant's errors of one signal."""
    errors = table.variants[variant]
    weights = draws.weights(len(table.log_ids))
    by_log = errors.by_log()[:, None]  # [log 1]
    return {
        "unit": table.unit,
        "components": table.components,
        "mae": mean_over_logs(errors.mae),
        "mae_interval_95": interval_over_logs(errors.mae, weights).T,
        "rmse": np.sqrt(mean_over_logs(errors.square)),
        "bias": mean_over_logs(errors.bias),
        "mae_mean": mean_over_logs(by_log)[0],
        "mae_mean_interval_95": interval_over_logs(by_log, weights)[:, 0],
    }


def log_scores(tables: Sequence[SignalErrors], variant: str) -> dict[str, dict[str, Any]]:
    """Per log and signal: the log's own means."""
    logs: dict[str, dict[str, Any]] = {}
    for table in tables:
        errors, means = table.variants[variant], table.variants[variant].by_log()
        for row, log_id in enumerate(table.log_ids):
            logs.setdefault(log_id, {})[table.signal] = {
                "mae_mean": means[row],
                "mae": errors.mae[row],
                "rmse": np.sqrt(errors.square[row]),
                "bias": errors.bias[row],
            }
    return logs


def difference(table: SignalErrors, variant: str, draws: Draws) -> dict[str, Any]:
    """Variant minus `identified`, paired log by log; negative where the variant is better."""
    weights = draws.weights(len(table.log_ids))
    one, other = table.variants[variant], table.variants[REFERENCE]
    overall, each = (one.by_log() - other.by_log())[:, None], one.mae - other.mae
    return {
        "unit": table.unit,
        "mae_mean": mean_over_logs(overall)[0],
        "interval_95": interval_over_logs(overall, weights)[:, 0],
        "logs_improved": np.mean(overall < 0),
        "components": table.components,
        "mae": mean_over_logs(each),
        "mae_interval_95": interval_over_logs(each, weights).T,
        "component_logs_improved": improved(each),
    }


def improved(each: Float[np.ndarray, "log error"]) -> Float[np.ndarray, " error"]:
    """Share of the logs that have a component in which it got better."""
    return mean_over_logs(np.where(np.isfinite(each), (each < 0).astype(float), np.nan))


def band_scores(grouped: Mapping[str, Sequence[Replay]]) -> dict[str, Any]:
    """How often the hybrid's 90 % interval holds the measurement, and its width, per signal and component."""
    inside: dict[str, dict[str, float]] = {}
    width: dict[str, dict[str, float]] = {}
    for signal, replays in grouped.items():
        found = coverage(replays)
        if found is not None:
            names = replays[0].components
            inside[signal], width[signal] = (dict(zip(names, values, strict=True)) for values in found)
    return {"coverage_90": inside, "interval_90_width": width}
