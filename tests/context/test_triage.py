"""Logs that are like their unit, like another one, like a unit after a change, and like nothing."""

import numpy as np
import pytest

from hybridsim.context.evidence import Evidence
from hybridsim.context.notice import hypotheses_of, log_ratios
from hybridsim.context.triage import SURE, Company, better_than_any_change, distance, oddity, stranger
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
    worn = [entry.family in ("friction", "delay") for entry in arm.space.entries]  # of both drives
    assert said(own + 4.0 * np.array(worn)) == ""
    assert said(own + 4.0 * np.where(np.arange(len(own)) % 2, 1.0, -1.0)).startswith(
        "too much changed at once: "
    )


def test_distances_count_what_both_know():
    """(3 - 0)^2 / (1 + 0.25 + 0.75) in the one entry that differs."""
    away = distance(around([3.0, 1.0], 1.0), around([0.0, 1.0], 0.5), np.diag([0.75, 0.0]))
    assert away == pytest.approx(9.0 / 2.0)


def seen(arm, unit, true, sharp, random):
    """Of a log whose unit is as given, replayed at what is believed of another one."""
    count = len(arm.space)
    root = random.normal(size=(count, count)) * sharp / np.sqrt(count)
    information = root.T @ root
    pull = information @ (true - unit.mean) + root.T @ random.standard_normal(count)
    return Evidence(log_id="x", pull=pull, information=information, misfit=1.0, error=np.zeros(2))


def test_a_strangers_log_is_named_and_a_units_own_rarely_asks_about_strangers(arm):
    count, random, hypotheses = len(arm.space), np.random.default_rng(1), hypotheses_of(arm.space)
    others = {f"u{n}": around(random.normal(0.0, 2.0, count), 0.1) for n in range(50)}
    own, company = around(random.normal(0.0, 2.0, count), 0.1), Company(beliefs=others)
    for serial, one in others.items():
        log = seen(arm, own, one.mean, 10.0, random)
        least = better_than_any_change(log, own, hypotheses)
        assert least is not None and stranger(log, "u", own, least, company) == serial
        assert stranger(log, serial, own, least, company) != serial
        assert stranger(log, "u", own, least, Company(beliefs={})) == ""
    logs = [seen(arm, own, own.mean, 3.0, random) for _ in range(200)]
    assert sum(better_than_any_change(log, own, hypotheses) is not None for log in logs) < 50


def test_no_context_is_likelier_than_it_was_said_that_one_can_be(arm):
    """Where better_than_any_change says None, no unit anywhere would have been named."""
    count, random, hypotheses = len(arm.space), np.random.default_rng(2), hypotheses_of(arm.space)
    own, none = around(np.zeros(count), 0.1), 0
    for _ in range(200):
        log = seen(arm, own, random.normal(0.0, 0.3, count), 3.0, random)
        everywhere = {str(n): around(random.normal(0.0, 1.5, count), 0.1) for n in range(50)}
        everywhere["best"] = around(np.linalg.lstsq(log.information, log.pull)[0], 0.1)
        if better_than_any_change(log, own, hypotheses) is None:
            none += 1
            spread = own.covariance + np.stack([0.0 * own.covariance, *(h.spread for h in hypotheses)])
            changed = float(log_ratios(spread, log.pull, log.information).max())
            assert stranger(log, "u", own, changed + SURE, Company(beliefs=everywhere)) == ""
    assert 0 < none < 200
