"""Networks that a sensor's noise follows: learned from a drive's logs, shipped, scored and in the simulator.

The logs are synthetic: a known drive's duty is read with noise that grows with its speed.
"""

import numpy as np
import pytest

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.errors import StudyError
from hybridsim.simulator import HybridSim
from tests.test_calibrate_reading import STUDY, drafts, parent, store_of, study

LEARN = "hidden = [8]\nmembers = 2\nhistory_s = [0.0, 0.02]\nfolds = 4\nepochs = 15"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """A calibration from logs whose duty is read with noise of 0.01 (1 + 0.3 |speed|)."""
    folder = tmp_path_factory.mktemp("followed")
    plan = study(folder / "study", STUDY.replace("enabled = false", LEARN))
    logs = store_of(folder / "logs", drafts(12, grows=0.3))
    return Calibration.load(calibrate(plan, [logs], out=folder / "out", engine="serial"))


def test_noise_that_follows_the_motion_gets_a_network(followed):
    gates = followed.record.gates
    assert gates["sensor.pendulum_duty.strength"].ships
    assert not gates["sensor.pendulum_duty.shift"].ships
    assert [one.contract.name for one in followed.networks] == ["sensor_drive_strength"]
    assert followed.scores()["variants"]["hybrid"]["coverage_90"]["motor_duty"]["pendulum"] > 0.8
    assert "sensor.pendulum_duty.strength: ships" in (followed.folder / "card.md").read_text()


def test_the_simulators_noise_follows_its_motion(followed):
    # Noise beside the mean over 40 worlds that move alike, at rest and at speed.
    known = {"payload_mass": 0.4, "payload_length": 0.1}
    with HybridSim.load(followed, worlds=40, constants=known) as sim:
        still = np.concatenate([sim.step(np.zeros((1, 1)))["motor_duty"] for _ in range(20)][8:], axis=1)
        sim.reset()
        rows = [(sim.step(np.full((1, 1), 1.5)), sim.truth()["joint_velocity"][0, 0]) for _ in range(20)]
    fast = np.concatenate([seen["motor_duty"] for seen, speed in rows if abs(speed) > 4.0], axis=1)
    assert fast.shape[1] >= 3
    speed = np.mean([abs(s) for _, s in rows if abs(s) > 4.0])
    assert fast.std(axis=0).mean() / still.std(axis=0).mean() == pytest.approx(1.0 + 0.3 * speed, rel=0.35)


def test_networks_of_sensors_are_not_added_twice(followed, tmp_path):
    (tmp_path / "sensors.toml").write_text(STUDY.replace("PARENT", str(followed.folder)))
    with pytest.raises(StudyError, match=f"expected the one that they were added to, {parent().id}"):
        calibrate(tmp_path / "sensors.toml", [tmp_path], out=tmp_path / "out", engine="serial")
