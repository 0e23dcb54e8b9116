"""Trained networks, evaluated for all rows and groups in one compiled call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int64

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import NetworkContract
from hybridsim.networks.kernel import TILE, evaluate_into

Members = Literal["mean", "first"]


class Packed(NamedTuple):
    """Networks laid out for `kernel.evaluate_into`, in the order of its arguments."""

    parameters: Float32[np.ndarray, "group member weight"]
    sizes: Int64[np.ndarray, " layer"]
    scaling: Float32[np.ndarray, "group five feature"]
    output: Float32[np.ndarray, "group two"]


@dataclass(frozen=True, eq=False)
class Networks:
    """An ensemble of small networks a group, with the contract they were trained under.

    Attributes:
        contract: what the networks may be asked.
        weights: one array a layer.
        biases: one array a layer.
    """

    contract: NetworkContract
    weights: tuple[Float32[np.ndarray, "group member _wide _narrow"], ...]
    biases: tuple[Float32[np.ndarray, "group member _narrow"], ...]

    def __post_init__(self) -> None:
        shapes = self.contract.tensor_shapes()
        for name, tensor in self.tensors().items():
            if tensor.shape != shapes.get(name):
                raise CalibrationError(
                    f"network '{self.contract.name}': {name} has shape {tensor.shape}; "
                    f"expected {shapes.get(name, 'no such layer')}"
                )
            if not np.isfinite(tensor).all():
                raise CalibrationError(f"network '{self.contract.name}': {name} holds NaN or infinity")
        for field in ("weights", "biases"):
            object.__setattr__(self, field, tuple(_locked(tensor) for tensor in getattr(self, field)))

    def tensors(self) -> dict[str, Float32[np.ndarray, "..."]]:
        """Weights and biases under the names that the weights file gives them."""
        layers = zip(self.weights, self.biases, strict=True)
        named = ((f"weight_{n}", w, f"bias_{n}", b) for n, (w, b) in enumerate(layers))
        return {name: tensor for wn, w, bn, b in named for name, tensor in ((wn, w), (bn, b))}

    def evaluate(
        self, features: Float[np.ndarray, "row group feature"], members: Members = "mean"
    ) -> tuple[Float32[np.ndarray, "row group"], Float32[np.ndarray, "row group"]]:
        """Output and spread of the ensemble.

        Args:
            features: in the contract's order and units; a row is a world, or a moment of a log.
            members: `mean` of all members, or `first` alone: a fifth of the cost with five members. The first
                is the one trained on every log, without bootstrap.

        Returns:
            Output to add to the analytic model's, and standard deviation over the members (NaN where only one
            was evaluated), both in the contract's output unit.

        Error: equals a torch forward pass to 1e-6 of the bound, tests/networks/test_inference.py.
        """
        parameters, sizes, scaling, output = self.packed
        shape = features.shape
        if shape[1:] != self._row_shape:
            raise CalibrationError(
                f"network '{self.contract.name}': features have shape {shape}; expected "
                f"(rows, {self._row_shape[0]} groups, {self._row_shape[1]} features)"
            )
        if features.dtype != np.float32 or not features.flags.c_contiguous:
            features = np.ascontiguousarray(features, np.float32)
        mean, spread = np.empty(shape[:2], np.float32), np.empty(shape[:2], np.float32)
        count = self.contract.ensemble if members == "mean" else 1
        evaluate_into(features, parameters, sizes, scaling, output, count, mean, spread)
        return mean, spread

    @cached_property
    def _row_shape(self) -> tuple[int, int]:
        return len(self.contract.groups), len(self.contract.feature_names)

    @cached_property
    def packed(self) -> Packed:
        """Parameters and scaling as the compiled loop wants them; do not write to them."""
        inner = [-(-width // TILE) * TILE for width in self.contract.hidden]
        sizes = np.array([self.contract.layer_sizes[0], *inner, 1], np.int64)
        blocks = []
        for n, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            rows, columns = sizes[n] - weight.shape[2], sizes[n + 1] - weight.shape[3]
            padded = np.pad(weight, ((0, 0), (0, 0), (0, rows), (0, columns)))
            blocks += [padded.reshape(*padded.shape[:2], -1), np.pad(bias, ((0, 0), (0, 0), (0, columns)))]
        s = self.contract.scaling_arrays()
        scaling = np.stack([s.center, 1 / s.scale, s.low, s.high, 1 / s.fade], axis=1)
        output = np.stack([s.output_scale, 1 / s.bound], axis=1)
        return Packed(*(np.ascontiguousarray(a) for a in (np.concatenate(blocks, 2), sizes, scaling, output)))


def untrained(contract: NetworkContract, seed: int) -> Networks:
    """Networks whose last layer is zero, so that they add exactly nothing; hidden layers are random."""
    weights, biases = initial_layers(contract.layer_sizes, (len(contract.groups), contract.ensemble), seed)
    return Networks(contract, weights, biases)


def initial_layers(
    sizes: tuple[int, ...], stack: tuple[int, int], seed: int
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Weights and biases before training: uniform in +-sqrt(3 / wide), so of unit gain; last layer zero."""
    rng = np.random.default_rng(seed)
    weights, biases = [], []
    for wide, narrow in pairwise(sizes):
        reach = 0.0 if narrow == sizes[-1] and len(weights) == len(sizes) - 2 else np.sqrt(3.0 / wide)
        weights.append(rng.uniform(-reach, reach, (*stack, wide, narrow)).astype(np.float32))
        biases.append(rng.uniform(-reach, reach, (*stack, narrow)).astype(np.float32) / 2)
    return tuple(weights), tuple(biases)


def added(networks: Networks, direction: Networks, amount: Float[np.ndarray, " group"]) -> Networks:
    """The networks with so much of the last layer of others, which have the same hidden ones."""
    share = amount.astype(np.float32)
    weights = networks.weights[-1] + share[:, None, None, None] * direction.weights[-1]
    biases = networks.biases[-1] + share[:, None, None] * direction.biases[-1]
    return replace(
        networks, weights=(*networks.weights[:-1], weights), biases=(*networks.biases[:-1], biases)
    )


def hidden(
    networks: Networks, features: Float[np.ndarray, "row group feature"]
) -> tuple[Float32[np.ndarray, "group member row narrow"], Float32[np.ndarray, "row group"]]:
    """What the last hidden layers say, and how far rows lie within what was seen in training (1, or less).

    Error: with the last layer and the bound they give what `evaluate` does, tests/networks/test_inference.py.
    """
    s = networks.contract.scaling_arrays()
    value = features.astype(np.float32)
    outside = np.clip(np.maximum(s.low - value, value - s.high) / s.fade, 0.0, 1.0)
    gate = np.prod(1.0 - outside**2 * (3.0 - 2.0 * outside), axis=2)
    layer = np.moveaxis((value - s.center) / s.scale, 1, 0)[:, None]
    for weight, bias in zip(networks.weights[:-1], networks.biases[:-1], strict=True):
        raw = layer @ weight + bias[:, :, None]
        layer = raw / (1.0 + np.abs(raw))
    return layer, gate


def _locked(tensor: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    copy = np.array(tensor, np.float32, order="C")
    copy.flags.writeable = False
    return copy


def joined(parts: Sequence[Networks]) -> Networks:
    """One ensemble of the members of several; they must share everything but their weights."""
    ensemble = sum(part.contract.ensemble for part in parts)
    layers = len(parts[0].weights)
    return Networks(
        parts[0].contract.model_copy(update={"ensemble": ensemble}),
        tuple(np.concatenate([part.weights[k] for part in parts], axis=1) for k in range(layers)),
        tuple(np.concatenate([part.biases[k] for part in parts], axis=1) for k in range(layers)),
    )


def alone(networks: Networks, group: str) -> Networks:
    """The networks of one group."""
    g, contract = networks.contract.groups.index(group), networks.contract
    terms = contract.model_copy(update={"groups": (group,), "scaling": (contract.scaling[g],)})
    return Networks(
        terms, tuple(w[g : g + 1] for w in networks.weights), tuple(b[g : g + 1] for b in networks.biases)
    )


def scaled(networks: Networks, share: Float[np.ndarray, " group"]) -> Networks:
    """The networks at a share of their output; a zero last layer where that is 0."""
    keep = (share > 0).astype(np.float32)
    weights, biases = list(networks.weights), list(networks.biases)
    weights[-1] = weights[-1] * keep[:, None, None, None]
    biases[-1] = biases[-1] * keep[:, None, None]
    factor = np.where(share > 0, share, 1.0).tolist()
    entries = tuple(
        entry.model_copy(update={"bound": entry.bound * own, "output_scale": entry.output_scale * own})
        for entry, own in zip(networks.contract.scaling, factor, strict=True)
    )
    contract = networks.contract.model_copy(update={"scaling": entries})
    return replace(networks, contract=contract, weights=tuple(weights), biases=tuple(biases))
