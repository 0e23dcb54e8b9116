"""What a parameter's neighbours can make up for: the cost where one is moved away and the others follow."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.identify.fitting import Fitting
from hybridsim.identify.polish import polish, prior_residuals

MOVED = 0.1
"""Share of its range that the parameter is moved by."""
FOLLOWING = 4  # iterations; chosen, because the others start where the curvature says they would go


def profiled_information(
    problem: Fitting, point: np.ndarray, entry: int, direction: Float[np.ndarray, " parameter"], every: int
) -> float:
    """Growth of the cost with the square of one entry's distance, all others at their best.

    At the point itself stick and slip make slopes rough, and rough slopes are never quite alike: two
    parameters that only matter together look as if each were known. This looks further away.

    Args:
        problem: the fit.
        point: its best one.
        entry: of the space.
        direction: in which the others make up for the entry, 1 at the entry.
        every: use every n-th row of the logs.
    """
    drives, others = around(problem, entry)
    away = MOVED if point[entry] < 0.5 else -MOVED
    moved = np.clip(point + away * direction, 0.0, 1.0)
    moved[entry] = point[entry] + away
    _, here = polish(problem, drives, others, point, 0, every)
    _, there = polish(problem, drives, others, moved, FOLLOWING, every)
    pull = prior_residuals(problem, [entry], moved) - prior_residuals(problem, [entry], point)
    return (max(there - here, 0.0) + float((pull**2).sum())) / MOVED**2


def around(problem: Fitting, entry: int) -> tuple[list[int], list[int]]:
    """The drives that may notice, and the entries that may follow: its drive's own, and the shared ones."""
    shared, everyone = problem.shared_entries(), list(range(len(problem.paths)))
    own = [d for d in everyone if entry in problem.entries_of(d)] or everyone
    felt = {*shared, *(k for d in own for k in problem.entries_of(d))}
    return everyone if shared else own, sorted(felt - {entry})
