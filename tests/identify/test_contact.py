"""Planted contacts are found again from made-up tosses (synthetic); what the logs do not show is said."""

import pytest

from hybridsim.identify.contact import contact_problem, identify_contact
from hybridsim.identify.contact_intervals import with_intervals
from hybridsim.passive.parameters import offered_passive
from hybridsim.study import ContactRule, ParameterRule
from hybridsim.study.selection import select
from tests.passive.tosses import STEPS, TIMESTEP, cube, prior, random_starts, tossed, tracks_of

TRUTH = {"contact.friction": 0.3, "data.length_scale": 0.97, "contact.stiffness": 2e4}


@pytest.fixture(scope="module")
def found():
    truth = prior(**{name.replace(".", "__"): value for name, value in TRUTH.items()})
    pieces, paths = tossed([truth] * 16, random_starts(16, seed=7), 0.4)
    rules = [
        ParameterRule(name="contact.friction", unit="1", low=0.1, high=0.6, value=0.2),
        ParameterRule(name="data.length_scale", unit="1", low=0.9, high=1.1),
        ParameterRule(name="contact.stiffness", unit="N/m", low=1e3, high=1e5, value=8e3),
        ParameterRule(name="contact.anisotropy_angle", unit="rad"),
        # of backward differences over steps whose velocities lead
        ParameterRule(name="data.velocity_lag", unit="s", value=(STEPS - 1) / 2 * TIMESTEP, identify=False),
    ]
    selection = select(rules, offered_passive(cube()), "test")
    # the search scatters starts by what the rule says of the noise: there is next to none here
    rule = ContactRule(
        windows_s=(0.2,), every_s=0.2, linear_velocity_noise_m_s=1e-3, angular_velocity_noise_rad_s=1e-2
    )
    return identify_contact(
        lambda some: contact_problem(cube(), selection, some, rule, TIMESTEP),
        tracks_of(pieces, paths),
        trials=200,
        seed=0,
    )


def test_planted_contacts_are_found(found):
    assert found.values["contact.friction"] == pytest.approx(0.3, rel=0.05)
    assert found.values["data.length_scale"] == pytest.approx(0.97, abs=0.003)
    assert found.values["contact.stiffness"] == pytest.approx(2e4, rel=0.4)


def test_intervals_hold_the_truth_and_what_does_nothing_is_said(found):
    fitted = {parameter.name: parameter for parameter in with_intervals(found)}
    assert not fitted["contact.anisotropy_angle"].identifiable  # isotropic friction has no direction
    friction = fitted["contact.friction"]
    assert friction.identifiable
    assert friction.interval_95 is not None
    low, high = friction.interval_95
    assert low <= friction.value <= high
    assert high - low < 0.2
