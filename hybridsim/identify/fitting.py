"""What every search, polish and interval asks of a fit, whatever is replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from hybridsim.parameters import ParameterSpace
from hybridsim.robot import Robot
from hybridsim.study import Selection


@runtime_checkable
class Timed(Protocol):
    """One drive along logs, rows of all logs one after the other."""

    @property
    def time(self) -> np.ndarray:
        """[row] [s]."""
        ...


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """Drives along logs and what was measured there; plain arrays, so that it travels to worker processes.

    Attributes:
        robot: the design.
        selection: what is searched, what is held.
        paths: one a drive.
        measured: [row, drive] as logged, NaN where missing [rad], or [N*m] where efforts are followed.
        weights: of every log in the cost; they add up to 1.
        timestep: longest step of a rollout [s].
    """

    robot: Robot
    selection: Selection
    paths: Sequence[Timed]
    measured: Float[np.ndarray, "row drive"]
    weights: Float[np.ndarray, " log"]
    timestep: float

    @property
    def first(self) -> Int[np.ndarray, " _"]:
        """Row at which each log starts, and the end."""
        raise NotImplementedError

    def predicted(self, drive: int, values: Mapping[str, float]) -> Float[np.ndarray, " row"]:
        """What one drive's replay says would be measured."""
        raise NotImplementedError

    def soft(self, drive: int) -> float:
        """Below which errors hardly count: what counts and noise leave [the measurements' unit]."""
        raise NotImplementedError

    def taken(self, pieces: list[np.ndarray], weights: np.ndarray) -> Fitting:
        """The same on these pieces of rows only, a log each, with these weights."""
        raise NotImplementedError

    def lean(self, drive: int) -> Fitting:
        """The same with nothing in it but what one drive's replays read, to travel light."""
        raise NotImplementedError

    @property
    def space(self) -> ParameterSpace:
        """What is searched."""
        return self.selection.space

    @property
    def joints(self) -> tuple[str, ...]:
        """The drives' joints, in the order of `paths`."""
        return tuple(drive.joint for drive in self.robot.drives)

    def entries_of(self, drive: int) -> list[int]:
        """Entries of the space that only this drive feels."""
        prefixes = (f"drive.{self.joints[drive]}.", f"reading.{self.joints[drive]}.")
        members = self.selection.members
        return [
            k
            for k, name in enumerate(self.space.names)
            if all(member.startswith(prefixes) for member in members[name])
        ]

    def shared_entries(self) -> list[int]:
        """Entries that several drives feel: links, the world, shared drive values."""
        own = {k for drive in range(len(self.paths)) for k in self.entries_of(drive)}
        return [k for k in range(len(self.space)) if k not in own]

    def values(self, point: Float[np.ndarray, " parameter"]) -> dict[str, float]:
        """Every parameter's value at a point of the unit cube."""
        return self.selection.values(point)

    def errors(self, drive: int, values: Mapping[str, float]) -> Float[np.ndarray, " row"]:
        """Predicted minus measured, 0 where nothing was measured."""
        error = self.predicted(drive, values) - self.measured[:, drive]
        return np.where(np.isfinite(self.measured[:, drive]), error, 0.0)

    def per_log(self, error: Float[np.ndarray, " row"], drive: int) -> Float[np.ndarray, " log"]:
        """Mean absolute error of every log."""
        first = self.first
        counts = np.add.reduceat(np.isfinite(self.measured[:, drive]).astype(float), first[:-1])
        return np.add.reduceat(np.abs(error), first[:-1]) / np.maximum(counts, 1.0)
