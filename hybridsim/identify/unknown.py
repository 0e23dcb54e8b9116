"""Parameters that the logs do not tell, back at their prior where that costs nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from hybridsim.identify.fit import FEW_ROWS, FitResult
from hybridsim.identify.fitting import Fitting
from hybridsim.identify.intervals import parameters_found
from hybridsim.identify.polish import polish
from hybridsim.identify.search import mean_error
from hybridsim.jobs import map_jobs
from hybridsim.parameters import Parameter
from hybridsim.progress import Progress

FREE = 2e-3
"""Growth of a drive's mean error that is no loss; chosen, because logs tell no smaller ones apart."""
ITERATIONS = 6
"""Of the polish of the others, once some are held."""


def held_unknown(problem: Fitting, found: FitResult, progress: Progress | None = None) -> FitResult:
    """Put what is not identifiable back to its prior, drive by drive, and let the others follow.

    What the logs do not tell the search leaves anywhere. Where the prior itself contradicts them (a limit
    that they exceed) the found value stays, flagged all the same.

    Args:
        problem: on the training logs.
        found: its fit; only its point is looked at.
        progress: called as progress(drives done, drives).
    """
    stated = parameters_found(problem, found.point)
    unknown = {p.name for p in stated if not p.identifiable}
    drives = list(range(len(problem.paths)))
    moved = map_jobs(
        lambda drive: _held(problem, drive, unknown, found.point), drives, engine="threads", progress=progress
    )
    point, held, unclear = found.point.copy(), set[int](), set[int](problem.shared_entries())
    for drive, (own, entries) in zip(drives, moved, strict=True):
        mine = problem.entries_of(drive)
        point[mine] = own[mine]
        held |= entries
        if any(stated[k].interval_95 is not None for k in entries):
            unclear.update(mine)
    error = np.array([mean_error(problem, d, problem.values(point)) for d in drives])
    parameters = tuple(
        _stated(problem.space.parameters[k], p, k in held, k in unclear and p.name in unknown)
        for k, p in enumerate(parameters_found(problem, point))
    )
    return replace(found, point=point, parameters=parameters, error=error)


def _held(
    problem: Fitting, drive: int, unknown: set[str], point: Float[np.ndarray, " parameter"]
) -> tuple[Float[np.ndarray, " parameter"], set[int]]:
    """The point with as many of one drive's unknown entries at their prior as cost nothing, and which."""
    prior = problem.space.to_vector(problem.space.prior())
    mine = problem.entries_of(drive)
    asked = [k for k in mine if problem.space.names[k] in unknown]
    if not asked:
        return point, set()
    most = (1.0 + FREE) * mean_error(problem, drive, problem.values(point))
    best, held = point, set[int]()
    for group in [asked, *([k] for k in asked)] if len(asked) > 1 else [asked]:
        tried = best.copy()
        tried[group] = prior[group]
        rest = [k for k in mine if k not in held and k not in group]
        every = 1 if len(problem.measured) <= FEW_ROWS else 3
        tried, _ = polish(problem, [drive], rest, tried, ITERATIONS, every)
        if mean_error(problem, drive, problem.values(tried)) <= most:
            best, held = tried, {*held, *group}
        if len(held) == len(asked):
            break
    return best, held


def _stated(prior: Parameter, found: Parameter, held: bool, unknown: bool) -> Parameter:
    """What is said of one: held ones have no interval, and nothing becomes known because others were held.

    Unless no log feels those: then the point to which the others moved, which fits better, has the say.
    """
    if held:
        source = f"{prior.source}; kept at its prior: the logs do not tell it"
        return prior.model_copy(update={"identifiable": False, "interval_95": None, "source": source})
    return found.model_copy(update={"identifiable": found.identifiable and not unknown})
