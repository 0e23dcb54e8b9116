"""gymnasium's VectorEnv over blocks of worlds, each on a thread of its own: their steps need no GIL."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from hybridsim.envs.block import Block, Stepped
from hybridsim.policy.contract import PolicyContract
from hybridsim.policy.observing import MOST


class HybridVectorEnv(VectorEnv):
    """Many worlds of one task; worlds whose episode ends begin the next one in the same step."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        """Of blocks in the order of their worlds."""
        self.blocks = tuple(blocks)
        contract = blocks[0].task.contract
        self.num_envs = sum(block.span.count for block in blocks)
        self.single_observation_space, self.single_action_space = spaces(contract)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": ["rgb_array"]}
        self._pool = ThreadPoolExecutor(len(blocks)) if len(blocks) > 1 else None
        self.last: Stepped | None = None
        """All that the last step brought, of all worlds."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start all worlds anew."""
        super().reset(seed=seed, options=options)
        return np.concatenate([block.reset(seed) for block in self.blocks]).astype(np.float32), {}

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One control period of all worlds."""
        stepped = self.last = self._step(np.asarray(actions, float))
        over = stepped.terminated | stepped.truncated
        info: dict[str, Any] = {}
        if over.any():
            info = {"final_obs": stepped.final.astype(np.float32), "_final_obs": over}
        observation = stepped.observation.astype(np.float32)
        return observation, stepped.reward, stepped.terminated, stepped.truncated, info

    def _step(self, actions: np.ndarray) -> Stepped:
        """Every block its rows, side by side."""
        ends = np.cumsum([block.span.count for block in self.blocks])
        rows = np.split(actions, ends[:-1])
        if self._pool is None:
            return self.blocks[0].step(rows[0])
        jobs = [self._pool.submit(block.step, own) for block, own in zip(self.blocks, rows, strict=True)]
        return joined([job.result() for job in jobs])

    def close_extras(self, **kwargs: Any) -> None:
        """Free the worlds."""
        del kwargs
        if self._pool is not None:
            self._pool.shutdown()
        for block in self.blocks:
            block.close()


def joined(parts: Sequence[Stepped]) -> Stepped:
    """Rows of all blocks."""
    arrays = [np.concatenate(columns) for columns in zip(*(part[:5] for part in parts), strict=True)]
    terms = {name: np.concatenate([part.terms[name] for part in parts]) for name in parts[0].terms}
    measures = {name: np.concatenate([part.measures[name] for part in parts]) for name in parts[0].measures}
    observation, reward, terminated, truncated, final = arrays
    return Stepped(observation, reward, terminated, truncated, final, terms, measures)


def spaces(contract: PolicyContract) -> tuple[gymnasium.spaces.Box, gymnasium.spaces.Box]:
    """Of one world's observations and actions."""
    low = np.full(contract.observation_size, -MOST, np.float32)
    one = np.ones(len(contract.joints), np.float32)
    return gymnasium.spaces.Box(low, -low), gymnasium.spaces.Box(-ACTION * one, ACTION * one)


ACTION = 4.0
"""Largest action; chosen, because targets are held within the contract's limits anyway."""
