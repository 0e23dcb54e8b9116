"""What a task is to the worlds that run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.calibration import SimulationSettings
from hybridsim.physics.terrain import Terrain
from hybridsim.policy.contract import PolicyContract
from hybridsim.policy.observing import Memory
from hybridsim.robot import Robot
from hybridsim.simulator import HybridSim

World = Float[np.ndarray, " world"]


@runtime_checkable
class Task(Protocol):
    """What robots are to do; one object serves many worlds, arrays are [world ...].

    Attributes:
        name: of the task.
        robot: the design.
        contract: layout of observation and action.
        settings: of the simulation, where no calibration says otherwise.
        episode_steps: control periods after which an episode is cut.
        gait: offsets of the gait prior, see `policy.observing.Memory`.
        constants: of the set-up, such as a payload.
        level: share of its range that is asked for, 0 to 1.
        sources: files that it was made from, by what they are, as sha256.
    """

    name: str
    robot: Robot
    contract: PolicyContract
    settings: SimulationSettings
    episode_steps: int
    gait: np.ndarray | None
    constants: Mapping[str, float]
    level: float
    sources: Mapping[str, str]

    def terrains(self, randoms: Sequence[np.random.Generator]) -> list[Terrain]:
        """Ground of each world; none for level ground or a fixed base."""
        ...

    def drive_command(self, target: Float[np.ndarray, "world joint"]) -> Float[np.ndarray, "world drive"]:
        """What all drives are told, from the policy's joint targets [rad]."""
        ...

    def begin(
        self,
        sim: HybridSim,
        memory: Memory,
        command: Float[np.ndarray, "world command"],
        worlds: Int[np.ndarray, " some"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """Put some worlds into a first state and write what is asked of them."""
        ...

    def disturb(
        self,
        sim: HybridSim,
        command: Float[np.ndarray, "world command"],
        step: Int[np.ndarray, " world"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """Before a control period: change commands, push robots; `step` counts from each world's reset."""
        ...

    def rewards(
        self, sim: HybridSim, memory: Memory, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, World]:
        """Terms of the reward after a control period, weighted; from the truth."""
        ...

    def ended(self, sim: HybridSim) -> Bool[np.ndarray, " world"]:
        """Which episodes are over because something went wrong."""
        ...

    def measures(self, sim: HybridSim, command: Float[np.ndarray, "world command"]) -> Mapping[str, World]:
        """What evaluations quote beside the return, by name with its unit, such as `speed_error [m/s]`."""
        ...
