"""How wide drawn worlds have to scatter for the regions of their resting places to hold what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Variation
from hybridsim.identify.contact_ensemble import Ensemble
from hybridsim.networks.inference import Networks
from hybridsim.parameters import Parameter
from hybridsim.passive.spread import Source, rests
from hybridsim.passive.track import Track
from hybridsim.progress import Progress
from hybridsim.robot import Robot
from hybridsim.scatter import Kind

DRAWS = 19
"""Of every log; chosen, because with the real place they are 20, of which 18 are 90 %."""
LEVELS = (0.8, 0.85, 0.9, 0.95)
"""Whose mean coverage is fitted; chosen, because that of one level alone jumps with single logs."""
FACTOR, MOST = 1.4, 6
"""Between scales that are tried one after the other, and how many of them."""


def with_scale(
    robot: Robot,
    parameters: Sequence[Parameter],
    found: Ensemble,
    scatter: Kind,
    tracks: Sequence[Track],
    timestep: float,
    seed: int,
    networks: Networks | None = None,
    progress: Progress | None = None,
) -> Variation:
    """The ensemble with the scale of scatter at which regions of resting places hold what they say.

    Logs draw members that they had no say in, so that the scale holds for logs of other groups too. All
    scales are tried with the same random numbers, so that they differ by the scale alone.

    Args:
        robot: the design.
        parameters: of the calibration, `varies.*` and `noise.*` among them.
        found: the ensemble.
        scatter: of what varies from log to log.
        tracks: the training logs.
        timestep: of the simulation [s].
        seed: of the draws.
        networks: contact residual; None for the law alone.
        progress: called as progress(done, total); mostly less than the total is needed.
    """
    among = found.without()
    known = {parameter.name: parameter for parameter in parameters}

    def variation(scale: float) -> Variation:
        return Variation(members=found.members, scale=scale, scatter=scatter, fitted_on=len(tracks))

    def tried(scale: float, before: int) -> float:
        source = Source(
            robot=robot,
            parameters=known,
            variation=variation(scale),
            timestep=timestep,
            networks=networks,
        )
        told = _shifted(progress, before * len(tracks), MOST * len(tracks))
        return excess(rests(source, tracks, DRAWS, seed, told, among).level())

    return variation(balanced(tried))


def excess(levels: Float[np.ndarray, " log"]) -> float:
    """By how much regions cover more than they say, mean over `LEVELS` [1]."""
    return float(np.mean([(levels <= level).mean() - level for level in LEVELS]))


def balanced(tried: Callable[[float, int], float]) -> float:
    """The scale at which the excess is nought: steps until its sign turns, then a line over the logarithm.

    Args:
        tried: excess at a scale, given how many were tried before.
    """
    scale, here = 1.0, tried(1.0, 0)
    factor = FACTOR if here < 0.0 else 1.0 / FACTOR
    for before in range(1, MOST):
        last, scale = here, scale * factor
        here = tried(scale, before)
        if last * here <= 0.0 and last != here:
            return scale * factor ** (-here / (here - last))
    return scale


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    return None if progress is None else lambda done, _: progress(before + done, total)
