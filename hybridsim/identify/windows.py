"""Short pieces of the logs, so that bad candidates are told from good ones cheaply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from hybridsim.identify.problem import Problem


def cut(problem: Problem, length: float, share: float, seed: int) -> Problem:
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
    return take(problem, pieces, np.array(weights))


def with_restarts(problem: Problem, length: float) -> Problem:
    """Whole logs and, half the cost, the same logs in pieces that restart from measured states.

    A free run that has gone wrong early says little about what comes later; the pieces say it.
    """
    first = problem.body.first
    pieces = [np.arange(start, end) for start, end in pairwise(first)]
    weights = list(0.5 * problem.weights)
    for log in range(len(problem.weights)):
        begins = np.arange(0.0, max(span(problem, log) - 0.5 * length, 1e-9), length)
        pieces += [piece(problem, log, begin, length) for begin in begins]
        weights += [0.5 * problem.weights[log] / len(begins)] * len(begins)
    return take(problem, pieces, np.array(weights))


def of_logs(problem: Problem, logs: Sequence[int]) -> Problem:
    """The same problem on some of its logs."""
    first = problem.body.first
    weights = problem.weights[list(logs)]
    pieces = [np.arange(first[log], first[log + 1]) for log in logs]
    return take(problem, pieces, weights / weights.sum())


def span(problem: Problem, log: int) -> float:
    """Length of a log [s]."""
    time, first = problem.paths[0].time, problem.body.first
    return float(time[first[log + 1] - 1] - time[first[log]])


def piece(problem: Problem, log: int, begin: float, length: float) -> np.ndarray:
    """Rows of a log from `begin` on [s]; two at least."""
    start, end = problem.body.first[log], problem.body.first[log + 1]
    time = problem.paths[0].time[start:end]
    low, high = np.searchsorted(time, [time[0] + begin, time[0] + begin + length]) + start
    low = min(low, end - 2)
    return np.arange(low, max(high, low + 2))


def take(problem: Problem, pieces: list[np.ndarray], weights: np.ndarray) -> Problem:
    """The problem on these pieces of rows only, a log each, with these weights."""
    rows = np.concatenate(pieces)
    first = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
    body = problem.body
    changed = replace(
        body,
        first=first,
        load=[load[rows] if len(load) else load for load in body.load],
        slope=[slope[rows] if len(slope) else slope for slope in body.slope],
        inertia=[inertia[rows] if len(inertia) else inertia for inertia in body.inertia],
        gap=body.gap[rows],
        gap_rate=body.gap_rate[rows],
    )
    paths = [
        path._replace(
            first=first, **{name: getattr(path, name)[rows] for name in path._fields if name != "first"}
        )
        if len(path.time)
        else path
        for path in problem.paths
    ]
    return replace(problem, body=changed, paths=paths, measured=problem.measured[rows], weights=weights)


def lean(problem: Problem, drive: int) -> Problem:
    """The same problem with nothing in it but what one drive's rollouts read, to travel light."""
    column = problem.robot.joint_names.index(problem.joints[drive])
    empty = [
        path._replace(**{name: getattr(path, name)[:0] for name in path._fields if name != "first"})
        for path in problem.paths
    ]
    empty[drive] = problem.paths[drive]
    body = replace(
        problem.body,
        load=[load if j == column else load[:0] for j, load in enumerate(problem.body.load)],
        slope=[slope if j == column else slope[:0] for j, slope in enumerate(problem.body.slope)],
        inertia=[inertia if j == column else inertia[:0] for j, inertia in enumerate(problem.body.inertia)],
        gap=problem.body.gap[:0],
        gap_rate=problem.body.gap_rate[:0],
    )
    return replace(problem, body=body, paths=empty)
