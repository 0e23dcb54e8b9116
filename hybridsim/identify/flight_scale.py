"""The scale of the data's lengths from free flights alone: what falls shows how long a metre is."""

from __future__ import annotations

import math

import numpy as np

from hybridsim.identify.contact import ContactProblem
from hybridsim.parameters import Parameter
from hybridsim.study import Selection

SCALE = "data.length_scale"
AROUND = (-0.01, -0.005, 0.0, 0.005, 0.01)
"""Steps at which the misfit is looked at; chosen, because it is a parabola there."""
LOOKS = 2
"""How often: the second look is around what the first one found."""


def with_flight_scale(problem: ContactProblem) -> tuple[Selection, Parameter | None]:
    """The selection with the scale held where free flights put it, and the scale with its interval.

    Nothing is changed where the study does not look for the scale. The interval takes what flights leave as
    independent noise of its own size, so it is a lower bound.
    """
    selection = problem.selection
    found = next((p for p in selection.space.parameters if p.name == SCALE), None)
    if found is None:
        return selection, None
    values = selection.values(selection.space.to_vector(selection.space.prior()))
    scale, spread = values[SCALE], math.inf
    for _ in range(LOOKS):
        tried = scale + np.array(AROUND)
        flown = [problem.renewed({**values, SCALE: float(s)}).flights for s in tried]
        misfit = np.array([flights.misfit for flights in flown if flights is not None])
        curve, slope, _ = np.polyfit(tried - scale, misfit, 2)
        if curve <= 0.0:
            return selection, None
        count = sum(int(flights.samples.sum()) for flights in flown if flights is not None) / len(AROUND)
        spread = math.sqrt(misfit.min() / max(6.0 * count, 1.0) / curve)
        scale = float(np.clip(scale - slope / (2.0 * curve), found.low, found.high))
    fitted = found.model_copy(
        update={
            "value": scale,
            "interval_95": (scale - 1.96 * spread, scale + 1.96 * spread),
            "source": f"{found.source}; found: free flights alone, of {problem.tracks[0].name} and others",
            "at_bound": scale in (found.low, found.high),
        }
    )
    return selection.held(SCALE, scale), fitted
