"""Small contracts and data that several network tests share."""

import numpy as np

from hybridsim.networks.contract import (
    FeatureScaling,
    GroupScaling,
    NetworkContract,
    NetworkInput,
    NetworkSpec,
)
from hybridsim.networks.inference import Networks, initial_layers

INPUTS = (
    NetworkInput(name="position_error", unit="rad", sign="command - position", taps=(0, 1, 3)),
    NetworkInput(name="velocity", unit="rad/s", sign="of the joint", taps=(0,), leaks=(0.1,)),
)
GIVEN = [("position_error", "rad"), ("velocity", "rad/s")]


def spec(**changes):
    fields = {
        "name": "drive",
        "target": "shaft position",
        "sample_period": 0.02,
        "inputs": INPUTS,
        "output_unit": "rad",
        "hidden": (16, 8),
        "ensemble": 3,
        "groups": ("pan", "lift"),
    }
    return NetworkSpec(**(fields | changes))


def contract(**changes):
    base = spec(**changes)
    features = tuple(
        FeatureScaling(feature=name, center=0.1 * n, scale=0.5 + n, low=-2.0, high=3.0, fade=1.5)
        for n, name in enumerate(base.feature_names)
    )
    scaling = tuple(
        GroupScaling(group=name, bound=0.2, output_scale=0.1, features=features) for name in base.groups
    )
    fields = {name: getattr(base, name) for name in type(base).model_fields}
    return NetworkContract(**fields, scaling=scaling, weights="drive.safetensors", sha256="0" * 64)


def random_networks(seed=0, **changes):
    """Networks with random weights in every layer, as if trained."""
    terms = contract(**changes)
    weights, biases = initial_layers(terms.layer_sizes, (len(terms.groups), terms.ensemble), seed)
    rng = np.random.default_rng(seed + 1)
    last = tuple(rng.normal(size=layer.shape).astype(np.float32) for layer in (weights[-1], biases[-1]))
    return Networks(terms, (*weights[:-1], last[0]), (*biases[:-1], last[1]))


def random_features(networks, rows, seed=0, spread=1.0):
    groups, features = len(networks.contract.groups), networks.contract.layer_sizes[0]
    return (np.random.default_rng(seed).normal(size=(rows, groups, features)) * spread).astype(np.float32)
