"""Scores of how drawn worlds spread: how well their resting places foretell the real one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration
from hybridsim.networks.inference import Networks
from hybridsim.passive.spread import Rests, Source, rests
from hybridsim.passive.track import Track
from hybridsim.progress import Progress
from hybridsim.robot import Robot
from hybridsim.score.bootstrap import Draws, interval_over_logs

DRAWS = 49
"""Of every log; chosen, because with the real place they are 50, of which 45 are 90 %."""
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SHOWN = 6
"""Logs whose draws are kept for the page, from the best foretold to the worst."""
NORMAL_95 = 1.96
WHAT = (
    "position at each log's last sample, in worlds of their own draw: a member of the ensemble, what varies"
    " from log to log, and the scatter of the first measured state, from which each starts"
)


def spread_scores(
    calibration: Calibration,
    robot: Robot,
    tracks: Sequence[Track],
    point: Float[np.ndarray, "log 2"],
    progress: Progress | None = None,
    networks: Networks | None = None,
) -> dict[str, Any]:
    """What scores.json holds under `variation`.

    Args:
        calibration: with an ensemble.
        robot: the design.
        tracks: the logs.
        point: where the same calibration without draws comes to rest [m].
        progress: called as progress(done, total).
        networks: contact residual; None for the law alone.
    """
    record = calibration.record
    assert record.variation is not None, "a calibration with an ensemble"
    source = Source(
        robot=robot,
        parameters=record.parameters,
        variation=record.variation,
        timestep=record.simulation.physics_timestep_s,
        networks=networks,
    )
    found = rests(source, tracks, DRAWS, record.lineage.seed, progress)
    return {
        "what": WHAT,
        "draws": DRAWS,
        "members": record.variation.count,
        "scale": record.variation.scale,
        **_energies(found, point, record.lineage.seed),
        **_coverage(found.level()),
        "logs": _logs(found, point, [track.log_id for track in tracks]),
    }


def _energies(found: Rests, point: Float[np.ndarray, "log 2"], seed: int) -> dict[str, Any]:
    """Energy scores with draws and without, and their paired difference, means over logs."""
    drawn, alone = found.energy_score(), np.linalg.norm(point - found.real, axis=1)
    columns = np.stack([drawn, alone, drawn - alone], axis=1)
    low, high = interval_over_logs(columns, Draws(seed=seed).weights(len(columns)))
    names = ("energy_score", "energy_score_without_draws", "energy_score_difference")
    return {
        name: {"unit": "m", "mean": columns[:, k].mean(), "interval_95": [low[k], high[k]]}
        for k, name in enumerate(names)
    }


def _coverage(levels: Float[np.ndarray, " log"]) -> dict[str, Any]:
    """Share of logs whose real place the region of each level holds."""
    inside = [int((levels <= level).sum()) for level in LEVELS]
    every = [
        {"level": level, "covers": count / len(levels), "interval_95": binomial_interval(count, len(levels))}
        for level, count in zip(LEVELS, inside, strict=True)
    ]
    return {"coverage": every, "coverage_90": every[LEVELS.index(0.9)]}


def binomial_interval(count: int, of: int) -> list[float]:
    """95 % interval of a share; it does not shrink to nothing where all or none are counted.

    Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    share, z = count / of, NORMAL_95**2 / of
    middle = (share + z / 2) / (1 + z)
    half = math.sqrt(share * (1 - share) * z + z**2 / 4) / (1 + z)
    return [max(middle - half, 0.0), min(middle + half, 1.0)]


def _logs(found: Rests, point: Float[np.ndarray, "log 2"], ids: Sequence[str]) -> dict[str, Any]:
    """Log by log; draws of some."""
    energies, levels = found.energy_score(), found.level()
    order = np.argsort(energies, kind="stable")
    shown = set(order[np.linspace(0, len(order) - 1, min(SHOWN, len(order))).astype(int)].tolist())
    logs = {}
    for k, log_id in enumerate(ids):
        logs[log_id] = {"energy_score_m": energies[k], "level": levels[k]}
        if k in shown:
            logs[log_id] |= {"real_m": found.real[k], "without_draws_m": point[k]}
            logs[log_id] |= {"drawn_m": found.drawn[k].round(5)}
    return logs
