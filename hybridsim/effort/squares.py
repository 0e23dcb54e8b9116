"""A recording boiled down to small matrices: what least squares needs, block by block and joint by joint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from hybridsim.effort.arm import Arm
from hybridsim.effort.kinematics import kinematics, low_pass, shifted
from hybridsim.effort.motion import Motion
from hybridsim.effort.settings import Settings
from hybridsim.effort.terms import columns, terms_of
from hybridsim.physics.kernel import effort_regressor
from hybridsim.study.effort import Velocity

Loads = Sequence[Float[np.ndarray, "row joint"]]


@dataclass(frozen=True, eq=False)
class Squares:
    """Sums over rows of the outer products of [rigid-body columns, own terms, measurement], a block each.

    Attributes:
        own: per joint the places of the terms that act on it.
        sums: per joint [block column column].
        rows: per block how many rows were summed.
        mean: per block and joint the sum of the measurements.
    """

    own: tuple[Int[np.ndarray, " _own"], ...]
    sums: tuple[Float[np.ndarray, "block _column _column"], ...]
    rows: Float[np.ndarray, " block"]
    mean: Float[np.ndarray, "block joint"]

    @property
    def blocks(self) -> list[int]:
        """Blocks that hold rows."""
        return np.flatnonzero(self.rows > 0).tolist()

    def of(self, blocks: Sequence[int]) -> list[Float[np.ndarray, "_column _column"]]:
        """Per joint the sums over some blocks."""
        return [sums[list(blocks)].sum(axis=0) for sums in self.sums]

    def spread(self, blocks: Sequence[int]) -> Float[np.ndarray, " joint"]:
        """Standard deviation of each joint's measurement over some blocks."""
        chosen = list(blocks)
        count = max(self.rows[chosen].sum(), 1.0)
        square = np.array([sums[-1, -1] for sums in self.of(chosen)]) / count
        return np.sqrt(np.maximum(square - (self.mean[chosen].sum(axis=0) / count) ** 2, 1e-18))


class Prepared:
    """Logs whose regressors are kept, since most settings leave kinematics as they are."""

    def __init__(self, arm: Arm, motions: Sequence[Motion], blocks: Sequence[np.ndarray], most: int) -> None:
        """Take logs and the block of each of their rows; -1 leaves a row out."""
        self.arm, self.motions, self.blocks = arm, list(motions), list(blocks)
        used = sum(int((block >= 0).sum()) for block in blocks)
        self.every = max(1, -(-used // most))
        self._moved = lru_cache(maxsize=2 * len(self.motions))(self._move)
        self._rigid = lru_cache(maxsize=2 * len(self.motions))(self._regress)

    def squares(self, settings: Settings, loads: Loads | None = None) -> Squares:
        """All logs under some settings; `loads` are the rigid bodies' efforts, the prior's where None."""
        arm, terms = self.arm, terms_of(self.arm, settings)
        own = tuple(
            np.array([k for k, term in enumerate(terms) if j in term.joints]) for j in range(len(arm.joints))
        )
        count = 1 + max(int(block.max(initial=-1)) for block in self.blocks)
        widths = [10 * len(arm.links) + len(places) + 1 for places in own]
        sums = [np.zeros((count, width, width)) for width in widths]
        rows, mean = np.zeros(count), np.zeros((count, len(arm.joints)))
        loads = loads if loads is not None else self.loads(settings, arm.physical)
        for n, motion in enumerate(self.motions):
            chosen = np.flatnonzero(self.blocks[n] >= 0)[:: self.every]
            block = self.blocks[n][chosen]
            rigid = self._rigid(n, *_kept(settings), settings.bandwidth_hz, settings.bandwidth_order)
            extra = columns(arm, settings, *self.moved(n, settings), loads[n], motion.period)
            extra = low_pass(extra, settings.bandwidth_hz, motion.period, settings.bandwidth_order)
            rigid, extra = (shifted(x, settings.delay, motion.period)[chosen] for x in (rigid, extra))
            for b in np.unique(block):
                mine = block == b
                rows[b] += mine.sum()
                mean[b] += motion.effort[chosen][mine].sum(axis=0)
                for j, places in enumerate(own):
                    effort = motion.effort[chosen][mine, j : j + 1]
                    table = np.concatenate([rigid[mine, j], extra[mine][:, places], effort], axis=1)
                    sums[j][b] += table.T @ table
        return Squares(own, tuple(sums), rows, mean)

    def loads(self, settings: Settings, theta: Float[np.ndarray, " parameter"]) -> Loads:
        """Efforts of the rigid bodies along every log [N·m], not filtered."""
        return [self._rigid(n, *_kept(settings), 0.0, 0) @ theta for n in range(len(self.motions))]

    def moved(self, n: int, settings: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position, velocity and acceleration of a log."""
        return self._moved(n, *_kept(settings))

    def _move(self, n: int, velocity: Velocity, hz: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = kinematics(self.motions[n], velocity, hz)
        return tuple(np.ascontiguousarray(x) for x in found)  # pyright: ignore[reportReturnType]

    def _regress(self, n: int, velocity: Velocity, hz: float, bandwidth: float, order: int) -> np.ndarray:
        if bandwidth > 0:
            return low_pass(self._rigid(n, velocity, hz, 0.0, 0), bandwidth, self.motions[n].period, order)
        return effort_regressor(self.arm.chain, *self._moved(n, velocity, hz))


def _kept(settings: Settings) -> tuple[Velocity, float]:
    """What kinematics depend on."""
    return settings.velocity, settings.acceleration_hz


def squares_of_error(sums: np.ndarray, solution: Float[np.ndarray, " column"]) -> float:
    """Sum over rows of (prediction - measurement)²."""
    whole = np.append(solution, -1.0)
    return float(whole @ sums @ whole)
