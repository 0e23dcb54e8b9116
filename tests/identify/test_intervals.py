"""95 % intervals: they cover a planted truth in most repetitions, and need more than one log."""

import numpy as np
import pytest

from hybridsim.identify.fit import fit
from hybridsim.identify.intervals import deviations
from hybridsim.identify.polish import log_weights
from hybridsim.study import Identify
from tests.identify.bench import PREFIX, TRUTH, by_name, problem_of, recorded, selection, swings

NAMES = ("delay", "stall_effort", "armature")
HELD = {name: value for name, value in TRUTH.items() if name not in NAMES}


def noisy(seed, count=6, noise=2e-3):
    return recorded(swings(count, 2.0, seed=seed), noise=noise, seed=seed)


def test_intervals_cover_the_truth_in_most_repetitions():
    budget = Identify(trials=80, restarts=1, polish_iterations=15)
    covered, widths = [], []
    for seed in range(5):
        result = fit(problem_of(selection(*NAMES, **HELD), noisy(seed)), budget, 0, engine="serial")
        found = by_name(result.parameters)
        for name in NAMES:
            low, high = found[name].interval_95
            covered.append(low <= TRUTH[name] <= high)
            widths.append((high - low) / TRUTH[name])
    # 15 intervals at 95 %: under 11 hits would come once in 2,000 times by chance.
    assert sum(covered) >= 11
    assert max(widths) < 0.15  # and they say something


def test_more_noise_widens_them():
    point = None
    found = []
    for noise in (1e-3, 8e-3):
        problem = problem_of(selection(*NAMES, **HELD), noisy(0, noise=noise))
        point = problem.space.to_vector({f"{PREFIX}{name}": TRUTH[name] for name in NAMES})
        found.append(deviations(problem, point, 1))
    assert (found[1] > 2.0 * found[0]).all()


def test_one_log_alone_gives_none():
    problem = problem_of(selection(*NAMES, **HELD), noisy(0, count=1))
    assert np.isinf(deviations(problem, np.full(3, 0.5), 1)).all()


def test_missing_rows_weigh_nothing_and_every_log_the_same():
    problem = problem_of(selection(*NAMES, **HELD), noisy(0, count=2))
    problem.measured[30:60] = np.nan
    for every in (1, 3):
        weight = log_weights(problem, 0, every) ** 2
        first = problem.body.first
        assert weight[30:60].sum() == 0.0
        assert np.add.reduceat(weight, first[:-1]) == pytest.approx([0.5, 0.5])
