"""A calibration of drives that push on logs: commands and measured motion in, every variant's efforts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.learn.interval import difficulty_features, half_width
from hybridsim.log import Log
from hybridsim.progress import NamedProgress
from hybridsim.replay import Replay
from hybridsim.replay.variants import per_drive
from hybridsim.robot import Robot
from hybridsim.score import score
from hybridsim.score.relative import add_relative
from hybridsim.simulator.along import EFFORT, Along, Steps, along_of
from hybridsim.simulator.nominal import nominal_values
from hybridsim.simulator.pushed import MOTION_HZ, Pushed, corrections, offsets_of, run_drives
from hybridsim.simulator.residual import NETWORK

PROTOCOL = "along the measured motion: commands in, efforts out, free-running; no measured effort is an input"
NOTES = (
    "command is absent: a commanded position is no effort",
    "blackbox is absent: the recurrent baseline takes commands alone, and efforts follow from motion too",
)


def score_drives(
    calibration: Calibration, robot: Robot, logs: Sequence[Log], progress: NamedProgress | None = None
) -> tuple[dict[str, Any], list[Replay]]:
    """Run every variant along the logs and score their efforts."""
    values, lineage = calibration.values(), calibration.record.lineage
    step = calibration.record.simulation.physics_timestep_s
    replays, wall = [], 0.0
    for n, log in enumerate(logs):
        along = along_of(log, robot, step, values[MOTION_HZ])
        if n == 0:  # what a process does only once (compiling) costs no log
            run_drives(robot, values, along, step)
        start = perf_counter()
        replays.append(_replay(calibration, robot, along))
        wall += perf_counter() - start
        if progress is not None:
            progress(n + 1, len(logs), "following drives")
    notes = [*NOTES, *([] if calibration.networks else ["no residual network ships; hybrid is identified"])]
    if seen := set(lineage.fitted_on) & {log.log_id for log in logs}:
        notes.append(f"in-sample: the calibration's own fit has seen {len(seen)} of {len(logs)} logs")
    seconds = float(sum(np.ptp(replay.time_s) for replay in replays))
    scores = score(
        replays,
        calibration=calibration.id,
        robot=robot.name,
        serial=logs[0].serial,
        replay_seconds={"simulated_s": seconds, "wall_s": max(wall, 1e-9)},
        notes=notes,
        seed=lineage.seed,
    )
    scores["protocol"]["replay"] = PROTOCOL
    add_relative(scores, replays)
    return scores, replays


def runs_of(calibration: Calibration, robot: Robot, along: Along) -> dict[str, Pushed]:
    """Free runs of the variants without networks; `delayed` is the ideal drive with its best pure delay."""
    step = calibration.record.simulation.physics_timestep_s
    nominal = nominal_values(robot, calibration.values())
    delays = per_drive(robot, calibration.record.baselines.delays, 0.0)
    late = {f"drive.{drive.joint}.delay": float(x) for drive, x in zip(robot.drives, delays, strict=True)}
    variants: dict[str, Mapping[str, float]] = {
        "nominal": nominal,
        "delayed": nominal | late,
        "identified": calibration.values(),
    }
    return {name: run_drives(robot, values, along, step) for name, values in variants.items()}


def predicted_efforts(
    calibration: Calibration, robot: Robot, along: Along
) -> tuple[dict[str, Steps], Pushed, Steps]:
    """Per variant what would be measured at every step [N*m], the identified run, the networks' spread."""
    runs = runs_of(calibration, robot, along)
    found = {name: run.effort for name, run in runs.items()}
    run = runs["identified"]
    found["identified"] = run.effort + offsets_of(robot, calibration.values())
    found["hybrid"], spread = found["identified"], np.zeros_like(run.effort)
    if any(one.contract.name == NETWORK for one in calibration.networks):
        step = calibration.record.simulation.physics_timestep_s
        added, spread = corrections(calibration.network(NETWORK), robot, along, run, step)
        found["hybrid"] = found["identified"] + added
    return found, run, spread


def _replay(calibration: Calibration, robot: Robot, along: Along) -> Replay:
    """One log's efforts at their own stamps beside every variant's."""
    predicted, run, spread = predicted_efforts(calibration, robot, along)
    features = difficulty_features(run.speed, along.command - run.shaft, spread)
    half = half_width(calibration.record.intervals, robot, features)
    within = (along.stamps_s >= max(along.time_s[0], 0.0)) & (along.stamps_s <= along.time_s[-1])
    time = along.stamps_s[within]
    at = lambda steps: np.stack([np.interp(time, along.time_s, column) for column in steps.T], 1)  # noqa: E731
    hybrid, width = at(predicted["hybrid"]), None if half is None else at(half)
    step = np.clip(np.searchsorted(along.time_s, time, side="right") - 1, 0, None)
    return Replay(
        log_id=along.log_id,
        signal=EFFORT,
        unit="N*m",
        components=tuple(drive.joint for drive in robot.drives),
        time_s=time,
        measured=along.measured[within],
        command=np.full((len(time), len(robot.drives)), np.nan),
        predicted={name: at(steps) for name, steps in predicted.items()},
        low=None if width is None else hybrid - width,
        high=None if width is None else hybrid + width,
        speed=at(run.speed),
        load=at(run.effort),
        enabled=np.asarray(along.enabled[step].all(axis=1)),
    )
