"""Friction takes energy out, presliding follows Dahl's equation, coupled motors act on both joints."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.effort.settings import Settings
from hybridsim.effort.terms import columns, presliding, terms_of
from tests.effort.planted import Planted

EVERYTHING = Settings(
    velocity="measured",
    acceleration_hz=0.0,
    bandwidth_hz=0.0,
    bandwidth_order=2,
    sliding_speed=0.02,
    saturating_speed=0.2,
    presliding_angle=0.01,
    stribeck_speed=0.1,
    load_friction=1,
    ripple_order=2,
    prior_sigma=0.3,
)


@pytest.fixture(scope="module")
def arm(tmp_path_factory):
    planted = Planted(tmp_path_factory.mktemp("arm"))
    return replace(planted.arm, gear_ratio=np.full(3, 100.0))


def test_every_term_has_its_column_in_order(arm):
    q, v, a, load = np.random.default_rng(0).normal(size=(4, 50, 3))
    for settings in (EVERYTHING, replace(EVERYTHING, ripple_order=0, saturating_speed=0.0, load_friction=0)):
        terms = terms_of(arm, settings)
        table = columns(arm, settings, q, v, a, load, 0.01)
        assert table.shape == (50, len(terms))
        viscous = [k for k, term in enumerate(terms) if term.name.endswith("output_viscous")]
        np.testing.assert_array_equal(table[:, viscous], v)


def test_passive_friction_never_feeds_a_motion(arm):
    # A closed cycle of each joint: what friction does over it is a loss, whatever the load does.
    time = np.arange(0, 2 * np.pi, 1e-3)[:, None] * np.ones(3)
    q, v, a = 0.3 * np.sin(time), 0.3 * np.cos(time), -0.3 * np.sin(time)
    load = 5 * np.random.default_rng(1).normal(size=q.shape)
    table = columns(arm, EVERYTHING, q, v, a, load, 1e-3)
    for k, term in enumerate(terms_of(arm, EVERYTHING)):
        if term.passive and "armature" not in term.name:
            assert (table[:, k] * v[:, term.joints[0]]).sum() * 1e-3 > 0.01, term.name


def test_presliding_by_hand():
    # From +1, moving back by one angle: z = -1 + 2 exp(-1).
    speed = np.concatenate([np.ones(100), -np.ones(101)])
    state = presliding(speed, angle=1.0, period=0.01)
    assert state[99] == pytest.approx(1.0)
    # The row of the reversal itself sees the mean of both speeds, 0: one whole period a row after it.
    assert state[-1] == pytest.approx(-1 + 2 * np.exp(-1.0), abs=1e-3)
    assert presliding(np.zeros(5), 0.1, 0.01).tolist() == [1.0] * 5


def test_a_coupled_motor_turns_with_both(arm):
    coupled = replace(arm, coupled=((1, 2),))
    q, v, a, load = np.random.default_rng(0).normal(size=(4, 20, 3))
    terms = terms_of(coupled, EVERYTHING)
    names = [term.name for term in terms[-3:]]
    assert names == [f"drive.axis_2.coupled_{what}" for what in ("armature", "coulomb", "viscous")]
    assert all(term.joints == (1, 2) for term in terms[-3:])
    table = columns(coupled, EVERYTHING, q, v, a, load, 0.01)[:, -3:]
    np.testing.assert_allclose(table[:, 0], a[:, 1] + a[:, 2])
    np.testing.assert_allclose(table[:, 2], v[:, 1] + v[:, 2])
