"""What may differ between units: for every calibration of drives, and for no other."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridsim.calibration import Calibration
from hybridsim.context.families import FAMILIES, OWN, family_of
from hybridsim.context.space import space_of
from hybridsim.errors import FleetError
from hybridsim.robot import load_robot
from tests.context.made import DEMO, reference

KINDS = ("demo", "so101", "xl330_pendulum")


@pytest.fixture(scope="module")
def spaces():
    given = {"demo": (reference(), load_robot(DEMO / "arm"))}
    given |= {name: (Calibration.load(name), load_robot(name)) for name in KINDS[1:]}
    return {name: (*both, space_of(*both)) for name, both in given.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_is_the_origin_and_keeps_all_its_values(spaces, kind):
    calibration, _, space = spaces[kind]
    assert np.abs(space.point(calibration.values())).max() == 0.0
    assert space.values(np.zeros(len(space))) == calibration.values()
    low, high = space.bounds()
    assert (low <= 0.0).all() and (high >= 0.0).all() and (high > low).all()
    assert min(entry.size for entry in space.entries) > 0.0
    assert len(set(space.names)) == len(space)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_points_within_bounds_come_back_and_others_stop_there(spaces, kind, seed):
    _, _, space = spaces[kind]
    low, high = space.bounds()
    where = np.random.default_rng(seed).uniform(size=len(space))
    point = low + where * (high - low)
    assert space.point(space.values(point)) == pytest.approx(point, abs=1e-9)
    own = space.own_values(point)
    assert space.values(point) == space.selection.expand(own) and list(own) == list(space.names)
    beyond = np.where(where > 0.5, high + 3.0, low - 3.0)
    ends = [
        (e.parameter.low, e.parameter.high)[int(w > 0.5)] for e, w in zip(space.entries, where, strict=True)
    ]
    assert list(space.own_values(beyond).values()) == ends


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_is_there_at_every_drive(spaces, kind):
    calibration, robot, space = spaces[kind]
    for drive in robot.drives:
        there = {entry.family for entry in space.entries if entry.joint in ("", drive.joint)}
        assert there >= {family for family in FAMILIES}, drive.joint
    stood_in = [entry for entry in space.entries if not entry.found]
    assert stood_in and not set(space.found) - {True, False}
    for entry in stood_in:
        last = entry.parameter.name.rsplit(".", 1)[-1]
        assert last == ("mass" if entry.family == "mass" else OWN[entry.family])
        assert entry.parameter.value == calibration.values()[entry.parameter.name]


def test_the_demo_moves_what_it_hides_by_what_is_typical(spaces):
    space = spaces["demo"][2]
    own = {entry.parameter.name: entry for entry in space.entries}
    assert not own["drive.elbow.position_gain"].found  # which the study holds, so it stands for the gain
    expected = {
        "drive.shoulder.delay": 5e-3,
        "drive.shoulder.output_coulomb": 0.02 * 2.5,  # of the stall effort, more than 0.3 of 0.08
        "drive.elbow.gear_loss_drive": 0.3 * 0.14,
        "drive.elbow.position_gain": 0.15 * 5.0,
        "link.forearm.mass": 0.1 * 0.26,
        "drive.elbow.command_offset": 5e-3,
        "drive.elbow.armature": 0.15 * 0.012,
    }
    assert {name: own[name].size for name in expected} == pytest.approx(expected)
    assert own["link.forearm.mass"].joint == "" and own["link.forearm.mass"].place == "forearm"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("drive.a.gear_loss_back_rest", "friction"),
        ("drive.a.duty_limit", "gain"),
        ("drive.a.motor_lag", "delay"),
        ("drive.a.encoder_offset", "sensor bias"),
        ("link.a.mass", "mass"),
        ("link.a.inertia_xx", None),
        ("drive.a.armature", None),
        ("world.plane_height", None),
        ("reading.a.delay", None),
    ],
)
def test_families_by_name(name, family):
    assert family_of(name) == family


@pytest.mark.parametrize("kind", ["cube", "imu_broad", "ur10"])
def test_other_calibrations_are_refused_in_one_line(kind):
    calibration = Calibration.load(kind)
    words = (
        f"calibration {calibration.id}: scores .*; fleets follow drives that are replayed from their commands"
    )
    with pytest.raises(FleetError, match=words) as caught:
        space_of(calibration, load_robot(calibration.record.robot))
    assert len(re.findall("\n", str(caught.value))) == 0
