"""Worlds that differ as a calibration leaves open, by its intervals and ensembles, or more by choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.errors import SimulationError
from hybridsim.parameters import Parameter
from hybridsim.simulator.draws import drawn

SIGMAS = 3.92
"""Width of a 95 % interval in standard deviations."""


ANYWHERE = ("drive.", "sensor.")
"""In what any worlds may differ."""
FLOATING = (*ANYWHERE, "link.", "contact.", "ground.", "world.plane_friction")
"""The same where bases float."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A wider range by choice, around what a parameter is.

    Attributes:
        share: of the value, to both sides [1].
        shift: to both sides [the parameter's unit].
        low: smallest value, in place of the two above; None for none.
        high: largest.
    """

    share: float = 0.0
    shift: float = 0.0
    low: float | None = None
    high: float | None = None

    def drawn(self, value: float, random: np.random.Generator) -> float:
        """A value of one world."""
        place = random.uniform(-1.0, 1.0)
        if self.low is not None and self.high is not None:
            return self.low + 0.5 * (place + 1.0) * (self.high - self.low)
        return value * (1.0 + self.share * place) + self.shift * place


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What a world has of its own.

    Attributes:
        values: what all worlds share.
        calibration: whose intervals and ensembles are drawn from; None for none.
        spreads: wider ranges by pattern of names, such as `drive.*.delay`.
        together: patterns that are drawn once a world.
        scale: of the calibration's intervals; 1 as they are.
        kinds: beginnings of the names in which worlds may differ.
    """

    values: Mapping[str, float]
    calibration: Calibration | None = None
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    together: frozenset[str] = frozenset()
    scale: float = 1.0
    kinds: tuple[str, ...] = ANYWHERE

    def __post_init__(self) -> None:
        for pattern in self.spreads:
            if pattern != "world.plane_friction" and not self._named(pattern):
                raise SimulationError(
                    f"draws: no parameter is called '{pattern}'; expected one of this robot"
                )

    def _named(self, pattern: str) -> list[str]:
        return [name for name in self.values if fnmatchcase(name, pattern)]

    def own(self, random: np.random.Generator) -> dict[str, float]:
        """One world's values by name, where they differ from what all share."""
        found = {} if self.calibration is None else self._calibrated(self.calibration, random)
        for pattern, spread in self.spreads.items():
            names = self._named(pattern) or [pattern]
            seeds = random.integers(2**63, size=len(names))
            for name, seed in zip(names, seeds, strict=True):
                own = np.random.default_rng(seeds[0] if pattern in self.together else seed)
                found[name] = spread.drawn(found.get(name, self.values.get(name, 1.0)), own)
        return {name: value for name, value in found.items() if name.startswith(self.kinds)}

    def _calibrated(self, calibration: Calibration, random: np.random.Generator) -> dict[str, float]:
        """A member of its ensemble where it has one, and every identified number within its interval."""
        known, variation = calibration.parameters, calibration.record.variation
        found = {} if variation is None else drawn(known, variation, random)
        for name, parameter in known.items():
            step = random.standard_normal()
            if parameter.interval_95 is not None and name in self.values and name not in found:
                found[name] = within(parameter, self.scale * step)
        return found


def within(parameter: Parameter, step: float) -> float:
    """The value so many standard deviations off, on the side's own width, held within the bounds."""
    assert parameter.interval_95 is not None
    low, high = parameter.interval_95
    side = 2.0 * (high - parameter.value if step > 0.0 else parameter.value - low)
    return min(max(parameter.value + step * max(side, 0.0) / SIGMAS, parameter.low), parameter.high)
