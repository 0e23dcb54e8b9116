"""Fit an ensemble of residual networks by plain regression: same seed, same bits."""

from __future__ import annotations

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import GroupScaling, NetworkContract, NetworkSpec
from hybridsim.networks.inference import Networks
from hybridsim.networks.samples import Samples
from hybridsim.networks.scaling import fit_scaling
from hybridsim.networks.training_loop import Progress, Run, TrainingOptions
from hybridsim.networks.training_stack import layer_arrays, torch_threads

__all__ = ["Progress", "TrainingOptions", "fit_networks", "scaling_of"]


def fit_networks(
    spec: NetworkSpec,
    training: Samples,
    *,
    seed: int,
    options: TrainingOptions | None = None,
    scaling: tuple[GroupScaling, ...] | None = None,
    progress: Progress | None = None,
) -> Networks:
    """Train one ensemble a group on (features, measured - analytic), for a fixed number of steps.

    Member 0 sees every training log; the others each see logs drawn with replacement. No other log is looked
    at, so that all others can judge.

    Args:
        spec: what to train; training adds scaling, support and bound.
        training: samples of the training logs.
        seed: of initial weights, bootstrap and batches.
        options: how to train.
        scaling: of features and outputs; None estimates it from the training samples.
        progress: called as progress(steps done, steps).

    Error: learns a planted function to 10 % of its size in 700 steps, tests/networks/test_training.py.
    """
    options = options or TrainingOptions()
    expected = (len(spec.groups), len(spec.feature_names))
    if training.features.shape[1:] != expected:
        raise CalibrationError(
            f"network '{spec.name}': training features have shape {training.features.shape}; expected "
            f"(samples, {expected[0]} groups, {expected[1]} features)"
        )
    terms = NetworkContract(
        **{name: getattr(spec, name) for name in NetworkSpec.model_fields},
        scaling=scaling or scaling_of(spec, training, options),
        weights=f"{spec.name}.safetensors",
        sha256="0" * 64,  # until the weights are saved
    )
    with torch_threads(options.threads):
        run = Run(terms, training, seed, options)
        run.train(progress)
    return Networks(terms, *layer_arrays(run.mean, len(spec.groups), spec.ensemble))


def scaling_of(spec: NetworkSpec, samples: Samples, options: TrainingOptions) -> tuple[GroupScaling, ...]:
    """Scaling, support and bound that training uses for these samples."""
    return fit_scaling(spec, samples, margin=options.margin, fade=options.fade, bound=options.bound)
