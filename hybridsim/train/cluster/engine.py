"""The engine `ray` of a training: worlds on a cluster, updates here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ray.rllib.core import DEFAULT_MODULE_ID
from stable_baselines3.common.utils import set_random_seed

from hybridsim.envs.worlds import Source
from hybridsim.errors import PolicyError
from hybridsim.jobs import connected_ray
from hybridsim.policy.artefact import Layer
from hybridsim.train.cluster.runner import Order
from hybridsim.train.cluster.update import config_of
from hybridsim.train.events import logger
from hybridsim.train.learner import Told
from hybridsim.train.settings import Settings
from hybridsim.train.tensors import layers_of, put_tensors, tensors_of

CHANGE = "change.coefficient"
"""Weight of the KL divergence in RLlib's loss, which adapts."""


class Cluster:
    """A `Learner` whose worlds are stepped by the workers of a Ray cluster."""

    def __init__(self, settings: Settings, source: Source, told: Told, folder: Path) -> None:
        """Connect, and start the workers.

        Args:
            settings: of the training.
            source: of the worlds.
            told: called with the steps done after every rollout.
            folder: of TensorBoard's files.

        Raises:
            PolicyError: more workers than the cluster has cores, or than there are worlds.
        """
        logging.getLogger("ray.rllib").setLevel(logging.ERROR)  # it warns of its own defaults
        workers = workers_of(settings, int(connected_ray().cluster_resources().get("CPU", 0)))
        self._logger = logger(folder)
        self._algorithm: Any = config_of(settings, workers, source.calibration, str(folder)).build_algo()
        self._told, self._stretch, self.updates = told, 0, 0

    @property
    def done(self) -> int:
        """Environment steps so far."""
        return self._algorithm.done

    def resume(self, done: int, updates: int) -> None:
        """Count on from there."""
        self._algorithm.done, self.updates = done, updates

    def learn(self, steps: int, *, seed: int, level: float) -> None:
        """So many steps of worlds that begin anew, fewer where a worker dies."""
        set_random_seed(seed)
        self._stretch += 1
        for _ in range(steps // self._algorithm.config.total_train_batch_size):
            weights = self._acting()
            self._algorithm.order = Order(weights=weights, stretch=self._stretch, seed=seed, level=level)
            self._log(self._algorithm.train())
            self.updates += 1
            self._told(self.done)

    def _log(self, result: Mapping[str, Any]) -> None:
        """What the rewards were made of, and what the update says of itself."""
        brought = self._algorithm.brought
        for name in brought[0].means:
            mean = np.average([one.means[name] for one in brought], weights=[one.steps for one in brought])
            self._logger.record(f"worlds/{name}", float(mean))
        for name, value in result["learners"][DEFAULT_MODULE_ID].items():
            if isinstance(value, (int, float, np.number)):
                self._logger.record(f"train/{name}", float(value))
        self._logger.record("cluster/workers", len(brought))
        self._logger.dump(self.done)

    @property
    def _learner(self) -> Any:
        return self._algorithm.learner_group._learner

    @property
    def network(self) -> Any:
        """Policy and value."""
        return self._learner.module[DEFAULT_MODULE_ID]

    @property
    def _adam(self) -> torch.optim.Optimizer:
        return self._learner.get_optimizer(DEFAULT_MODULE_ID)

    def _acting(self) -> dict[str, np.ndarray]:
        """Weights without those of the value."""
        state = self.network.state_dict()
        return {name: value.numpy().copy() for name, value in state.items() if not name.startswith("critic.")}

    def tensors(self) -> dict[str, np.ndarray]:
        """Weights, the optimiser's state and the divergence's weight."""
        change = self._learner.curr_kl_coeffs_per_module[DEFAULT_MODULE_ID]
        return {**tensors_of(self.network, self._adam), CHANGE: np.array([float(change)], np.float32)}

    def put_tensors(self, tensors: Mapping[str, np.ndarray]) -> None:
        """The reverse."""
        put_tensors(self.network, self._adam, tensors)
        self._learner.curr_kl_coeffs_per_module[DEFAULT_MODULE_ID].data.fill_(float(tensors[CHANGE][0]))

    def layers(self) -> tuple[Layer, ...]:
        """Of the mean action's network."""
        return layers_of([*self.network.actor])

    def close(self) -> None:
        """End the workers; a cluster goes on."""
        self._algorithm.stop()


def workers_of(settings: Settings, cores: int) -> int:
    """As many as asked for, else one a core and no more than worlds."""
    workers = settings.workers or max(1, min(cores, settings.worlds))
    if workers > cores:
        raise PolicyError(f"train: {workers} workers; the Ray cluster has {cores} cores, one a worker")
    if workers > settings.worlds:
        raise PolicyError(
            f"train: {workers} workers for {settings.worlds} worlds; expected no more than worlds"
        )
    return workers
