"""Errors of efforts over the efforts' own spread, with an interval that works for one recording too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.replay import Replay
from hybridsim.score.bootstrap import LEVEL

BLOCK_S = 0.5  # stretches that are drawn whole; chosen, because errors of efforts last about as long
DRAWS = 2000


def add_relative(scores: dict[str, Any], replays: Sequence[Replay]) -> None:
    """Add `relative` to every variant's signal: rmse over the measurement's standard deviation.

    Per component over all logs' samples together, and the mean over components with a 95 % interval from
    drawing stretches of BLOCK_S with replacement.
    """
    for signal in {replay.signal: None for replay in replays}:
        mine = [replay for replay in replays if replay.signal == signal]
        stretches = [stretch for replay in mine for stretch in _stretches(replay)]
        drawn = _drawn(len(stretches), scores["protocol"]["seed"])
        for name, variant in scores["variants"].items():
            if signal in variant["signals"]:
                variant["signals"][signal]["relative"] = _relative(mine, stretches, name, drawn)


def _stretches(replay: Replay) -> list[tuple[Replay, np.ndarray]]:
    place = np.floor((replay.time_s - replay.time_s[0]) / BLOCK_S).astype(int)
    return [(replay, np.flatnonzero(place == n)) for n in np.unique(place)]


def _drawn(count: int, seed: int) -> Float[np.ndarray, "draw stretch"]:
    """How often each stretch is drawn; the same for every variant."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(count, np.full(count, 1.0 / count), size=DRAWS).astype(float)


def _relative(
    replays: Sequence[Replay],
    stretches: Sequence[tuple[Replay, np.ndarray]],
    variant: str,
    drawn: Float[np.ndarray, "draw stretch"],
) -> dict[str, Any]:
    measured = np.concatenate([replay.measured for replay in replays])
    spread = np.maximum(np.nanstd(measured, axis=0), 1e-12)
    square, count = [], []
    for replay, rows in stretches:
        error = (replay.predicted[variant] - replay.measured)[rows]
        square.append(np.nansum(error**2, axis=0))
        count.append(np.isfinite(error).sum(axis=0))
    squares, counts = np.array(square), np.array(count, float)
    each = np.sqrt(squares.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)) / spread
    resampled = np.sqrt((drawn @ squares) / np.maximum(drawn @ counts, 1)) / spread
    low, high = np.quantile(resampled.mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {
        "what": "rmse over the measurement's standard deviation",
        "spread": spread.tolist(),
        "rmse_over_spread": each.tolist(),
        "mean": float(each.mean()),
        "mean_interval_95": [float(low), float(high)],
        "interval": f"95 % bootstrap over stretches of {BLOCK_S:g} s",
    }
