"""The rigid body as a calibration and a log describe it: identified inertials, then the payload."""

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.robot import load_robot
from hybridsim.simulator.body import bare_body, body_of, offered_inertials

PAYLOAD = {"payload_mass": 0.4, "payload_length": 0.1}


@pytest.fixture(scope="module")
def arm():
    return load_robot("so101")


@pytest.fixture(scope="module")
def pendulum():
    return load_robot("xl330_pendulum")


def test_every_moving_link_offers_its_mass_and_centre_of_mass_at_the_urdfs_values(arm):
    offered = {p.name: p for p in offered_inertials(arm)}
    moving = [link for link in bare_body(arm).links if link.name != bare_body(arm).root and link.mass > 0]
    assert len(offered) == 4 * len(moving) > 0
    for link in moving:
        mass = offered[f"link.{link.name}.mass"]
        assert (mass.value, mass.unit, mass.scale) == (link.mass, "kg", "log")
        com = [offered[f"link.{link.name}.com_{axis}"].value for axis in "xyz"]
        assert com == link.com.tolist()


def test_without_values_the_body_is_the_urdfs(arm):
    assert body_of(arm, {}, {}) is bare_body(arm)
    values = {p.name: p.value for p in offered_inertials(arm)}
    assert body_of(arm, values, {}) is bare_body(arm)


def test_a_mass_scales_its_links_inertia_and_nothing_else(arm):
    before = bare_body(arm)
    name = before.links[-1].name
    after = body_of(arm, {f"link.{name}.mass": 2 * before.link(name).mass, f"link.{name}.com_y": 0.07}, {})
    assert after.link(name).mass == 2 * before.link(name).mass
    np.testing.assert_allclose(after.link(name).inertia, 2 * before.link(name).inertia)
    x, _, z = before.link(name).com
    assert after.link(name).com.tolist() == [x, 0.07, z]
    for link in before.links[:-1]:
        assert after.link(link.name) is link


def test_a_payload_hangs_where_the_log_says(pendulum):
    # 5 g at the axis, 0.4 kg 0.1 m below: com 0.4 / 0.405 * 0.1 m, about it 0.4 * 0.005 / 0.405 * 0.1^2 more.
    link = body_of(pendulum, {}, PAYLOAD).link("arm")
    assert link.mass == pytest.approx(0.405)
    assert link.com == pytest.approx([0.0, 0.0, -0.4 / 0.405 * 0.1])
    own = bare_body(pendulum).link("arm").inertia[1, 1]
    assert link.inertia[1, 1] == pytest.approx(own + 0.4 * 0.005 / 0.405 * 0.01)


def test_an_identified_arm_still_carries_its_payload(pendulum):
    link = body_of(pendulum, {"link.arm.mass": 0.02}, PAYLOAD).link("arm")
    assert link.mass == pytest.approx(0.42)
    assert link.com[2] == pytest.approx(-0.4 / 0.42 * 0.1)


@pytest.mark.parametrize("missing", sorted(PAYLOAD))
def test_a_payload_that_no_log_states_is_named(pendulum, missing):
    given = {name: value for name, value in PAYLOAD.items() if name != missing}
    with pytest.raises(CalibrationError) as caught:
        body_of(pendulum, {}, given)
    message = str(caught.value)
    assert missing in message and "arm" in message and next(iter(given)) in message
