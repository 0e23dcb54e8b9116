"""A log left out is forgotten: its errors are those of parameters that never saw it."""

import numpy as np
import pytest

from hybridsim.identify.apart import fit_apart
from hybridsim.identify.fit import fit
from hybridsim.study import Identify
from tests.identify.bench import PREFIX, TRUTH, problem_of, recorded, selection, swings

NAMES = ("delay", "armature")
HELD = {name: value for name, value in TRUTH.items() if name not in NAMES}


LATE = 0.02
"""The second drive answers so much later [s]."""


@pytest.fixture(scope="module")
def strange():
    """Two logs of drives that differ in their delay alone, and what fits both together."""
    logs = swings(2, 4.0, off=False)
    usual, late = recorded(logs[:1]), recorded(logs[1:], {**TRUTH, "delay": TRUTH["delay"] + LATE})
    problem = problem_of(selection(*NAMES, **HELD), [*usual, *late])
    budget = Identify(trials=60, restarts=1, polish_iterations=8)
    return problem, fit(problem, budget, 0, engine="serial").point


def test_what_is_left_out_no_longer_pulls_at_the_parameters(strange):
    problem, point = strange
    apart = fit_apart(problem, point, 2, 0, engine="threads")
    found = {one.logs: problem.values(one.point)[f"{PREFIX}delay"] for one in apart}
    assert found[(1,)] == pytest.approx(TRUTH["delay"], abs=1e-3)
    # From the other drive's delay three iterations come most of the way.
    assert found[(0,)] == pytest.approx(TRUTH["delay"] + LATE, abs=3e-3)


def test_one_fold_forgets_nothing_and_more_folds_than_logs_are_one_each(strange):
    problem, point = strange
    (one,) = fit_apart(problem, point, 1, 0, engine="serial")
    assert one.logs == (0, 1) and (one.point == point).all()
    assert [len(one.logs) for one in fit_apart(problem, point, 16, 0, engine="serial")] == [1, 1]


def test_a_killed_run_goes_on_where_it_was(strange, tmp_path):
    problem, point = strange
    first = fit_apart(problem, point, 2, 0, engine="serial", memory=tmp_path)
    finished = sorted(tmp_path.iterdir())
    assert len(finished) == 2
    finished[0].write_text("[0.25, 0.75]")
    again = fit_apart(problem, point, 2, 0, engine="serial", memory=tmp_path)
    assert np.allclose(again[0].point, [0.25, 0.75]) and (again[1].point == first[1].point).all()
