"""Worlds of one simulator under one task: actions in, observations and rewards out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.envs.conditions import Conditions
from hybridsim.envs.draws import Draws
from hybridsim.envs.task import Task
from hybridsim.errors import SimulationError
from hybridsim.physics.terrain import Terrain
from hybridsim.policy.observing import Memory
from hybridsim.simulator import HybridSim

Worlds = Callable[[int, list[dict[str, float]], list[Terrain]], HybridSim]
"""Builds a simulator: how many worlds, what each has of its own, its ground."""
BODY = 2**31
"""In the place of an episode's number: what a world keeps for good."""


class Stepped(NamedTuple):
    """What a control period brought; rows of worlds whose episode ended are those of the next one's start."""

    observation: Float[np.ndarray, "world number"]
    reward: Float[np.ndarray, " world"]
    terminated: Bool[np.ndarray, " world"]
    truncated: Bool[np.ndarray, " world"]
    final: Float[np.ndarray, "world number"]
    """Observation at the end of the period, of all worlds."""
    terms: Mapping[str, Float[np.ndarray, " world"]]
    measures: Mapping[str, Float[np.ndarray, " world"]]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which worlds out of all."""

    first: int
    count: int


class Block:
    """Some worlds; what happens in one follows from the seed and its number, in whatever company.

    Rewards may round otherwise in another company.
    """

    def __init__(
        self,
        task: Task,
        worlds: Worlds,
        span: Span,
        seed: int,
        draws: Draws | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        """Build the worlds; `reset` comes before the first step.

        Args:
            task: what they are to do; shared with nobody that another thread runs.
            worlds: builds the simulator.
            span: numbers of the worlds.
            seed: of everything that is left to chance.
            draws: what worlds have of their own; None for all the same.
            conditions: what they go through beside the task; None for nothing.
        """
        self.task, self.span, self.seed = task, span, seed
        self._draws, self._conditions = draws, conditions
        fixed = [np.random.default_rng([seed, span.first + k, BODY]) for k in range(span.count)]
        own = self._own(range(span.count), fixed)
        terrains = task.terrains(fixed)
        if conditions is not None:
            terrains = conditions.terrains(terrains)
        self._build = lambda: worlds(span.count, own, terrains)
        self.sim = self._build()
        self.memory = Memory(task.contract, span.count, task.gait)
        self.command = np.zeros((span.count, len(task.contract.command)))
        self.step_count, self._episode = np.zeros(span.count, np.int64), np.zeros(span.count, np.int64)
        self.sim.restart_chance(seed, span.first)
        self._randoms, self._stepped = fixed, False
        self._signals: Mapping[str, np.ndarray] = {}
        if abs(self.sim.control_period - task.contract.control_period_s) > 1e-9:
            raise SimulationError(
                f"task {task.name}: its control period is {task.contract.control_period_s:g} s, the"
                f" simulator's {self.sim.control_period:g} s; expected a calibration at the task's rate"
            )

    def reset(self, seed: int | None = None) -> Float[np.ndarray, "world number"]:
        """Start all worlds anew; a seed also starts the count of episodes anew, and makes all the same again.

        Ground on which Bullet's contacts remember what was before is built again for that.
        """
        if seed is not None:
            if self._stepped and any(terrain.remembers for terrain in self.sim.terrains):
                self.sim.close()
                self.sim, self._stepped = self._build(), False
            self.seed, self._episode[:] = seed, 0
            self.sim.restart_chance(seed, self.span.first)
        self._begin(np.arange(self.span.count))
        return self._observation()

    def _begin(self, worlds: Int[np.ndarray, " some"]) -> None:
        """Start another episode in some worlds."""
        for w in worlds.tolist():
            place = [self.seed, self.span.first + w, int(self._episode[w])]
            self._randoms[w] = np.random.default_rng(place)
        self._episode[worlds] += 1
        self.step_count[worlds] = 0
        randoms = [self._randoms[w] for w in worlds.tolist()]
        if own := self._own(worlds.tolist(), randoms):
            self.sim.redraw(worlds.tolist(), own)
        self.task.begin(self.sim, self.memory, self.command, worlds, randoms)
        if self._conditions is not None:
            self._conditions.begin(self.sim, worlds)
        self._signals = self._seen(self.sim.observe())

    def _own(self, worlds: Sequence[int], randoms: Sequence[np.random.Generator]) -> list[dict[str, float]]:
        """What each of some worlds has of its own; empty where all are the same."""
        if self._draws is None and self._conditions is None:
            return []
        drawn = [{} if self._draws is None else self._draws.own(random) for random in randoms]
        if self._conditions is None:
            return drawn
        return [self._conditions.own(w, one) for w, one in zip(worlds, drawn, strict=True)]

    def _seen(self, signals: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """What the policy sees of the signals."""
        return signals if self._conditions is None else self._conditions.seen(signals, self.step_count)

    def _observation(self) -> Float[np.ndarray, "world number"]:
        return self.memory.observation(self._signals, self.command)

    def step(self, action: Float[np.ndarray, "world joint"]) -> Stepped:
        """One control period.

        Raises:
            SimulationError: an action, observation or reward is not finite; names world, step and term.
        """
        self._require("action", action)
        self._stepped = True
        self.task.disturb(self.sim, self.command, self.step_count, self._randoms)
        target = self.memory.advance(np.asarray(action, float), self.command)
        if self._conditions is not None:
            self._conditions.disturb(self.sim, self.step_count)
        signals = self.sim.step(self.task.drive_command(target))
        self.step_count += 1
        self._signals = self._seen(signals)
        terms = self.task.rewards(self.sim, self.memory, self.command)
        reward = np.sum(list(terms.values()), axis=0)
        if not np.isfinite(reward).all():
            for name, values in terms.items():
                self._require(f"reward term '{name}'", values)
        measures = self.task.measures(self.sim, self.command)
        terminated = self.task.ended(self.sim)
        truncated = (self.step_count >= self.task.episode_steps) & ~terminated
        final = self._observation()
        self._require("observation", final)
        observation, over = final, np.flatnonzero(terminated | truncated)
        if len(over):
            self._begin(over)
            observation = final.copy()
            observation[over] = self._observation()[over]
        return Stepped(observation, reward, terminated, truncated, final, terms, measures)

    def _require(self, what: str, values: np.ndarray) -> None:
        """Refuse what is not finite."""
        if not np.isfinite(values).all():
            rows = np.asarray(~np.isfinite(values)).reshape(len(values), -1).any(axis=1)
            world = int(np.flatnonzero(rows)[0])
            raise SimulationError(
                f"task {self.task.name}: {what} of world {self.span.first + world} is not finite at step"
                f" {self.step_count[world]}"
            )

    def close(self) -> None:
        """Free the worlds."""
        self.sim.close()


def spans(worlds: int, blocks: int) -> Sequence[Span]:
    """Worlds shared out evenly, in order."""
    edges = np.linspace(0, worlds, blocks + 1).round().astype(int)
    return [Span(first=int(a), count=int(b - a)) for a, b in pairwise(edges) if b > a]
