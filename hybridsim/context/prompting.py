"""What `HybridSim.prompt` does: infer the individual, and build its worlds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hybridsim.context.population import read_population
from hybridsim.context.prompt import prompt
from hybridsim.log import Log
from hybridsim.simulator import HybridSim


def simulator(
    asked: HybridSim, logs: Sequence[Log], population: str | Path | None, draw_seed: int | None
) -> HybridSim:
    """Worlds of the individual that logs come from, as many and of the variant that was asked."""
    assert asked.calibration is not None, "it was loaded"
    known = None if population is None else read_population(Path(population))
    found = prompt(asked.calibration, logs, asked.robot, known)
    made = HybridSim.load(
        found.calibration,
        worlds=asked.worlds,
        variant=asked.variant,
        constants=asked.constants,
        robot=asked.robot.folder,
    )
    if draw_seed is not None:
        made.redraw(range(asked.worlds), found.draws(draw_seed, asked.worlds))
        made.reset()
    return made
