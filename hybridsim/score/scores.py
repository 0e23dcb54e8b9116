"""Replays in, the scores of every variant out, in the shape of `evaluate --json`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hybridsim import __version__
from hybridsim.errors import LogError
from hybridsim.replay import Replay
from hybridsim.score.bootstrap import Draws
from hybridsim.score.table import SignalErrors, signal_errors
from hybridsim.score.variants import band_scores, variant_scores
from hybridsim.score.windows import WindowError
from hybridsim.signals import signal_word

SCHEMA = 1
VARIANTS = ("command", "nominal", "delayed", "identified", "hybrid", "blackbox")
BANDED = "hybrid"  # the variant whose 90 % interval a replay carries


def score(
    replays: Sequence[Replay],
    *,
    calibration: str,
    robot: str,
    serial: str,
    replay_seconds: Mapping[str, float],
    windowed: Sequence[WindowError] = (),
    notes: Sequence[str] = (),
    seed: int = 0,
    bootstrap: int = 2000,
) -> dict[str, Any]:
    """Score every variant on held-out replays; see DESIGN "evaluate --json" for the result, strict JSON.

    Args:
        replays: one a log and signal; every log of a signal has the same variants.
        calibration: id of what predicted.
        robot: design that the logs are of.
        serial: individual that the logs are of.
        replay_seconds: "simulated_s" and "wall_s" of the replays [s].
        windowed: errors of restarted replays, all horizons together.
        notes: what a reader has to know, such as why a variant is absent.
        seed: of the bootstrap.
        bootstrap: number of draws.

    Raises:
        LogError: no replays, or none with a measured sample.
        SimulationError: a prediction is not finite, or logs of a signal do not fit each other.
    """
    if not replays:
        raise LogError("scores: no replays were given; expected at least one held-out log")
    grouped = by_signal(replays)
    tables = {name: signal_errors(mine, signal_word(name).kind) for name, mine in grouped.items()}
    draws = Draws(resamples=bootstrap, seed=seed)
    scores: dict[str, Any] = {"schema": SCHEMA, "calibration": calibration, "robot": robot, "serial": serial}
    scores["variants"] = all_variants(grouped, tables, windowed, draws)
    scores["replay"] = speed(replay_seconds)
    scores["protocol"] = protocol(grouped, tables, draws)
    scores["notes"] = [*notes, *own_notes(grouped, tables)]
    return plain(scores)


def by_signal(replays: Sequence[Replay]) -> dict[str, list[Replay]]:
    """The replays of each signal, signals in the order of their first replay."""
    grouped: dict[str, list[Replay]] = {}
    for replay in replays:
        grouped.setdefault(replay.signal, []).append(replay)
    return grouped


def all_variants(
    grouped: Mapping[str, Sequence[Replay]],
    tables: Mapping[str, SignalErrors],
    windowed: Sequence[WindowError],
    draws: Draws,
) -> dict[str, dict[str, Any]]:
    """Scores of every variant, the hybrid's with how well its intervals hold."""
    variants = {name: variant_scores(tables, name, windowed, draws) for name in variant_names(tables)}
    if BANDED in variants:
        variants[BANDED] |= band_scores(grouped)
    return variants


def variant_names(tables: Mapping[str, SignalErrors]) -> list[str]:
    """The variants there are, the known ones first and in their usual order."""
    present = {name for table in tables.values() for name in table.variants}
    return [name for name in VARIANTS if name in present] + sorted(present - set(VARIANTS))


def speed(seconds: Mapping[str, float]) -> dict[str, float]:
    """Simulated and wall time [s], and how many times faster than the robot the replays ran."""
    simulated, wall = float(seconds["simulated_s"]), float(seconds["wall_s"])
    assert simulated >= 0.0 and wall > 0.0 and math.isfinite(simulated / wall), (simulated, wall)
    return {"simulated_s": simulated, "wall_s": wall, "real_time_factor": simulated / wall}


def protocol(
    grouped: Mapping[str, Sequence[Replay]], tables: Mapping[str, SignalErrors], draws: Draws
) -> dict[str, Any]:
    """What was scored and how: logs, their length, samples used and left out, the range the motions cover."""
    lengths = {r.log_id: float(np.ptp(r.time_s)) for replays in grouped.values() for r in replays}
    return {
        "version": __version__,
        "replay": "free-running from the first measured state",
        "seed": draws.seed,
        "bootstrap": draws.resamples,
        "interval": "95 % percentile bootstrap over logs",
        "log_seconds": dict(sorted(lengths.items())),
        "signals": {
            signal: {
                "logs": len(table.log_ids),
                "unit": grouped[signal][0].unit,
                "components": grouped[signal][0].components,
                "samples": table.samples.sum(axis=0),
                "missing": table.missing.sum(axis=0),
                **motion_range(grouped[signal]),
            }
            for signal, table in tables.items()
        },
    }


def motion_range(replays: Sequence[Replay]) -> dict[str, Any]:
    """Lowest and highest measured value and the fastest motion, per component."""
    measured = np.concatenate([r.measured for r in replays])
    fast = np.abs(np.concatenate([r.speed for r in replays]))
    have, moving = np.isfinite(measured), np.isfinite(fast)
    return {
        "lowest": np.where(have, measured, np.inf).min(axis=0),
        "highest": np.where(have, measured, -np.inf).max(axis=0),
        "fastest": np.where(moving, fast, -np.inf).max(axis=0),
    }


def own_notes(grouped: Mapping[str, Sequence[Replay]], tables: Mapping[str, SignalErrors]) -> list[str]:
    """What the numbers alone do not say."""
    notes = []
    for signal, table in tables.items():
        if len(table.log_ids) == 1:
            notes.append(
                f"{signal}: one log, so its interval is the mean itself and says nothing about other logs"
            )
        notes += [
            f"{signal}: log {replay.log_id} has no measured sample and is not scored"
            for replay in grouped[signal]
            if replay.log_id not in table.log_ids
        ]
    return notes


def plain(value: Any) -> Any:
    """The same as strict JSON types: arrays become lists, NaN and infinity None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
