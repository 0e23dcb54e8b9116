"""The network at the contact points: nothing before it learns, nothing far from what it saw."""

import numpy as np
import pytest

from hybridsim.contacts.residual import residual_of
from hybridsim.errors import CalibrationError
from hybridsim.passive.bullet import LawInBullet, play
from hybridsim.passive.laid import new_paths
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from tests.contacts.networks import blank, random_networks
from tests.passive.tosses import TIMESTEP, batch_of, cube, pieces_of, prior, random_starts

SOFT = {"contact__stiffness": 2e4, "contact__damping": 20.0, "contact__friction": 0.2}
TOSSES = 3


@pytest.fixture(scope="module")
def tosses():
    """Setups, pieces and starts of some tosses."""
    starts, pieces = random_starts(TOSSES, seed=1), pieces_of(TOSSES, 0.6)
    return setups_of(cube(), [prior(**SOFT)] * TOSSES), pieces, starts


@pytest.fixture(scope="module")
def alone(tosses):
    return roll(*tosses, TIMESTEP)


def test_before_it_learns_it_changes_nothing(tosses, alone):
    paths = roll(*tosses, TIMESTEP, networks=blank(TIMESTEP))
    assert np.array_equal(paths.position, alone.position)
    assert np.isfinite(paths.features).all(axis=1).any(), "it was asked"


def test_it_acts_where_it_has_learned_and_not_far_from_there(tosses, alone):
    near = roll(*tosses, TIMESTEP, networks=random_networks(TIMESTEP, 2))
    far = roll(*tosses, TIMESTEP, networks=random_networks(TIMESTEP, 2, share=1e-4))
    assert np.abs(near.position - alone.position).max() > 1e-3
    assert np.abs(far.position - alone.position).max() == 0.0


def test_it_acts_the_same_in_pybullet(tosses):
    """There all worlds' contacts are laid out and the network sees them in one call."""
    networks = random_networks(TIMESTEP, 3, size=0.3)
    setups, pieces, starts = tosses
    paths = roll(setups, pieces, starts, TIMESTEP, networks=networks)
    found, world = new_paths(len(paths.position), 0), LawInBullet(cube(), prior(**SOFT), TIMESTEP, networks)
    for k in range(TOSSES):
        play(world, batch_of(pieces, starts, paths), TIMESTEP, found, k)
    world.close()
    assert np.abs(found.position - paths.position).max() < 1e-6


def test_another_timestep_is_refused():
    with pytest.raises(CalibrationError, match="timestep 0.01 s; expected"):
        residual_of(blank(TIMESTEP), 8, 0.01)
