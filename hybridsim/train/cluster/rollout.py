"""A rollout's arrays, and the parts of episodes in them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_episode import SingleAgentEpisode

from hybridsim.envs.vector import HybridVectorEnv


class Rollout:
    """Steps of some worlds, in order."""

    def __init__(self, envs: HybridVectorEnv) -> None:
        """None yet."""
        self._envs = envs
        self._rows: list[tuple[np.ndarray, ...]] = []
        self._finals: list[np.ndarray] = []
        self._sums: dict[str, float] = {}

    def add(
        self, seen: np.ndarray, chosen: tuple[np.ndarray, np.ndarray, np.ndarray], stepped: tuple[Any, ...]
    ) -> None:
        """A step.

        Args:
            seen: before it, a row a world.
            chosen: distribution's inputs, action and its log probability.
            stepped: what `HybridVectorEnv.step` gave.
        """
        observation, reward, terminated, truncated, info = stepped
        self._rows.append((seen, *chosen, reward.astype(np.float32), terminated, truncated))
        self._finals.append(info.get("final_obs", observation))
        last = self._envs.last
        assert last is not None
        for name, values in {**last.terms, **last.measures}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(values.mean())

    def means(self) -> dict[str, float]:
        """Of rewards' terms and of measures."""
        return {name: total / len(self._rows) for name, total in self._sums.items()}

    def episodes(self) -> list[SingleAgentEpisode]:
        """Parts of episodes, one world after the other; the last part of a world goes on."""
        columns = [np.stack(column, axis=1) for column in zip(*self._rows, strict=True)]
        finals = np.stack(self._finals, axis=1)
        over = columns[-1] | columns[-2]
        parts = []
        for w in range(self._envs.num_envs):
            ends = [0, *(np.flatnonzero(over[w]) + 1).tolist(), len(self._rows)]
            own = [column[w] for column in columns]
            parts += [_part(own, finals[w], a, b) for a, b in pairwise(ends) if b > a]
        return parts


def _part(columns: list[np.ndarray], finals: np.ndarray, first: int, end: int) -> SingleAgentEpisode:
    """Steps `first` up to `end` of one world."""
    seen, inputs, action, chance, reward, terminated, truncated = (column[first:end] for column in columns)
    return SingleAgentEpisode(
        observations=[*seen, finals[end - 1]],
        actions=list(action),
        rewards=list(reward),
        terminated=bool(terminated[-1]),
        truncated=bool(truncated[-1]),
        extra_model_outputs={Columns.ACTION_DIST_INPUTS: list(inputs), Columns.ACTION_LOGP: list(chance)},
        len_lookback_buffer=0,
    ).to_numpy()
