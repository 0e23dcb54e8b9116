"""A calibration on logs: every variant replayed free-running, scored, and shown."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.effort.settings import effort_signal
from hybridsim.errors import LogError
from hybridsim.evaluate_contact import Start, score_passive
from hybridsim.evaluate_drive import score_drives
from hybridsim.evaluate_effort import score_efforts
from hybridsim.evaluate_reading import reading_replays
from hybridsim.evaluate_sensor import is_inertial, score_sensor
from hybridsim.ingest.open import open_logs
from hybridsim.jobs import Engine
from hybridsim.learn.interval import difficulty_features, half_width
from hybridsim.log import Log
from hybridsim.passive.parameters import is_passive
from hybridsim.progress import NamedProgress, named
from hybridsim.replay import Replay
from hybridsim.replay.engine import first_angle
from hybridsim.replay.variants import CalibratedSimulator, Replayed, delayed, per_drive, replay_variant
from hybridsim.replay.windowed import window_errors
from hybridsim.robot import Robot, load_robot
from hybridsim.score import WindowError, interval_text, score, signal_unit, write_scores
from hybridsim.score.relative import add_relative
from hybridsim.signals import signal_word
from hybridsim.simulator.inputs import LogInputs, log_inputs
from hybridsim.simulator.pushed import reads_offsets

HORIZONS = (0.1, 0.4, 1.0)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores and what they were computed from."""

    scores: dict[str, Any]
    replays: list[Replay]

    def __str__(self) -> str:
        """One line a signal: every variant's error with its interval."""
        lines = []
        variants = self.scores["variants"]
        for signal in dict.fromkeys(replay.signal for replay in self.replays):
            shown = [
                f"{name} {interval_text(s['mae_mean'], s['mae_mean_interval_95'], unit)}"
                for name, variant in variants.items()
                if (s := variant["signals"].get(signal)) and (unit := signal_unit(signal, s["unit"]))
            ]
            lines.append(f"{signal}, mean absolute error: " + "; ".join(shown))
            relative = [
                f"{name} {r['mean']:.3f} [{r['mean_interval_95'][0]:.3f}, {r['mean_interval_95'][1]:.3f}]"
                for name, variant in variants.items()
                if (r := variant["signals"].get(signal, {}).get("relative"))
            ]
            if relative:
                lines.append(f"{signal}, rmse over its spread, mean of joints: " + "; ".join(relative))
        factor = self.scores["replay"]["real_time_factor"]
        return "\n".join([*lines, f"replayed at {factor:.0f} times real time on one core"])


def evaluate(
    calibration: str | Path,
    logs: Sequence[Path],
    *,
    robot: str | Path | None = None,
    json_file: Path | None = None,
    report_file: Path | None = None,
    start: Start = "first",
    progress: NamedProgress | None = None,
    engine: Engine = "loky",
) -> Evaluation:
    """Score a calibration on logs, and write what was asked for.

    Args:
        calibration: anything `Calibration.load` takes.
        logs: log stores or raw recordings of the calibration's robot.
        robot: where its robot.toml lies; None looks it up by the calibration's robot name.
        json_file: where the scores go.
        report_file: where the page goes.
        start: of passive bodies: `first` measured state, or the one that fits the `flight` before they touch.
        progress: called as progress(done, total, what).
        engine: where replays run.

    Raises:
        CalibrationError: the calibration does not load.
        LogError: no log to use.
    """
    found = Calibration.load(calibration)
    design = load_robot(robot or found.record.robot)
    refused: list[str] = []
    usable = open_logs(
        [Path(p) for p in logs], design, refused=refused, progress=named(progress, "reading logs")
    )
    evaluation = score_logs(found, design, usable, start=start, progress=progress, engine=engine)
    if refused:
        evaluation.scores.setdefault("notes", []).extend(refused)
    if json_file is not None:
        write_scores(json_file, evaluation.scores)
    if report_file is not None:
        from hybridsim.report.info import info_of
        from hybridsim.report.page import write_report

        names = {log.log_id: log.name for log in usable}
        command = f"hybridsim evaluate {calibration} --logs {shlex.join(map(str, logs))}"
        command += "" if start == "first" else f" --start {start}"
        command += "" if robot is None else f" --robot {shlex.quote(str(robot))}"
        write_report(
            report_file,
            scores=evaluation.scores,
            replays=evaluation.replays,
            calibration_info=info_of(found.record, log_names=names, command=command),
            refused=[*refused, *_refusals(usable)],
        )
    return evaluation


def score_logs(
    calibration: Calibration,
    robot: Robot,
    logs: Sequence[Log],
    *,
    start: Start = "first",
    progress: NamedProgress | None = None,
    engine: Engine = "loky",
) -> Evaluation:
    """Replay every variant on the logs and score them."""
    if not logs:
        raise LogError("evaluate: no log to score; expected at least one")
    if effort_signal(calibration.parameters) is not None:
        scores, replays = score_efforts(calibration, robot, logs, progress)
        return Evaluation(scores=scores, replays=replays)
    if reads_offsets(calibration.parameters):
        scores, replays = score_drives(calibration, robot, logs, progress)
        return Evaluation(scores=scores, replays=replays)
    if is_inertial(calibration):
        scores, replays = score_sensor(calibration, robot, logs, progress)
        return Evaluation(scores=scores, replays=replays)
    if is_passive(calibration.values()):
        scores, replays = score_passive(calibration, robot, logs, start, progress, engine)
        return Evaluation(scores=scores, replays=replays)
    inputs = [log_inputs(log, robot) for log in logs]
    runs: dict[str, Replayed] = {}
    for variant in ("nominal", "identified", "hybrid"):
        if variant == "hybrid" and not calibration.networks:
            runs["hybrid"] = runs["identified"]
            continue
        simulator = CalibratedSimulator(calibration=calibration, variant=variant, robot=robot_path(robot))
        runs[variant] = replay_variant(
            simulator, inputs, name=variant, engine=engine, progress=named(progress, f"replaying {variant}")
        )
    predicted = predictions(calibration, robot, inputs, runs)
    replays = [
        replay
        for n, log in enumerate(inputs)
        for replay in _records(calibration, robot, log, predicted[n], runs["hybrid"], n)
    ]
    windows = _windowed(calibration, robot, inputs, engine, progress)
    notes: list[str] = [] if calibration.networks else ["no residual network ships; hybrid is identified"]
    if seen := set(calibration.record.lineage.fitted_on) & {log.log_id for log in logs}:
        notes.append(f"in-sample: the calibration's own fit has seen {len(seen)} of {len(logs)} logs")
    sensed = reading_replays(calibration, robot, logs, runs, notes)
    replays += sensed
    scores = score(
        replays,
        calibration=calibration.id,
        robot=robot.name,
        serial=logs[0].serial,
        replay_seconds={"simulated_s": runs["hybrid"].simulated_s, "wall_s": runs["hybrid"].wall_s},
        windowed=windows,
        notes=notes,
        seed=calibration.record.lineage.seed,
    )
    add_relative(scores, sensed)
    return Evaluation(scores=scores, replays=replays)


def robot_path(robot: Robot) -> str:
    """Where the robot's own robot.toml lies."""
    return str(robot.folder)


def predictions(
    calibration: Calibration, robot: Robot, inputs: Sequence[LogInputs], runs: dict[str, Replayed]
) -> list[dict[str, np.ndarray]]:
    """Per log and variant the predicted angle of every drive at the log's stamps [rad]."""
    baselines = calibration.record.baselines
    delays = per_drive(robot, baselines.delays, 0.0)
    box = None
    if calibration.blackbox is not None and baselines.blackbox is not None and calibration.folder is not None:
        from hybridsim.learn.blackbox import open_blackbox

        box = open_blackbox(calibration)
    found = []
    for n, log in enumerate(inputs):
        own = {"command": log.command, "delayed": delayed(log, delays)}
        own |= {name: run.runs[n].at("angle", log.time_s) for name, run in runs.items()}
        if box is not None:
            own["blackbox"] = box(log.command, first_angle(log), log.time_s)
        found.append(own)
    return found


def _records(
    calibration: Calibration,
    robot: Robot,
    log: LogInputs,
    predicted: dict[str, np.ndarray],
    hybrid: Replayed,
    number: int,
) -> list[Replay]:
    """One record a signal, in the signal's own unit."""
    run = hybrid.runs[number]
    at = {name: run.at(name, log.time_s) for name in ("analytic", "speed", "load", "spread")}
    features = difficulty_features(at["speed"], log.command - at["analytic"], at["spread"])
    half = half_width(calibration.record.intervals, robot, features)
    records = []
    for signal in dict.fromkeys(drive.measured for drive in robot.drives):
        columns = [d for d, drive in enumerate(robot.drives) if drive.measured == signal]
        scale = np.array([robot.drives[d].command_scale.value for d in columns])
        offset = np.array([robot.drives[d].command_offset.value for d in columns])
        native = lambda angle: (angle[:, columns] - offset) / scale  # noqa: E731, B023
        middle = native(predicted["hybrid"])
        width = None if half is None else half[:, columns] / np.abs(scale)
        records.append(
            Replay(
                log_id=log.log_id,
                signal=signal,
                unit=signal_word(signal).unit,
                components=tuple(robot.drives[d].joint for d in columns),
                time_s=log.time_s,
                measured=native(log.measured),
                command=native(log.command),
                predicted={name: native(angle) for name, angle in predicted.items()},
                low=None if width is None else middle - width,
                high=None if width is None else middle + width,
                speed=at["speed"][:, columns] / scale,
                load=at["load"][:, columns],
                enabled=np.asarray(log.enabled[:, columns].all(axis=1)),
            )
        )
    return records


def _windowed(
    calibration: Calibration,
    robot: Robot,
    inputs: Sequence[LogInputs],
    engine: Engine,
    progress: NamedProgress | None,
) -> list[WindowError]:
    """Errors of short replays that restart from measured states, for the simulated variants."""
    found = []
    for variant in ("identified", "hybrid") if calibration.networks else ("identified",):
        simulator = CalibratedSimulator(calibration=calibration, variant=variant, robot=robot_path(robot))
        told = named(progress, f"short windows, {variant}")
        found += window_errors(
            simulator, robot, inputs, variant=variant, horizons=HORIZONS, engine=engine, progress=told
        )
    if not calibration.networks:
        found += [replace(error, variant="hybrid") for error in found]
    return found


def _refusals(logs: Sequence[Log]) -> list[str]:
    """What ingestion left out of the logs that were used, one line a reason."""
    return [
        f"{log.name}: {name}: {refusal.count} rows, {refusal.reason}"
        for log in logs
        for name, header in log.header.signals.items()
        for refusal in header.refused
    ]
