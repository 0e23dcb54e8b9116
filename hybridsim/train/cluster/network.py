"""Policy and value as RLlib wants them, in the shape and with the first weights that the local engine has."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis import InferenceOnlyAPI, ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule

HIDDEN_GAIN, MEAN_GAIN, VALUE_GAIN = 2.0**0.5, 0.01, 1.0
"""Of orthogonal first weights, as stable-baselines3 has them."""


class Network(TorchRLModule, InferenceOnlyAPI, ValueFunctionAPI):
    """Two networks apart, and deviations of actions that do not depend on what is seen."""

    def setup(self) -> None:
        """Untrained."""
        hidden = tuple(self.model_config["hidden"])
        seen, acts = self.observation_space.shape[0], self.action_space.shape[0]
        self.actor = _layers((seen, *hidden, acts), MEAN_GAIN)
        self.critic = _layers((seen, *hidden, 1), VALUE_GAIN)
        start = float(np.log(self.model_config["exploration"]))
        self.log_deviation = torch.nn.Parameter(torch.full((acts,), start))

    def get_non_inference_attributes(self) -> list[str]:
        """What those that only act do without."""
        return ["critic"]

    def _forward(self, batch: Mapping[str, Any], **kwargs: Any) -> dict[str, Any]:
        del kwargs
        mean = self.actor(batch[Columns.OBS])
        inputs = torch.cat([mean, self.log_deviation.expand_as(mean)], dim=-1)
        return {Columns.ACTION_DIST_INPUTS: inputs}

    def compute_values(self, batch: Mapping[str, Any], embeddings: Any = None) -> torch.Tensor:
        """Of observations."""
        del embeddings
        return self.critic(batch[Columns.OBS]).squeeze(-1)


def _layers(sizes: tuple[int, ...], last_gain: float) -> torch.nn.Sequential:
    """Linear layers with ELU between."""
    parts: list[torch.nn.Module] = []
    for n, (wide, narrow) in enumerate(pairwise(sizes), start=2):
        linear = torch.nn.Linear(wide, narrow)
        torch.nn.init.orthogonal_(linear.weight, HIDDEN_GAIN if n < len(sizes) else last_gain)
        torch.nn.init.zeros_(linear.bias)
        parts += [linear, torch.nn.ELU()]
    return torch.nn.Sequential(*parts[:-1])
