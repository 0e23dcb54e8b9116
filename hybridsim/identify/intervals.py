"""How well the logs know each parameter: intervals that respect that samples of one log are alike."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.identify.polish import log_weights, prior_residuals, residuals
from hybridsim.identify.problem import Problem
from hybridsim.parameters import Parameter

# Chosen, because stick and slip make the cost rough below that share of a parameter's range: slopes over less
# mistake noise for knowledge.
STEP = 0.02
WIDE = 0.5  # chosen, because an interval over half of the search range says that the logs do not know


def parameters_found(problem: Problem, point: np.ndarray, every: int = 3) -> tuple[Parameter, ...]:
    """Every searched parameter at the point, with 95 % interval, bound and identifiability flags."""
    space = problem.space
    values = space.from_vector(np.clip(point, 0.0, 1.0))
    deviation = deviations(problem, point, every)
    low = space.from_vector(np.clip(point - 1.96 * deviation, 0.0, 1.0))
    high = space.from_vector(np.clip(point + 1.96 * deviation, 0.0, 1.0))
    found = []
    for k, parameter in enumerate(space.with_values(values)):
        known = bool(np.isfinite(deviation[k]) and 2 * 1.96 * deviation[k] < WIDE)
        interval = (low[parameter.name], high[parameter.name]) if np.isfinite(deviation[k]) else None
        found.append(parameter.model_copy(update={"interval_95": interval, "identifiable": known}))
    return tuple(found)


def deviations(problem: Problem, point: np.ndarray, every: int) -> Float[np.ndarray, " parameter"]:
    """Standard deviation of each entry of the unit cube, infinite where no log feels it.

    Sandwich estimate with the logs as clusters: H^-1 (sum over logs of g g^T) H^-1, times L / (L - 1).
    Source: Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models".
    """
    count, logs = len(problem.space), len(problem.body.first) - 1
    curvature, scores = np.zeros((count, count)), np.zeros((logs, count))
    shared = problem.shared_entries()
    for drive in range(len(problem.paths)):
        entries = [*problem.entries_of(drive), *shared]
        if not entries:
            continue
        here = residuals(problem, [drive], point, every)
        slope = np.stack([_slope(problem, drive, point, k, here, every) for k in entries], axis=1)
        curvature[np.ix_(entries, entries)] += slope.T @ slope
        owner = _owners(problem, drive, every)
        for log in range(logs):
            rows = owner == log
            scores[log, entries] += slope[rows].T @ here[rows]
    for k in range(count):
        moved = point.copy()
        moved[k] += STEP
        pull = prior_residuals(problem, [k], moved) - prior_residuals(problem, [k], point)
        curvature[k, k] += float((pull**2).sum()) / STEP**2
    felt = np.diagonal(curvature) > 1e-9 * max(float(np.diagonal(curvature).max(initial=0.0)), 1e-300)
    out = np.full(count, np.inf)
    if felt.any() and logs > 1:
        out[felt] = np.sqrt(variances(curvature[np.ix_(felt, felt)], scores[:, felt]))
    return out


def variances(
    curvature: Float[np.ndarray, "parameter parameter"], scores: Float[np.ndarray, "log parameter"]
) -> Float[np.ndarray, " parameter"]:
    """The sandwich's diagonal, but no less than the inverse curvature at the scores' mean size.

    Few logs span few directions, and in the others the sandwich sees no spread at all. A direction that the
    curvature does not know gets a huge variance, where a pseudo-inverse would give it none.
    """
    logs, count = scores.shape
    ridge = 1e-10 * float(np.diagonal(curvature).max()) * np.eye(count)
    inverse = np.linalg.inv(curvature + ridge)
    meat = scores.T @ scores * logs / (logs - 1)
    size = float(np.trace(inverse @ meat)) / count
    return np.maximum(np.diagonal(inverse @ meat @ inverse), size * np.diagonal(inverse))


def _slope(
    problem: Problem, drive: int, point: np.ndarray, entry: int, here: np.ndarray, every: int
) -> Float[np.ndarray, " residual"]:
    """Change of the residuals with one entry; away from the nearer bound."""
    step = -STEP if point[entry] > 0.5 else STEP
    moved = point.copy()
    moved[entry] += step
    return (residuals(problem, [drive], moved, every) - here) / step


def _owners(problem: Problem, drive: int, every: int) -> np.ndarray:
    """Log of every residual."""
    first = problem.body.first
    log = np.repeat(np.arange(len(first) - 1), np.diff(first))
    return log[log_weights(problem, drive, every) > 0]
