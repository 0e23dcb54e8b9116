"""The residual networks' memory and evaluation inside compiled loops, each world by its own clock."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from hybridsim.actuators.drive import ANGLE, SPEED
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.counting import ZERO
from hybridsim.networks.stepped import Brain, Past, ask, push


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
    ask(b, rows, recall.clock.members)
    for n in range(rows):
        recall.value[b.due[n]] = b.mean[n]
        recall.spread[b.due[n]] = b.spread[n]


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
    push(past, w)
