"""A calibration of one unit: what is believed of it, and where it comes from."""

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.context.individual import calibration_of
from hybridsim.demo.recorder import Recording
from hybridsim.demo.units import drawn_unit
from hybridsim.log import read_log
from tests.context.made import around


@pytest.fixture(scope="module")
def logs(arm, tmp_path_factory):
    store = tmp_path_factory.mktemp("logs")
    recording = Recording(
        robot=arm.robot,
        truth=drawn_unit(1, 0),
        seed=1,
        duration=1.0,
        timestep=2e-3,
        unit="arm-1",
        apart_ns=10**12,
    )
    return [read_log(store / name) for name in recording.record(store, range(2))]


def test_it_says_what_is_believed_and_where_that_comes_from(arm, logs, tmp_path):
    space, random = arm.space, np.random.default_rng(0)
    low, high = space.bounds()
    mean = 0.5 * random.uniform(low, high)
    friction = space.names.index("drive.elbow.output_coulomb")
    mean[friction] = low[friction]
    belief = around(mean, 0.1)
    made = calibration_of(arm.reference, space, belief, serial="arm-1", logs=logs)
    found = Calibration.load(made.save(tmp_path))
    assert found.id == made.id and found.record == made.record
    assert found.values() == pytest.approx(space.values(mean), rel=1e-12)
    assert space.point(found.values()) == pytest.approx(mean, abs=1e-9)
    lineage = found.record.lineage
    assert lineage.parent == arm.reference.id and lineage.study == arm.reference.record.lineage.study
    assert {(log.log_id, log.split) for log in lineage.logs} == {(log.log_id, "train") for log in logs}
    assert (found.record.serial, found.record.robot) == ("arm-1", arm.reference.record.robot)
    assert found.record.synthetic and found.record.simulation == arm.reference.record.simulation
    flagged = [name for name, one in found.parameters.items() if one.at_bound]
    assert flagged == ["drive.elbow.output_coulomb"]
    delay = found.parameters["drive.shoulder.delay"]
    half = 1.96 * 0.1 * 5e-3
    assert delay.interval_95 == pytest.approx((delay.value - half, delay.value + half))


def test_what_nobody_knows_is_called_so_and_what_stayed_stays(arm, logs):
    space, own = arm.space, arm.reference.parameters
    wide = np.where(np.array(space.names) == "drive.elbow.armature", 50.0, 0.1)
    made = calibration_of(
        arm.reference, space, around(np.zeros(len(space)), wide), serial="arm-1", logs=logs, parent="a" * 12
    )
    assert not made.parameters["drive.elbow.armature"].identifiable
    assert made.parameters["drive.elbow.delay"].identifiable
    assert made.parameters["drive.elbow.position_gain"] == own["drive.elbow.position_gain"]  # held, not found
    assert made.record.lineage.parent == "a" * 12
    moved = np.where(np.array(space.names) == "drive.elbow.position_gain", 1.0, 0.0)
    moved = calibration_of(arm.reference, space, around(moved, 0.1), serial="arm-1", logs=logs)
    assert moved.values()["drive.elbow.position_gain"] == pytest.approx(5.0 * 1.15)
    belief = around(np.zeros(len(space)), wide)
    again = calibration_of(arm.reference, space, belief, serial="arm-1", logs=logs[::-1], parent="a" * 12)
    assert again.id == made.id
