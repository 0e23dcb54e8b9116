"""A single body steps in scalars as it does among joints."""

import numpy as np

from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from tests.passive.tosses import TIMESTEP, cube, pieces_of, prior, random_starts

LAWS = (
    {"contact__stiffness": 2e4, "contact__stiffening": 0.5, "contact__damping_growth": 2e4},
    {"contact__restitution": 0.4, "contact__restitution_speed": 0.1, "contact__damping": 0.1},
    {"contact__load_weakening": 0.3, "contact__static_excess": 0.4, "contact__friction": 0.3},
    {"contact__anisotropy": 0.4, "contact__anisotropy_angle": 0.7, "link__cube__com_y": 0.006},
)


def test_the_scalar_way_is_the_general_way():
    """A spinning friction of 1e-300 m does nothing, and sends a body the general way."""
    starts, pieces = random_starts(12, seed=4), pieces_of(12, 0.6)
    laws = [LAWS[k % len(LAWS)] for k in range(12)]
    fast = roll(setups_of(cube(), [prior(**law) for law in laws]), pieces, starts, TIMESTEP)
    general = [prior(**law, contact__spinning_friction=1e-300) for law in laws]
    slow = roll(setups_of(cube(), general), pieces, starts, TIMESTEP)
    assert fast.position[:, 2].min() < 0.06, "they land"
    assert np.abs(fast.position - slow.position).max() < 1e-9
    assert np.abs(fast.orientation - slow.orientation).max() < 1e-8
