"""Worlds that differ as logs of one individual do: each draws an ensemble's member, and scatter around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hybridsim.calibration import Calibration, Variation
from hybridsim.calibration.variation import KINDS, VARIES
from hybridsim.errors import SimulationError
from hybridsim.parameters import Parameter
from hybridsim.scatter import Scatter


def scatter_of(values: Mapping[str, float], variation: Variation | None) -> Scatter:
    """How a calibration's parameters vary from log to log."""
    sigma = {name.removeprefix(VARIES): value for name, value in values.items() if name.startswith(VARIES)}
    return Scatter(sigma=sigma, kind="normal" if variation is None else variation.scatter)


def drawn(
    parameters: Mapping[str, Parameter],
    variation: Variation,
    random: np.random.Generator,
    among: Sequence[int] | None = None,
) -> dict[str, float]:
    """What one world has of its own: a member's values, and scatter within the parameters' bounds.

    Args:
        parameters: of the calibration, `varies.*` among them.
        variation: what to draw from.
        random: advanced by as much whatever is drawn.
        among: numbers of the members that may be drawn; None for all.

    Returns:
        Values by name [their units].
    """
    some = range(variation.count) if among is None else among
    own = variation.member(int(some[int(random.random() * len(some))]))
    scatter = scatter_of({n: p.value for n, p in parameters.items()}, variation)
    for name, step in scatter.drawn(variation.scale, random).items():
        if name.startswith(KINDS):
            known = parameters[name]
            own[name] = min(max(own.get(name, known.value) + step, known.low), known.high)
    return own


def drawn_worlds(
    calibration: Calibration, variant: str, seed: int | None, worlds: int
) -> list[dict[str, float]]:
    """What each world has of its own; a world's draw follows from the seed and its own number alone.

    Args:
        calibration: with an ensemble.
        variant: `nominal` has nothing to draw.
        seed: None draws nothing.
        worlds: how many.

    Raises:
        SimulationError: there is nothing to draw from, or the seed is negative.
    """
    if seed is None:
        return []
    variation = calibration.record.variation
    if variation is None:
        raise SimulationError(
            f"calibration {calibration.id}: draw_seed {seed}, but it has no ensemble; expected a calibration"
            " of a body that nothing drives, made by this version of hybridsim, or no draw_seed"
        )
    if variant == "nominal" or seed < 0:
        raise SimulationError(
            f"HybridSim: draw_seed {seed} with variant '{variant}'; expected a number from 0 up with"
            " 'identified' or 'hybrid'"
        )
    generators = [np.random.default_rng([seed, world]) for world in range(worlds)]
    return [drawn(calibration.parameters, variation, random) for random in generators]
