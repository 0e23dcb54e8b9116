"""The loop that trains a stack: bootstrap over logs, batches, running mean of the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torch.nn.functional import l1_loss

from hybridsim.networks.contract import NetworkContract
from hybridsim.networks.samples import Samples
from hybridsim.networks.training_stack import new_stack
from hybridsim.progress import Progress

TOLD = 20
"""How often progress is told."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How to train, on the mean absolute error.

    Attributes:
        steps: of the optimiser; a fixed number gives the same bits twice, and leaves the logs that judge out.
        batch: samples a step and network.
        learning_rate: highest, after a warm-up and before the cosine decay.
        weight_decay: decoupled, of AdamW.
        average: share that the running mean of the weights, which is what is kept, loses at each step.
        threads: of torch; part of what fixes the bits.
        margin: support beyond the training data, see `fit_scaling`.
        fade: width of the fade, see `fit_scaling`.
        bound: largest output, see `fit_scaling`.
    """

    steps: int = 1000
    batch: int = 256
    learning_rate: float = 8e-3
    weight_decay: float = 1e-2
    average: float = 0.005
    threads: int = 1
    margin: float = 0.1
    fade: float = 0.5
    bound: float = 1.5


class Run:
    """One training run; after `train`, `mean` holds the networks."""

    def __init__(
        self, terms: NetworkContract, training: Samples, seed: int, options: TrainingOptions
    ) -> None:
        self.options = options
        self.members = terms.ensemble
        self.scaling = terms.scaling_arrays()
        self.features = self._normalised(training)
        self.targets = torch.from_numpy(training.targets.astype(np.float32))
        self.rng = np.random.default_rng([seed, 1])
        self.cumulative = _bootstrap(training, self.members, self.rng)
        self.stack = new_stack(terms, self.scaling, seed)
        self.mean = self.stack.copy()
        self.steps = 0

    def train(self, progress: Progress | None = None) -> None:
        """Take all steps."""
        o = self.options
        optimiser = torch.optim.AdamW(
            self.stack.parameters(), lr=o.learning_rate, weight_decay=o.weight_decay, foreach=True
        )
        for part in np.array_split(np.arange(o.steps), min(TOLD, o.steps)):
            for indices in self._draw(len(part)):
                self._step(optimiser, indices)
            if progress is not None:
                progress(self.steps, o.steps)

    def _normalised(self, samples: Samples) -> Tensor:
        scaled = (samples.features - self.scaling.center) / self.scaling.scale
        return torch.from_numpy(scaled.astype(np.float32))

    def _draw(self, steps: int) -> Int64[np.ndarray, "step member batch"]:
        """Samples for some steps, drawn by weight from each member's own logs."""
        shape = (steps, self.options.batch)
        drawn = [np.searchsorted(row, self.rng.random(shape), side="right") for row in self.cumulative]
        return np.stack(drawn, axis=1)

    def _step(self, optimiser: torch.optim.Optimizer, indices: Int64[np.ndarray, "member batch"]) -> None:
        o = self.options
        for group in optimiser.param_groups:
            group["lr"] = o.learning_rate * _rate(self.steps, o.steps)
        features, targets = self._batch(torch.from_numpy(indices))
        scale = self.stack.output_scale
        loss = l1_loss(self.stack(features) / scale, targets / scale, reduction="sum")
        optimiser.zero_grad()
        (loss / o.batch).backward()
        optimiser.step()
        self.steps += 1
        share = max(o.average, 10 / (self.steps + 10))  # forget the start soon
        with torch.no_grad():
            for slow, fast in zip(self.mean.parameters(), self.stack.parameters(), strict=True):
                slow.lerp_(fast, share)

    def _batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Features [network batch feature] and targets [network batch] of the chosen samples."""
        groups, features = self.features.shape[1:]
        flat = indices.reshape(-1)
        x = self.features.index_select(0, flat).view(*indices.shape, groups, features)
        y = self.targets.index_select(0, flat).view(*indices.shape, groups)
        networks = groups * self.members
        x = x.permute(2, 0, 1, 3).reshape(networks, -1, features)
        return x, y.permute(2, 0, 1).reshape(networks, -1)


def _bootstrap(
    training: Samples, members: int, rng: np.random.Generator
) -> Float64[np.ndarray, "member sample"]:
    """Running sums of each member's sample weights: all logs for the first, drawn ones for the others."""
    logs, place = np.unique(training.log_index, return_inverse=True)
    rows = []
    for member in range(members):
        counts = np.bincount(rng.integers(len(logs), size=len(logs)), minlength=len(logs))
        weights = training.shares() * (counts[place] if member else 1)
        weights = weights if weights.any() else training.shares()
        running = np.cumsum(weights)
        rows.append(running / running[-1])
    return np.stack(rows)


def _rate(step: int, steps: int) -> float:
    """Learning rate: 2 % of the steps up, then a cosine down to 1 %."""
    warm_up = max(1, steps // 50)
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.01 + 0.99 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up))) / 2
