"""Our worlds as stable-baselines3 wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from hybridsim.envs.vector import HybridVectorEnv


class Worlds(VecEnv):
    """A HybridVectorEnv behind stable-baselines3's interface."""

    def __init__(self, envs: HybridVectorEnv) -> None:
        """Take over the worlds."""
        self.envs = envs
        self._actions = np.zeros(envs.action_space.shape or ())
        self._returns, self._lengths = np.zeros(envs.num_envs), np.zeros(envs.num_envs, np.int64)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> np.ndarray:
        """Start all worlds anew, with the seed that `seed` was given."""
        self._returns[:], self._lengths[:] = 0.0, 0
        return self.envs.reset(seed=self._seeds[0])[0]

    def step_async(self, actions: np.ndarray) -> None:
        """Remember what to do."""
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Do it; what an episode brought in all is told at its end, as SB3's Monitor tells it."""
        observation, reward, terminated, truncated, info = self.envs.step(self._actions)
        self._returns += reward
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for w in np.flatnonzero(terminated | truncated).tolist():
            infos[w] = {
                "terminal_observation": info["final_obs"][w],
                "TimeLimit.truncated": bool(truncated[w]),
                "episode": {"r": float(self._returns[w]), "l": int(self._lengths[w]), "t": 0.0},
            }
            self._returns[w], self._lengths[w] = 0.0, 0
        return observation, reward.astype(np.float32), terminated | truncated, infos

    def close(self) -> None:
        """Free the worlds."""
        self.envs.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same for all worlds."""
        return [getattr(self.envs, attr_name, None)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refused: worlds have no attributes of their own."""
        raise NotImplementedError(attr_name)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Refused: worlds have no methods of their own."""
        raise NotImplementedError(method_name)

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> Sequence[bool]:
        """No world is wrapped."""
        return [False] * len(list(self._get_indices(indices)))
