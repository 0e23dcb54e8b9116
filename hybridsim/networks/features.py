"""What a network sees: taps and leaky memories of its inputs, at the contract's sample period or finer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int, Int64

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.taps import push_into

# Lags this close to a stepping period [stepping periods] are on it: 1/50 and 4/200 differ in the last bit.
SAME = 1e-6


class History:
    """The recent past of N worlds, from which features are read at every step.

    A stepping period that divides the contract's reads the very samples; another one interpolates linearly at
    the taps' times; a longer one is refused. Memories decay in time, whatever the period.

    Attributes:
        features: [world group feature], the latest; overwritten by the next push.
    """

    def __init__(
        self, spec: NetworkSpec, *, inputs: Sequence[tuple[str, str]], worlds: int, period: float
    ) -> None:
        """Make an empty history.

        Args:
            spec: the network's contract, or the spec it is trained under.
            inputs: name and unit of what `push` will be given, in order; checked against the spec.
            worlds: how many worlds are pushed at once.
            period: time between pushes [s].
        """
        spec.require_inputs(inputs)
        self._layout = layout_of(spec, period)
        slots = int(self._layout.tap_reads[:, 1].max(initial=0)) + 2
        groups = len(spec.groups)
        self._ring = np.zeros((slots, worlds, groups, len(spec.inputs)))
        self._memory = np.zeros((worlds, groups, len(self._layout.leak_reads)))
        self._fresh = np.ones(worlds, np.bool_)
        self._head = 0
        self._name = spec.name
        self.features = np.zeros((worlds, groups, len(spec.feature_names)), np.float32)

    def push(
        self, values: Float[np.ndarray, "world group input"]
    ) -> Float32[np.ndarray, "world group feature"]:
        """Take the inputs of now in and return the features of now (the buffer `features`)."""
        self._take(values[None], self.features[None])
        return self.features

    def run(
        self, values: Float[np.ndarray, "sample world group input"]
    ) -> Float32[np.ndarray, "sample world group feature"]:
        """Features at every sample, the same bits as pushing them one by one."""
        features = np.zeros((len(values), *self.features.shape), np.float32)
        self._take(values, features)
        return features

    def reset(self, worlds: Bool[np.ndarray, " world"] | Int[np.ndarray, " chosen"] | None = None) -> None:
        """Forget the past of some worlds, or of all: their next push is taken to have lasted for ever."""
        self._fresh[slice(None) if worlds is None else worlds] = True

    def _take(
        self,
        values: Float[np.ndarray, "sample world group input"],
        features: Float32[np.ndarray, "sample world group feature"],
    ) -> None:
        if values.shape[1:] != self._ring.shape[1:]:
            raise CalibrationError(
                f"network '{self._name}': inputs have shape {values.shape[1:]}; expected "
                f"{self._ring.shape[1:]} (worlds, groups, inputs)"
            )
        values = np.ascontiguousarray(values, np.float64)
        state = (self._ring, self._head, self._fresh, self._memory)
        self._head = push_into(*state, values, *self._layout, features)


def log_features(
    spec: NetworkSpec,
    values: Float[np.ndarray, "sample group input"],
    *,
    inputs: Sequence[tuple[str, str]],
    period: float,
) -> Float32[np.ndarray, "sample group feature"]:
    """Features of a whole log.

    Args:
        spec: the network's contract, or the spec it is to be trained under.
        values: the inputs, evenly sampled.
        inputs: name and unit of the inputs in order; checked against the spec.
        period: time between samples [s].
    """
    return History(spec, inputs=inputs, worlds=1, period=period).run(values[:, None])[:, 0]


def steps_per_sample(spec: NetworkSpec, period: float) -> float:
    """Stepping periods in one of the contract's sample periods; fewer than 1 are refused."""
    if not (math.isfinite(period) and period > 0):
        raise CalibrationError(f"network '{spec.name}': asked period is {period} s; expected a positive time")
    steps = spec.sample_period / period
    if steps < 1 - SAME:
        raise CalibrationError(
            f"network '{spec.name}': asked period is {period:g} s; its contract samples every "
            f"{spec.sample_period:g} s and cannot see that little: step at {spec.sample_period:g} s or faster"
        )
    return steps


class Layout(NamedTuple):
    """What `taps.push_into` reads and writes, in the order of its arguments."""

    tap_reads: Int64[np.ndarray, "tap 3"]
    tap_part: Float64[np.ndarray, " tap"]
    leak_reads: Int64[np.ndarray, "leak 2"]
    leak_weights: Float64[np.ndarray, "leak 3"]


def layout_of(spec: NetworkSpec, period: float) -> Layout:
    """Where each tap and each leak reads, and the feature it writes, when pushed every `period` [s]."""
    steps = steps_per_sample(spec, period)
    tap_reads, tap_part, leak_reads, weights = [], [], [], []
    feature = 0
    for index, given in enumerate(spec.inputs):
        for tap in given.taps:
            whole = math.floor(tap * steps + SAME * max(tap, 1))
            part = tap * steps - whole
            tap_reads.append((index, whole, feature))
            tap_part.append(part if part > SAME * max(tap, 1) else 0.0)
            feature += 1
        for leak in given.leaks:
            leak_reads.append((index, feature))
            weights.append(leak_weights(period, leak))
            feature += 1
    return Layout(
        np.array(tap_reads, np.int64).reshape(-1, 3),
        np.array(tap_part, np.float64),
        np.array(leak_reads, np.int64).reshape(-1, 2),
        np.array(weights, np.float64).reshape(-1, 3),
    )


def leak_weights(period: float, constant: float) -> tuple[float, float, float]:
    """Decay, weight of now and weight of the sample before of one leaky memory.

        tau dm/dt = x - m, exact for x linear between samples:
        m' = a m + (1 - (1 - a) / r) x + ((1 - a) / r - a) x_before,  r = period / tau, a = exp(-r)

    so that the memory means the same at every stepping period.
    """
    r = period / constant
    gone = -math.expm1(-r)
    return 1.0 - gone, 1.0 - gone / r, gone / r - (1.0 - gone)
