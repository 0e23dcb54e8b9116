"""How far each contact parameter may move before replays of the logs get worse by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hybridsim.identify.contact import FoundContact
from hybridsim.parameters import Parameter
from hybridsim.progress import Progress

STEPS = (0.01, 0.03, 0.1, 0.3, 0.9)
"""Shares of a parameter's range that are tried on either side; chosen, each three times the last."""
WORSE = 1.645
"""Standard errors of the mean difference over logs: one-sided 95 %."""
WIDE = 0.9
"""Share of the range from which on an interval says nothing."""


def with_intervals(found: FoundContact, progress: Progress | None = None) -> tuple[Parameter, ...]:
    """Fitted parameters with the range in which replays are not clearly worse, log by log.

    The other parameters are held, so that the interval of one that trades with another is too narrow; the
    bounds of the search clip it.
    """
    space = found.problem.selection.space
    values = space.from_vector(found.point)
    scales = [float(cost.mean()) for cost in found.problem.costs(found.values)]
    best = found.problem.by_log(found.values, scales)
    fitted = []
    for k, parameter in enumerate(space.with_values(values)):
        ends = [_edge(found, k, side, best, scales) for side in (-1.0, 1.0)]
        low, high = (space.from_vector(_moved(found.point, k, end))[parameter.name] for end in ends)
        known = abs(ends[1] - ends[0]) < WIDE
        fitted.append(
            parameter.model_copy(
                update={
                    "interval_95": (min(low, parameter.value), max(high, parameter.value)),
                    "identifiable": known,
                }
            )
        )
        if progress is not None:
            progress(k + 1, len(space))
    return tuple(fitted)


def _edge(found: FoundContact, k: int, side: float, best: np.ndarray, scales: Sequence[float]) -> float:
    """Coordinate at which replays get clearly worse on one side: growing steps, then a line between."""
    last, last_excess = 0.0, -WORSE
    for step in STEPS:
        place = float(np.clip(found.point[k] + side * step, 0.0, 1.0))
        values = found.problem.selection.values(_moved(found.point, k, place))
        difference = found.problem.by_log(values, scales) - best
        error = difference.std(ddof=1) / math.sqrt(len(difference)) if len(difference) > 1 else math.inf
        excess = difference.mean() / error - WORSE if error > 0 else -WORSE
        if excess > 0:
            share = -last_excess / (excess - last_excess)
            return float(np.clip(found.point[k] + side * (last + share * (step - last)), 0.0, 1.0))
        if place in (0.0, 1.0):
            return place
        last, last_excess = step, excess
    return 0.0 if side < 0 else 1.0


def _moved(point: np.ndarray, k: int, place: float) -> np.ndarray:
    changed = point.copy()
    changed[k] = place
    return changed
