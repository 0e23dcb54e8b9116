"""Train the black-box baseline on random windows of the same logs, within the same time."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hybridsim.errors import CalibrationError
from hybridsim.networks.blackbox import SAME_PERIOD, BlackBox, BlackBoxContract, CommandSequence, Recurrence
from hybridsim.networks.training_stack import torch_threads
from hybridsim.progress import Progress


@dataclass(frozen=True, kw_only=True)
class BlackBoxOptions:
    """How to train the baseline.

    Attributes:
        hidden: width of the recurrent layer.
        window: samples of a training window.
        warm_up: samples at its start that are not judged.
        batch: windows a step.
        learning_rate: at the start; a cosine brings it to zero.
        steps: of the optimiser; None trains until the time is up, which does not give the same bits twice.
        evaluations: how often the validation logs are replayed; the best weights are kept.
        threads: of torch.
    """

    hidden: int = 64
    window: int = 150
    warm_up: int = 25
    batch: int = 32
    learning_rate: float = 3e-3
    steps: int | None = None
    evaluations: int = 20
    threads: int = 1


def fit_blackbox(
    sequences: Sequence[CommandSequence],
    validation: Sequence[CommandSequence],
    *,
    seconds: float,
    seed: int,
    options: BlackBoxOptions | None = None,
    progress: Progress | None = None,
) -> BlackBox:
    """Train a recurrent network from the commands of all joints to their positions.

    Args:
        sequences: training logs.
        validation: other logs, replayed from their first state to choose the best weights.
        seconds: time budget [s].
        seed: of weights and windows.
        options: how to train.
        progress: called as progress(percent done, 100).
    """
    options = options or BlackBoxOptions()
    _check(sequences, validation)
    terms = _contract(sequences, options.hidden)
    with torch_threads(options.threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Recurrence(terms)
        budget = _Budget(seconds, options.steps, progress)
        error, best = _train(network, sequences, validation, budget, np.random.default_rng(seed), options)
    return BlackBox(terms.model_copy(update={"error": error}), best)


def _train(
    network: Recurrence,
    sequences: Sequence[CommandSequence],
    validation: Sequence[CommandSequence],
    budget: _Budget,
    rng: np.random.Generator,
    options: BlackBoxOptions,
) -> tuple[float, dict[str, np.ndarray]]:
    """Best validation error and its weights."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=1e-3)
    best, kept = free_running_error(network, validation), _arrays(network)
    evaluated = 0
    while (done := budget.share) < 1:
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * (1 + math.cos(math.pi * done)) / 2
        command, measured = _windows(sequences, rng, options)
        outside = min(options.warm_up, command.shape[1] // 2)
        error = (network(command, measured[:, 0]) - measured)[:, outside:]
        optimiser.zero_grad()
        (error / network.residual_scale).abs().mean().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        budget.step()
        if budget.share * options.evaluations >= evaluated + 1:
            evaluated = int(budget.share * options.evaluations)
            if (error_now := free_running_error(network, validation)) < best:
                best, kept = error_now, _arrays(network)
    return best, kept


def _windows(
    sequences: Sequence[CommandSequence], rng: np.random.Generator, options: BlackBoxOptions
) -> tuple[Tensor, Tensor]:
    """Commands and measurements [window sample joint] of random windows; every log is drawn equally often."""
    length = min(options.window, *(len(one.command) for one in sequences))
    command, measured = [], []
    for log in rng.integers(len(sequences), size=options.batch):
        one = sequences[log]
        start = rng.integers(len(one.command) - length + 1)
        command.append(one.command[start : start + length])
        measured.append(one.measured[start : start + length])
    return _tensor(np.stack(command)), _tensor(np.stack(measured))


@torch.no_grad()
def free_running_error(network: Recurrence, sequences: Sequence[CommandSequence]) -> float:
    """Mean absolute error of whole logs from their first state; logs and joints weigh the same."""
    longest = max(len(one.command) for one in sequences)
    padded = [np.pad(o.command, ((0, longest - len(o.command)), (0, 0)), mode="edge") for o in sequences]
    first = np.stack([one.measured[0] for one in sequences])
    predicted = network(_tensor(np.stack(padded)), _tensor(first)).numpy()
    pairs = zip(predicted, sequences, strict=True)
    return float(np.mean([np.abs(p[: len(one.command)] - one.measured).mean() for p, one in pairs]))


class _Budget:
    """Steps where their number is given, time otherwise.

    Attributes:
        share: 0 at the start, 1 when steps or time are used up. With a number of steps it follows these
            alone, so that learning rate and bits repeat; time only ends it.
    """

    def __init__(self, seconds: float, steps: int | None, progress: Progress | None) -> None:
        self._start, self._seconds, self._steps, self._progress = time.monotonic(), seconds, steps, progress
        self._done = 0
        self.share = 0.0

    def step(self) -> None:
        """Count one step, and tell when a percent is done."""
        before = int(100 * self.share)
        self._done += 1
        spent = (time.monotonic() - self._start) / max(self._seconds, 1e-9)
        self.share = min(1.0, spent if spent >= 1 or self._steps is None else self._done / self._steps)
        if self._progress is not None and int(100 * self.share) != before:
            self._progress(int(100 * self.share), 100)


def _contract(sequences: Sequence[CommandSequence], hidden: int) -> BlackBoxContract:
    command = np.concatenate([one.command for one in sequences]).astype(np.float64)
    lag = np.concatenate([one.measured for one in sequences]) - command
    scale, residual = (np.where(a.std(axis=0) > 1e-9, a.std(axis=0), 1.0) for a in (command, lag))
    return BlackBoxContract(
        joints=command.shape[1],
        sample_period=float(np.median([one.sample_period for one in sequences])),
        hidden=hidden,
        center=tuple(command.mean(axis=0).tolist()),
        scale=tuple(scale.tolist()),
        residual_scale=tuple(residual.tolist()),
    )


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def _arrays(network: Recurrence) -> dict[str, np.ndarray]:
    return {name: values.detach().numpy().copy() for name, values in network.state_dict().items()}


def _check(training: Sequence[CommandSequence], validation: Sequence[CommandSequence]) -> None:
    if not training or not validation:
        raise CalibrationError(
            f"black box: {len(training)} training and {len(validation)} validation logs; expected one of each"
        )
    first = training[0]
    for one in (*training, *validation):
        if one.command.shape[1] != first.command.shape[1]:
            raise CalibrationError(
                f"black box: logs have {first.command.shape[1]} and {one.command.shape[1]} joints; "
                "expected the same"
            )
        if abs(one.sample_period / first.sample_period - 1) > SAME_PERIOD:
            raise CalibrationError(
                f"black box: logs are sampled every {first.sample_period:g} s and {one.sample_period:g} s; "
                "resample them alike"
            )
