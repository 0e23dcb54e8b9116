"""What a network may be asked: inputs in order with units, scaling, support, output and weights file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import numpy as np
from jaxtyping import Float32
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from hybridsim.errors import CalibrationError

SCHEMA_VERSION = 1
REMEDY = "copy the calibration again from where it was published, or calibrate anew"

# Limits of what a contract from elsewhere may ask for; chosen, because ten times what our robots need.
Text = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[FiniteFloat, Field(ge=-1e30, le=1e30)]  # float32 squares no further
Positive = Annotated[FiniteFloat, Field(ge=1e-15, le=1e15)]
Tap = Annotated[int, Field(ge=0, le=10_000)]
Width = Annotated[int, Field(ge=1, le=256)]
Taps = Annotated[tuple[Tap, ...], Field(max_length=200)]
Leaks = Annotated[tuple[Positive, ...], Field(max_length=20)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.safetensors$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Frozen(BaseModel):
    """A record that refuses unknown keys and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkInput(Frozen):
    """One signal that a network sees, at several moments of the past.

    Attributes:
        name: what the signal is, such as `shaft_velocity`.
        unit: SI, `1` for pure numbers.
        sign: in words, such as `command - position, positive when the command is ahead`.
        taps: moments to look at, in sample periods before now, newest first; 0 is now.
        leaks: time constants [s] of leaky memories of the signal.
    """

    name: Text
    unit: Text
    sign: Text
    taps: Taps = (0,)
    leaks: Leaks = ()

    @model_validator(mode="after")
    def _ordered(self) -> NetworkInput:
        if list(self.taps) != sorted(set(self.taps)):
            raise ValueError(f"taps of '{self.name}' are {self.taps}; expected newest first, each once")
        if not self.taps and not self.leaks:
            raise ValueError(f"'{self.name}' has neither taps nor leaks; expected at least one")
        return self

    def feature_names(self) -> tuple[str, ...]:
        """Names of the features this input gives: taps as `name[2]`, leaky memories as `name~0.1s`."""
        taps = (f"{self.name}[{tap}]" for tap in self.taps)
        return (*taps, *(f"{self.name}~{leak:g}s" for leak in self.leaks))


class NetworkSpec(Frozen):
    """The part of a contract that a person chooses; training adds the rest.

    Attributes:
        name: of the network, also of its weights file.
        target: in words, what the output is added to.
        sample_period: time between the taps' samples [s].
        inputs: in the order in which features are laid out.
        output_unit: unit of the output.
        hidden: widths of the hidden layers.
        activation: of the hidden layers, x / (1 + |x|).
        ensemble: number of networks whose mean is the output.
        groups: one network each, usually the joints.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    target: Text
    sample_period: Annotated[Positive, Field(le=10.0)]
    inputs: Annotated[tuple[NetworkInput, ...], Field(min_length=1, max_length=100)]
    output_unit: Text
    hidden: Annotated[tuple[Width, ...], Field(min_length=1, max_length=4)] = (32, 32)
    activation: Literal["softsign"] = "softsign"
    ensemble: Annotated[int, Field(ge=1, le=32)] = 5
    groups: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _unique(self) -> NetworkSpec:
        for what, names in (("inputs", [i.name for i in self.inputs]), ("groups", list(self.groups))):
            if len(set(names)) != len(names):
                raise ValueError(f"{what} repeat a name: {names}")
        if len(self.feature_names) > 1000:
            raise ValueError(f"inputs give {len(self.feature_names)} features; expected at most 1000")
        return self

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Features in the order in which the network takes them."""
        return tuple(name for given in self.inputs for name in given.feature_names())

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from the features to the single output."""
        return (len(self.feature_names), *self.hidden, 1)

    def require_inputs(self, given: Sequence[tuple[str, str]]) -> None:
        """Refuse a caller whose inputs, as (name, unit) in order, are not the contract's."""
        expected = [(known.name, known.unit) for known in self.inputs]
        if list(given) != expected:
            raise CalibrationError(
                f"network '{self.name}': inputs given are {_listed(given)}; expected in this order "
                f"{_listed(expected)}; reorder or convert what is fed to the network"
            )

    def require_groups(self, given: Sequence[str]) -> None:
        """Refuse a caller whose groups are not the contract's, in its order."""
        if tuple(given) != self.groups:
            raise CalibrationError(
                f"network '{self.name}': groups given are {', '.join(given)}; expected in this order "
                f"{', '.join(self.groups)}"
            )


class FeatureScaling(Frozen):
    """How one feature is normalised and where it was seen in training, all in the feature's unit.

    The network is at full strength for low <= x <= high and exactly zero beyond low - fade and high + fade.
    """

    feature: Text
    center: Number
    scale: Positive
    low: Number
    high: Number
    fade: Positive

    @model_validator(mode="after")
    def _upright(self) -> FeatureScaling:
        if self.low > self.high:
            raise ValueError(f"support of '{self.feature}' is inverted: low {self.low}, high {self.high}")
        return self


class GroupScaling(Frozen):
    """Scaling of one group: its bound and output scale [output unit], and its features in order."""

    group: Text
    bound: Positive
    output_scale: Positive
    features: tuple[FeatureScaling, ...]


class Scaling(NamedTuple):
    """A contract's scaling as arrays."""

    center: Float32[np.ndarray, "group feature"]
    scale: Float32[np.ndarray, "group feature"]
    low: Float32[np.ndarray, "group feature"]
    high: Float32[np.ndarray, "group feature"]
    fade: Float32[np.ndarray, "group feature"]
    bound: Float32[np.ndarray, " group"]
    output_scale: Float32[np.ndarray, " group"]


class NetworkContract(NetworkSpec):
    """Everything that must hold when a trained network is used; part of calibration.json.

    Attributes:
        scaling: one entry a group, in the groups' order.
        weights: name of the safetensors file beside the calibration.
        sha256: of that file.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    scaling: tuple[GroupScaling, ...]
    weights: FileName
    sha256: Sha256

    @model_validator(mode="after")
    def _complete(self) -> NetworkContract:
        if (given := tuple(entry.group for entry in self.scaling)) != self.groups:
            raise ValueError(f"scaling is for groups {given}; expected {self.groups}")
        for entry in self.scaling:
            if (given := tuple(one.feature for one in entry.features)) != self.feature_names:
                raise ValueError(
                    f"scaling of '{entry.group}' is for features {given}; expected {self.feature_names}"
                )
        return self

    def scaling_arrays(self) -> Scaling:
        """Scaling and support as float32 arrays, groups by features in the contract's order."""
        rows = [
            [(f.center, f.scale, f.low, f.high, f.fade) for f in entry.features] for entry in self.scaling
        ]
        per_feature = np.moveaxis(np.asarray(rows, np.float32), -1, 0)
        per_group = np.asarray([(e.bound, e.output_scale) for e in self.scaling], np.float32).T
        return Scaling(*per_feature, *per_group)

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the tensors in the weights file."""
        stack = (len(self.groups), self.ensemble)
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (wide, narrow) in enumerate(pairwise(self.layer_sizes)):
            shapes[f"weight_{layer}"] = (*stack, wide, narrow)
            shapes[f"bias_{layer}"] = (*stack, narrow)
        return shapes


def read_contract(data: object, where: str) -> NetworkContract:
    """A contract from parsed JSON, or a CalibrationError that names file, field and remedy.

    Args:
        data: what the JSON held.
        where: file, and place in it, for the message.
    """
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise CalibrationError(
            f"{where}: schema_version is {version}; expected at most {SCHEMA_VERSION}; update hybridsim"
        )
    try:
        return NetworkContract.model_validate(data)
    except ValidationError as error:
        raise CalibrationError(f"{where}: {first_problem(error)}; {REMEDY}") from None


def first_problem(error: ValidationError) -> str:
    """The first of pydantic's complaints as `field: what is wrong`, and how many more there are."""
    problem, *rest = error.errors(include_url=False)
    field = ".".join(str(part) for part in problem["loc"]) or "contract"
    more = f" (and {len(rest)} more)" if rest else ""
    return f"{field}: {problem['msg']}{more}"


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} [{unit}]" for name, unit in pairs)
