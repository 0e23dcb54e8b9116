"""Drives taught to networks of Isaac Lab's contracts: excite, train, and measure what was lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from hybridsim.exchange.bench import Motion
from hybridsim.exchange.torque_networks import TorqueLSTM, TorqueMLP
from hybridsim.networks.training_stack import torch_threads
from hybridsim.progress import Progress

TOLD = 20
"""How often progress is told."""
BURN_IN = 20
"""Samples at a window's start that an LSTM is not judged on: its states are not those of the past there."""


@dataclass(frozen=True, kw_only=True)
class DistillOptions:
    """How much is spent on one network; chosen on ANYmal C's prior drives.

    Attributes:
        seconds: of each excitation [s].
        rows: excitations that networks learn from, and a quarter as many that judge.
        hidden: widths of an mlp.
        states: width of an lstm.
        steps: of the optimiser; an lstm takes a quarter of them. Half as many leave an mlp three times the
            error (tests.benchmarks.actuator_networks).
        batch: samples a step; an lstm takes an eighth as many windows.
        window: samples of an lstm's window.
        learning_rate: highest, before the cosine decay.
    """

    seconds: float = 2.0
    rows: int = 256
    hidden: tuple[int, ...] = (32, 32)
    states: int = 24
    steps: int = 12000
    batch: int = 512
    window: int = 80
    learning_rate: float = 4e-3


@dataclass(frozen=True)
class Scales:
    """What errors and velocities are multiplied by, and outputs."""

    pos: float
    vel: float
    torque: float

    @classmethod
    def of(cls, motion: Motion) -> Scales:
        """From the spread of what was seen, in five digits: people copy them."""
        spreads = [float(np.std(a)) or 1.0 for a in (motion.error, motion.velocity, motion.effort)]
        return cls(*(float(f"{v:.5g}") for v in (1 / spreads[0], 1 / spreads[1], spreads[2])))


def fit_mlp(
    motion: Motion,
    input_idx: tuple[int, ...],
    scales: Scales,
    options: DistillOptions,
    seed: int,
    progress: Progress | None = None,
) -> nn.Module:
    """A `TorqueMLP` of `pos_vel` order that gives the motion's efforts.

    Args:
        motion: that started at rest, with nothing before it.
        input_idx: entries of the histories, newest first.
        scales: of inputs and output.
        options: how to train.
        seed: of weights and batches.
        progress: called as progress(done, total).
    """
    seen = [
        scales.pos * histories(motion.error, input_idx),
        scales.vel * histories(motion.velocity, input_idx),
    ]
    x = torch.from_numpy(np.concatenate(seen, axis=-1).reshape(-1, 2 * len(input_idx)))
    y = torch.from_numpy((motion.effort / scales.torque).astype(np.float32).reshape(-1, 1))
    rng = np.random.default_rng([seed, 0])

    def loss(network: nn.Module) -> Tensor:
        chosen = torch.from_numpy(rng.integers(len(x), size=options.batch))
        return smooth_l1_loss(network(x[chosen]), y[chosen], beta=0.5)

    def fresh() -> nn.Module:
        return TorqueMLP(len(input_idx), options.hidden)

    return _fit(fresh, loss, options.steps, options, seed, progress)


def fit_lstm(
    motion: Motion, scales: Scales, options: DistillOptions, seed: int, progress: Progress | None = None
) -> nn.Module:
    """A `TorqueLSTM` that gives the motion's efforts; arguments as above."""
    x, y = (torch.from_numpy(np.ascontiguousarray(a, np.float32)) for a in _sequences(motion))
    window = min(options.window, x.shape[1])
    burn_in = min(BURN_IN, window // 2)
    rng = np.random.default_rng([seed, 0])
    count = max(1, options.batch // 8)

    def loss(network: nn.Module) -> Tensor:
        rows, starts = rng.integers(len(x), size=count), rng.integers(x.shape[1] - window + 1, size=count)
        starts[: count // 4] = 0  # where states are 0 in truth
        columns = torch.from_numpy(starts[:, None] + np.arange(window))
        chosen = torch.from_numpy(rows)[:, None]
        zero = torch.zeros(1, count, options.states)
        found, _ = network(x[chosen, columns], (zero, zero))
        wrong = (found - y[chosen, columns])[:, burn_in:] / scales.torque
        return smooth_l1_loss(wrong, torch.zeros_like(wrong), beta=0.5)

    def fresh() -> nn.Module:
        return TorqueLSTM((scales.pos, scales.vel, scales.torque), options.states)

    return _fit(fresh, loss, max(1, options.steps // 4), options, seed, progress)


def histories(
    values: Float[np.ndarray, "sample world joint"], input_idx: tuple[int, ...]
) -> Float32[np.ndarray, "sample world joint entry"]:
    """Values so many samples ago, newest first; 0 before the first."""
    longest = max(input_idx)
    padded = np.concatenate([np.zeros((longest, *values.shape[1:])), values]).astype(np.float32)
    return np.stack([padded[longest - i : len(padded) - i] for i in input_idx], axis=-1)


def _fit(
    fresh: Any, loss: Any, steps: int, options: DistillOptions, seed: int, progress: Progress | None
) -> nn.Module:
    """Train with Adam and a cosine; a fixed number of steps gives the same bits twice on one machine."""
    with torch_threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = fresh()
        optimiser = torch.optim.Adam(network.parameters(), lr=options.learning_rate, foreach=True)
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = options.learning_rate * (
                    0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2
                )
            optimiser.zero_grad()
            loss(network).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            if progress is not None and (step + 1) % max(1, steps // TOLD) == 0:
                progress(step + 1, steps)
    return network


def _sequences(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [row sample 2] and efforts [row sample], a row a world and joint."""
    inputs = np.stack([motion.error, motion.velocity], axis=-1)
    samples = inputs.shape[0]
    return (
        inputs.reshape(samples, -1, 2).swapaxes(0, 1),
        motion.effort.reshape(samples, -1).swapaxes(0, 1),
    )
