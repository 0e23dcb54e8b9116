"""Training logs under parameters that never saw them: a fit judged by its own logs looks too good."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.identify.fit import FEW_ROWS, remembered
from hybridsim.identify.fitting import Fitting
from hybridsim.identify.polish import polish
from hybridsim.identify.windows import of_logs
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import Progress

ITERATIONS = 3
"""Of the polish without some logs; chosen, because three open nearly the gap to unseen logs that eight do."""


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Some training logs, and parameters polished on all others.

    Attributes:
        logs: their places in the problem.
        point: of the unit cube.
    """

    logs: tuple[int, ...]
    point: Float[np.ndarray, " parameter"]


def fit_apart(
    problem: Fitting,
    point: Float[np.ndarray, " parameter"],
    folds: int,
    seed: int,
    *,
    engine: Engine,
    memory: Path | None = None,
    progress: Progress | None = None,
) -> list[Apart]:
    """Forget every log once: polish each drive's own parameters, from `point` on, on the logs of other parts.

    Args:
        problem: on all training logs.
        point: that was fitted on them.
        folds: parts that the logs are drawn into; 1 forgets none.
        seed: of the draw.
        engine: where the drives' jobs run.
        memory: folder in which finished steps are remembered.
        progress: called as progress(done, total).
    """
    count = len(problem.weights)
    folds = min(folds, count)
    if folds == 1:
        return [Apart(logs=tuple(range(count)), point=point)]
    drawn = np.random.default_rng([seed, 3]).permutation(count)
    parts = [tuple(sorted(part.tolist())) for part in np.array_split(drawn, folds)]
    others = [of_logs(problem, sorted(set(range(count)) - set(part))) for part in parts]

    def forget(job: tuple[int, int]) -> list[float]:
        fold, drive = job
        every = 1 if len(others[fold].measured) <= FEW_ROWS else 3
        make = lambda: polish(  # noqa: E731
            others[fold], [drive], problem.entries_of(drive), point, ITERATIONS, every
        )[0].tolist()
        return remembered(memory, f"apart-{fold}-{problem.joints[drive]}", len(point), make)

    jobs = [(fold, drive) for fold in range(len(parts)) for drive in range(len(problem.paths))]
    local = "threads" if engine == "loky" else engine
    polished = map_jobs(forget, jobs, engine=local, progress=progress)
    points = [point.copy() for _ in parts]
    for (fold, drive), moved in zip(jobs, polished, strict=True):
        entries = problem.entries_of(drive)
        points[fold][entries] = np.asarray(moved)[entries]
    return [Apart(logs=logs, point=own) for logs, own in zip(parts, points, strict=True)]
