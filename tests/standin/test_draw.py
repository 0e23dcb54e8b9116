"""Individuals: the same from a seed, others from others, inside their ranges, and shown to nobody."""

import numpy as np
import pytest

from hybridsim.errors import SimulationError
from hybridsim.standin.draw import LEAST_LAG, charge, draw, reveal, stream


def flat(seed):
    values = [value for group in reveal(seed).values() for value in group.values()]
    return np.concatenate([np.atleast_1d(value) for value in values])


def test_a_seed_makes_one_individual():
    assert np.array_equal(flat(3), flat(3))
    assert (flat(3) != flat(4)).all()


def test_every_group_is_drawn_apart():
    # A group that was drawn from another's numbers would repeat its first uniform variate.
    shares = [stream(3, word).uniform() for word in ("drives", "body", "sensors", "battery", "script")]
    assert len(set(shares)) == len(shares)


def test_nobody_who_seeds_with_the_number_itself_draws_the_same():
    assert stream(3, "drives").uniform() != np.random.default_rng(3).uniform()
    assert stream(31, "drives").uniform() != stream(3, "1/drives").uniform()


@pytest.mark.parametrize("seed", range(5))
def test_drives_are_slow_and_batteries_differ(seed):
    drives = reveal(seed)["drives"]
    total = drives["delay"] + drives["lag"]
    assert total.shape == (12,) and total.min() >= LEAST_LAG and total.max() < 0.045
    # Stable around any inertia, see draw._drives: friction and damping exceed stiffness times lag.
    assert (drives["viscous"] + drives["velocity_gain"] > drives["position_gain"] * drives["lag"]).all()
    charges = [charge(seed, n) for n in range(4)]
    assert len(set(charges)) == 4 and 43.0 <= min(charges) <= max(charges) <= 53.0


def test_an_individual_has_no_readable_form():
    hidden = draw(3)
    assert str(hidden.drives.delay[0]) not in repr(hidden) + repr(hidden.drives)
    assert "delay" not in repr(hidden) + repr(hidden.drives)


def test_a_negative_seed_is_refused():
    with pytest.raises(SimulationError, match="seed is -1; expected zero or more"):
        draw(-1)
