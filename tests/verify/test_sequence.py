"""Confidence sequences: numbers by hand, and how often a planted truth lies outside at any look."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from hybridsim.verify.sequence import mean_interval, share_interval

LOOKS = range(20, 401, 20)


def missed(runs, interval):
    """Share of runs in which a truth of 0.1 lies outside some look's interval."""
    random, count = np.random.default_rng(3), 0
    for _ in range(runs):
        events = np.cumsum(random.random(LOOKS[-1]) < 0.1)
        found = [interval(int(events[n - 1]), n) for n in LOOKS]
        count += any(not low <= 0.1 <= high for low, high in found)
    return count / runs


def test_a_planted_share_is_missed_at_most_as_often_as_said_however_often_one_looks():
    assert 0.0 < missed(400, lambda k, n: share_interval(k, n, 0.95, 0.1)) <= 0.05


def test_its_twin_an_interval_made_for_one_look_misses_it_more_often():
    assert missed(100, lambda k, n: binomtest(k, n).proportion_ci(0.95)) > 0.1


def test_a_gate_lets_a_policy_at_its_limit_pass_at_most_as_often_as_said():
    random, passed = np.random.default_rng(5), 0
    for _ in range(400):
        events = np.cumsum(random.random(LOOKS[-1]) < 0.1)
        passed += any(share_interval(int(events[n - 1]), n, 0.95, 0.1)[1] <= 0.1 for n in LOOKS)
    assert passed / 400 <= 0.05


def test_no_event_by_hand():
    # Mixture beta(1/2, 9/2) about 0.1: no event in one trial has the probability 0.9 under it, so the interval
    # ends where (1 - p) = 0.9 * 0.05.
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
        found = [mean_interval(values[:n], 0.95, 400) for n in LOOKS]
        count += any(not low <= 1.0 <= high for low, high in found)
    assert count / 400 <= 0.05


def test_a_mean_of_few_has_no_interval():
    assert mean_interval(np.ones(29), 0.95, 100) == (-math.inf, math.inf)
