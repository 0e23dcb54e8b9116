"""stable-baselines3's PPO on our worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from hybridsim.envs.worlds import Size, Source
from hybridsim.policy.artefact import Layer
from hybridsim.train.curriculum import set_level
from hybridsim.train.events import logger
from hybridsim.train.learner import MOST_CHANGE, Told, rate
from hybridsim.train.settings import Settings
from hybridsim.train.tensors import layers_of, put_tensors, tensors_of
from hybridsim.train.vec_env import Worlds
from hybridsim.train.worlds import worlds_of


class Rates:
    """The learning rate by how far the whole training is, not just one call of `learn`."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.done = settings, 0

    def __call__(self, _: float) -> float:
        """Now."""
        return rate(self._settings, self.done)


def new_model(settings: Settings, worlds: Worlds, rates: Rates) -> PPO:
    """An untrained model."""
    return PPO(
        "MlpPolicy",
        worlds,
        learning_rate=rates,
        n_steps=settings.rollout,
        batch_size=settings.batch,
        n_epochs=settings.epochs,
        gamma=settings.discount,
        gae_lambda=settings.advantage,
        ent_coef=0.0,
        max_grad_norm=1.0,
        target_kl=MOST_CHANGE,
        policy_kwargs={
            "net_arch": list(settings.hidden),
            "activation_fn": torch.nn.ELU,
            "log_std_init": float(np.log(settings.exploration)),
        },
        seed=settings.seed,
        device="cpu",
    )


class Watch(BaseCallback):
    """Tells how far it is, and logs what rewards are made of."""

    def __init__(self, told: Callable[[int], None]) -> None:
        super().__init__()
        self._told = told
        self._sums: dict[str, float] = {}
        self._count = 0

    def _on_step(self) -> bool:
        env = self.training_env
        assert isinstance(env, Worlds) and env.envs.last is not None
        for name, values in {**env.envs.last.terms, **env.envs.last.measures}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(values.mean())
        self._count += 1
        return True

    def _on_rollout_end(self) -> None:
        for name, total in self._sums.items():
            self.logger.record(f"worlds/{name}", total / max(self._count, 1))
        self._sums, self._count = {}, 0
        self._told(self.num_timesteps)


class Local:
    """A `Learner` in this process."""

    def __init__(self, settings: Settings, source: Source, told: Told, folder: Path) -> None:
        """Build worlds and model.

        Args:
            settings: of the training.
            source: of the worlds.
            told: called with the steps done after every rollout.
            folder: of TensorBoard's files.
        """
        size = Size(worlds=settings.worlds, blocks=min(settings.blocks, settings.worlds))
        self._envs = worlds_of(settings, source, size)
        self._wrapped, self._rates, self._told = Worlds(self._envs), Rates(settings), told
        self.model = new_model(settings, self._wrapped, self._rates)
        self.model.set_logger(logger(folder))

    @property
    def done(self) -> int:
        """Environment steps so far."""
        return self.model.num_timesteps

    @property
    def updates(self) -> int:
        """Epochs over a rollout so far."""
        return self.model._n_updates

    def resume(self, done: int, updates: int) -> None:
        """Count on from there."""
        self.model.num_timesteps, self.model._n_updates = done, updates

    def learn(self, steps: int, *, seed: int, level: float) -> None:
        """Rollouts of worlds that begin anew, each with an update."""
        self.model.set_random_seed(seed)
        self._wrapped.seed(seed)
        self.model._last_obs = None  # so that worlds begin anew, as they would after a kill
        set_level(self._envs, level)
        self.model.learn(steps, callback=Watch(self._tell), reset_num_timesteps=False, log_interval=1)

    def _tell(self, done: int) -> None:
        self._rates.done = done
        self._told(done)

    def tensors(self) -> dict[str, np.ndarray]:
        """Weights and the optimiser's state."""
        return tensors_of(self.model.policy, self.model.policy.optimizer)

    def put_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """The reverse."""
        put_tensors(self.model.policy, self.model.policy.optimizer, tensors)

    def layers(self) -> tuple[Layer, ...]:
        """Of the mean action's network."""
        return layers_of([*self.model.policy.mlp_extractor.policy_net, self.model.policy.action_net])

    def close(self) -> None:
        """Free the worlds."""
        self._envs.close()
