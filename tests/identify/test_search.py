"""The global search and the polish: never worse than where they began; the map that centres the search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.identify.polish import polish, prior_residuals, residuals
from hybridsim.identify.search import DriveCost, mean_error, search_drive, stretched
from hybridsim.identify.windows import cut
from tests.identify.bench import PREFIX, TRUTH, problem_of, recorded, selection, swings

unit = st.floats(0.0, 1.0)
inner = st.floats(0.02, 0.98)


@pytest.fixture(scope="module")
def problem():
    return problem_of(selection(*TRUTH), recorded(swings(2)))


def truth_of(problem):
    return problem.space.to_vector({f"{PREFIX}{name}": value for name, value in TRUTH.items()})


def cost_of(problem, point):
    """What `polish` minimises over all entries."""
    return float((residuals(problem, [0], point, 1) ** 2).sum())


@given(inner)
def test_half_is_where_the_search_starts_and_the_ends_stay(middle):
    ends = stretched(np.array([0.0, 0.5, 1.0]), np.full(3, middle))
    assert ends == pytest.approx([0.0, middle, 1.0], abs=1e-15)


@given(unit, unit, inner)
def test_the_stretched_cube_keeps_the_order(one, other, middle):
    low, high = sorted((one, other))
    mapped = stretched(np.array([low, high]), np.full(2, middle))
    assert 0.0 <= mapped[0] <= mapped[1] <= 1.0
    if high - low > 1e-9:
        assert mapped[0] < mapped[1]


@pytest.mark.parametrize("trials", [1, 12])
def test_the_search_never_ends_worse_than_its_start(problem, trials):
    start = truth_of(problem)  # nothing is better than the truth
    before = mean_error(problem, 0, problem.values(start))
    best = search_drive(problem, cut(problem, 2.0, 0.3, 0), 0, start, trials, 1, 0)[0]
    assert before < 1e-4
    assert best.cost <= before + 1e-12
    assert mean_error(problem, 0, problem.values(best.point)) == best.cost


def test_the_search_never_ends_worse_than_a_start_on_a_bound():
    # Friction starts, and really is, at its lower bound; the search looks inside the cube.
    truth = {**TRUTH, "motor_coulomb": 0.0}
    chosen = selection("motor_coulomb", **{k: v for k, v in truth.items() if k != "motor_coulomb"})
    problem = problem_of(chosen, recorded(swings(2), truth))
    best = search_drive(problem, problem, 0, np.zeros(1), 3, 1, 0)[0]
    assert best.cost <= mean_error(problem, 0, problem.values(np.zeros(1))) + 1e-12


def test_restarts_come_best_first_and_move_only_the_drive(problem):
    start = np.full(len(problem.space), 0.5)
    found = search_drive(problem, cut(problem, 2.0, 0.3, 0), 0, start, 40, 2, 3)
    assert len(found) == 2 and found[0].cost <= found[1].cost
    assert found[0].cost < mean_error(problem, 0, problem.values(start))
    assert ((found[0].point >= 0) & (found[0].point <= 1)).all()


def test_hopeless_candidates_are_given_up_on_a_quarter(problem):
    quarter = cut(problem, 1.0, 0.25, 0)
    cost = DriveCost(problem, quarter, 0, truth_of(problem))
    assert cost(truth_of(problem)) < 1e-4
    far = np.full(len(problem.space), 0.95)
    assert cost(far) == mean_error(quarter, 0, problem.values(far))
    assert cost(far) != mean_error(problem, 0, problem.values(far))


@pytest.mark.parametrize("iterations", [0, 1, 8])
def test_polish_is_never_worse_and_says_its_cost(problem, iterations):
    random = np.random.default_rng(iterations)
    for _ in range(4):
        start = random.uniform(0.0, 1.0, len(problem.space))
        entries = problem.entries_of(0)
        point, cost = polish(problem, [0], entries, start, iterations, every=1)
        assert cost <= cost_of(problem, start) + 1e-9
        assert cost == pytest.approx(cost_of(problem, point), rel=1e-9)


def test_polish_moves_only_the_entries_it_is_given(problem):
    start = np.full(len(problem.space), 0.4)
    point, _ = polish(problem, [0], [1, 2], start, 6, every=1)
    assert (point[[0, 3, 4, 5]] == start[[0, 3, 4, 5]]).all()
    assert (point[[1, 2]] != start[[1, 2]]).all()


def test_polish_finds_a_smooth_truth_from_nearby():
    names = ("delay", "stall_effort", "armature")
    held = {k: v for k, v in TRUTH.items() if k not in names}
    problem = problem_of(selection(*names, **held), recorded(swings(2)))
    truth = problem.space.to_vector({f"{PREFIX}{name}": TRUTH[name] for name in names})
    point, _ = polish(problem, [0], problem.entries_of(0), truth + 0.05, 30, every=1)
    assert np.abs(point - truth).max() < 0.01


def test_a_prior_pulls_where_it_is_given_and_by_its_width():
    extra = f'[[parameter]]\nname = "{PREFIX}motor_viscous"\nunit = "N*m*s/rad"\n'
    extra += "low = 0.0\nhigh = 0.04\nvalue = 0.005\nprior_sigma = 0.003\n"
    problem = problem_of(selection("delay", extra=extra), recorded(swings(1)))
    point = problem.space.to_vector({f"{PREFIX}delay": 0.01, f"{PREFIX}motor_viscous": 0.011})
    # 0.011 is two widths from 0.005; a width weighs 0.2.
    assert prior_residuals(problem, [0, 1], point) == pytest.approx([0.4])
