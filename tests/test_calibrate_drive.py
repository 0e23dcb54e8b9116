"""Drives that push, identified along measured motion: planted truth, residuals, the simulator, bad input."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from hybridsim import HybridSim
from hybridsim.actuators import offered
from hybridsim.calibrate import calibrate
from hybridsim.calibrate.drive import require_pushing
from hybridsim.calibration import Calibration
from hybridsim.cli.main import run
from hybridsim.errors import LogError, StudyError
from hybridsim.evaluate_drive import predicted_efforts
from hybridsim.log import LogStore, Signal, log_of
from hybridsim.resources import find
from hybridsim.robot import load_robot
from hybridsim.simulator.along import along_of
from hybridsim.simulator.push import push
from hybridsim.simulator.pushed import offered_readings
from hybridsim.study import load_study, parse_study
from tests.leg import STEP, TRUTH, draft, leg, store

STUDY = """
schema = 1
robot = "leg"
scored_signals = ["joint_effort"]
[drive]
{drive}
[split]
test = [{test}]
validation_fraction = 0.34
[simulation]
physics_timestep_s = 0.0025
rate_hz = 50.0
[identify]
trials = 120
restarts = 1
polish_iterations = 15
[learn]
enabled = {learn}
members = 1
hidden = [8]
epochs = 4
folds = 3
sample_period_s = 0.005
history_s = [0.0, 0.01]
"""
BOUNDS = {
    "delay": ("s", 0.0, 0.05, 0.005, "linear"),
    "position_gain": ("1/rad", 0.3, 4.0, 1.0, "log"),
    "velocity_gain": ("s/rad", 0.0, 0.1, 0.03, "linear"),
    "motor_lag": ("s", 0.0, 0.06, 0.01, "linear"),
    "motor_coulomb": ("N*m", 0.0, 6.0, 0.5, "linear"),
    "motor_viscous": ("N*m*s/rad", 0.0, 5.0, 0.3, "linear"),
    "stiffness": ("N*m/rad", 150.0, 2500.0, 900.0, "log"),
    "armature": ("kg*m^2", 0.01, 0.3, 0.06, "log"),
    "back_emf": ("N*m*s/rad", 0.0, 5.0, 2.0, "linear"),
}
RULE = """
[[parameter]]
name = "{name}"
unit = "{unit}"
low = {low}
high = {high}
value = {value}
scale = "{scale}"
identify = {identify}
"""


def rule(name, unit, low, high, value, scale, identify="true"):
    return RULE.format(**locals())


def study(names, learn="false", drive="", test="", extra=""):
    rules = "".join(rule(f"drive.*.{name}", *BOUNDS[name]) for name in names)
    return STUDY.format(learn=learn, drive=drive, test=test) + rules + extra


def made(folder, names, *, seeds=(0, 1, 2, 3, 4), joints=("hip",), **kinds):
    words = {key: kinds.pop(key) for key in ("learn", "drive", "test", "extra") if key in kinds}
    kinds["extra"] = kinds.pop("extra_effort", None)
    robot = leg(folder / "leg", joints)
    (folder / "study.toml").write_text(study(names, **words))
    logs = store(folder / "logs", robot, seeds, **kinds)
    return calibrate(folder / "study.toml", [logs], engine="serial")


OFFSET_RULE = rule("reading.*.effort_offset", "N*m", -2.0, 2.0, 0.0, "linear")


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Everything planted is searched, and a back-EMF that no log reaches the limits of."""
    folder = tmp_path_factory.mktemp("known")
    return Calibration.load(made(folder, list(BOUNDS), extra=OFFSET_RULE, offset=0.3))


def test_planted_drives_come_back_and_their_intervals_hold_them(known):
    inside = []
    for name, true in TRUTH.items():
        found = known.parameters[f"drive.hip.{name}"]
        assert found.value == pytest.approx(true, rel=0.1), name
        assert found.identifiable and not found.at_bound and found.interval_95 is not None
        inside.append(found.interval_95[0] <= true <= found.interval_95[1])
    assert np.mean(inside) >= 0.75, inside
    reading = known.parameters["reading.hip.effort_offset"]
    assert reading.value == pytest.approx(0.3, abs=0.05) and reading.identifiable


def test_what_no_log_tells_stays_at_its_prior_and_says_so(known):
    limit = known.parameters["drive.hip.back_emf"]
    assert not limit.identifiable and limit.interval_95 is None and limit.value == 2.0
    assert "the logs do not tell it" in limit.source


def test_a_drive_without_a_spring_shows_no_friction(tmp_path):
    rigid = {name: TRUTH[name] for name in ("delay", "position_gain", "velocity_gain", "motor_lag")}
    found = Calibration.load(made(tmp_path, [*rigid, "motor_coulomb"], seeds=(0, 1, 2), truth=rigid))
    assert found.parameters["drive.hip.position_gain"].value == pytest.approx(
        TRUTH["position_gain"], rel=0.03
    )
    friction = found.parameters["drive.hip.motor_coulomb"]
    assert not friction.identifiable and "the logs do not tell it" in friction.source


def test_a_value_on_its_bound_is_flagged(tmp_path):
    low = rule("drive.*.motor_lag", "s", 0.0, 0.012, 0.005, "linear")
    others = [name for name in TRUTH if name != "motor_lag"]
    found = Calibration.load(made(tmp_path, others, seeds=(0, 1, 2), extra=low))
    lag = found.parameters["drive.hip.motor_lag"]
    assert lag.at_bound and lag.value == pytest.approx(0.012, abs=1e-4)


def test_commands_stamped_a_sample_later_shorten_the_delay_by_a_sample(tmp_path):
    delays = []
    held = "".join(
        rule(f"drive.*.{n}", *BOUNDS[n][:3], TRUTH[n], BOUNDS[n][4], "false") for n in TRUTH if n != "delay"
    )
    for late in (0, 1):
        folder = made(tmp_path / str(late), ["delay"], seeds=(0, 1, 2), extra=held, late=late)
        delays.append(Calibration.load(folder).values()["drive.hip.delay"])
    assert delays[0] == pytest.approx(TRUTH["delay"], abs=2e-4)
    assert delays[0] - delays[1] == pytest.approx(STEP, abs=1e-4)


def cogging(angle, speed):
    """Effort that no parameter of a drive explains [N*m]."""
    return 2.5 * np.sin(4.0 * angle)


@pytest.fixture(scope="module")
def cogged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cogged")
    kinds = {"seeds": range(8), "seconds": 6.0, "noise": 0.05, "extra_effort": cogging}
    return made(folder, TRUTH, learn="true", test='"log 6", "log 7"', joints=("hip", "knee"), **kinds)


def error(scores, variant):
    return scores["variants"][variant]["signals"]["joint_effort"]["mae_mean"]


def test_a_residual_is_learned_where_there_is_one_and_helps_on_logs_held_out(cogged):
    found = Calibration.load(cogged)
    scores = found.scores()
    assert scores is not None
    assert all(gate.ships for gate in found.record.gates.values())
    assert {gate.unit for gate in found.record.gates.values()} == {"N*m"}
    assert error(scores, "hybrid") < 0.5 * error(scores, "identified")
    assert error(scores, "identified") < 0.8 * error(scores, "delayed") < 0.8 * error(scores, "nominal")
    covered = scores["variants"]["hybrid"]["coverage_90"]["joint_effort"]
    assert all(0.8 < share < 0.98 for share in covered.values()), covered
    assert not any("in-sample" in note for note in scores["notes"])


def test_no_residual_ships_where_there_is_nothing_to_learn(tmp_path):
    found = Calibration.load(made(tmp_path, TRUTH, learn="true", seeds=range(6), seconds=5.0))
    assert not found.networks and not any(gate.ships for gate in found.record.gates.values())
    scores = found.scores()
    assert scores is not None and error(scores, "hybrid") == error(scores, "identified")


def test_the_simulator_gives_the_efforts_that_were_scored(cogged, tmp_path):
    calibration, robot = Calibration.load(cogged), leg(tmp_path / "leg", ("hip", "knee"))
    log = along_of(log_of(draft(robot, 11, seconds=3.0)), robot, STEP)
    predicted, run, _ = predicted_efforts(calibration, robot, log)
    with HybridSim.load(calibration, robot=robot.folder) as sim:
        sim.reset(log.angle[0])
        sim.set_inputs(gain=log.gain[:1], voltage=log.voltage[:1])
        seen = np.array([driven(sim, log, k) for k in range(len(log.time_s))])
    offset = predicted["identified"] - run.effort
    assert np.abs(seen - (predicted["hybrid"] - offset)).max() < 1e-6
    assert np.abs(predicted["hybrid"] - predicted["identified"]).max() > 0.5


def driven(sim, log, k):
    """What a world's joint_effort is after step k, its joints put where the log has them [N*m]."""
    stepping, body = sim.stepping, sim.body
    body.joint_position[:], body.joint_velocity[:] = log.angle[k], log.speed[k]
    push(
        stepping.drives.arrays,
        (stepping.drives.effort, stepping.drives.friction),
        stepping.correction.recall,
        stepping.mounting,
        (body.joint_position, body.joint_velocity, np.zeros((1, 2)), np.zeros((1, 2))),
        log.command[k][None],
        np.ones(1, np.bool_),
        STEP,
    )
    return sim.observe()["joint_effort"][0]


def test_scores_have_the_agreed_shape_and_words_fit(cogged, tmp_path, repository, capsys):
    file, page = tmp_path / "scores.json", tmp_path / "report.html"
    words = ["evaluate", str(cogged), "--logs", str(cogged.parent / "logs"), "--robot"]
    words += [str(cogged.parent / "leg"), "--json", str(file), "--report", str(page)]
    assert run(words) == 0
    assert "joint_effort, mean absolute error: nominal" in capsys.readouterr().out
    data = json.loads(file.read_text())
    assert data["protocol"]["replay"].startswith("along the measured motion")
    assert list(data["variants"]) == ["nominal", "delayed", "identified", "hybrid"]
    assert any("in-sample" in note and "6 of 8" in note for note in data["notes"])
    assert "ideal drives of robot.toml" in page.read_text()
    assert "Drives along the measured motion" in (cogged / "card.md").read_text()
    checker = repository.parent / "shared" / "check_scores.py"
    if checker.is_file():
        done = subprocess.run([sys.executable, checker, file], capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if "may be absent" not in line]
        assert not [line for line in lines if "agreed shape" not in line], done.stdout


def test_the_study_for_the_stand_in_names_what_anymal_has():
    plan = load_study(find("calibration", "anymal_c_standin")).quick()
    robot = load_robot(plan.robot_path)
    require_pushing(plan, robot)
    selection = plan.resolve([*offered(robot), *offered_readings(robot)])
    assert len(selection.space) == 12 * 12
    assert {selection.values(np.full(144, 0.5))[f"drive.{d.joint}.effort_limit"] for d in robot.drives} == {
        80.0
    }


def test_what_does_not_go_together_is_refused():
    for text, message in (
        ('scored_signals = ["joint_position"]\n[drive]', r"with \[drive\] expected \['joint_effort'\]"),
        ('scored_signals = ["joint_effort"]\n[drive]\n[effort]\nblocks = 3', "'effort' has no use beside"),
        ('scored_signals = ["joint_effort"]\n[drive]\nhertz = 3', "known keys: motion_hz"),
        ('scored_signals = ["joint_effort"]\n[drive]\n[identify]\nrefit = true', "without identify.refit"),
    ):
        with pytest.raises(StudyError, match=message):
            parse_study(f'schema = 1\nrobot = "so101"\n{text}')


def test_bad_input_costs_one_line(tmp_path, capsys):
    robot = leg(tmp_path / "leg", ("hip",))
    logs = store(tmp_path / "logs", robot, (0, 1, 2), seconds=1.0)
    deaf, other = LogStore(tmp_path / "deaf"), LogStore(tmp_path / "other")
    for seed in (0, 1, 2):
        made_log = draft(robot, seed, seconds=1.0)
        del made_log.signals["joint_effort"]
        deaf.add(made_log)
        other.add(replace(draft(robot, seed, seconds=1.0), robot="stranger"))
    right, carried, rigid = (tmp_path / name for name in ("study.toml", "carried.toml", "rigid.toml"))
    right.write_text(study(["delay"]))
    carried.write_text(study(["delay"]).replace('"leg"', '"so101"'))
    rigid.write_text(study(["delay"]) + rule("link.*.mass", "kg", 0.5, 4.0, 2.0, "log"))
    for file, where, said in (
        (right, tmp_path / "deaf", "no signal 'joint_effort'"),
        (right, tmp_path / "other", "stranger"),
        (carried, logs, "expected drives that push"),
        (rigid, logs, "nothing along the measured motion tells it"),
    ):
        assert run(["calibrate", str(file), "--logs", str(where), "--out", str(tmp_path / "out")]) == 1
        message = capsys.readouterr().err.strip()
        assert said in message and "\n" not in message and "Traceback" not in message


def test_holes_in_the_motion_are_not_evidence(tmp_path):
    robot = leg(tmp_path / "leg", ("hip",))
    holed = draft(robot, 0, seconds=2.0)
    kept = np.r_[0:300, 380:800]
    signal = holed.signals["joint_position"]
    position = Signal("joint_position", "rad", ("hip",), signal.stamp_ns[kept], signal.values[kept])
    holed.signals["joint_position"] = position
    log = along_of(log_of(holed), robot, STEP)
    missing = np.isnan(log.effort[:, 0])
    assert missing[log.time_s < 0].all()  # what is held before the log is none either
    rows = np.flatnonzero(missing[log.time_s >= 0.0])
    assert rows[0] in (299, 300) and rows[-1] == 379 and len(rows) == 380 - rows[0]
    assert np.isfinite(log.angle).all()
    with pytest.raises(LogError, match="share 0 s"):
        late = draft(robot, 0, seconds=0.5)
        sent = late.signals["joint_position_command"]
        moved = Signal(sent.name, "rad", ("hip",), sent.stamp_ns + 10**9, sent.values)
        late.signals["joint_position_command"] = moved
        along_of(log_of(late), robot, STEP)
