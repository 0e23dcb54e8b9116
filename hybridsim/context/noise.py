"""How far replays of quiet logs are off, and how much a unit differs from itself from log to log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.context.evidence import GUESS, Evidence
from hybridsim.identify.problem import Problem

LONGEST = 2.0
"""Up to which errors' memory is looked for [s]."""
MOVES = 0.02
"""Of a drive in a log, from which on its errors say how far replays are off [rad]; chosen, because a parked
joint's reading flickers by a count or two, of a few milliradians."""
LEAST = 1e-5
"""Deviation at least [rad]; chosen, because no encoder of a joint resolves it."""
ROUNDS = 30
LEFT = 0.25
"""Share of independent samples that a fit leaves at least; chosen, because below it nothing is known."""


def deviation_and_memory(
    problem: Problem, error: Float[np.ndarray, "row drive"]
) -> tuple[Float[np.ndarray, " drive"], Float[np.ndarray, " drive"]]:
    """Of the errors of a unit's logs [rad]: standard deviation, and samples that say as much as one.

    Of each drive those logs count in which it moves, without any they are guessed: the errors of a joint that
    is parked say nothing about one that moves, and may all be 0.
    """
    squares, memory, seen = [], [], np.isfinite(problem.measured)
    for start, end in zip(problem.first[:-1], problem.first[1:], strict=True):
        own, where = error[start:end], problem.measured[start:end]
        period = float(np.median(np.diff(problem.paths[0].time[start:end])))
        moves = np.fmax.reduce(where) - np.fmin.reduce(where) >= MOVES
        squares.append(np.where(moves, (own**2).sum(0) / np.maximum(seen[start:end].sum(0), 1), np.nan))
        lags = [_memory(column, round(LONGEST / period)) for column in own.T]
        memory.append(np.where(moves, lags, np.nan))
    deviation = np.sqrt(_median(squares, GUESS[0] ** 2))
    return np.maximum(deviation, LEAST), _median(memory, GUESS[1])


def _median(values: Sequence[Float[np.ndarray, " drive"]], without: float) -> Float[np.ndarray, " drive"]:
    """Over logs, those that say nothing left out; `without` where none says anything."""
    columns = [column[np.isfinite(column)] for column in np.transpose(values)]
    return np.array([np.median(column) if len(column) else without for column in columns])


def unbiased(
    problem: Problem,
    deviation: Float[np.ndarray, " drive"],
    memory: Float[np.ndarray, " drive"],
    taken: float,
) -> Float[np.ndarray, " drive"]:
    """Deviation of errors that a context was fitted to, for logs that it was not fitted to [rad].

    Args:
        problem: the logs.
        deviation: of their errors [rad].
        memory: of the same.
        taken: numbers that the logs have decided.
    """
    independent = float((np.isfinite(problem.measured).sum(0) / memory).sum())
    return deviation * np.sqrt(1.0 / max(1.0 - taken / independent, LEFT))


def _memory(error: np.ndarray, longest: int) -> float:
    """Integrated autocorrelation: 1 + twice the sum of correlations until they first fall below 0.05."""
    size = float(error @ error)
    if size == 0.0:
        return 1.0
    total = 1.0
    for lag in range(1, min(longest, len(error) // 4)):
        one = float(error[lag:] @ error[:-lag]) / size
        if one < 0.05:
            break
        total += 2.0 * one
    return total


def wander_of(evidence: Mapping[str, Sequence[Evidence]], count: int) -> Float[np.ndarray, " entry"]:
    """Variance of each entry from log to log of a unit, by restricted maximum likelihood: units' means apart.

    Args:
        evidence: of each unit's quiet logs at its own context, without wander; without any it is guessed.
        count: of entries.

    Error: finds planted ones to a quarter, also of units with two logs, tests/context/test_evidence.py.
    """
    if not evidence:
        return np.full(count, GUESS[2])
    wander = np.full(count, 0.05)
    for _ in range(ROUNDS):
        total, logs = np.zeros(count), 0
        for own in evidence.values():
            precision = np.diag(1.0 / np.maximum(wander, 1e-8))
            inverses = [np.linalg.inv(one.information + precision) for one in own]
            seen = [one.wandered(wander) for one in own]
            unsure = np.linalg.inv(sum(one.information for one in seen) + 1e-2 * np.eye(count))
            mean = unsure @ sum(one.pull for one in seen)
            for one, inverse in zip(own, inverses, strict=True):
                follows = inverse @ one.information
                away = inverse @ one.pull - follows @ mean
                total += away**2 + np.diagonal(inverse + follows @ unsure @ follows.T)
                logs += 1
        wander = total / logs
    return wander
