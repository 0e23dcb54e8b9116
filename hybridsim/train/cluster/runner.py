"""RLlib's environment runner over a block of our worlds: one network call and one step for all of them."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ray.rllib.core.columns import Columns
from ray.rllib.env.env_runner import EnvRunner
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.rllib.env.single_agent_episode import SingleAgentEpisode

from hybridsim.envs.tasks import task_of
from hybridsim.envs.vector import ACTION, HybridVectorEnv
from hybridsim.envs.worlds import Size, load, make_block
from hybridsim.errors import HybridSimError
from hybridsim.train.cluster.rollout import Rollout
from hybridsim.train.curriculum import set_level
from hybridsim.train.settings import Settings
from hybridsim.train.worlds import origin_of


@dataclass(frozen=True, kw_only=True)
class Order:
    """What runners are to gather.

    Attributes:
        weights: of the network that acts.
        stretch: number that is new where worlds are to begin anew.
        seed: of the worlds and actions then.
        level: of the curriculum.
    """

    weights: Mapping[str, np.ndarray]
    stretch: int
    seed: int
    level: float


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What a runner brings.

    Attributes:
        worker: its number.
        episodes: parts of, a world's in order.
        steps: of the environment.
        means: of rewards' terms and of measures.
        metrics: RLlib's.
    """

    worker: int
    episodes: list[SingleAgentEpisode]
    steps: int
    means: Mapping[str, float]
    metrics: Any


class WorldsRunner(SingleAgentEnvRunner):
    """Steps a block of worlds; one that was restarted begins with its worlds anew."""

    module: Any

    def make_env(self) -> None:
        """Build the worlds of this worker's number, as the local engine has them in its block."""
        given = self.config.env_config
        self._settings = settings = Settings.model_validate(given["settings"])
        torch.set_num_threads(settings.threads)
        source = load(origin_of(settings, given["calibration"]), task_of(settings.task).robot)
        size = Size(worlds=settings.worlds, blocks=self.num_workers)
        self._number = int(self.worker_index or 1)
        seed, options = settings.seed, settings.options
        block = make_block(settings.task, source, self._number - 1, size=size, seed=seed, options=options)
        self.env = self._envs = HybridVectorEnv([block])
        self.num_envs = self.env.num_envs
        self._stretch = -1
        self._seen = np.zeros((0, 0), np.float32)

    def gather(self, order: Order) -> Gathered:
        """A rollout."""
        state = {name: torch.from_numpy(value.copy()) for name, value in order.weights.items()}
        self.module.load_state_dict(state)
        if order.stretch != self._stretch:
            self._begin(order)
        rollout = Rollout(self._envs)
        for _ in range(self._settings.rollout):
            chosen = self._act()
            stepped = self._envs.step(np.clip(chosen[1], -ACTION, ACTION))
            rollout.add(self._seen, chosen, stepped)
            self._seen = stepped[0]
        episodes, steps = rollout.episodes(), self._settings.rollout * self.num_envs
        self._increase_sampled_metrics(steps, sum(one.is_done for one in episodes))
        return Gathered(
            worker=self._number,
            episodes=episodes,
            steps=steps,
            means=rollout.means(),
            metrics=self.get_metrics(),
        )

    def _begin(self, order: Order) -> None:
        """Worlds and chance anew."""
        self._stretch = order.stretch
        torch.manual_seed(int(np.random.SeedSequence([order.seed, self._number]).generate_state(1)[0]))
        set_level(self._envs, order.level)
        self._seen, _ = self._envs.reset(seed=order.seed)

    def _act(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and deviation, action, and its log probability, a row a world."""
        inputs = self.module.forward_exploration({Columns.OBS: torch.from_numpy(self._seen)})
        inputs = inputs[Columns.ACTION_DIST_INPUTS]
        chance: Any = self.module.get_exploration_action_dist_cls().from_logits(inputs)
        action = chance.sample()
        return inputs.numpy(), action.numpy(), chance.logp(action).numpy()


def gather(runner: EnvRunner, order: Order) -> Gathered | Exception:
    """A runner's rollout, or what went wrong in it: RLlib would restart what raises, again and again."""
    assert isinstance(runner, WorldsRunner)
    try:
        return runner.gather(order)
    except HybridSimError as error:
        return error
    except Exception as error:  # a mistake of ours: its traceback comes along
        error.add_note(traceback.format_exc())
        return error
