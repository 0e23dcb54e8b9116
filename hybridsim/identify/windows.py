"""Short pieces of the logs, so that bad candidates are told from good ones cheaply."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from hybridsim.identify.fitting import Fitting


def cut(problem: Fitting, length: float, share: float, seed: int) -> Fitting:
    """The same problem on random pieces of every log, each replayed from its own first measured state.

    Args:
        problem: on whole logs.
        length: of a piece [s].
        share: of the logs' time that the pieces cover, roughly.
        seed: of the draw.
    """
    random = np.random.default_rng(seed)
    pieces, weights = [], []
    for log in range(len(problem.weights)):
        count = max(1, round(share * span(problem, log) / length))
        begins = np.sort(random.uniform(0.0, max(span(problem, log) - length, 0.0), count))
        pieces += [piece(problem, log, begin, length) for begin in begins]
        weights += [problem.weights[log] / count] * count
    return problem.taken(pieces, np.array(weights))


def with_restarts(problem: Fitting, length: float) -> Fitting:
    """Whole logs and, half the cost, the same logs in pieces that restart from measured states.

    A free run that has gone wrong early says little about what comes later; the pieces say it.
    """
    first = problem.first
    pieces = [np.arange(start, end) for start, end in pairwise(first)]
    weights = list(0.5 * problem.weights)
    for log in range(len(problem.weights)):
        begins = np.arange(0.0, max(span(problem, log) - 0.5 * length, 1e-9), length)
        pieces += [piece(problem, log, begin, length) for begin in begins]
        weights += [0.5 * problem.weights[log] / len(begins)] * len(begins)
    return problem.taken(pieces, np.array(weights))


def of_logs(problem: Fitting, logs: Sequence[int]) -> Fitting:
    """The same problem on some of its logs."""
    first = problem.first
    weights = problem.weights[list(logs)]
    pieces = [np.arange(first[log], first[log + 1]) for log in logs]
    return problem.taken(pieces, weights / weights.sum())


def span(problem: Fitting, log: int) -> float:
    """Length of a log [s]."""
    time, first = problem.paths[0].time, problem.first
    return float(time[first[log + 1] - 1] - time[first[log]])


def piece(problem: Fitting, log: int, begin: float, length: float) -> np.ndarray:
    """Rows of a log from `begin` on [s]; two at least."""
    start, end = problem.first[log], problem.first[log + 1]
    time = problem.paths[0].time[start:end]
    low, high = np.searchsorted(time, [time[0] + begin, time[0] + begin + length]) + start
    low = min(low, end - 2)
    return np.arange(low, max(high, low + 2))
