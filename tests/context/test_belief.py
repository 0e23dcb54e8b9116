"""A context is planted and found again, and the belief is as sure as it may be."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.context.belief import HELD, followed, taken, told, told_without_each
from hybridsim.context.evidence import errors_apart, errors_of, evidence_of
from hybridsim.context.noise import unbiased
from tests.context.made import around, linear, noise_of
from tests.context.test_evidence import coloured

IDS = ("one", "two", "three", "four")
FREE = (0, 3, 5, 11)
"""Whose bounds are far."""


def surprise(beliefs, contexts):
    """Mean square of how far truths lie from beliefs, in standard deviations; 1 where they are honest."""
    off = [b.precision @ (b.mean - x) @ (b.mean - x) / len(x) for b, x in zip(beliefs, contexts, strict=True)]
    return float(np.mean(off))


def narrow(space, entries=FREE):
    """A prior that leaves some entries free, which makes many fits quick."""
    held = np.full(len(space), HELD / 2)
    held[list(entries)] = 1.0
    return around(np.zeros(len(space)), held)


def test_what_is_believed_after_a_log_is_as_sure_as_it_is_right(arm):
    """Contexts from the prior, white noise: squares of the errors add up to one for each entry."""
    random, prior, space = np.random.default_rng(0), narrow(arm.space), arm.space
    beliefs, contexts, alone = [], [], []
    for _ in range(20):
        contexts.append(random.normal(0.0, 1.0, len(space)) * prior.deviation)
        problem = linear(arm, contexts[-1], random, 4e-3, logs=1)
        beliefs.append(told(prior, problem, space, noise_of(space), IDS[:1]))
        alone.append(told(prior, problem, space, noise_of(space, deviation=1e-3), IDS[:1]))
    assert max(one.deviation[list(FREE)].max() for one in beliefs) < 0.4  # so it is not the prior's word
    assert surprise(beliefs, contexts) == pytest.approx(1.0, abs=0.25)
    assert surprise(alone, contexts) > 2.0  # the twin: noise that is taken for smaller than it is


def test_noise_with_a_memory_makes_no_belief_too_sure(arm):
    random, prior, space = np.random.default_rng(1), narrow(arm.space), arm.space
    beliefs, contexts, deaf = [], [], []
    for _ in range(20):
        contexts.append(random.normal(0.0, 1.0, len(space)) * prior.deviation)
        problem = linear(arm, np.zeros(len(space)), random, logs=1)
        slow = np.repeat(problem.gains[::20], 20, axis=0)[
            : len(problem.gains)
        ]  # what moves as slowly as noise
        noise = 4e-3 * coloured(random, problem.measured.shape, 0.8)
        problem = replace(problem, gains=slow, measured=slow @ contexts[-1] + noise)
        beliefs.append(told(prior, problem, space, noise_of(space, memory=9.0), IDS[:1]))
        deaf.append(told(prior, problem, space, noise_of(space), IDS[:1]))
    assert 0.5 < surprise(beliefs, contexts) < 1.4
    assert surprise(deaf, contexts) > 1.8


def test_units_that_wander_are_known_no_better_than_they_are(arm):
    random, prior, space = np.random.default_rng(2), narrow(arm.space), arm.space
    beliefs, contexts, blind = [], [], []
    for _ in range(16):
        contexts.append(random.normal(0.0, 1.0, len(space)) * prior.deviation)
        problem = linear(arm, contexts[-1], random, 4e-3, logs=3, seconds=3.0)
        for start, end in zip(problem.first[:-1], problem.first[1:], strict=True):
            away = random.normal(0.0, 0.3, len(space)) * prior.deviation
            problem.measured[start:end] += problem.gains[start:end] @ away
        wander = np.where(prior.deviation > HELD, 0.3**2, 0.0)
        beliefs.append(told(prior, problem, space, replace(noise_of(space), wander=wander), IDS[:3]))
        blind.append(told(prior, problem, space, noise_of(space), IDS[:3]))
    assert surprise(beliefs, contexts) == pytest.approx(1.0, abs=0.3)
    assert surprise(blind, contexts) > 1.5


def test_wherever_the_search_begins_it_ends_where_logs_that_wander_and_the_prior_meet(arm):
    """Also where it begins at what logs say that do not wander, which fits them best."""
    random, prior, space = np.random.default_rng(8), narrow(arm.space), arm.space
    wander = np.where(prior.deviation > HELD, 1.0, 0.0)
    problem = linear(arm, np.where(prior.deviation > HELD, 0.7, 0.0), random, 1e-3, logs=2)
    noise = replace(noise_of(space, deviation=1e-3), wander=wander)
    said = evidence_of(problem, space, prior.mean, noise_of(space, deviation=1.0), IDS[:2])  # none bent
    said = [replace(one, pull=1e6 * one.pull, information=1e6 * one.information) for one in said]
    meet = followed(prior, prior.mean, [one.wandered(wander) for one in said]).mean
    blind = told(prior, problem, space, noise_of(space, deviation=1e-3), IDS[:2])
    assert np.abs(blind.mean - meet).max() > 0.1
    for start in (None, blind.mean):
        assert told(prior, problem, space, noise, IDS[:2], start).mean == pytest.approx(meet, abs=0.02)


def test_a_unit_at_a_bound_makes_no_spread_without_end(arm):
    """Its belief is not what its logs ask for; taken for that, spreads grew to 6,000 typical changes."""
    random, space = np.random.default_rng(9), arm.space
    prior, entry = around(np.zeros(len(space)), 3.0), space.names.index("drive.elbow.output_coulomb")
    truth = np.zeros(len(space))
    truth[entry] = space.bounds()[0][entry] - 2.0
    problem = linear(arm, truth, random, 4e-3, logs=2)
    noise = noise_of(space)
    belief = told(prior, problem, space, noise, IDS[:2])
    assert belief.mean[entry] == space.bounds()[0][entry]
    said = evidence_of(problem, space, belief.mean, noise, IDS[:2])
    there = followed(prior, belief.mean, said)
    assert there.mean == pytest.approx(truth, abs=0.5)
    assert (there.precision == pytest.approx(belief.precision)) and not np.allclose(there.mean, belief.mean)


def test_what_the_other_logs_tell_is_what_they_tell_by_themselves(arm):
    """Beside fits in which the log was not measured; errors there are larger than where it taught."""
    random, prior, space = np.random.default_rng(3), around(np.zeros(len(arm.space))), arm.space
    truth, noise = random.normal(0.0, 0.3, len(space)), noise_of(space)
    problem = linear(arm, truth, random, 4e-3, 4, 0.4)
    belief = told(prior, problem, space, noise, IDS)
    mean = belief.mean
    said = evidence_of(problem, space, mean, noise, IDS)
    points = told_without_each(prior, mean, said)
    for n, point in enumerate(points):
        measured = problem.measured.copy()
        measured[problem.first[n] : problem.first[n + 1]] = np.nan
        others = replace(problem, measured=measured)
        assert point == pytest.approx(told(prior, others, space, noise, IDS).mean, abs=0.1)
    size = lambda error: np.sqrt((error**2).mean(0))  # noqa: E731
    own, drawn = (size(errors_of(problem, space, one)) for one in (mean, truth))
    apart = size(errors_apart(problem, space, points))
    assert own.mean() < 0.98 * drawn.mean() < 0.98**2 * apart.mean()
    found = unbiased(problem, own, np.ones(2), taken(prior, belief))
    assert found.mean() == pytest.approx(drawn.mean(), rel=0.02)


def test_each_further_log_makes_it_surer(arm):
    random, space = np.random.default_rng(3), arm.space
    context, prior = random.normal(0.0, 0.5, len(space)), around(np.zeros(len(space)))
    seen = [told(prior, linear(arm, context, np.random.default_rng(4), 4e-3, logs=n), space,
                 noise_of(space, wander=0.01), IDS[:n]).deviation for n in (1, 2, 4)]  # fmt: skip
    assert (prior.deviation > seen[0]).all() and (seen[0] > seen[1]).all() and (seen[1] > seen[2]).all()
    wide = around(np.zeros(len(space)), 0.5).widened(np.full(len(space), 0.11))
    assert wide.deviation == pytest.approx(np.full(len(space), 0.6))


def test_nothing_leaves_its_bounds_and_what_is_held_stays(arm):
    random, space = np.random.default_rng(5), arm.space
    low, high = space.bounds()
    friction = space.names.index("drive.elbow.output_coulomb")
    context = np.zeros(len(space))
    context[friction] = low[friction] - 3.0  # friction below nothing
    prior = around(np.zeros(len(space)), np.where(np.arange(len(space)) == 2, HELD / 2, 3.0))
    found = told(prior, linear(arm, context, random, 1e-3), space, noise_of(space, deviation=1e-3), IDS[:2])
    assert (found.mean >= low).all() and (found.mean <= high).all()
    assert found.mean[friction] == low[friction] and found.mean[2] == 0.0


@pytest.mark.parametrize(("bad", "seed"), [(0.0, 0), (0.2, 1), (0.2, 5)])
def test_it_ends_where_nothing_pulls_any_more(arm, bad, seed):
    """With seconds that are far off too: what steps have to lower is the cost whose slope they follow."""
    random, space = np.random.default_rng(seed), arm.space
    ends = [0.9 * end for end in space.bounds()]
    context, prior = np.clip(random.normal(0.0, 0.9, len(space)), *ends), around(np.zeros(len(space)), 2.0)
    problem, noise = linear(arm, context, random, 4e-3), noise_of(space)
    problem.measured[random.uniform(size=len(problem.measured)) < bad] += 0.05
    found = told(prior, problem, space, noise, IDS[:2])
    seen = evidence_of(problem, space, found.mean, noise, IDS[:2])
    pull = sum(one.pull for one in seen) + prior.precision @ (prior.mean - found.mean)
    assert np.abs(np.linalg.solve(found.precision, pull)).max() < 0.02
    assert found.mean == pytest.approx(context, abs=0.9)


def test_a_unit_is_found_from_a_few_seconds_of_replays(arm):
    """The arm's own replays, white noise on the readings; the rest of the unit is as the reference."""
    random, space = np.random.default_rng(7), arm.space
    truth = np.zeros(len(space))
    for name, size in (
        ("drive.shoulder.delay", 1.2),
        ("drive.elbow.output_coulomb", 0.5),
        ("drive.elbow.position_gain", -1.0),
        ("link.forearm.mass", 0.8),
    ):
        truth[space.names.index(name)] = size
    problem, values = arm.problem_of(2, 4.0), space.values(truth)
    measured = np.stack([problem.predicted(drive, values) for drive in (0, 1)], 1)
    problem = replace(problem, measured=measured + random.normal(0.0, 1e-3, measured.shape))
    prior, noise = around(np.zeros(len(space))), noise_of(space, deviation=1e-3)
    found = told(prior, problem, space, noise, IDS[:2])
    assert np.abs(found.mean - truth).max() < 0.5
    assert np.abs((found.mean - truth) / found.deviation).max() < 4.0
    assert found.deviation.max() < 0.6
