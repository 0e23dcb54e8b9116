"""Least squares on free-running replays, where the cost is smooth enough for derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from hybridsim.identify.fitting import Fitting
from hybridsim.jobs import map_jobs

STEP = 2e-3  # chosen, because stick and slip make smaller differences noisy; share of a parameter's range


def log_weights(problem: Fitting, drive: int, every: int) -> Float[np.ndarray, " row"]:
    """Square root of each kept row's weight: its log's share, missing rows nothing."""
    first = problem.first
    seen = np.isfinite(problem.measured[:, drive])
    weight = np.zeros(len(seen))
    for start, end, share in zip(first[:-1], first[1:], problem.weights, strict=True):
        rows = np.arange(start, end, every)
        rows = rows[seen[rows]]
        weight[rows] = share / max(len(rows), 1)
    return np.sqrt(weight)


def residuals(
    problem: Fitting, drives: Sequence[int], point: np.ndarray, every: int
) -> Float[np.ndarray, " residual"]:
    """Weighted errors in units of `soft`, whose soft loss adds up to about the mean absolute error."""
    values = problem.values(point)
    parts = []
    for drive in drives:
        weight = log_weights(problem, drive, every)
        kept = weight > 0
        error = problem.errors(drive, values)[kept] / problem.soft(drive)
        # Soft absolute error: sqrt(1 + e^2) - 1, written as a square for the solver.
        soft = np.sign(error) * np.sqrt(np.sqrt(1.0 + error**2) - 1.0)
        parts.append(soft * weight[kept])
    return np.concatenate(parts)


def prior_residuals(problem: Fitting, entries: Sequence[int], point: np.ndarray) -> np.ndarray:
    """Distance from the prior in units of its width, for the entries that have one."""
    space, sigma = problem.space, problem.selection.prior_sigma
    found = []
    for k in entries:
        name = space.names[k]
        if name not in sigma:
            continue
        p = space.parameters[k]
        value = space.from_vector(np.clip(point, 0.0, 1.0))[name]
        distance = np.log(value / p.value) if p.scale == "log" else value - p.value
        found.append(distance / sigma[name])
    return np.array(found) * PRIOR_WEIGHT


PRIOR_WEIGHT = 0.2
"""Chosen on left-out gains of XL330; one sigma off costs as much as 0.08 mrad of mean absolute error."""


def polish(
    problem: Fitting,
    drives: Sequence[int],
    entries: Sequence[int],
    point: np.ndarray,
    iterations: int,
    every: int = 2,
) -> tuple[Float[np.ndarray, " parameter"], float]:
    """Move some entries of a point downhill; returns the point and its cost, never worse than it was.

    Args:
        problem: the fit.
        drives: whose errors count.
        entries: of the space that may move.
        point: where to start.
        iterations: of the solver, at most.
        every: use every n-th row of the logs.
    """
    entries = list(entries)
    start = np.clip(point, 0.0, 1.0)

    def full(own: np.ndarray) -> np.ndarray:
        moved = start.copy()
        moved[entries] = own
        return moved

    def fun(own: np.ndarray) -> np.ndarray:
        at = full(own)
        return np.concatenate([residuals(problem, drives, at, every), prior_residuals(problem, entries, at)])

    if not entries or iterations < 1:
        return start, float((fun(start[entries]) ** 2).sum())
    inside = np.clip(start[entries], 1e-6, 1 - 1e-6)
    result = least_squares(
        fun,
        inside,
        jac=lambda own: slopes(problem, drives, entries, full(own), every),  # pyright: ignore[reportArgumentType]
        bounds=(0.0, 1.0),
        max_nfev=iterations,
        x_scale=1.0,
        method="trf",
    )
    before, after = float((fun(start[entries]) ** 2).sum()), float((result.fun**2).sum())
    return (full(result.x), after) if after < before else (start, before)


def slopes(
    problem: Fitting, drives: Sequence[int], entries: Sequence[int], point: np.ndarray, every: int
) -> Float[np.ndarray, "residual entry"]:
    """Slopes of what `polish` minimises; a drive is replayed only for the entries that it feels.

    Steps are absolute: scipy's own are relative, and vanish for an entry near its lower bound.
    """
    parts = map_jobs(
        lambda drive: _slopes_of(problem, drive, entries, point, every),
        drives,
        engine="threads" if len(drives) > 1 else "serial",
    )
    prior = prior_residuals(problem, entries, point)
    moves = [stepped(point, k) for k in entries]
    pulls = [(prior_residuals(problem, entries, moved) - prior) / step for moved, step in moves]
    return np.concatenate([*parts, np.stack(pulls, axis=1)])


def _slopes_of(
    problem: Fitting, drive: int, entries: Sequence[int], point: np.ndarray, every: int
) -> Float[np.ndarray, "residual entry"]:
    felt = {*problem.shared_entries(), *problem.entries_of(drive)}
    here = residuals(problem, [drive], point, every)
    part = np.zeros((len(here), len(entries)))
    for column, k in enumerate(entries):
        if k in felt:
            moved, step = stepped(point, k)
            part[:, column] = (residuals(problem, [drive], moved, every) - here) / step
    return part


def stepped(point: np.ndarray, entry: int) -> tuple[Float[np.ndarray, " parameter"], float]:
    """The point with one entry moved by STEP away from its nearer bound, and that step."""
    step = -STEP if point[entry] > 0.5 else STEP
    moved = point.copy()
    moved[entry] += step
    return moved, step
