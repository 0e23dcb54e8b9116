"""What a simulator remembers of its calibration, so that it can be asked for another individual."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Self

from hybridsim.calibration import Calibration
from hybridsim.errors import SimulationError
from hybridsim.log import Log


class Promptable:
    """Part of `HybridSim`."""

    calibration: Calibration | None = None
    """That it was loaded from; None where it was made of values alone."""
    variant: str = "hybrid"
    constants: Mapping[str, float] | None = None

    def prompt(self, *logs: Log, population: str | Path | None = None, draw_seed: int | None = None) -> Self:
        """The same simulator of the individual that a few seconds of log come from; this one stays as it is.

        What is known of the individual is in its `calibration`, with intervals that shrink as logs grow.

        Args:
            logs: of one individual, `hybridsim.log.read_log` reads them.
            population: folder of what a fleet's units have in common; None for typical differences.
            draw_seed: from which every world draws drives it may have; None for the likeliest.

        Raises:
            SimulationError: this simulator was not loaded from a calibration.
            LogError: logs of another robot, or none.
            FleetError: its calibration is of a kind that cannot be prompted.
        """
        if self.calibration is None:
            raise SimulationError("HybridSim.prompt: made of values alone; expected HybridSim.load(...)")
        # The one call upwards: prompting is what people ask of a simulator, and identifies to answer.
        prompting = import_module("hybridsim.context.prompting")
        return prompting.simulator(self, logs, population, draw_seed)
