"""The scale of the data's lengths from free flights alone: what falls shows how long a metre is."""

from __future__ import annotations

import math

import numpy as np

from hybridsim.identify.contact import ContactProblem
from hybridsim.parameters import Parameter
from hybridsim.passive.start import LEAST, Flights
from hybridsim.study import Selection

SCALE = "data.length_scale"
AROUND = (-0.01, -0.005, 0.0, 0.005, 0.01)
"""Steps at which the misfit is looked at; chosen, because it is a parabola there."""
POSE, STATE = 6, 12
"""Numbers in a sample, and in the state that every flight is fitted with."""
LOOKS = 2
"""How often: the second look is around what the first one found."""


def with_flight_scale(problem: ContactProblem) -> tuple[Selection, Parameter | None]:
    """The selection with the scale held where free flights put it, and the scale with its interval.

    Nothing is changed where the study does not look for the scale. The same samples count at every scale.
    Every flight is taken to have a noise of its own, to be found with the scale, so that few badly tracked
    flights do not decide; the interval takes what a flight leaves as independent from sample to sample.
    """
    selection = problem.selection
    found = next((p for p in selection.space.parameters if p.name == SCALE), None)
    if found is None:
        return selection, None
    values = selection.values(selection.space.to_vector(selection.space.prior()))
    scale, spread = values[SCALE], math.inf
    first = problem.renewed(values).flights
    assert first is not None, "renewed problems have flights"
    for _ in range(LOOKS):
        tried = scale + np.array(AROUND)
        unlikely = [
            _unlikely(problem.renewed({**values, SCALE: float(s)}, first.samples).flights) for s in tried
        ]
        curve, slope, _ = np.polyfit(tried - scale, unlikely, 2)
        if curve <= 0.0:
            return selection, None
        spread = 1.0 / math.sqrt(2.0 * curve)
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


def _unlikely(flights: Flights | None) -> float:
    """Negative logarithm of the flights' likelihood, each at its own most likely noise, less a constant."""
    assert flights is not None, "renewed problems have flights"
    known = flights.samples > LEAST
    freedom = POSE * flights.samples[known] - STATE
    return float(freedom @ np.log(flights.misfit[known])) / 2.0
