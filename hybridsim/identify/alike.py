"""Drives of one model are alike: what most of them found is a start for each that found something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.identify.fit import FEW_ROWS
from hybridsim.identify.fitting import Fitting
from hybridsim.identify.polish import polish
from hybridsim.identify.search import mean_error
from hybridsim.jobs import map_jobs
from hybridsim.progress import Progress


def from_the_others(
    problem: Fitting,
    point: Float[np.ndarray, " parameter"],
    iterations: int,
    progress: Progress | None = None,
) -> Float[np.ndarray, " parameter"]:
    """Polish every drive again from the median of its model's drives; what is better stays.

    A search of a dozen parameters ends in a side valley now and then, but not for most of twelve drives.

    Args:
        problem: on the training logs.
        point: that the search found.
        iterations: of each polish.
        progress: called as progress(drives done, drives).
    """
    drives = list(range(len(problem.paths)))
    every = 1 if len(problem.measured) <= FEW_ROWS else 3

    def again(drive: int) -> Float[np.ndarray, " parameter"]:
        start = _median(problem, point, drive)
        if start is None:
            return point
        moved, _ = polish(problem, [drive], problem.entries_of(drive), start, iterations, every)
        errors = [mean_error(problem, drive, problem.values(one)) for one in (point, moved)]
        return moved if errors[1] < errors[0] else point

    moved = map_jobs(again, drives, engine="threads", progress=progress)
    best = point.copy()
    for drive, own in zip(drives, moved, strict=True):
        entries = problem.entries_of(drive)
        best[entries] = own[entries]
    return best


def _median(
    problem: Fitting, point: Float[np.ndarray, " parameter"], drive: int
) -> Float[np.ndarray, " parameter"] | None:
    """The point with one drive's entries at the median of its model's drives; None where they are under 3."""
    model = problem.robot.drives[drive].model
    alike = [d for d, other in enumerate(problem.robot.drives) if other.model == model]
    if len(alike) < 3:
        return None
    start = point.copy()
    for k in problem.entries_of(drive):
        own = [point[place] for place in _places(problem, k, drive, alike)]
        start[k] = np.median(own)
    return start


def _places(problem: Fitting, entry: int, drive: int, alike: Sequence[int]) -> list[int]:
    """Where the entries of the same meaning of other drives are; the entry itself where none are."""
    names = problem.space.names
    same = [names[entry].replace(problem.joints[drive], problem.joints[d]) for d in alike]
    return [names.index(name) for name in same if name in names]
