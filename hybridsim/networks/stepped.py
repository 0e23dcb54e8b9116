"""Networks inside compiled loops: a history a world, each by its own clock; room for those that are due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.networks.features import layout_of
from hybridsim.networks.inference import Networks
from hybridsim.networks.kernel import evaluate_into
from hybridsim.networks.taps import push_into


class Past(NamedTuple):
    """One history a world, in the order in which `taps.push_into` takes its parts."""

    ring: np.ndarray
    """[world slot 1 group input]."""
    head: np.ndarray
    """[world]."""
    fresh: np.ndarray
    """[world 1]."""
    memory: np.ndarray
    """[world 1 group leak]."""
    values: np.ndarray
    """[world 1 1 group input] to be pushed."""
    features: np.ndarray
    """[world 1 1 group feature] float32."""
    tap_reads: np.ndarray
    tap_part: np.ndarray
    leak_reads: np.ndarray
    leak_weights: np.ndarray


class Brain(NamedTuple):
    """Weights as `kernel.evaluate_into` takes them, and room for the rows of the worlds that are due."""

    parameters: np.ndarray
    sizes: np.ndarray
    scaling: np.ndarray
    output: np.ndarray
    features: np.ndarray
    """[world group feature] float32."""
    mean: np.ndarray
    """[world group] float32."""
    spread: np.ndarray
    """[world group] float32."""
    due: np.ndarray
    """[world] which worlds the rows belong to."""


@njit(cache=True, nogil=True)
def push(past: Past, w: int) -> None:
    """Take one world's `values` in and write its features."""
    past.head[w] = push_into(
        past.ring[w],
        past.head[w],
        past.fresh[w],
        past.memory[w],
        past.values[w],
        past.tap_reads,
        past.tap_part,
        past.leak_reads,
        past.leak_weights,
        past.features[w],
    )


@njit(cache=True, nogil=True)
def ask(brain: Brain, rows: int, members: int) -> None:
    """Evaluate the first so many rows."""
    evaluate_into(
        brain.features[:rows],
        brain.parameters,
        brain.sizes,
        brain.scaling,
        brain.output,
        members,
        brain.mean[:rows],
        brain.spread[:rows],
    )


def steps_between(networks: Networks, timestep: float) -> int:
    """Steps from one run to the next: as many as fit into the contract's sample period."""
    return max(1, int(np.floor(networks.contract.sample_period / timestep + 1e-6)))


def past_of(networks: Networks, worlds: int, period: float, given: Sequence[tuple[str, str]]) -> Past:
    """Empty histories, checked against the contract.

    Args:
        networks: with their contract.
        worlds: how many.
        period: between two runs [s].
        given: name and unit of what will be pushed, in order.
    """
    contract = networks.contract
    contract.require_inputs(given)
    layout = layout_of(contract, period)
    groups, inputs = len(contract.groups), len(contract.inputs)
    slots = int(layout.tap_reads[:, 1].max(initial=0)) + 2
    return Past(
        ring=np.zeros((worlds, slots, 1, groups, inputs)),
        head=np.zeros(worlds, np.int64),
        fresh=np.ones((worlds, 1), np.bool_),
        memory=np.zeros((worlds, 1, groups, len(layout.leak_reads))),
        values=np.zeros((worlds, 1, 1, groups, inputs)),
        features=np.zeros((worlds, 1, 1, groups, len(contract.feature_names)), np.float32),
        **layout._asdict(),
    )


def brain_of(networks: Networks, worlds: int) -> Brain:
    """Weights and room for one row a world."""
    contract = networks.contract
    shape = (worlds, len(contract.groups))
    return Brain(
        *networks.packed,
        features=np.zeros((*shape, len(contract.feature_names)), np.float32),
        mean=np.zeros(shape, np.float32),
        spread=np.zeros(shape, np.float32),
        due=np.zeros(worlds, np.int64),
    )
