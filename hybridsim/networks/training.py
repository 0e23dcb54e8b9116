"""Fit an ensemble of residual networks by plain regression: same seed, same bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import GroupScaling, NetworkContract, NetworkSpec
from hybridsim.networks.inference import Networks
from hybridsim.networks.samples import Samples
from hybridsim.networks.scaling import fit_scaling
from hybridsim.networks.training_loop import Progress, Run, TrainingOptions
from hybridsim.networks.training_stack import layer_arrays, torch_threads

__all__ = ["Fit", "Progress", "TrainingOptions", "fit_networks", "scaling_of"]


@dataclass(frozen=True, eq=False)
class Fit:
    """Trained networks, and how they did on the validation logs.

    Attributes:
        networks: with a zero last layer in every group that did not beat zero.
        error: mean absolute validation error [output unit], every log weighed the same.
        zero_error: the same without the network.
        kept: whether the group's network beats zero by `least_gain`.
        history: validation error at each evaluation.
        steps: that were taken.
        cut_short: whether `seconds` ended it, so that the fit need not repeat.
    """

    networks: Networks
    error: Float64[np.ndarray, " group"]
    zero_error: Float64[np.ndarray, " group"]
    kept: tuple[bool, ...]
    history: Float64[np.ndarray, "evaluation group"]
    steps: int
    cut_short: bool


def fit_networks(
    spec: NetworkSpec,
    training: Samples,
    validation: Samples,
    *,
    seed: int,
    options: TrainingOptions | None = None,
    scaling: tuple[GroupScaling, ...] | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Train one ensemble a group on (features, measured - analytic).

    Member 0 sees every training log; the others each see logs drawn with replacement. Each group keeps the
    weights of its best validation error, and none if that does not clearly beat adding nothing.

    Args:
        spec: what to train; training adds scaling, support and bound.
        training: samples of the training logs.
        validation: samples of other logs.
        seed: of initial weights, bootstrap and batches.
        options: how to train.
        scaling: of features and outputs; None estimates it from the training samples.
        progress: called as progress(steps done, steps at most).

    Error: learns a planted function to 10 % of its size in 700 steps, tests/networks/test_training.py.
    """
    options = options or TrainingOptions()
    _check(spec, training, validation)
    fitted = scaling or scaling_of(spec, training, options)
    terms = NetworkContract(
        **{name: getattr(spec, name) for name in NetworkSpec.model_fields},
        scaling=fitted,
        weights=f"{spec.name}.safetensors",
        sha256="0" * 64,  # until the weights are saved
    )
    with torch_threads(options.threads):
        run = Run(terms, training, validation, seed, options)
        run.train(progress)
    kept = run.best_error < (1 - options.least_gain) * run.zero_error
    weights, biases = layer_arrays(run.best, len(spec.groups), spec.ensemble)
    weights[-1][~kept], biases[-1][~kept] = 0.0, 0.0
    return Fit(
        networks=Networks(terms, weights, biases),
        error=np.where(kept, run.best_error, run.zero_error),
        zero_error=run.zero_error,
        kept=tuple(kept.tolist()),
        history=np.array(run.history),
        steps=run.steps,
        cut_short=run.cut_short,
    )


def scaling_of(spec: NetworkSpec, samples: Samples, options: TrainingOptions) -> tuple[GroupScaling, ...]:
    """Scaling, support and bound that training uses for these samples."""
    return fit_scaling(spec, samples, margin=options.margin, fade=options.fade, bound=options.bound)


def _check(spec: NetworkSpec, training: Samples, validation: Samples) -> None:
    expected = (len(spec.groups), len(spec.feature_names))
    for name, samples in (("training", training), ("validation", validation)):
        if samples.features.shape[1:] != expected:
            raise CalibrationError(
                f"network '{spec.name}': {name} features have shape {samples.features.shape}; expected "
                f"(samples, {expected[0]} groups, {expected[1]} features)"
            )
    if shared := np.intersect1d(training.log_index, validation.log_index).tolist():
        raise CalibrationError(
            f"network '{spec.name}': logs {shared} are in both training and validation; split by log"
        )
