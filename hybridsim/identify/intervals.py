"""How well the logs know each parameter: intervals that respect that samples of one log are alike."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.identify.fitting import Fitting
from hybridsim.identify.polish import log_weights, prior_residuals, residuals
from hybridsim.identify.profile import profiled_information
from hybridsim.jobs import map_jobs
from hybridsim.parameters import Parameter

# Chosen, because stick and slip make the cost rough below that share of a parameter's range: slopes over less
# mistake noise for knowledge. To both sides, because a bend would look like knowledge too.
STEP = 0.02
BLURRED = 10.0
"""Growth of a parameter's variance by its neighbours, from which on they are let follow it."""
FOLLOWED = 8
"""How many of the most blurred parameters are looked at like that; each costs some polishing."""
FEW_ROWS = 20_000
"""Only up to that many rows: on an hour of an arm's logs it would take longer than the fit."""
WIDE = 0.5  # chosen, because an interval over half of the search range says that the logs do not know


def parameters_found(problem: Fitting, point: np.ndarray, every: int = 3) -> tuple[Parameter, ...]:
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


def deviations(problem: Fitting, point: np.ndarray, every: int) -> Float[np.ndarray, " parameter"]:
    """Standard deviation of each entry of the unit cube, infinite where no log feels it.

    Sandwich estimate with the logs as clusters: H^-1 (sum over logs of g g^T) H^-1, times L / (L - 1).
    Source: Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models".
    """
    count, logs = len(problem.space), len(problem.first) - 1
    curvature, scores = np.zeros((count, count)), np.zeros((logs, count))
    shared = problem.shared_entries()
    felt_by = [[*problem.entries_of(drive), *shared] for drive in range(len(problem.paths))]
    drives = [drive for drive, entries in enumerate(felt_by) if entries]
    slopes = map_jobs(
        lambda drive: [_slope(problem, drive, point, k, every) for k in felt_by[drive]],
        drives,
        engine="threads",
    )
    for drive, columns in zip(drives, slopes, strict=True):
        entries, slope = felt_by[drive], np.stack(columns, axis=1)
        here = residuals(problem, [drive], point, every)
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
    if not felt.any() or logs < 2:
        return out
    inverse = inverted(curvature[np.ix_(felt, felt)])
    variance, size = variances(inverse, scores[:, felt])
    entries = np.flatnonzero(felt)
    blur = np.diagonal(inverse) * np.diagonal(curvature)[felt]
    followed = FOLLOWED if len(problem.measured) <= FEW_ROWS else 0
    for n in [n for n in np.argsort(-blur)[:followed].tolist() if blur[n] > BLURRED]:
        direction = np.zeros(count)
        direction[felt] = inverse[n] / inverse[n, n]
        information = profiled_information(problem, point, int(entries[n]), direction, every)
        variance[n] = max(variance[n], size / max(information, 1e-12))
    out[felt] = np.sqrt(variance)
    return out


def inverted(curvature: Float[np.ndarray, "parameter parameter"]) -> Float[np.ndarray, "parameter parameter"]:
    """The inverse; a direction that the curvature does not know gets a huge one, not none."""
    return np.linalg.inv(curvature + 1e-10 * float(np.diagonal(curvature).max()) * np.eye(len(curvature)))


def variances(
    inverse: Float[np.ndarray, "parameter parameter"], scores: Float[np.ndarray, "log parameter"]
) -> tuple[Float[np.ndarray, " parameter"], float]:
    """The sandwich's diagonal, no less than the inverse curvature at the scores' mean size; and that size.

    Few logs span few directions, and in the others the sandwich sees no spread at all.
    """
    logs, count = scores.shape
    meat = scores.T @ scores * logs / (logs - 1)
    size = float(np.trace(inverse @ meat)) / count
    return np.maximum(np.diagonal(inverse @ meat @ inverse), size * np.diagonal(inverse)), size


def _slope(
    problem: Fitting, drive: int, point: np.ndarray, entry: int, every: int
) -> Float[np.ndarray, " residual"]:
    """Change of the residuals with one entry, from both sides where there is room."""
    above, below = point.copy(), point.copy()
    above[entry], below[entry] = min(point[entry] + STEP, 1.0), max(point[entry] - STEP, 0.0)
    change = residuals(problem, [drive], above, every) - residuals(problem, [drive], below, every)
    return change / (above[entry] - below[entry])


def _owners(problem: Fitting, drive: int, every: int) -> np.ndarray:
    """Log of every residual."""
    first = problem.first
    log = np.repeat(np.arange(len(first) - 1), np.diff(first))
    return log[log_weights(problem, drive, every) > 0]
