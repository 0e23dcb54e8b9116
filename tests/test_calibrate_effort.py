"""Another arm by configuration alone: seven joints, currents, several logs; then its calibration in use."""

import json
import subprocess
import sys

import numpy as np
import pytest

from hybridsim import HybridSim
from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.cli.main import run
from hybridsim.effort.inertia import TEN, is_physical
from hybridsim.effort.model import model_of
from hybridsim.effort.motion import motion_of
from hybridsim.errors import StudyError
from hybridsim.evaluate import evaluate
from hybridsim.robot import load_robot
from hybridsim.simulator.body import body_of
from hybridsim.study import parse_study
from tests.effort.planted import Planted

STUDY = """
schema = 1
robot = "planted"
scored_signals = ["{signal}"]

[split]
{split}

[effort]
velocity = ["measured"]
acceleration_hz = [10.0]
bandwidth_hz = [0.0, 4.0]
bandwidth_order = [2]
sliding_speed = [0.02]
saturating_speed = [0.0]
presliding_angle = [0.0]
stribeck_speed = [0.0]
load_friction = [0]
prior_sigma = [1.0]
blocks = 4

[learn]
epochs = {epochs}
members = 1
hidden = [8]
enabled = {learn}

[blackbox]
enabled = {learn}
epochs = 1
hidden = 8
"""
BY_LOG = 'test = ["trajectory 9"]\nvalidation = ["trajectory 2"]'


def made(
    folder, *, signal="motor_current", split=BY_LOG, learn="false", stated=True, joints=7, seeds=(0, 1, 2, 9)
):
    planted = Planted(folder / "planted", joints=joints, stated=stated)
    (folder / "study.toml").write_text(STUDY.format(signal=signal, split=split, learn=learn, epochs=1))
    store = planted.store(folder / "logs", seeds, signal=signal, noise=0.01)
    return planted, calibrate(folder / "study.toml", [store], engine="serial", synthetic=True)


@pytest.fixture(scope="module")
def arm(tmp_path_factory):
    return made(tmp_path_factory.mktemp("arm"))


def torque_error(planted, calibration, seed=9):
    """Error of the torques that a calibration says, over those planted, per joint."""
    robot = load_robot(planted.folder)
    model = model_of(robot, calibration.values())
    motion = motion_of(planted.log(seed, "motor_current", noise=0.0), robot, "motor_current")
    current, _ = model.predict(motion)
    truth = planted.motion(seed)["torque"] + planted.offset * planted.constants
    return np.sqrt(np.mean((current * planted.constants - truth) ** 2, 0)) / truth.std(0)


def test_planted_torques_come_back_from_currents(arm):
    planted, folder = arm
    calibration = Calibration.load(folder)
    # 1 % noise on the currents; the rest is what a derivative through a 10 Hz filter costs.
    assert torque_error(planted, calibration).max() < 0.02
    values = calibration.values()
    model = model_of(load_robot(planted.folder), values)
    assert is_physical(model.theta.reshape(-1, TEN)).all()
    for j in range(7):
        assert values[f"drive.axis_{j}.output_coulomb"] == pytest.approx(planted.coulomb[j], rel=0.1)
        gain = calibration.parameters[f"motor_current.axis_{j}.gain"]
        assert gain.value == pytest.approx(1 / planted.constants[j]) and "torque_constant" in gain.source


def test_scores_have_the_agreed_shape_and_say_what_they_are(arm, tmp_path, repository):
    planted, folder = arm
    scores, report = tmp_path / "scores.json", tmp_path / "report.html"
    store = folder.parent / "logs"
    found = evaluate(folder, [store], robot=planted.folder, json_file=scores, report_file=report)
    data = json.loads(scores.read_text())
    signal = data["variants"]["identified"]["signals"]["motor_current"]
    assert signal["unit"] == "A" and len(signal["rmse"]) == 7
    relative = signal["relative"]
    low, high = relative["mean_interval_95"]
    assert low <= relative["mean"] <= high < 0.03
    by_hand = np.array(relative["rmse_over_spread"])
    assert relative["mean"] == pytest.approx(by_hand.mean())
    assert data["variants"]["nominal"]["signals"]["motor_current"]["relative"]["mean"] > 0.2
    assert data["protocol"]["replay"].startswith("inverse")
    assert any("in-sample" in note and "3 of 4" in note for note in data["notes"])
    assert "rmse over its spread, mean of joints: nominal" in str(found)
    page = report.read_text()
    assert "predicted from the measured motion alone" in page and "from the commands alone" not in page
    checker = repository.parent / "shared" / "check_scores.py"
    if checker.is_file():
        done = subprocess.run([sys.executable, checker, scores], capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if "may be absent" not in line]
        assert not [line for line in lines if "agreed shape" not in line], done.stdout


def test_card_speaks_of_efforts(arm):
    _, folder = arm
    card = (folder / "card.md").read_text()
    assert "From the measured motion" in card and "Root mean square error over" in card
    assert "axis\\_6" in card or "axis_6" in card


def test_currents_without_a_torque_constant_say_that_only_products_are_known(tmp_path):
    planted, folder = made(tmp_path, stated=False, joints=3)
    calibration = Calibration.load(folder)
    assert torque_error(planted, calibration).max() < 0.02  # the product is right all the same
    for j in range(3):
        gain = calibration.parameters[f"motor_current.axis_{j}.gain"]
        assert gain.value > 0 and not gain.identifiable and gain.interval_95 is None
    for link in ("l1", "l2"):
        mass = calibration.parameters[f"link.{link}.mass"]
        assert not mass.identifiable and mass.interval_95 is None
    friction = calibration.parameters["drive.axis_1.output_coulomb"]  # in N*m, which no current tells
    assert not friction.identifiable and friction.interval_95 is None


def test_one_recording_divided_by_time_is_scored_on_its_tail_alone(tmp_path):
    split = 'by = "time"\ntest_fraction = 0.3\nvalidation_fraction = 0.2\ngap_s = 0.3'
    planted, folder = made(tmp_path, signal="joint_effort", split=split, joints=2, seeds=(4,), learn="true")
    calibration = Calibration.load(folder)
    sides = {entry.split: entry.log_id.split("@")[1] for entry in calibration.record.lineage.logs}
    assert sides == {"train": "0.000-10.900s", "validation": "11.200-13.700s", "test": "14.000-20.000s"}
    scores = calibration.scores()
    assert scores is not None
    (log_id,) = scores["variants"]["identified"]["logs"]
    assert log_id.endswith("@14.000-20.000s") and log_id not in calibration.record.lineage.fitted_on
    assert scores["protocol"]["signals"]["joint_effort"]["samples"] == [600, 600]
    assert set(scores["variants"]) == {"nominal", "identified", "hybrid", "blackbox"}
    assert scores["variants"]["identified"]["signals"]["joint_effort"]["relative"]["mean"] < 0.04
    again = evaluate(folder, [tmp_path / "logs"], robot=planted.folder).scores
    assert again["variants"]["hybrid"] == scores["variants"]["hybrid"]


def test_the_simulator_carries_what_was_identified(arm):
    planted, folder = arm
    robot, calibration = load_robot(planted.folder), Calibration.load(folder)
    model = model_of(robot, calibration.values())
    body = body_of(robot, calibration.values(), {})
    for n, link in enumerate(model.arm.links):
        assert body.link(link).mass == pytest.approx(model.theta[10 * n])
    with HybridSim.load(calibration, robot=planted.folder, variant="identified") as sim:
        start = sim.reset(0.1)
        held = sim.step(sim.load_effort)  # the torque that gravity asks for
        assert all(np.isfinite(value).all() for value in held.values()), start


def test_what_does_not_go_together_is_refused(tmp_path):
    for text, message in (
        ('scored_signals = ["joint_effort", "joint_position"]', "expected it alone"),
        (
            'scored_signals = ["joint_position"]\n[split]\nby = "time"\ntest_fraction = 0.3',
            "split.by = 'time'",
        ),
        ('scored_signals = ["joint_position"]\n[effort]\nblocks = 3', r"\[effort\] and"),
        ('scored_signals = ["joint_effort"]\n[effort]\nload_friction = [2]', "expected 0 .* or 1"),
        ('scored_signals = ["joint_effort"]\n[split]\nby = "time"', "needs a test_fraction"),
    ):
        with pytest.raises(StudyError, match=message):
            parse_study(f'schema = 1\nrobot = "so101"\n{text}')


def test_the_command_line_does_all_of_it(tmp_path, capsys):
    planted = Planted(tmp_path / "planted", joints=2)
    (tmp_path / "study.toml").write_text(
        STUDY.format(signal="joint_effort", split=BY_LOG, learn="false", epochs=1)
    )
    store = planted.store(tmp_path / "logs", (0, 1, 2, 9))
    assert run(["calibrate", str(tmp_path / "study.toml"), "--logs", str(store), "--engine", "serial"]) == 0
    folder = capsys.readouterr().out.strip().splitlines()[-1]
    assert run(["evaluate", folder, "--logs", str(store), "--robot", str(planted.folder)]) == 0
    assert "joint_effort, rmse over its spread" in capsys.readouterr().out
