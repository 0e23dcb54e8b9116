"""Pieces of logs: weights, rows, restarts, and problems that travel light."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.identify.search import mean_error
from hybridsim.identify.windows import cut, piece, span, with_restarts
from tests.identify.bench import PREFIX, RATE_HZ, TRUTH, problem_of, recorded, selection, swings


@pytest.fixture(scope="module")
def problem():
    """Two logs of unequal length."""
    logs = [*swings(1, 4.0), replace(swings(1, 6.0, seed=1)[0], log_id="b")]
    return problem_of(selection(*TRUTH), recorded(logs))


@pytest.mark.parametrize(
    "make", [lambda p: cut(p, 1.0, 0.5, 0), lambda p: with_restarts(p, 1.0)], ids=["cut", "restarts"]
)
def test_weights_add_to_one_and_every_log_counts_the_same(problem, make):
    pieces = make(problem)
    assert pieces.weights.sum() == pytest.approx(1.0)
    time, first = pieces.paths[0].time, pieces.body.first
    assert len(pieces.weights) == len(first) - 1
    assert first[-1] == len(time) == len(pieces.measured) == len(pieces.body.gap)
    commands = [
        set(problem.paths[0].command[s:e])
        for s, e in zip(problem.body.first[:-1], problem.body.first[1:], strict=True)
    ]
    shares = np.zeros(2)
    for start, end, weight in zip(first[:-1], first[1:], pieces.weights, strict=True):
        owner = [set(pieces.paths[0].command[start:end]) <= own for own in commands]
        assert sum(owner) == 1
        shares[owner.index(True)] += weight
        assert (np.diff(time[start:end]) > 0).all()
    assert shares == pytest.approx([0.5, 0.5])


def test_restarts_keep_the_whole_logs_for_half_the_weight(problem):
    both = with_restarts(problem, 1.0)
    assert (both.body.first[:3] == problem.body.first).all()
    assert both.weights[:2].sum() == pytest.approx(0.5)
    assert len(both.weights) == 2 + 4 + 6


def test_a_restart_begins_at_what_was_measured(problem):
    values = problem.values(np.full(len(problem.space), 0.5))
    both = with_restarts(problem, 1.0)
    error = both.errors(0, values)
    assert (error[both.body.first[:-1]] == 0.0).all()
    # Wrong parameters go wrong: later in the pieces there is an error.
    assert np.abs(error).max() > 0.01


def test_pieces_of_a_drive_with_delay_stay_near_the_truth(problem):
    # A piece forgets the command that was on its way and the speed: its error is bounded, not zero.
    truth = problem.values(problem.space.to_vector({f"{PREFIX}{n}": v for n, v in TRUTH.items()}))
    assert mean_error(problem, 0, truth) < 1e-4
    assert 1e-3 < mean_error(cut(problem, 1.0, 1.0, 0), 0, truth) < 0.1


def test_a_piece_has_two_rows_at_least_and_lies_inside(problem):
    assert span(problem, 1) == pytest.approx(6.0 - 1 / RATE_HZ)
    rows = piece(problem, 1, 5.99, 1.0)
    assert len(rows) >= 2
    assert problem.body.first[1] <= rows[0] and rows[-1] < problem.body.first[2]
    assert (piece(problem, 1, 2.0, 1.0) == problem.body.first[1] + 200 + np.arange(100)).all()


def test_the_draw_follows_its_seed(problem):
    one, same, other = (cut(problem, 1.0, 0.5, seed).paths[0].time for seed in (1, 1, 2))
    assert (one == same).all()
    assert not np.array_equal(one, other)


def test_lean_problems_give_the_same_errors(problem):
    values = problem.values(np.full(len(problem.space), 0.3))
    for whole in (problem, with_restarts(problem, 1.0)):
        assert (whole.lean(0).errors(0, values) == whole.errors(0, values)).all()


def test_a_lean_problem_of_an_arm_leaves_the_other_drives_out():
    from tests.identify.arm import arm_problem

    problem = arm_problem()
    values = problem.values(np.zeros(len(problem.space)))
    for drive in (1, 4):
        light = problem.lean(drive)
        assert (light.errors(drive, values) == problem.errors(drive, values)).all()
        assert sum(len(path.time) for path in light.paths) == len(problem.measured)
        assert sum(len(load) for load in light.body.load) == len(problem.measured)
