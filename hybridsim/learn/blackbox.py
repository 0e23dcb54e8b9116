"""The black-box baseline on logs: trained on evenly sampled commands, replayed at the logs' stamps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.networks.blackbox import BlackBox, CommandSequence, load_blackbox
from hybridsim.networks.blackbox_training import BlackBoxOptions, fit_blackbox
from hybridsim.progress import Progress
from hybridsim.simulator.inputs import LogInputs
from hybridsim.study import BlackBox as BlackBoxBudget

Predict = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
STEPS_AN_EPOCH = 30  # chosen, because 60 epochs then take about as long as the rest of a calibration


def train_blackbox(
    training: Sequence[LogInputs],
    validation: Sequence[LogInputs],
    budget: BlackBoxBudget,
    seed: int,
    progress: Progress | None = None,
) -> BlackBox:
    """A recurrent network from all commands to all positions, on the same logs as everything else."""
    period = float(np.median(np.concatenate([np.diff(log.time_s) for log in training])))
    options = BlackBoxOptions(
        hidden=budget.hidden, learning_rate=budget.learning_rate, steps=budget.epochs * STEPS_AN_EPOCH
    )
    own, others = ([_sequence(log, period) for log in logs] for logs in (training, validation))
    return fit_blackbox(own, others, seconds=1e9, seed=seed, options=options, progress=progress)


def _sequence(log: LogInputs, period: float) -> CommandSequence:
    time = np.arange(0.0, log.time_s[-1], period)
    row = np.searchsorted(log.time_s, time + 1e-9, side="right") - 1
    measured = [
        np.interp(time, log.time_s[ok], m[ok]) for m in log.measured.T if (ok := np.isfinite(m)) is not None
    ]
    return CommandSequence(
        command=log.command[np.maximum(row, 0)], measured=np.stack(measured, 1), sample_period=period
    )


def open_blackbox(calibration: Calibration) -> Predict:
    """The baseline of a calibration: (command, first angle, time) -> angle at those times [rad]."""
    entry, folder = calibration.record.baselines.blackbox, calibration.folder
    assert entry is not None and folder is not None
    box = load_blackbox(folder, entry.contract(), str(folder))
    period = box.contract.sample_period

    def predict(command: np.ndarray, first: np.ndarray, time: np.ndarray) -> np.ndarray:
        even = np.arange(0.0, time[-1] + period, period)
        row = np.searchsorted(time, even + 1e-9, side="right") - 1
        angle = box.predict(command[np.clip(row, 0, len(time) - 1)], first, period)
        return np.stack([np.interp(time, even, column) for column in angle.T], 1)

    return predict
