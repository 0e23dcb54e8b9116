"""What worlds go through beside their task: other bodies and ground, pushes, faults of what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from hybridsim.physics.terrain import Terrain
from hybridsim.simulator import HybridSim


@runtime_checkable
class Conditions(Protocol):
    """Of the worlds of one block; they follow from the world alone, so that episodes can be run again."""

    def own(self, world: int, drawn: Mapping[str, float]) -> dict[str, float]:
        """Values of one world by name, from what was drawn for it."""
        ...

    def terrains(self, terrains: Sequence[Terrain]) -> list[Terrain]:
        """Ground of each world, from the task's; none for a fixed base."""
        ...

    def begin(self, sim: HybridSim, worlds: Int[np.ndarray, " some"]) -> None:
        """After the task has put some worlds into a first state."""
        ...

    def disturb(self, sim: HybridSim, step: Int[np.ndarray, " world"]) -> None:
        """Before a control period; `step` counts from each world's reset."""
        ...

    def seen(
        self, signals: Mapping[str, np.ndarray], step: Int[np.ndarray, " world"]
    ) -> Mapping[str, np.ndarray]:
        """What the policy sees of the signals after so many steps; asked twice, it says the same."""
        ...
