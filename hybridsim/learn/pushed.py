"""What drives that push leave over along measured motion, for networks and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hybridsim.learn.residual import Gathered
from hybridsim.networks.contract import NetworkSpec
from hybridsim.robot import Robot
from hybridsim.simulator.along import Along
from hybridsim.simulator.pushed import Pushed, features_at, offsets_of, rows_seen


def gather_pushed(
    spec: NetworkSpec,
    robot: Robot,
    values: Sequence[Mapping[str, float]],
    logs: Sequence[Along],
    runs: Sequence[Pushed],
) -> Gathered:
    """Sample free runs at the network's period, exactly as the simulator will feed it.

    Args:
        spec: of the networks.
        robot: the design.
        values: parameters of each log's run, for what measured efforts read too much.
        logs: that were run along.
        runs: one a log.
    """
    parts = [
        _of_log(spec, robot, n, log, run, offsets_of(robot, own))
        for n, (own, log, run) in enumerate(zip(values, logs, runs, strict=True))
    ]
    return Gathered(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _of_log(
    spec: NetworkSpec, robot: Robot, number: int, log: Along, run: Pushed, offset: np.ndarray
) -> dict[str, np.ndarray]:
    every = max(1, round(spec.sample_period / float(np.median(np.diff(log.time_s)))))
    rows = rows_seen(len(log.time_s), every)
    features = features_at(spec, robot, log, run, rows)
    kept = log.time_s[rows] >= 0.0  # what is held before the log is only the past of its rows
    rows = rows[kept]
    return {
        "features": features[kept],
        "left": log.effort[rows] - offset - run.effort[rows],
        "log": np.full(len(rows), number),
        "speed": run.speed[rows],
        "error": log.command[rows] - run.shaft[rows],
        "load": run.effort[rows],
    }
