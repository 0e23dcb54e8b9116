"""Short pieces of the logs, so that bad candidates are told from good ones cheaply."""

from __future__ import annotations

from dataclasses import replace

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
    first, time = problem.body.first, problem.paths[0].time
    assert len(time), "cut whole problems, not lean ones"
    rows: list[np.ndarray] = []
    for start, end in zip(first[:-1], first[1:], strict=True):
        span = time[end - 1] - time[start]
        pieces = max(1, round(share * span / length))
        begins = np.sort(random.uniform(0.0, max(span - length, 0.0), pieces)) + time[start]
        for begin in begins:
            low, high = np.searchsorted(time[start:end], [begin, begin + length]) + start
            low = min(low, end - 2)
            rows.append(np.arange(low, max(high, low + 2)))
    return take(problem, rows)


def take(problem: Problem, pieces: list[np.ndarray]) -> Problem:
    """The problem on these pieces of rows only, a log each."""
    rows = np.concatenate(pieces)
    first = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
    body = problem.body
    changed = replace(
        body,
        first=first,
        load=[load[rows] if len(load) else load for load in body.load],
        slope=[slope[rows] if len(slope) else slope for slope in body.slope],
        inertia=body.inertia[rows],
        gap=body.gap[rows],
        gap_rate=body.gap_rate[rows],
    )
    paths = [
        path._replace(first=first, **{name: getattr(path, name)[rows] for name in path._fields if name != "first"})
        if len(path.time)
        else path
        for path in problem.paths
    ]
    return replace(problem, body=changed, paths=paths, measured=problem.measured[rows])


def lean(problem: Problem, drive: int) -> Problem:
    """The same problem with nothing in it but what one drive's rollouts read, to travel light."""
    column = problem.robot.joint_names.index(problem.joints[drive])
    nothing = np.zeros((0, 0))
    empty = [
        path._replace(**{name: getattr(path, name)[:0] for name in path._fields if name != "first"})
        for path in problem.paths
    ]
    empty[drive] = problem.paths[drive]
    body = replace(
        problem.body,
        load=[load if j == column else nothing for j, load in enumerate(problem.body.load)],
        slope=[slope if j == column else nothing for j, slope in enumerate(problem.body.slope)],
        inertia=nothing,
        gap=nothing[0:0],
        gap_rate=nothing,
    )
    return replace(problem, body=body, paths=empty)
