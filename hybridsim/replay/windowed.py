"""Short replays that restart from measured states: how fast errors grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hybridsim.jobs import Engine
from hybridsim.progress import Progress
from hybridsim.replay.record import WindowError
from hybridsim.replay.variants import replay_variant
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.sim import HybridSim

MOST_TIME = 20.0  # chosen, because windows are alike: that much of every log, spread evenly, is enough [s]


def window_errors(
    simulator: Callable[[int, dict[str, float]], HybridSim],
    robot: Robot,
    logs: Sequence[LogInputs],
    *,
    variant: str,
    horizons: Sequence[float],
    engine: Engine,
    progress: Progress | None = None,
) -> list[WindowError]:
    """Mean absolute error over windows of each horizon, each restarted from its measured state."""
    longest = max(horizons)
    pieces = [piece for log in logs for piece in _pieces(log, longest)]
    runs = replay_variant(simulator, pieces, name=variant, engine=engine, progress=progress).runs
    errors: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for piece, run in zip(pieces, runs, strict=True):
        error = np.abs(run.at("angle", piece.time_s) - piece.measured)
        errors.setdefault(piece.name, []).append((piece.time_s, error))
    found = []
    for log in logs:
        for horizon in horizons:
            found += _of_log(robot, log.log_id, variant, horizon, errors.get(log.log_id, []))
    return found


def _of_log(
    robot: Robot,
    log_id: str,
    variant: str,
    horizon: float,
    errors: Sequence[tuple[np.ndarray, np.ndarray]],
) -> list[WindowError]:
    """One record a signal: means over all samples of all windows up to the horizon."""
    within = [error[(time > 0) & (time <= horizon + 1e-9)] for time, error in errors]
    if not any(map(len, within)):
        return []
    rows = np.concatenate(within)
    mean = np.nanmean(rows, axis=0)
    found = []
    for signal in dict.fromkeys(drive.measured for drive in robot.drives):
        columns = [d for d, drive in enumerate(robot.drives) if drive.measured == signal]
        scale = np.array([abs(robot.drives[d].command_scale.value) for d in columns])
        found.append(
            WindowError(
                log_id=log_id,
                signal=signal,
                horizon_s=horizon,
                variant=variant,
                mae=mean[columns] / scale,
                count=len(rows),
            )
        )
    return found


def _pieces(log: LogInputs, length: float) -> list[LogInputs]:
    """Windows of a log, named after it; the first command is taken to have been there before."""
    total = log.time_s[-1]
    count = max(1, int(min(total, MOST_TIME) / length))
    found = []
    for n, begin in enumerate(np.linspace(0.0, max(total - length, 0.0), count)):
        rows = np.flatnonzero((log.time_s >= begin) & (log.time_s <= begin + length + 1e-9))
        if len(rows) < 2 or not np.isfinite(log.measured[rows[0]]).all():
            continue
        found.append(
            replace(
                log.rows(rows),
                log_id=f"{log.log_id}/{n}",
                name=log.log_id,
                first_speed=_speed(log, rows[0]),
            )
        )
    return found


def _speed(log: LogInputs, row: int) -> np.ndarray:
    """Speed of the joints before a row, from the positions measured until then [rad/s]."""
    before = max(row - 2, 0)
    if before == row:
        return np.zeros(log.measured.shape[1])
    speed = (log.measured[row] - log.measured[before]) / (log.time_s[row] - log.time_s[before])
    return np.nan_to_num(speed)
