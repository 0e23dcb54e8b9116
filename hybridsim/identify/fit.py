"""From a problem to parameters: search every drive, polish, share, polish again, say what is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.files import write_text
from hybridsim.identify.fitting import Fitting
from hybridsim.identify.intervals import parameters_found
from hybridsim.identify.polish import polish
from hybridsim.identify.search import mean_error, search_drive
from hybridsim.identify.windows import cut, with_restarts
from hybridsim.jobs import Engine, map_jobs
from hybridsim.parameters import Parameter
from hybridsim.progress import NamedProgress, named
from hybridsim.study import Identify

PIECE = 12.0  # chosen, because a servo's memory (stiction) is forgotten within a few moves [s]
SHARE = 0.25
FEW_ROWS = 40_000
"""Up to that many rows the search uses all of every log."""
POLISHED = 3
"""How many of the search's restarts are polished."""


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """Identified parameters and what they cost.

    Attributes:
        point: of the unit cube.
        parameters: every searched parameter with interval and flags.
        error: mean absolute error of every drive on the training logs [rad].
    """

    point: Float[np.ndarray, " parameter"]
    parameters: tuple[Parameter, ...]
    error: Float[np.ndarray, " drive"]


@dataclass(frozen=True, kw_only=True)
class DriveJob:
    """One drive's search and polish, done by a worker process and remembered in a file."""

    problem: Fitting
    pieces: Fitting
    quarter: Fitting
    drive: int
    start: Float[np.ndarray, " parameter"]
    budget: Identify
    seed: int
    memory: Path | None

    def __str__(self) -> str:
        return f"drive {self.problem.joints[self.drive]}"


def fit(
    problem: Fitting,
    budget: Identify,
    seed: int,
    *,
    engine: Engine = "loky",
    memory: Path | None = None,
    progress: NamedProgress | None = None,
) -> FitResult:
    """Identify what the problem's study selects.

    Args:
        problem: on the training logs.
        budget: trials, restarts, workers, iterations.
        seed: of everything random.
        engine: where the drives' jobs run.
        memory: folder in which finished steps are remembered, so that a killed fit goes on where it was.
        progress: called as progress(done, total, what).
    """
    start = problem.space.to_vector(problem.space.prior())
    whole = problem if budget.restart_window_s is None else with_restarts(problem, budget.restart_window_s)
    small = len(problem.measured) <= FEW_ROWS
    pieces = whole if small else cut(problem, PIECE, SHARE, seed)
    if budget.polish_on == "pieces":
        whole = pieces
    quarter = cut(problem, PIECE / 2, SHARE / 4, seed + 1)
    jobs = [
        DriveJob(
            problem=whole.lean(d),
            pieces=pieces.lean(d),
            quarter=quarter.lean(d),
            drive=d,
            start=start,
            budget=budget,
            seed=seed,
            memory=memory,
        )
        for d in range(len(problem.paths))
    ]
    done = named(progress, "drives identified")
    # Replays are compiled and let go of Python's lock, so that threads do here what processes would.
    local = "threads" if engine == "loky" else engine
    points = map_jobs(fit_drive, jobs, engine=local, workers=budget.workers, progress=done)
    point = start.copy()
    for d, found in enumerate(points):
        entries = problem.entries_of(d)
        point[entries] = np.asarray(found)[entries]
    if shared := problem.shared_entries():
        before = point
        share = lambda: _share(whole, shared, before, budget).tolist()  # noqa: E731
        point = np.asarray(remembered(memory, "shared", len(point), share))
    return _result(problem, pieces if budget.polish_on == "pieces" else problem, point)


def refine(problem: Fitting, budget: Identify, point: np.ndarray) -> FitResult:
    """Only the polish: from a point that other logs gave to the best one near it on these."""
    whole = problem if budget.restart_window_s is None else with_restarts(problem, budget.restart_window_s)
    for drive in range(len(problem.paths)):
        every = 1 if len(problem.measured) <= FEW_ROWS else 3
        entries = problem.entries_of(drive)
        point, _ = polish(whole, [drive], entries, point, budget.polish_iterations, every=every)
    return _result(problem, problem, point)


def _result(problem: Fitting, evidence: Fitting, point: np.ndarray) -> FitResult:
    """Errors on the whole logs, intervals from the evidence that the polish saw."""
    error = np.array([mean_error(problem, d, problem.values(point)) for d in range(len(problem.paths))])
    return FitResult(point=point, parameters=parameters_found(evidence, point), error=error)


def fit_drive(job: DriveJob) -> list[float]:
    """Search and polish one drive; the point with that drive's entries moved."""
    name = f"drive-{job.problem.joints[job.drive]}"
    return remembered(job.memory, name, len(job.start), lambda: _fit_drive(job))


def _fit_drive(job: DriveJob) -> list[float]:
    problem, drive, budget = job.problem, job.drive, job.budget
    found = search_drive(job.pieces, job.quarter, drive, job.start, budget.trials, budget.restarts, job.seed)
    entries = problem.entries_of(drive)
    best, best_error = found[0].point, np.inf
    for candidate in found[:POLISHED]:
        point, _ = polish(job.pieces, [drive], entries, candidate.point, budget.polish_iterations, every=1)
        error = mean_error(problem, drive, problem.values(point))
        if error < best_error:
            best, best_error = point, error
    if budget.polish_on == "pieces":
        return np.asarray(best).tolist()
    every = 1 if len(problem.paths[drive].time) <= FEW_ROWS else 3
    point, _ = polish(problem, [drive], entries, best, budget.polish_iterations, every=every)
    if mean_error(problem, drive, problem.values(best)) < mean_error(problem, drive, problem.values(point)):
        point = best
    return np.asarray(point).tolist()


def _share(problem: Fitting, shared: list[int], point: np.ndarray, budget: Identify) -> np.ndarray:
    """Move all entries together: drives that were fitted around a mass's prior would hold it there."""
    drives = list(range(len(problem.paths)))
    own = [k for drive in drives for k in problem.entries_of(drive)]
    moved, _ = polish(problem, drives, [*own, *shared], point, budget.polish_iterations, every=5)
    return moved


def _read(path: Path, count: int) -> list[float] | None:
    """A remembered point; None where there is none or its file is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        good = len(found) == count and all(type(x) is float and 0.0 <= x <= 1.0 for x in found)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return found if good else None


def remembered(memory: Path | None, name: str, count: int, make: Callable[[], list[float]]) -> list[float]:
    """The result of a finished step from its file, or made now and written whole."""
    if memory is None:
        return make()
    path = memory / f"{name}.json"
    if (known := _read(path, count)) is not None:
        return known
    found = make()
    write_text(path, json.dumps(found))
    return found
