"""The proof from end to end: bags, logs, calibration, trainings, episodes on the stand-in, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.errors import CalibrationError
from hybridsim.ingest.run import ingest
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import NamedProgress, named
from hybridsim.proof.page import write_proof
from hybridsim.proof.plan import Plan
from hybridsim.proof.results import Results, results_of
from hybridsim.proof.work import Playing, Training, checkpoints, played, trained
from hybridsim.resources import find
from hybridsim.standin.label import ROBOT, serial_of
from hybridsim.standin.record import LOGS, record
from hybridsim.train.settings import Settings

RESULT, REPORT = "proof.json", "report.html"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a proof leaves.

    Attributes:
        results: every number.
        report: for people.
        seconds: it took, this time.
    """

    results: Results
    report: Path
    seconds: float

    def __str__(self) -> str:
        return f"{self.results}\nreport: {self.report}\ntook {self.seconds:.0f} s"


def prove(
    plan: Plan,
    seed: int,
    out: Path,
    *,
    engine: Engine = "loky",
    workers: int | None = None,
    progress: NamedProgress | None = None,
) -> Proof:
    """Find out on a stand-in whether policies trained on its calibration do better than others.

    What is done is remembered in `out`; a killed proof goes on from there.

    Args:
        plan: what is trained and played.
        seed: of the stand-in; one that nobody looked at before.
        out: gets bags, logs, calibration, policies, proof.json and report.html.
        engine: where trainings and episodes run.
        workers: how many at once; None for one a core.
        progress: called as progress(done, total, what).

    Raises:
        CalibrationError: `out` holds more than one calibration.
    """
    start = perf_counter()
    calibration = calibrated(plan, seed, out, engine, progress)
    trainings = trainings_of(plan, calibration, out)
    map_jobs(
        trained, trainings, engine=engine, workers=workers, progress=named(progress, "training policies")
    )
    games = [
        Playing(policy=policy, calibration=calibration, seed=seed, episodes=plan.episodes)
        for training in trainings
        for policy in checkpoints(training)
    ]
    found = map_jobs(
        played, games, engine=engine, workers=workers, progress=named(progress, "playing on the stand-in")
    )
    results = results_of(plan, seed, Calibration.load(calibration), trainings, found)
    results.save(out / RESULT)
    write_proof(out / REPORT, results)
    return Proof(results=results, report=out / REPORT, seconds=perf_counter() - start)


def calibrated(plan: Plan, seed: int, out: Path, engine: Engine, progress: NamedProgress | None) -> Path:
    """Folder of the calibration, made where it is not there."""
    home = out / "calibration"
    there = sorted(path.parent for path in home.glob("*/calibration.json"))
    if len(there) > 1:
        raise CalibrationError(f"{home}: holds {len(there)} calibrations; expected the proof's own")
    if there:
        return there[0]
    bags = record(seed, out / "bags", LOGS, plan.log_seconds, progress)
    ingest(
        [bag.path for bag in bags],
        plan.spec,
        ROBOT,
        serial_of(seed),
        out / "logs",
        engine,
        named(progress, "ingesting"),
    )
    study = find("calibration", plan.study)
    file = study / "study.toml" if study.is_dir() else study
    return calibrate(file, [out / "logs"], out=home, quick=plan.quick_study, engine=engine, progress=progress)


def trainings_of(plan: Plan, calibration: Path, out: Path) -> Sequence[Training]:
    """Every way with every seed; seeds outermost, so that a proof that is cut short has compared all ways."""
    return [
        Training(
            way=name,
            settings=settings_of(plan, name, seed, calibration),
            out=out / "policies" / f"{name}-{seed}",
        )
        for seed in range(plan.seeds)
        for name in plan.way
    ]


def settings_of(plan: Plan, way: str, seed: int, calibration: Path) -> Settings:
    """Of a training: equal but for the worlds and the seed."""
    found = plan.way[way]
    return Settings(
        task=plan.task,
        calibration=str(calibration),
        variant=found.variant,
        ranges={**(plan.ranges if found.shared else {}), **found.ranges},
        options=plan.options,
        steps=plan.steps,
        worlds=plan.worlds,
        blocks=1,
        judged=plan.worlds,
        seed=seed,
        check_every=-(-plan.steps // plan.checks),
        keep=True,
    )
