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
from hybridsim.sensing.alignment import alignment_of, require_gravity
from hybridsim.sensing.frames import Placed, placed
from hybridsim.sensing.model import ImuModel
from hybridsim.sensing.read import Read
from hybridsim.sensing.recording import ACC, AXES, GYRO, Recording, recording_of, untracked
from hybridsim.sensing.resting import NOWHERE, RestModel
from hybridsim.sensing.scored import sensor_scores
from hybridsim.sensing.stored import model_of, rest_model_of

PROTOCOL = "readings from the tracked pose; the log's own first rest sets biases; {frames}"
REST_PROTOCOL = "readings in its long rests, the only truth; the log's own first rest sets biases"
ITS_OWN = "in the sensor's own frame"
ABSENT = "command, delayed and blackbox are absent: a sensor has no command"
PREFIX = "sensor."
SIGNALS = ((GYRO, "rad/s", slice(0, 3)), (ACC, "m/s^2", slice(3, 6)))


def score_sensor(
    calibration: Calibration, robot: Robot, logs: Sequence[Log], progress: NamedProgress | None = None
) -> tuple[dict[str, Any], list[Replay]]:
    """State readings of every log and score them."""
    name, model = sensor_model(calibration)
    notes = [ABSENT]
    alone = isinstance(model, RestModel)
    readable = _readable(logs, notes, alone)
    told = None if progress is None else lambda done, total: progress(done, total, "finding frames")
    table = calibration.table(f"{PREFIX}{name}")
    start = perf_counter()
    if alone:
        frames = [Placed(recording=one, frame=NOWHERE, source=ITS_OWN) for one in readable]
    else:
        frames = placed(model, readable, table.contract.words.get("mounting"), told)
    replays, reads = [], []
    for n, place in enumerate(frames):
        if progress is not None:
            progress(n, len(frames), f"reading {name}")
        random = np.random.default_rng([calibration.record.lineage.seed, n])
        read, perfect = _at_rest(model, place, random) if alone else _read(model, place, random)
        replays += _replays(read, perfect)
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
    scores["protocol"]["replay"] = REST_PROTOCOL if alone else PROTOCOL.format(frames=_frames(frames))
    truth = "rest" if alone else "pose"
    scores["sensor"] = {"name": name, "truth": truth, **sensor_scores(reads)}
    return scores, replays


def _read(model: ImuModel, place: Placed, random: np.random.Generator) -> tuple[Read, np.ndarray]:
    """A log beside its pose, and what a sensor without errors would read."""
    given = model.given(place.recording, place.frame)
    read = Read(
        place=place,
        stated=model.stated(given),
        plain=model.plain(given),
        drawn=model.codes.uncut(model.draw(given, random)),
        steps=model.codes.steps,
    )
    return read, model.perfect(place.recording)


def _at_rest(model: RestModel, place: Placed, random: np.random.Generator) -> tuple[Read, np.ndarray]:
    """The same of a log's rests alone."""
    given = model.given(place.recording)
    stated, drawn = model.stated(given), model.codes.uncut(model.draw(given, random))
    read = Read(place=place, stated=stated, plain=stated, drawn=drawn, steps=model.codes.steps)
    return read, model.perfect(given)


def _readable(logs: Sequence[Log], notes: list[str], alone: bool) -> list[Recording]:
    """Logs that fit their pose, or that rest; why others do not goes to the notes.

    Raises:
        LogError: none does.
    """
    found = []
    for log in logs:
        try:
            recording = untracked(log) if alone else recording_of(log)
            if alone:
                require_gravity(recording)
            else:
                alignment_of(recording)
        except LogError as error:
            notes.append(str(error))
            continue
        notes.extend(f"log {log.name}: {fault}" for fault in recording.faults)
        found.append(recording)
    if not found:
        raise LogError(notes[-1])
    return found


def sensor_model(calibration: Calibration) -> tuple[str, ImuModel | RestModel]:
    """The sensor that a calibration is about and its model, beside a pose or of rests alone."""
    table = next(one for one in calibration.tables if one.contract.name.startswith(PREFIX))
    name = table.contract.name.removeprefix(PREFIX)
    if table.contract.words.get("truth") == "rest":
        return name, rest_model_of(table.arrays)
    return name, model_of(table.arrays)


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
