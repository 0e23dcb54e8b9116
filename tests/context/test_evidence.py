"""What a log says: beside slopes of the cost taken by hand, with wander, and in noise of known size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.context.evidence import BEND, GUESS, Evidence, errors_of, evidence_of, misfits, slopes_of
from hybridsim.context.noise import deviation_and_memory, wander_of
from tests.context.made import linear, noise_of

IDS = ("one", "two")


def cost(problem, space, point, noise, log):
    """Half the squares of the errors in standard deviations, from BEND on by their size; of one log."""
    rows = slice(*problem.first[log : log + 2])
    scaled = np.stack([problem.errors(d, space.values(point)) for d in (0, 1)], 1)[rows] / noise.deviation
    return float(((BEND**2 * (np.sqrt(1 + (scaled / BEND) ** 2) - 1)) / noise.memory).sum())


def slope_by_hand(function, point, step=1e-4):
    moved = np.eye(len(point)) * step
    return np.array([(function(point + one) - function(point - one)) / (2 * step) for one in moved])


@pytest.mark.parametrize("spread", [2e-3, 4e-2])
def test_pull_is_the_slope_of_the_cost(arm, spread):
    """With errors well within the bend, and with most of them beyond."""
    random = np.random.default_rng(1)
    problem = linear(arm, random.normal(0.0, 0.5, len(arm.space)), random, spread)
    problem.measured[5:40, 1] = np.nan
    noise, point = noise_of(arm.space, memory=7.0), random.normal(0.0, 0.3, len(arm.space))
    found = evidence_of(problem, arm.space, point, noise, IDS)
    for log, one in enumerate(found):
        downhill = -slope_by_hand(lambda x: cost(problem, arm.space, x, noise, log), point)  # noqa: B023
        assert one.log_id == IDS[log]
        assert one.pull == pytest.approx(downhill, rel=1e-5, abs=1e-6 * np.abs(downhill).max())


def test_information_is_that_of_weighted_squares(arm):
    random = np.random.default_rng(2)
    problem = linear(arm, np.zeros(len(arm.space)), random, 8e-3)
    noise = noise_of(arm.space, memory=3.0)
    (one, _) = evidence_of(problem, arm.space, np.zeros(len(arm.space)), noise, IDS)
    rows = slice(*problem.first[:2])
    by_hand = np.zeros((len(arm.space),) * 2)
    for drive in (0, 1):
        scaled = problem.errors(drive, arm.space.values(np.zeros(len(arm.space))))[rows] / 4e-3
        weight = 1.0 / np.sqrt(1.0 + (scaled / BEND) ** 2)
        lines = problem.gains[rows, drive] / 4e-3
        by_hand += (lines.T * weight) @ lines / 3.0
    assert one.information == pytest.approx(by_hand, rel=1e-6, abs=1e-6 * by_hand.max())
    error = np.abs(problem.measured[rows]).mean(0)
    assert one.error == pytest.approx(error)


def test_slopes_are_those_of_the_entries_asked_for(arm):
    problem = linear(arm, np.zeros(len(arm.space)), np.random.default_rng(3))
    low, _ = arm.space.bounds()
    found = slopes_of(problem, arm.space, low, [0, 3])  # on a bound they are taken to one side
    assert found[:, :, [0, 3]] == pytest.approx(problem.gains[:, :, [0, 3]], abs=1e-12)
    assert np.abs(np.delete(found, [0, 3], axis=2)).max() == 0.0


def test_a_replay_that_is_as_noisy_as_usual_has_a_misfit_of_about_one(arm):
    random = np.random.default_rng(4)
    context = random.normal(0.0, 0.5, len(arm.space))
    problem = linear(arm, context, random, 4e-3, seconds=8.0)
    problem.measured[::2] = np.nan  # what is missing is no good fit
    assert misfits(problem, arm.space, context, noise_of(arm.space)) == pytest.approx(0.85, abs=0.15)
    twice = misfits(problem, arm.space, context, noise_of(arm.space, deviation=2e-3))
    assert (twice > 2.0).all()
    for found in evidence_of(problem, arm.space, context, noise_of(arm.space), IDS):
        assert 0.7 < found.misfit < 1.0


def evidence(pull, information):
    return Evidence(log_id="x", pull=pull, information=information, misfit=1.0, error=np.zeros(2))


def sharp(random, count, weight=1.0):
    square = random.normal(0.0, 1.0, (count, 2 * count))
    return weight * square @ square.T / count


@given(seed=st.integers(0, 10**6), wander=st.floats(1e-4, 10.0))
def test_wander_blurs_as_an_unknown_of_its_own_would(seed, wander):
    """A log's context is the unit's plus w ~ N(0, wander): information (I^-1 + W)^-1, the pull with it."""
    random = np.random.default_rng(seed)
    one = evidence(random.normal(0.0, 5.0, 4), sharp(random, 4, 10.0))
    variance = wander * random.uniform(0.1, 1.0, 4)
    found = one.wandered(variance)
    inverse = np.linalg.inv(one.information)
    information = np.linalg.inv(inverse + np.diag(variance))
    assert found.information == pytest.approx(information, rel=1e-6, abs=1e-9)
    assert found.pull == pytest.approx(information @ inverse @ one.pull, rel=1e-6, abs=1e-9)
    still = one.wandered(np.zeros(4))
    assert still.pull == pytest.approx(one.pull) and still.information == pytest.approx(one.information)


def coloured(random, shape, share):
    """Noise of standard deviation 1 whose samples have `share` in common with the one before."""
    out = random.normal(0.0, 1.0, shape)
    for row in range(1, shape[0]):
        out[row] = share * out[row - 1] + np.sqrt(1 - share**2) * out[row]
    return out


@pytest.mark.parametrize(("share", "missing"), [(0.0, False), (0.8, False), (0.0, True), (0.8, True)])
def test_the_size_and_the_memory_of_noise_are_found(arm, share, missing):
    """Neighbours that have 0.8 in common: (1 + 0.8) / (1 - 0.8) = 9 samples say as much as one."""
    random = np.random.default_rng(5)
    problem = linear(arm, np.zeros(len(arm.space)), random, logs=3, seconds=30.0)
    error = 3e-3 * coloured(random, problem.measured.shape, share)
    problem.measured[:] = np.linspace(0.0, 1.0, len(error))[:, None]
    if missing:
        for start in problem.first[:-1]:
            problem.measured[start + 400 : start + 1000] = np.nan
            error[start + 400 : start + 1000] = 0.0  # as errors_of has it
    deviation, memory = deviation_and_memory(problem, error)
    assert deviation == pytest.approx([3e-3, 3e-3], rel=0.1)
    assert memory == pytest.approx([(1 + share) / (1 - share)] * 2, rel=0.4)


def test_logs_in_which_a_joint_is_parked_say_nothing_about_the_noise_of_its_replays(arm):
    """One joint moves in one of three logs, in the others it reads its command; the other never moves."""
    random = np.random.default_rng(6)
    problem = linear(arm, np.zeros(len(arm.space)), random, logs=3, seconds=30.0)
    error = 3e-3 * coloured(random, problem.measured.shape, 0.8)
    problem.measured[:] = 0.3 + 1e-3 * random.integers(0, 3, error.shape)
    last = slice(problem.first[2], problem.first[3])
    problem.measured[last, 0] = np.linspace(0.0, 1.0, last.stop - last.start)
    error[: last.start] = 0.0
    error[:, 1] = 0.0
    deviation, memory = deviation_and_memory(problem, error)
    assert deviation == pytest.approx([3e-3, GUESS[0]], rel=0.1)
    assert memory == pytest.approx([9.0, GUESS[1]], rel=0.4)


@pytest.mark.parametrize("logs", [2, 6])
def test_wander_from_log_to_log_is_found(logs):
    random, truth = np.random.default_rng(6), np.array([0.01, 0.09, 0.25])
    units = {}
    for unit in range(120):
        own = random.normal(0.0, 1.0, 3)
        units[str(unit)] = []
        for _ in range(logs):
            information = sharp(random, 3, 200.0)
            context = own + random.normal(0.0, np.sqrt(truth))
            noise = np.linalg.cholesky(information) @ random.normal(0.0, 1.0, 3)
            units[str(unit)].append(evidence(information @ context + noise, information))
    assert wander_of(units, 3) == pytest.approx(truth, rel=0.25)
    assert (wander_of({}, 3) == 0.05**2).all()


def test_errors_are_zero_where_nothing_was_measured(arm):
    problem = linear(arm, np.zeros(len(arm.space)), np.random.default_rng(7), 1e-3)
    problem.measured[3, 0] = np.nan
    found = errors_of(problem, arm.space, np.zeros(len(arm.space)))
    assert found[3, 0] == 0.0 and np.isfinite(found).all() and np.abs(found[:, 1]).max() > 0.0
