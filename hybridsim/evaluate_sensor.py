"""An inertial sensor's calibration on logs: ideal readings from the pose beside real ones, scored."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.errors import LogError
from hybridsim.log import Log
from hybridsim.progress import NamedProgress
from hybridsim.replay import Replay
from hybridsim.robot import Robot
from hybridsim.score import score
from hybridsim.sensing.alignment import alignment_of
from hybridsim.sensing.frames import Placed, placed
from hybridsim.sensing.model import ImuModel
from hybridsim.sensing.read import Read
from hybridsim.sensing.recording import ACC, AXES, GYRO, Recording, recording_of
from hybridsim.sensing.scored import sensor_scores
from hybridsim.sensing.stored import model_of

PROTOCOL = "readings from the tracked pose; the log's own first rest sets biases; {frames}"
ABSENT = "command, delayed and blackbox are absent: a sensor has no command"
PREFIX = "sensor."
SIGNALS = ((GYRO, "rad/s", slice(0, 3)), (ACC, "m/s^2", slice(3, 6)))


def score_sensor(
    calibration: Calibration, robot: Robot, logs: Sequence[Log], progress: NamedProgress | None = None
) -> tuple[dict[str, Any], list[Replay]]:
    """State readings of every log and score them."""
    name, model = sensor_model(calibration)
    notes = [ABSENT]
    readable = _readable(logs, notes)
    told = None if progress is None else lambda done, total: progress(done, total, "finding frames")
    table = calibration.table(f"{PREFIX}{name}")
    start = perf_counter()
    frames = placed(model, readable, table.contract.words.get("mounting"), told)
    replays, reads = [], []
    for n, place in enumerate(frames):
        if progress is not None:
            progress(n, len(frames), f"reading {name}")
        given = model.given(place.recording, place.frame)
        random = np.random.default_rng([calibration.record.lineage.seed, n])
        read = Read(
            place=place,
            stated=model.stated(given),
            plain=model.plain(given),
            drawn=model.uncut(model.draw(given, random)),
            steps=model.codes.steps,
        )
        replays += _replays(read, model.perfect(place.recording))
        reads.append(read)
    simulated = float(sum(one.recording.time_s[-1] for one in frames))
    if seen := set(calibration.record.lineage.fitted_on) & {one.log_id for one in readable}:
        notes.append(f"in-sample: the calibration's own fit has seen {len(seen)} of {len(readable)} logs")
    scores = score(
        replays,
        calibration=calibration.id,
        robot=robot.name,
        serial=logs[0].serial,
        replay_seconds={"simulated_s": simulated, "wall_s": max(perf_counter() - start, 1e-9)},
        notes=notes,
        seed=calibration.record.lineage.seed,
    )
    scores["protocol"]["replay"] = PROTOCOL.format(frames=_frames(frames))
    scores["sensor"] = {"name": name, **sensor_scores(reads)}
    return scores, replays


def _readable(logs: Sequence[Log], notes: list[str]) -> list[Recording]:
    """Logs that fit their pose; why others do not goes to the notes.

    Raises:
        LogError: none does.
    """
    found = []
    for log in logs:
        try:
            recording = recording_of(log)
            alignment_of(recording)
        except LogError as error:
            notes.append(str(error))
            continue
        notes.extend(f"log {log.name}: {fault}" for fault in recording.faults)
        found.append(recording)
    if not found:
        raise LogError(notes[-1])
    return found


def sensor_model(calibration: Calibration) -> tuple[str, ImuModel]:
    """The sensor that a calibration is about and its model."""
    name = next(one.contract.name for one in calibration.tables if one.contract.name.startswith(PREFIX))
    return name.removeprefix(PREFIX), model_of(calibration.table(name).arrays)


def is_inertial(calibration: Calibration) -> bool:
    """Whether a calibration is of an inertial sensor against a pose."""
    return any(table.contract.name.startswith(PREFIX) for table in calibration.tables)


def _frames(frames: Sequence[Placed]) -> str:
    kinds = dict.fromkeys(one.source for one in frames)
    return "frames: " + ", ".join(f"{sum(one.source == k for one in frames)} logs {k}" for k in kinds)


def _replays(read: Read, perfect: np.ndarray) -> list[Replay]:
    """Rows with a believed pose: what was read, and what each variant says."""
    given = read.stated.given
    rows = given.motion | given.rest
    low, high = read.stated.interval(0.9)
    count = int(rows.sum())
    return [
        Replay(
            log_id=read.place.recording.log_id,
            signal=signal,
            unit=unit,
            components=AXES,
            time_s=read.place.recording.time_s[rows],
            measured=given.reading[rows, columns],
            command=np.full((count, 3), np.nan),
            predicted={
                "nominal": perfect[rows, columns],
                "identified": read.plain.ideal[rows, columns],
                "hybrid": read.stated.ideal[rows, columns],
            },
            low=low[rows, columns],
            high=high[rows, columns],
            speed=np.zeros((count, 3)),
            load=np.zeros((count, 3)),
            enabled=np.ones(count, bool),
        )
        for signal, unit, columns in SIGNALS
    ]
