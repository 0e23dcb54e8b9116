"""A planted network is learned from made-up tosses (synthetic); where the law is all there is, none ships."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.identify.contact import ContactProblem, contact_problem
from hybridsim.identify.contact_residual import (
    after_impacts,
    first_networks,
    learn_contact,
    regress,
    with_last_layer,
)
from hybridsim.passive.parameters import offered_passive
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from hybridsim.study import ContactRule, ParameterRule
from hybridsim.study.selection import select
from tests.contacts.networks import random_networks
from tests.passive.tosses import TIMESTEP, cube, pieces_of, prior, random_starts, tracks_of

SOFT = {"contact__stiffness": 2e4, "contact__damping": 20.0, "contact__friction": 0.2}
TOSSES, SECONDS, HIDDEN = 40, 0.5, (8,)
VALUES = prior(**SOFT)


def problem(seed: int, planted: bool) -> ContactProblem:
    """Tosses under the law, or under it and a network that moves friction and damping by some 30 %."""
    networks = random_networks(TIMESTEP, seed=5, size=0.3) if planted else None
    starts, pieces = random_starts(TOSSES, seed), pieces_of(TOSSES, SECONDS)
    paths = roll(setups_of(cube(), [VALUES] * TOSSES), pieces, starts, TIMESTEP, networks=networks)
    rules = [ParameterRule(name="contact.friction", unit="1", low=0.1, high=0.6, value=0.2)]
    selection = select(rules, offered_passive(cube()), "test")
    rule = ContactRule(windows_s=(0.1,), every_s=0.1)
    tracks = tracks_of(pieces, paths, lag=False)
    return contact_problem(cube(), selection, tracks, rule, TIMESTEP).renewed(VALUES)


def test_short_stretches_show_a_planted_network_to_others():
    """Regression alone halves the error of stretches around impacts that it has not seen, or nearly."""
    training, others = problem(1, True), problem(2, True)
    first = first_networks(training, VALUES, HIDDEN, seed=0)
    weights, _ = regress(training, VALUES, first, lambda: None)
    stretches = after_impacts(others, VALUES, first)
    law, learned = (stretches.errors(one) for one in (None, with_last_layer(first, weights)))
    assert np.median(np.linalg.norm(learned, axis=1)) < 0.6 * np.median(np.linalg.norm(law, axis=1))


def test_where_nothing_flies_stretches_start_as_measured():
    found = replace(problem(1, True), flights=None)
    first = first_networks(found, VALUES, HIDDEN, seed=0)
    stretches = after_impacts(found, VALUES, first)
    assert stretches.logs == TOSSES
    assert stretches.rows.tolist() == stretches.batch.last.tolist()
    assert np.median(np.linalg.norm(stretches.errors(None), axis=1)) > 0.0


@pytest.mark.parametrize("planted", [True, False])
def test_a_network_ships_where_there_is_something_to_learn(planted):
    found = learn_contact([(problem(3, planted), problem(4, planted))], VALUES, HIDDEN, trials=10, seed=0)
    assert found.verdict.ships is planted, found.verdict
    assert (found.networks is not None) is planted
