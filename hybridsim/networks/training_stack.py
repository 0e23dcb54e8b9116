"""Many small networks of one shape trained at once: one batched matrix product a layer, in torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from hybridsim.networks.contract import NetworkSpec, Scaling
from hybridsim.networks.inference import initial_layers


class _Softsign(torch.autograd.Function):
    """x / (1 + |x|) with slope (1 - |y|)^2; in half the memory passes of torch's own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x / x.abs().add_(1)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        slope = y.abs().neg_().add_(1)
        return slope.mul_(slope).mul_(slopes[0])


@dataclass(frozen=True, eq=False)
class Stack:
    """Parameters of groups * members networks, group by group, and their output scaling.

    Attributes:
        weights: one a layer, [network wide narrow].
        biases: one a layer, [network 1 narrow].
        output_scale: [network 1].
        bound: [network 1].
    """

    weights: list[Tensor]
    biases: list[Tensor]
    output_scale: Tensor
    bound: Tensor

    def parameters(self) -> list[Tensor]:
        """All that is trained."""
        return [*self.weights, *self.biases]

    def __call__(self, features: Tensor) -> Tensor:
        """Outputs [network batch] from normalised features [network batch feature], without the gate."""
        h = features
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, h, weight)
            h = cast(Tensor, _Softsign.apply(h)) if layer < last else h
        y = h[..., 0] * self.output_scale
        return y * torch.rsqrt(1 + (y / self.bound) ** 2)

    def copy(self) -> Stack:
        """The same numbers in memory of their own, not to be trained."""
        weights = [weight.detach().clone() for weight in self.weights]
        biases = [bias.detach().clone() for bias in self.biases]
        return Stack(weights, biases, self.output_scale, self.bound)


def new_stack(spec: NetworkSpec, scaling: Scaling, seed: int) -> Stack:
    """Untrained networks: random hidden layers, last layer zero."""
    weights, biases = initial_layers(spec.layer_sizes, (len(spec.groups), spec.ensemble), seed)
    flat = [torch.from_numpy(w.reshape(-1, *w.shape[2:])).requires_grad_() for w in weights]
    flat_biases = [torch.from_numpy(b.reshape(-1, 1, b.shape[2])).requires_grad_() for b in biases]
    output_scale, bound = (
        torch.from_numpy(np.repeat(per_group, spec.ensemble)[:, None])
        for per_group in (scaling.output_scale, scaling.bound)
    )
    return Stack(flat, flat_biases, output_scale, bound)


def layer_arrays(
    stack: Stack, groups: int, members: int
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Weights [group member wide narrow] and biases [group member narrow] as numpy arrays."""
    weights = tuple(w.detach().numpy().reshape(groups, members, *w.shape[1:]) for w in stack.weights)
    return weights, tuple(b.detach().numpy().reshape(groups, members, -1) for b in stack.biases)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """A fixed number of threads, because the bits of a sum depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
