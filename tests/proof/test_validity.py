import numpy as np
import pytest

from hybridsim.proof.results import mean_of, ratio_of, share_of
from hybridsim.proof.validity import pearson, rank_violation, spearman, validity

REAL = np.array([1.0, 2.0, 4.0, 8.0])


def test_a_simulator_that_orders_rightly():
    told = np.array([10.0, 11.0, 12.0, 13.0])
    assert spearman(told, REAL) == pytest.approx(1.0)
    assert rank_violation(told, REAL) == 0.0
    # Around their means (11.5 and 3.75): sum of products 11.5, sums of squares 5 and 28.75.
    assert pearson(told, REAL) == pytest.approx(11.5 / np.sqrt(5.0 * 28.75))


def test_a_simulator_that_takes_the_best_for_the_worst():
    told = np.array([1.0, 2.0, 3.0, 0.0])
    # Ranks 2 3 4 1 against 1 2 3 4: 1 - 6 (1 + 1 + 1 + 9) / (4 * 15) = -0.2.
    assert spearman(told, REAL) == pytest.approx(-0.2)
    # Each of the first three is wrongly above the last one: 7, 6 and 4 are lost, and 7 by the last one.
    assert rank_violation(told, REAL) == pytest.approx((7 + 6 + 4 + 7) / 4)


def test_a_simulator_that_tells_nothing_has_no_correlation():
    assert np.isnan(spearman(np.ones(4), REAL)) and np.isnan(pearson(np.ones(4), REAL))


def test_intervals_are_over_trainings_and_differences_are_paired():
    """A planted line with noise: the truth of the correlation lies within; ten trainings of four policies."""
    random = np.random.default_rng(1)
    training = np.repeat(np.arange(10), 4)
    real = random.normal(size=40)
    good, bad = real + 0.3 * random.normal(size=40), random.normal(size=40)
    found = validity(good, real, training)["pearson"]
    assert found.low < 1.0 / np.sqrt(1.09) < found.high < 1.0
    assert found.low < found.value < found.high
    better = validity(good, real, training, bad)["spearman"]
    assert better.value == pytest.approx(spearman(good, real) - spearman(bad, real))
    assert better.low > 0.0
    same = validity(good, real, training, good)["spearman"]
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_intervals_of_means_hold_the_truth_as_often_as_they_say():
    """Trainings differ by 1, episodes by 1, the rest by 1; with eight of each, 200 times."""
    random, held = np.random.default_rng(0), 0
    for _ in range(200):
        scores = 5.0 + random.normal(size=(8, 1)) + random.normal(size=(1, 8)) + random.normal(size=(8, 8))
        found = mean_of(scores)
        held += found.low < 5.0 < found.high
    assert 0.87 * 200 <= held <= 0.99 * 200


def test_the_same_episodes_cancel_in_a_ratio():
    """Episodes differ tenfold, but ours are always half of theirs."""
    theirs = np.tile(np.geomspace(0.1, 1.0, 8), (3, 1))
    found = ratio_of(0.5 * theirs, theirs)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5) and found.high == pytest.approx(0.5)


def test_no_fall_in_eight_episodes_is_not_never():
    found = share_of(np.zeros((1, 8)))
    # Clopper and Pearson: (1 - p)^8 = 0.025.
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1.0 - 0.025 ** (1 / 8))
