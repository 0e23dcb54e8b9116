"""Logs that are like their unit, like another one, like a unit after a change, and like nothing."""

import numpy as np
import pytest

from hybridsim.context.notice import hypotheses_of
from hybridsim.context.triage import distance, oddity
from tests.context.made import around


@pytest.fixture(scope="module")
def case(arm):
    """A unit, others, and what is asked of a log that is as far from the reference as given."""
    count, random = len(arm.space), np.random.default_rng(0)
    others = {f"u{n}": around(random.normal(0.0, 1.0, count), 0.1) for n in range(4)}
    own, hypotheses = others.pop("u0"), hypotheses_of(arm.space)

    def said(mean, beside=others):
        return oddity(around(mean, 0.2), own, np.full(count, 0.01), hypotheses, beside)

    return own.mean, {serial: one.mean for serial, one in others.items()}, said


def test_a_log_is_like_its_unit_and_like_its_unit_a_little_off(case):
    own, _, said = case
    assert said(own) == "" and said(own + 0.2) == "" and said(own, {}) == ""


def test_a_log_of_another_unit_is_named(case):
    own, others, said = case
    for serial, mean in others.items():
        assert said(mean + 0.05) == f"looks like unit '{serial}'"
    assert "looks like" not in said((own + others["u1"]) / 2)


def test_one_change_and_two_are_explained_and_all_at_once_is_not(case, arm):
    own, _, said = case
    moved = np.zeros(len(own))
    moved[arm.space.names.index("drive.elbow.delay")] = 4.0
    assert said(own + moved) == ""
    moved[arm.space.names.index("link.forearm.mass")] = -4.0
    assert said(own + moved) == ""
    assert said(own + 4.0 * np.where(np.arange(len(own)) % 2, 1.0, -1.0)).startswith(
        "too much changed at once: "
    )


def test_distances_count_what_both_know():
    """(3 - 0)^2 / (1 + 0.25 + 0.75) in the one entry that differs."""
    away = distance(around([3.0, 1.0], 1.0), around([0.0, 1.0], 0.5), np.diag([0.75, 0.0]))
    assert away == pytest.approx(9.0 / 2.0)
