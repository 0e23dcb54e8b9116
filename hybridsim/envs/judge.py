"""How good a policy is: an episode in every world of a varied set that training never uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.envs.vector import HybridVectorEnv
from hybridsim.policy import Policy

APART = 1_000_003
"""Between the seeds of training and of judging."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Of one evaluation, a row an episode.

    Attributes:
        returns: sums of rewards up to the episode's end.
        fell: whether it ended early.
        seconds: that it lasted [s].
        measures: means over the episode, by name with unit.
    """

    returns: Float[np.ndarray, " episode"]
    fell: Float[np.ndarray, " episode"]
    seconds: Float[np.ndarray, " episode"]
    measures: Mapping[str, Float[np.ndarray, " episode"]]

    @property
    def score(self) -> float:
        """Mean return, by which the best checkpoint is chosen."""
        return float(self.returns.mean())

    def numbers(self) -> dict[str, float]:
        """Means over the episodes, for logs and files."""
        means = {name: float(values.mean()) for name, values in self.measures.items()}
        return {"return": self.score, "falls": float(self.fell.mean()), **means}


def judge(
    policy: Policy,
    envs: HybridVectorEnv,
    seed: int,
    watch: Callable[[Bool[np.ndarray, " world"]], None] | None = None,
) -> Verdict:
    """Run the mean action through one episode of every world.

    Args:
        policy: to be judged.
        envs: worlds, reset here.
        seed: of the episodes; the same again and again, so that checkpoints compare.
        watch: called before every step with the worlds whose episode goes on.
    """
    observation, _ = envs.reset(seed=APART + seed)
    running = np.ones(envs.num_envs, bool)
    returns, fell = np.zeros(envs.num_envs), np.zeros(envs.num_envs)
    sums: dict[str, np.ndarray] = {}
    steps = np.zeros(envs.num_envs)
    while running.any():
        if watch is not None:
            watch(running)
        observation, reward, terminated, truncated, _ = envs.step(policy.action(observation))
        assert envs.last is not None
        returns += running * reward
        steps += running
        for name, values in envs.last.measures.items():
            sums[name] = sums.get(name, 0.0) + running * values
        fell[running & terminated] = 1.0
        running &= ~(terminated | truncated)
    return Verdict(
        returns=returns,
        fell=fell,
        seconds=steps * envs.blocks[0].task.contract.control_period_s,
        measures={name: total / steps for name, total in sums.items()},
    )
