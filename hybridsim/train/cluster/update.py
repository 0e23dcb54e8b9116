"""RLlib's PPO: rollouts of all runners, then the update, with the local engine's optimiser and rates."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import torch
from ray.rllib.algorithms.ppo import PPO, PPOConfig
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS, LEARNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME

from hybridsim.calibration import Calibration
from hybridsim.errors import WorkerDied
from hybridsim.train.cluster.network import Network
from hybridsim.train.cluster.runner import Gathered, Order, WorldsRunner, gather
from hybridsim.train.learner import MOST_CHANGE, rate
from hybridsim.train.settings import Settings

ADAM_EPSILON = 1e-5
"""As stable-baselines3 has it."""
RESTARTS = 20
"""Of a worker that dies, at most; chosen, because one that dies so often does not die by chance."""


class Update(PPOTorchLearner):
    """RLlib's update with one Adam for all weights, whose rate follows the whole training."""

    def configure_optimizers_for_module(self, module_id: str, config: Any = None) -> None:
        """Make the optimiser."""
        module: Any = self.module
        parameters: Any = self.get_parameters(module[module_id])
        adam = torch.optim.Adam(parameters, eps=ADAM_EPSILON)
        self.register_optimizer(
            module_id=module_id, optimizer=adam, params=parameters, lr_or_lr_schedule=config.lr
        )

    def before_gradient_based_update(self, *, timesteps: dict[str, Any]) -> None:
        """Set the rate by the steps done."""
        super().before_gradient_based_update(timesteps=timesteps)
        settings = Settings.model_validate(self.config.learner_config_dict["settings"])
        now = rate(settings, timesteps[NUM_ENV_STEPS_SAMPLED_LIFETIME])
        for _, adam in self.get_optimizers_for_module():
            for group in cast(torch.optim.Adam, adam).param_groups:
                group["lr"] = now


class WorldsPPO(PPO):
    """RLlib's PPO with runners that take weights with every order, so that none acts on old ones."""

    config: Any
    order: Order
    brought: list[Gathered]
    done = 0
    """Environment steps so far."""

    def _setup_logdir(self) -> None:
        self._logdir = self.config.env_config["folder"]  # not one under the home directory

    def training_step(self) -> None:
        """A rollout of every runner and an update.

        Raises:
            WorkerDied: all runners did.
            HybridSimError: a world's own error.
        """
        self.brought = rollouts = self._rollouts()
        self.done += sum(one.steps for one in rollouts)
        self.metrics.aggregate([one.metrics for one in rollouts], key=ENV_RUNNER_RESULTS)
        assert self.learner_group is not None
        results = self.learner_group.update(
            episodes=[episode for one in rollouts for episode in one.episodes],
            timesteps={NUM_ENV_STEPS_SAMPLED_LIFETIME: self.done},
            num_epochs=self.config.num_epochs,
            minibatch_size=self.config.minibatch_size,
            shuffle_batch_per_epoch=self.config.shuffle_batch_per_epoch,
        )
        self.metrics.aggregate(results, key=LEARNER_RESULTS)

    def _rollouts(self) -> list[Gathered]:
        """In the workers' order; of those that live."""
        assert self.env_runner_group is not None
        found = self.env_runner_group.foreach_env_runner(
            partial(gather, order=self.order), local_env_runner=False
        )
        for one in found:
            if isinstance(one, Exception):
                raise one
        brought = [one for one in found if isinstance(one, Gathered)]
        if not brought:
            raise WorkerDied(
                "train: all workers of the Ray cluster died, most often for lack of memory; the last"
                " checkpoint is whole, go on with --resume, maybe with fewer worlds"
            )
        return sorted(brought, key=lambda one: one.worker)


def config_of(settings: Settings, workers: int, calibration: Calibration | None, folder: str) -> PPOConfig:
    """RLlib's settings for ours; instead of stopping an update early, RLlib penalises its change."""
    given = settings.model_dump(mode="json")
    config = PPOConfig(algo_class=WorldsPPO)
    config.environment(
        env="hybridsim", env_config={"settings": given, "calibration": calibration, "folder": folder}
    )
    config.env_runners(
        env_runner_cls=WorldsRunner,
        num_env_runners=workers,
        num_envs_per_env_runner=-(-settings.worlds // workers),
        create_local_env_runner=False,
        merge_env_runner_states=False,
        broadcast_env_runner_states=False,
    )
    config.fault_tolerance(
        restart_failed_env_runners=True,
        max_num_env_runner_restarts=RESTARTS,
        delay_between_env_runner_restarts_s=0.0,
    )
    config.learners(num_learners=0, learner_class=Update, learner_config_dict={"settings": given})
    config.training(
        lr=settings.learning_rate,
        gamma=settings.discount,
        lambda_=settings.advantage,
        num_epochs=settings.epochs,
        minibatch_size=settings.batch,
        train_batch_size_per_learner=settings.rollout_steps,
        grad_clip=1.0,
        grad_clip_by="global_norm",
        clip_param=0.2,
        vf_clip_param=float("inf"),
        vf_loss_coeff=0.5,
        entropy_coeff=0.0,
        use_kl_loss=True,
        kl_target=MOST_CHANGE,
    )
    config.rl_module(
        rl_module_spec=RLModuleSpec(
            module_class=Network,
            model_config={"hidden": list(settings.hidden), "exploration": settings.exploration},
        )
    )
    config.debugging(seed=settings.seed, log_level="ERROR")
    return config
