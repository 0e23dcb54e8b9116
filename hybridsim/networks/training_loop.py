"""The loop that trains a stack: bootstrap over logs, batches, running mean, best weights of each group."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torch.nn.functional import l1_loss, smooth_l1_loss

from hybridsim.networks.contract import NetworkContract
from hybridsim.networks.samples import Samples
from hybridsim.networks.scaling import support_gate
from hybridsim.networks.training_stack import ensemble_mean, keep_groups, new_stack

# Validation samples looked at; chosen, because neighbours at 50 Hz say nearly the same.
MOST_VALIDATION = 12_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How to train; the defaults did best on validation logs of SO-101, within about a minute on one core.

    Attributes:
        steps: of the optimiser; the only budget that gives the same bits twice.
        batch: samples a step and network.
        learning_rate: highest, after a warm-up and before the cosine decay.
        weight_decay: decoupled, of AdamW.
        loss: `l1`, or `huber`, quadratic below `huber_width` and linear above.
        huber_width: in output scales.
        average: share that the running mean of the weights, which is what is kept, loses at each step.
        evaluations: how often the validation error is looked at.
        patience: evaluations without progress in any group before training ends.
        least_gain: share of the error that a group's network must take away; chosen, because fitted to pure
            noise the best of 20 evaluations takes 1 % away by chance.
        seconds: give up after so long; a fit that was cut short says so and need not repeat.
        threads: of torch; part of what fixes the bits.
        margin: support beyond the training data, see `fit_scaling`.
        fade: width of the fade, see `fit_scaling`.
        bound: largest output, see `fit_scaling`.
    """

    steps: int = 4000
    batch: int = 256
    learning_rate: float = 8e-3
    weight_decay: float = 1e-2
    loss: Literal["l1", "huber"] = "l1"
    huber_width: float = 0.3
    average: float = 0.005
    evaluations: int = 20
    patience: int = 8
    least_gain: float = 0.02
    seconds: float | None = None
    threads: int = 1
    margin: float = 0.1
    fade: float = 0.5
    bound: float = 1.5


class Run:
    """One training run; after `train`, `best` holds the networks and `best_error` their validation errors."""

    def __init__(
        self,
        terms: NetworkContract,
        training: Samples,
        validation: Samples,
        seed: int,
        options: TrainingOptions,
    ) -> None:
        self.options = options
        self.members = terms.ensemble
        self.scaling = terms.scaling_arrays()
        self.features = self._normalised(training)
        self.targets = torch.from_numpy(training.targets.astype(np.float32))
        validation = _thinned(validation)
        self.validation = self._normalised(validation)
        self.gate = support_gate(validation.features, self.scaling)
        self.wanted, self.shares = validation.targets, validation.shares()
        self.rng = np.random.default_rng([seed, 1])
        self.cumulative = _bootstrap(training, self.members, self.rng)
        self.stack = new_stack(terms, self.scaling, seed)
        self.mean, self.best = self.stack.copy(), self.stack.copy()
        self.zero_error = self.shares @ np.abs(self.wanted.astype(np.float64))
        self.best_error = np.full_like(self.zero_error, np.inf)
        self.history: list[Float64[np.ndarray, " group"]] = []
        self.steps, self.cut_short = 0, False

    def train(self, progress: Progress | None = None) -> None:
        """Take all steps, or fewer where no group gains any more."""
        o = self.options
        optimiser = torch.optim.AdamW(
            self.stack.parameters(), lr=o.learning_rate, weight_decay=o.weight_decay, foreach=True
        )
        end = math.inf if o.seconds is None else time.monotonic() + o.seconds
        idle = 0
        for part in np.array_split(np.arange(o.steps), min(o.evaluations, o.steps)):
            for indices in self._draw(len(part)):
                self._step(optimiser, indices)
            idle = 0 if self._evaluate() else idle + 1
            if progress is not None:
                progress(self.steps, o.steps)
            self.cut_short = time.monotonic() > end and self.steps < o.steps
            if self.cut_short or idle >= o.patience:
                break

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
        outputs = self.stack(features) / scale
        if o.loss == "l1":
            loss = l1_loss(outputs, targets / scale, reduction="sum")
        else:
            loss = smooth_l1_loss(outputs, targets / scale, reduction="sum", beta=o.huber_width)
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

    def _evaluate(self) -> bool:
        """Keep the groups whose running mean is the best so far; whether there were any."""
        outputs = ensemble_mean(self.mean, self.validation, self.members) * self.gate
        error = self.shares @ np.abs(outputs - self.wanted)
        better = error < self.best_error
        keep_groups(self.best, self.mean, better, self.members)
        self.best_error = np.where(better, error, self.best_error)
        self.history.append(error)
        return bool(better.any())


def _thinned(samples: Samples) -> Samples:
    """Every n-th sample, evenly from all logs, so that looking at the validation error stays cheap."""
    order = np.argsort(samples.log_index, kind="stable")
    chosen = np.sort(order[:: -(-len(order) // MOST_VALIDATION)])
    return samples.at(chosen)


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
