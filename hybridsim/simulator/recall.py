"""The residual networks' memory and evaluation inside compiled loops, each world by its own clock."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.actuators.drive import ANGLE, SPEED
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.counting import ZERO
from hybridsim.networks.kernel import evaluate_into
from hybridsim.networks.taps import push_into


class Clock(NamedTuple):
    """When networks run and what they see; arrays of nothing where there is no network."""

    every: int
    """Steps between two runs; 0 without networks."""
    period: float
    """The same as a time [s]."""
    error: bool
    """Whether the first input is command minus shaft angle, else the command alone."""
    members: int
    """Of the ensemble."""
    count: np.ndarray
    """[world] steps since the reset."""
    before: np.ndarray
    """[world drive] command at the last run, NaN where there was none."""


class Past(NamedTuple):
    """One history a world, in the order in which `taps.push_into` takes its parts."""

    ring: np.ndarray
    """[world slot 1 drive input]."""
    head: np.ndarray
    """[world]."""
    fresh: np.ndarray
    """[world 1]."""
    memory: np.ndarray
    """[world 1 drive leak]."""
    values: np.ndarray
    """[world 1 1 drive input]."""
    features: np.ndarray
    """[world 1 1 drive feature] float32."""
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
    """[world drive feature] float32."""
    mean: np.ndarray
    """[world drive] float32."""
    spread: np.ndarray
    """[world drive] float32."""
    due: np.ndarray
    """[world] which worlds the rows belong to."""


class Recall(NamedTuple):
    """Everything that a loop needs of the networks, and what they add [output unit]."""

    clock: Clock
    past: Past
    brain: Brain
    value: np.ndarray
    """[world drive] output of the last run."""
    spread: np.ndarray
    """[world drive] of the ensemble."""
    glide: np.ndarray
    """[world drive] the same moving over evenly from run to run."""


@njit(cache=True, nogil=True)
def renew(
    recall: Recall,
    active: np.ndarray,
    command: np.ndarray,
    parameters: np.ndarray,
    state: np.ndarray,
    effort: np.ndarray,
) -> None:
    """After a step of the drives: run the networks of the worlds whose period is over.

    Args:
        recall: written.
        active: [world] worlds that were stepped.
        command: [world drive] as sent.
        parameters: [world drive parameter] of the drives.
        state: [world drive state] of the drives, just stepped.
        effort: [world drive] asked by the body, or given by the drive [N*m].
    """
    clock, past, brain = recall.clock, recall.past, recall.brain
    if clock.every == 0:
        return
    rows = ZERO
    for w in range(len(active)):
        if not active[w]:
            continue
        clock.count[w] += 1
        if clock.count[w] % clock.every == 0:
            look(clock, past, w, command, parameters, state, effort)
            brain.features[rows] = past.features[w, 0, 0]
            brain.due[rows] = w
            rows += 1
    if rows > 0:
        think(recall, rows)
    for w in range(len(active)):
        if active[w]:
            for d in range(command.shape[1]):
                recall.glide[w, d] += (recall.value[w, d] - recall.glide[w, d]) / clock.every


@njit(cache=True, nogil=True)
def think(recall: Recall, rows: int) -> None:
    """Evaluate the networks for the worlds that are due."""
    b = recall.brain
    mean, spread = b.mean[:rows], b.spread[:rows]
    evaluate_into(
        b.features[:rows], b.parameters, b.sizes, b.scaling, b.output, recall.clock.members, mean, spread
    )
    for n in range(rows):
        recall.value[b.due[n]] = mean[n]
        recall.spread[b.due[n]] = spread[n]


@njit(cache=True, nogil=True)
def look(
    clock: Clock,
    past: Past,
    w: int,
    command: np.ndarray,
    parameters: np.ndarray,
    state: np.ndarray,
    effort: np.ndarray,
) -> None:
    """Push one world's inputs, as `residual.stack_inputs` lays them out, and write its features."""
    values = past.values[w]
    for d in range(command.shape[1]):
        shaft = state[w, d, ANGLE] + parameters[w, d, ENCODER_OFFSET]
        before = clock.before[w, d]
        if np.isnan(before):
            before = command[w, d]
        values[0, 0, d, 0] = command[w, d] - shaft if clock.error else command[w, d]
        values[0, 0, d, 1] = state[w, d, SPEED]
        values[0, 0, d, 2] = (command[w, d] - before) / clock.period
        values[0, 0, d, 3] = effort[w, d]
        values[0, 0, d, 4] = shaft
        clock.before[w, d] = command[w, d]
    past.head[w] = push_into(
        past.ring[w],
        past.head[w],
        past.fresh[w],
        past.memory[w],
        values,
        past.tap_reads,
        past.tap_part,
        past.leak_reads,
        past.leak_weights,
        past.features[w],
    )
