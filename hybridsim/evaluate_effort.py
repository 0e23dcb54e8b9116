"""A calibration of efforts on logs: motion in, every variant's efforts out, scored."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.effort.model import EffortModel, model_of
from hybridsim.effort.motion import motion_of
from hybridsim.effort.parts import Part, log_of, scored_part
from hybridsim.learn.effort import NETWORK, effort_blackbox, effort_correction, effort_half_width
from hybridsim.log import Log
from hybridsim.progress import NamedProgress
from hybridsim.replay import Replay
from hybridsim.robot import Robot
from hybridsim.score import score
from hybridsim.score.relative import add_relative

PROTOCOL = "inverse: efforts from the measured motion, no effort is an input"
ABSENT = "command and delayed are absent: efforts are predicted from motion, nothing is commanded"


def score_efforts(
    calibration: Calibration, robot: Robot, logs: Sequence[Log], progress: NamedProgress | None = None
) -> tuple[dict[str, Any], list[Replay]]:
    """Predict and score the logs, or the parts of them that the calibration left to be scored."""
    model = model_of(robot, calibration.values())
    lineage = calibration.record.lineage
    kept = [entry.log_id for entry in lineage.logs if entry.split == "test"]
    parts = [scored_part(motion_of(log, robot, model.arm.signal), kept) for log in logs]
    replays, wall = [], 0.0
    _replay(calibration, model, parts[0])  # what a process does only once (compiling, torch) costs no log
    for n, part in enumerate(parts):
        start = perf_counter()
        replays.append(_replay(calibration, model, part))
        wall += perf_counter() - start
        if progress is not None:
            progress(n + 1, len(parts), "predicting efforts")
    seconds = float(sum(np.ptp(replay.time_s) for replay in replays))
    scores = score(
        replays,
        calibration=calibration.id,
        robot=robot.name,
        serial=logs[0].serial,
        replay_seconds={"simulated_s": seconds, "wall_s": max(wall, 1e-9)},
        notes=[ABSENT, *_notes(calibration, parts)],
        seed=lineage.seed,
    )
    scores["protocol"]["replay"] = PROTOCOL
    add_relative(scores, replays)
    return scores, replays


def _notes(calibration: Calibration, parts: Sequence[Part]) -> list[str]:
    notes = [] if calibration.networks else ["no residual network ships; hybrid is identified"]
    entries = calibration.record.lineage.logs
    seen = {log_of(entry.log_id) for entry in entries if entry.split != "test"}
    divided = {log_of(part.log_id) for part in parts if part.log_id != log_of(part.log_id)}
    if divided:
        notes.append(
            f"{len(divided)} of {len(parts)} logs are scored only on the part in time that the fit left out: "
            "same recording, same day, same warm-up"
        )
    if own := [part for part in parts if part.log_id in seen]:
        notes.append(f"in-sample: the calibration's own fit has seen {len(own)} of {len(parts)} logs")
    return notes


def _replay(calibration: Calibration, model: EffortModel, part: Part) -> Replay:
    """One log's efforts beside every variant's, in the robot's own signs."""
    motion, rows, sign = part.motion, part.rows, model.arm.sign
    effort, load = model.predict(motion)
    added, spread = np.zeros_like(effort), np.zeros_like(effort)
    if any(one.contract.name == NETWORK for one in calibration.networks):
        added, spread = effort_correction(calibration.network(NETWORK), model, motion, load)
    speed = model.moved(motion)[1]
    half = effort_half_width(calibration.record.intervals, model, speed, spread)
    own = lambda values: (values * sign)[rows]  # noqa: E731
    predicted = {
        "nominal": own(model.nominal().predict(motion)[0]),
        "identified": own(effort),
        "hybrid": own(effort + added),
    }
    if (box := effort_blackbox(calibration, part)) is not None:
        predicted["blackbox"] = box * sign
    return Replay(
        log_id=part.log_id,
        signal=model.arm.signal,
        unit=model.arm.unit,
        components=model.arm.joints,
        time_s=motion.time_s[rows],
        measured=own(motion.effort),
        command=np.full((int(rows.sum()), len(sign)), np.nan),
        predicted=predicted,
        low=None if half is None else predicted["hybrid"] - half[rows],
        high=None if half is None else predicted["hybrid"] + half[rows],
        speed=own(speed),
        load=own(load),
        enabled=np.ones(int(rows.sum()), bool),
    )
