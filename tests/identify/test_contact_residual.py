"""A planted network is learned from made-up tosses (synthetic); where the law is all there is, none ships."""

import numpy as np
import pytest

from hybridsim.identify.contact import ContactProblem, contact_problem
from hybridsim.identify.contact_residual import (
    around_impacts,
    end_errors,
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
    batch, setups = around_impacts(others, VALUES, first), others.setups(VALUES)
    error = {}
    for name, networks in (("law", None), ("learned", with_last_layer(first, weights))):
        paths = roll(setups, batch.pieces, batch.starts, TIMESTEP, networks=networks)
        error[name] = np.median(np.linalg.norm(end_errors(paths, batch, 0.1048), axis=1))
    assert error["learned"] < 0.6 * error["law"]


@pytest.mark.parametrize("planted", [True, False])
def test_a_network_ships_where_there_is_something_to_learn(planted):
    found = learn_contact(problem(3, planted), problem(4, planted), VALUES, HIDDEN, trials=10, seed=0)
    assert found.verdict.ships is planted, found.verdict
    assert (found.networks is not None) is planted
