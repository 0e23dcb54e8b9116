"""The whole chain on synthetic logs, offline: record, calibrate, evaluate, and compare with the truth."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from time import perf_counter

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.demo.planted import ARM, Truth
from hybridsim.demo.recorder import Recording
from hybridsim.demo.recovery import DemoResult, recoveries_of
from hybridsim.errors import StudyError
from hybridsim.evaluate import evaluate
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import NamedProgress, named
from hybridsim.robot import load_robot

BATCH = 4
"""Recordings of a job: few enough to keep every core busy."""
OWN = ("arm", "logs", "held_out", "calibration", "study.toml", "scores.json", "report.html")
"""What a demo writes into its folder; a later one replaces it."""
BESIDE = ("walk.html",)
"""What `hybridsim demo --walk` writes there; this one leaves it alone."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much a demo records, and with which study it calibrates.

    Attributes:
        fitted: recordings for fitting and selection.
        held_out: recordings that are only scored.
        duration: of each [s].
        timestep: of the stand-in's own simulation [s].
        quick: the study's small budgets.
    """

    fitted: int = 14
    held_out: int = 5
    duration: float = 13.0
    timestep: float = 0.5e-3
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some recordings into one store, for a worker process."""

    recording: Recording
    store: Path
    numbers: Sequence[int]

    def __str__(self) -> str:
        return f"synthetic motions {self.numbers[0]} to {self.numbers[-1]}"


def demo(
    out: Path = Path("demo"),
    *,
    truth: Truth = ARM,
    size: Size | None = None,
    seed: int = 0,
    engine: Engine = "loky",
    progress: NamedProgress | None = None,
) -> DemoResult:
    """Record logs of a synthetic arm, calibrate on them as on a real one's, and compare with the truth.

    Args:
        out: gets the arm, its study, the logs, the calibration, scores.json and report.html.
        truth: what the arm hides.
        size: how much is recorded.
        seed: the one number that all randomness comes from.
        engine: where jobs run.
        progress: called as progress(done, total, what).

    Raises:
        StudyError: `out` holds something that no demo wrote.
    """
    start, size = perf_counter(), size or Size()
    prepare(out)
    recording = Recording(
        robot=load_robot(out / "arm"),
        truth=truth,
        seed=seed,
        duration=size.duration,
        timestep=size.timestep,
    )
    record(recording, out, size, engine, progress)
    folder = calibrate(
        out / "study.toml",
        [out / "logs"],
        out=out / "calibration",
        quick=size.quick,
        engine=engine,
        seed=seed,
        synthetic=True,
        progress=progress,
    )
    evaluation = evaluate(
        folder,
        [out / "held_out"],
        robot=out / "arm",
        json_file=out / "scores.json",
        report_file=out / "report.html",
        progress=progress,
        engine=engine,
    )
    return DemoResult(
        recoveries=recoveries_of(Calibration.load(folder), truth.planted),
        scores=evaluation.scores,
        calibration=folder,
        report=out / "report.html",
        seconds=perf_counter() - start,
    )


def prepare(out: Path) -> None:
    """Put the synthetic robot and its study into the folder; what an earlier demo left there goes first."""
    strange = (
        sorted(path.name for path in out.iterdir() if path.name not in OWN + BESIDE) if out.is_dir() else []
    )
    if strange:
        raise StudyError(f"{out}: holds {strange[0]!r}, which no demo wrote; expected a new or empty folder")
    for name in OWN:
        shutil.rmtree(out / name, ignore_errors=True)
    (out / "arm").mkdir(parents=True)
    with as_file(files("hybridsim.demo")) as own:
        for name in ("arm/robot.toml", "arm/arm.urdf", "study.toml"):
            shutil.copyfile(own / name, out / name)


def record(
    recording: Recording, out: Path, size: Size, engine: Engine, progress: NamedProgress | None
) -> list[str]:
    """Record every motion into the store it belongs to; returns the logs' ids."""
    total = size.fitted + size.held_out
    jobs = [
        Batch(recording=recording, store=out / store, numbers=range(k, min(k + BATCH, end)))
        for store, first, end in (("logs", 0, size.fitted), ("held_out", size.fitted, total))
        for k in range(first, end, BATCH)
    ]
    done = named(progress, "recording the synthetic arm")
    return [log_id for ids in map_jobs(record_batch, jobs, engine=engine, progress=done) for log_id in ids]


def record_batch(batch: Batch) -> list[str]:
    """One job of `record`."""
    return batch.recording.record(batch.store, batch.numbers)
