"""Changes in simulated evidence: how often quiet units ring, and what is said of those that changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from hybridsim.context.belief import Belief
from hybridsim.context.evidence import Evidence
from hybridsim.context.families import FAMILIES
from hybridsim.context.notice import Hypothesis, expectations, hypotheses_of, log_ratios, noticed

COUNT, WANDER, RATE = 5, 0.01, 1e-2
BELIEF = 0.05 * np.eye(COUNT) + 0.01
"""How far units may be from their calibrations."""
EACH = [
    Hypothesis(family=FAMILIES[k], place="a", entries=(k,), spread=np.diag(np.eye(COUNT)[k]))
    for k in range(COUNT)
]


def information_of(random, sharpness):
    square = random.normal(0.0, 1.0, (COUNT, 2 * COUNT))
    return sharpness * square @ square.T / (2 * COUNT)


def life(random, logs, sharpness=40.0, shift=0.0, at=0):
    """What the logs of one unit say that is as far from its calibration as the belief says, and wanders."""
    own, wander = np.linalg.cholesky(BELIEF) @ random.normal(0.0, 1.0, COUNT), np.full(COUNT, WANDER)
    out = []
    for log in range(logs):
        information = information_of(random, sharpness)
        context = own + random.normal(0.0, np.sqrt(wander)) + (shift if log >= at else 0.0)
        noise = np.linalg.cholesky(information) @ random.normal(0.0, 1.0, COUNT)
        said = Evidence(
            log_id=str(log),
            pull=information @ context + noise,
            information=information,
            misfit=1.0,
            error=np.zeros(2),
        )
        out.append(said.wandered(wander))
    return out


def found_by(said, belief=BELIEF, settled=0):
    """What each log makes of its unit."""
    calibrated = Belief(mean=np.zeros(COUNT), precision=np.linalg.inv(belief))
    expected = expectations(EACH, calibrated, said)
    return [noticed(EACH, expected[:count], said[:count], settled) for count in range(1, len(said) + 1)]


def rings(units, logs, belief, seed=0):
    """How many of the units ring, and their quiet logs until then."""
    random, rung, quiet = np.random.default_rng(seed), 0, 0
    for _ in range(units):
        for one in found_by(life(random, logs), belief):
            quiet += 1
            if one.statistic >= 1.0 / RATE:
                rung += 1
                break
    return rung, quiet


def test_quiet_units_ring_no_more_often_than_was_asked_for():
    rung, quiet = rings(110, 20, BELIEF)
    assert quiet > 2000 and 0 < rung <= RATE * quiet


def test_a_belief_that_is_too_sure_rings_too_often():
    """The twin: at twice the rate and more, which the test above would not let pass."""
    rung, quiet = rings(30, 20, BELIEF / 100)
    assert rung > 2 * RATE * quiet


@pytest.mark.parametrize("which", range(COUNT))
def test_a_change_is_found_with_its_kind_and_its_moment(which):
    random = np.random.default_rng(which)
    shift = 1.5 * np.eye(COUNT)[which]
    said = life(random, 16, sharpness=80.0, shift=shift, at=9)
    found = found_by(said)
    rung = next(n for n, one in enumerate(found) if one.statistic >= 1.0 / RATE)
    assert 9 <= rung <= 10 and 9 <= found[rung].since <= rung
    for one in found[rung:]:
        assert one.hypothesis is EACH[which] and one.since >= 9 and one.likelihoods[FAMILIES[which]] > 0.8
    later = found_by(said[9:] * 7)[-1]  # of which only the newest are looked at
    assert 0 < later.since < 49 and np.isfinite(later.statistic)


def test_one_log_that_looks_like_no_other_rings_no_alarm():
    """A second one like it does; quiet ones after it do not. All logs tell as much of their contexts."""
    sharp, zero = 80.0 * np.eye(COUNT), np.zeros(COUNT)
    at = lambda x: Evidence(log_id="x", pull=sharp @ x, information=sharp, misfit=1.0, error=np.zeros(2))  # noqa: E731
    quiet, odd = at(zero), at(1.2 * np.eye(COUNT)[2])
    statistic = lambda *logs: found_by(logs)[-1].statistic  # noqa: E731
    assert statistic(odd) == 0.0
    assert max(statistic(*[quiet] * 6, odd, *[quiet] * n) for n in (1, 2, 3)) < 1.0 / RATE
    assert statistic(*[quiet] * 6, odd, odd) > 1.0 / RATE


def test_logs_before_a_change_say_how_far_the_unit_is_from_its_calibration():
    """A change of as much as the belief is unsure: eight quiet logs before it make it noticed."""
    random, shift, unsure = np.random.default_rng(3), 0.8 * np.eye(COUNT)[1], 16.0 * BELIEF
    with_quiet = without = 0
    for _ in range(40):
        said = life(random, 12, sharpness=80.0, shift=shift, at=8)
        with_quiet += found_by(said, unsure)[-1].statistic >= 1.0 / RATE
        without += found_by(said[8:], unsure)[-1].statistic >= 1.0 / RATE
    assert with_quiet > 30 and without < 10


def test_logs_as_old_as_the_calibrations_own_hold_no_change_since():
    said = life(np.random.default_rng(4), 8, sharpness=80.0, shift=1.5, at=3)
    assert max(one.statistic for one in found_by(said)) > 1.0 / RATE
    found = found_by(said, settled=6)
    assert found[:6] == [None] * 6 and found[6].since == 6 and found[6].statistic == 0.0


def test_friction_of_a_joint_changes_together(arm):
    hypotheses = {(one.family, one.place): one for one in hypotheses_of(arm.space)}
    assert len(hypotheses) == len(hypotheses_of(arm.space)) == 3 + 3 + 3 + 1 + 3
    elbow = hypotheses["friction", "elbow"]
    names = [arm.space.names[k] for k in elbow.entries]
    assert names == ["drive.elbow.output_coulomb", "drive.elbow.gear_loss_drive"]
    inside = elbow.spread[np.ix_(elbow.entries, elbow.entries)]
    assert inside == pytest.approx(np.array([[1.0, 0.7], [0.7, 1.0]]))
    for one in hypotheses.values():
        assert np.linalg.eigvalsh(one.spread).min() > -1e-12
        assert set(np.flatnonzero(np.diagonal(one.spread))) == set(one.entries)
    everywhere = hypotheses["delay", ""]
    assert set(everywhere.entries) == {0, 1}


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_likelihoods_are_those_of_normal_distributions(seed):
    """At a context spread by C, pull ~ N(0, I + I C I)."""
    random = np.random.default_rng(seed)
    information, pull = information_of(random, 10.0), random.normal(0.0, 5.0, COUNT)
    covariances = np.stack([information_of(random, 0.3) for _ in range(3)])
    density = lambda spread: multivariate_normal(cov=information + information @ spread @ information)  # noqa: E731
    usual = density(np.zeros((COUNT, COUNT))).logpdf(pull)
    by_hand = [density(0.5 * (one + one.T)).logpdf(pull) - usual for one in covariances]
    assert log_ratios(covariances, pull, information) == pytest.approx(by_hand, rel=1e-6, abs=1e-6)
    nothing = log_ratios(covariances, np.zeros(COUNT), np.zeros((COUNT, COUNT)))
    assert np.abs(nothing).max() == 0.0


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), logs=st.integers(1, 40), size=st.floats(0, 300))
def test_shares_add_up_and_nothing_overflows(seed, logs, size):
    said = life(np.random.default_rng(seed), logs, shift=np.full(COUNT, size))
    found = found_by(said)[-1]
    assert sum(found.likelihoods.values()) == pytest.approx(1.0)
    assert set(found.likelihoods) == set(FAMILIES) and min(found.likelihoods.values()) >= 0.0
    assert found.hypothesis.family == max(found.likelihoods, key=found.likelihoods.__getitem__)
    assert 0 <= found.since < logs and np.isfinite(found.statistic)
