"""Confidence sequences: numbers by hand, and how often a planted truth lies outside at any look."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from hybridsim.verify.sequence import log_evidence, mean_interval, share_interval

LOOKS = np.arange(10, 401, 10)
TRUE, MOST = 0.1, math.log(20.0)


def counts(runs):
    """Events of a planted share at every look [run look]."""
    events = np.random.default_rng(3).random((runs, LOOKS[-1])) < TRUE
    return np.cumsum(events, axis=1)[:, LOOKS - 1]


@pytest.mark.parametrize("near", [0.1, 0.02, 0.5])
def test_a_planted_share_is_missed_at_most_as_often_as_said_however_often_one_looks(near):
    evidence = log_evidence(TRUE, counts(4000), np.broadcast_to(LOOKS, (4000, len(LOOKS))), near)
    missed = (evidence > MOST).any(axis=1).mean()
    assert 0.005 < missed <= 0.05


def test_its_twin_an_interval_made_for_one_look_misses_it_more_often():
    missed = 0
    for row in counts(40):
        found = [
            binomtest(int(k), int(n)).proportion_ci(0.95) for k, n in zip(row[::2], LOOKS[::2], strict=True)
        ]
        missed += any(not one.low <= TRUE <= one.high for one in found)
    assert missed / 40 > 0.05


def test_intervals_end_where_the_evidence_says():
    for count, of in ((0, 30), (3, 40), (40, 40)):
        low, high = share_interval(count, of, 0.95, 0.1)
        for end in (low, high):
            if 0.0 < end < 1.0:
                assert float(log_evidence(end, count, of, 0.1)) == pytest.approx(MOST, abs=1e-4)
        assert low <= count / of <= high and (low == 0.0) == (count == 0) and (high == 1.0) == (count == of)


def test_no_event_by_hand():
    # Mixture beta(1/2, 9/2) about 0.1: no event in one trial has the probability 0.9 under it, so the
    # interval ends where (1 - p) = 0.9 * 0.05.
    low, high = share_interval(0, 1, 0.95, 0.1)
    assert (low, high) == (0.0, pytest.approx(1.0 - 0.9 * 0.05, abs=1e-6))
    assert share_interval(1, 1, 0.95, 0.5) == (pytest.approx(0.5 * 0.05, abs=1e-6), 1.0)


def test_it_narrows_and_holds_what_was_seen():
    wide, narrow = share_interval(3, 60, 0.95, 0.05), share_interval(30, 600, 0.95, 0.05)
    assert wide[0] < narrow[0] < 0.05 < narrow[1] < wide[1]


def test_a_planted_mean_of_skewed_numbers_is_missed_at_most_as_often_as_said():
    random, count = np.random.default_rng(7), 0
    for _ in range(400):
        values = random.exponential(1.0, 400)
        found = [mean_interval(values[:n], 0.95, 400) for n in LOOKS[2::4]]
        count += any(not low <= 1.0 <= high for low, high in found)
    assert count / 400 <= 0.05


def test_a_mean_of_few_has_no_interval():
    assert mean_interval(np.ones(29), 0.95, 100) == (-math.inf, math.inf)
