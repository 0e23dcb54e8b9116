"""stable-baselines3's PPO on our worlds, and the policy that is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure

from hybridsim import __version__
from hybridsim.envs.task import Task
from hybridsim.policy import Policy
from hybridsim.policy.contract import Lineage
from hybridsim.train.settings import Settings
from hybridsim.train.vec_env import Worlds

LAST_RATE = 0.3
"""Share of the learning rate at the end; chosen, because with a tenth the last quarter hardly learned."""
MOST_CHANGE = 0.03
"""KL divergence of an update at which it stops; chosen, as twice what PPO implementations commonly aim at."""


class Rates:
    """The learning rate by how far the whole training is, not just one call of `learn`."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.done = settings, 0

    def __call__(self, _: float) -> float:
        """Now."""
        left = 1.0 - self.done / self._settings.steps
        return self._settings.learning_rate * max(left, LAST_RATE)


def new_model(settings: Settings, worlds: Worlds, rates: Rates, folder: str | None) -> PPO:
    """An untrained model; TensorBoard's files go to `folder`."""
    model = PPO(
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
    model.set_logger(configure(folder, ["tensorboard"] if folder else []))
    return model


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


def policy_of(model: PPO, task: Task, lineage: Lineage) -> Policy:
    """The mean action's network as a policy of our own."""
    nets = [*model.policy.mlp_extractor.policy_net, model.policy.action_net]
    linear = [net for net in nets if isinstance(net, torch.nn.Linear)]
    layers = tuple((net.weight.detach().numpy().copy(), net.bias.detach().numpy().copy()) for net in linear)
    hidden = tuple(int(net.out_features) for net in linear[:-1])
    contract = task.contract.model_copy(update={"hidden": hidden, "activation": "elu", "lineage": lineage})
    size = contract.observation_size
    return Policy(contract, layers, np.zeros(size), np.ones(size), task.gait)


def lineage_of(
    settings: Settings, steps: int, synthetic: bool, calibration: str | None, sources: Mapping[str, str]
) -> Lineage:
    """Where a policy came from; of files their names without folders, and their sha256."""
    files = {name: Path(str(settings.options[name])).name for name in sources if name in settings.options}
    hashes = {f"{name}_sha256": value for name, value in sources.items()}
    kept = ("learning_rate", "discount", "curriculum", "drawn", "worlds")
    return Lineage(
        calibration=calibration,
        variant=settings.variant if settings.calibration else "nominal",
        synthetic=synthetic,
        seed=settings.seed,
        steps=steps,
        code_version=__version__,
        settings={name: getattr(settings, name) for name in kept} | files | hashes,
    )
