"""A network's weights and Adam's state as named arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from hybridsim.policy.artefact import Layer

MOMENTS = ("exp_avg", "exp_avg_sq")


def tensors_of(network: torch.nn.Module, adam: torch.optim.Optimizer) -> dict[str, np.ndarray]:
    """Weights, and Adam's moments and step of each where there are any."""
    found = {f"policy.{name}": value.detach().numpy() for name, value in network.named_parameters()}
    for n, parameter in enumerate(network.parameters()):
        for name, value in adam.state.get(parameter, {}).items():
            found[f"adam.{n}.{name}"] = np.atleast_1d(value.detach().numpy()).astype(np.float32)
    return found


def put_tensors(
    network: torch.nn.Module, adam: torch.optim.Optimizer, tensors: Mapping[str, np.ndarray]
) -> None:
    """The reverse."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.from_numpy(tensors[f"policy.{name}"].copy()))
    for n, parameter in enumerate(network.parameters()):
        own: dict[str, Any] = {}
        for word in MOMENTS:
            if (key := f"adam.{n}.{word}") in tensors:
                own[word] = torch.from_numpy(tensors[key].copy())
        if own:
            own["step"] = torch.tensor(float(tensors[f"adam.{n}.step"][0]))
            adam.state[parameter] = own


def layers_of(nets: list[Any]) -> tuple[Layer, ...]:
    """Weight and bias of each linear layer."""
    linear = [net for net in nets if isinstance(net, torch.nn.Linear)]
    return tuple((net.weight.detach().numpy().copy(), net.bias.detach().numpy().copy()) for net in linear)
