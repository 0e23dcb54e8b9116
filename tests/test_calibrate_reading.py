"""Sensors in a drive are calibrated against a calibration's replay, scored, and put into the simulator.

The logs are synthetic: a known drive swings a mass, and its encoder and duty are read by planted sensors.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibrate import calibrate
from hybridsim.calibrate.work import kept_split
from hybridsim.calibration import Calibration, Findings, Lineage, LoggedEvidence, SimulationSettings
from hybridsim.calibration.locate import available
from hybridsim.errors import LogError, StudyError
from hybridsim.evaluate import evaluate
from hybridsim.identify.problem import WORLD
from hybridsim.log import Constant, LogDraft, LogStore, Signal
from hybridsim.replay.engine import replay_logs
from hybridsim.replay.variants import CalibratedSimulator
from hybridsim.robot import load_robot
from hybridsim.sensing.along import logged, readings
from hybridsim.simulator import HybridSim
from hybridsim.simulator.body import offered_inertials
from tests.identify.bench import HELD, STEP, TRUTH, swings
from tests.tiny import START_NS

ROBOT = "xl330_pendulum"
COUNT, RATE_COUNT = 2 * np.pi / 4096, 0.0767
PLANTED = {
    "sensor.encoder_pendulum.resolution": COUNT,
    "sensor.encoder_pendulum.velocity_window": 6.0,
    "sensor.encoder_pendulum.velocity_resolution": RATE_COUNT,
    "sensor.encoder_pendulum.rate": 1.0 / STEP,
    "sensor.pendulum_duty.gain": 0.8,
    "sensor.pendulum_duty.bias": 0.03,
    "sensor.pendulum_duty.delay": 0.02,
}
NOISE = 0.01
STUDY = f"""
schema = 1
robot = "{ROBOT}"
scored_signals = ["joint_velocity", "motor_duty"]
[split]
validation_fraction = 0.25
test_fraction = 0.25
[sensor]
truth = "replay"
calibration = "PARENT"
[learn]
enabled = false
"""


def parent(**lineage):
    """A calibration of the drive as it is."""
    robot = load_robot(ROBOT)
    parameters = [*offered(robot), *offered_inertials(robot), *WORLD]
    values = {f"drive.pendulum.{name}": value for name, value in {**HELD, **TRUTH}.items()}
    text = "planted"
    origin = Lineage(
        **{"logs": (), "code_version": "0", "seed": 0, "study": text, **lineage},
        study_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    found = Findings(
        robot=ROBOT,
        serial="synthetic",
        synthetic=True,
        simulation=SimulationSettings(physics_timestep_s=STEP),
        parameters=[p.model_copy(update={"value": values.get(p.name, p.value)}) for p in parameters],
        lineage=origin,
    )
    return Calibration.create(found)


def drafts(count=8, seconds=2.5, grows=0.0):
    """Swings as a robot with the planted sensors would have logged them."""
    robot, known = load_robot(ROBOT), parent()
    simulator = CalibratedSimulator(calibration=known, variant="identified", robot=ROBOT)
    logs = swings(count, seconds, off=False)
    runs = replay_logs(simulator, logs)
    values = {**known.values(), **PLANTED}
    sensors = logged(robot, ["joint_velocity", "motor_duty"])
    return [
        _draft(log, run, readings(robot, values, run, sensors), grows)
        for log, run in zip(logs, runs, strict=True)
    ]


def _draft(log, run, read, grows):
    random = np.random.default_rng(int(log.log_id, 16))
    stamps = START_NS + np.round(log.time_s * 1e9).astype(np.int64)
    steps = np.arange(len(run.angle)) * run.timestep
    velocity, duty = (
        np.interp(log.time_s, steps, read[name].reading) for name in ("encoder_pendulum", "pendulum_duty")
    )
    louder = 1.0 + grows * np.abs(run.at("speed", log.time_s)[:, 0])
    noisy = np.round((duty + louder * NOISE * random.normal(size=len(duty))) * 885) / 885
    columns = {
        "joint_position_command": ("rad", log.command[:, 0]),
        "joint_position": ("rad", np.round(run.at("angle", log.time_s)[:, 0] / COUNT) * COUNT),
        "joint_velocity": ("rad/s", np.round(velocity / RATE_COUNT) * RATE_COUNT),
        "motor_duty": ("1", noisy),
    }
    return LogDraft(
        robot=ROBOT,
        serial="synthetic",
        name=log.name,
        signals={
            name: Signal(name, unit, ("pendulum",), stamps, np.asarray(values, float)[:, None])
            for name, (unit, values) in columns.items()
        },
        constants={
            "payload_mass": Constant(value=0.4, unit="kg"),
            "payload_length": Constant(value=0.1, unit="m"),
            "position_gain": Constant(value=1.0, unit="1"),
        },
    )


def changed(draft, name, change):
    """A draft whose signal is another; None leaves it out."""
    signals = {**draft.signals}
    old = signals.pop(name)
    if change is not None:
        stamps, values = change(old.stamp_ns, old.values)
        signals[name] = Signal(name, old.unit, old.components, stamps, values)
    return draft.with_signals(signals)


def store_of(folder, made):
    for draft in made:
        LogStore(folder).add(draft)
    return folder


def study(folder, text=STUDY):
    folder.mkdir(parents=True, exist_ok=True)
    saved = parent().save(folder)
    (folder / "sensors.toml").write_text(text.replace("PARENT", saved.name))
    return folder / "sensors.toml"


@pytest.fixture(scope="module")
def recorded():
    return drafts()


@pytest.fixture(scope="module")
def made(recorded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("readings")
    logs = store_of(folder / "logs", recorded)
    plan = study(folder / "study")
    return folder, Calibration.load(calibrate(plan, [logs], out=folder / "out", engine="serial"))


def test_planted_sensors_are_in_the_calibration(made):
    parameters = made[1].parameters
    for name in ("gain", "bias", "delay"):
        found = parameters[f"sensor.pendulum_duty.{name}"]
        low, high = found.interval_95
        assert low <= PLANTED[f"sensor.pendulum_duty.{name}"] <= high, (name, found.value, low, high)
        assert found.identifiable and not found.at_bound
    assert parameters["sensor.pendulum_duty.white"].value == pytest.approx(NOISE, rel=0.3)
    window = parameters["sensor.encoder_pendulum.velocity_window"]
    assert window.interval_95[0] <= 6.0 <= window.interval_95[1]
    assert parameters["sensor.encoder_pendulum.velocity_resolution"].value == pytest.approx(RATE_COUNT)
    assert not parameters["sensor.encoder_pendulum.play"].identifiable


def test_it_carries_all_that_its_parent_has(made):
    folder, child = made
    old = Calibration.load(folder / "study" / parent().id)
    assert child.record.lineage.parent == old.id
    assert child.record.synthetic
    assert {name: child.parameters[name] for name in old.parameters} == dict(old.parameters)


def test_readings_are_scored_beside_an_ideal_sensors(made):
    scores = made[1].scores()
    for signal in ("joint_velocity", "motor_duty"):
        found = {
            name: v["signals"][signal] for name, v in scores["variants"].items() if signal in v["signals"]
        }
        assert set(found) == {"nominal", "identified", "hybrid", "ideal_sensor"}
        assert found["identified"]["mae_mean"] < 0.5 * found["ideal_sensor"]["mae_mean"]
        assert found["identified"]["relative"]["mean"] < 0.2
        assert scores["variants"]["hybrid"]["coverage_90"][signal]["pendulum"] > 0.8
    card = (made[1].folder / "card.md").read_text()
    assert card.count("## Sensors in drives") == 1
    assert "pendulum_duty: the duty, gain 0.8" in card


def test_positions_are_scored_as_without_sensors(made):
    folder, child = made
    signals = [
        {
            name: variant["signals"]["joint_position"]
            for name, variant in evaluate(one, [folder / "logs"], engine="serial").scores["variants"].items()
            if "joint_position" in variant["signals"]
        }
        for one in (child.folder, folder / "study" / parent().id)
    ]
    assert signals[0] == signals[1]


def test_scores_have_the_agreed_shape(made):
    script = Path(__file__).resolve().parents[2] / "shared" / "check_scores.py"
    if not script.is_file():
        pytest.skip("no ../shared/check_scores.py here")
    done = subprocess.run([sys.executable, script, made[1].folder / "scores.json"], capture_output=True)
    assert done.returncode in (0, 1)
    assert b"wrong" not in done.stdout


def test_the_simulator_reads_with_what_was_found(made):
    with HybridSim.load(
        made[1], sensor_seed=3, constants={"payload_mass": 0.4, "payload_length": 0.1}
    ) as sim:
        seen, true = zip(*((sim.step(np.array([[0.5]])), sim.truth()) for _ in range(90)), strict=True)
    rates = np.array([one["joint_velocity"][0, 0] for one in seen]) / RATE_COUNT
    assert np.allclose(rates, np.round(rates), atol=1e-6)
    read, meant = (np.array([one["motor_duty"][0, 0] for one in each[-40:]]) for each in (seen, true))
    # The truth keeps the gain, which says what is read.
    assert (read - meant).mean() == pytest.approx(0.03, abs=0.01)
    assert (read - meant).std() == pytest.approx(NOISE, rel=0.6)


def test_a_parents_logs_keep_their_sides(recorded, tmp_path):
    store = LogStore(store_of(tmp_path / "logs", recorded[:4]))
    logs = [store.load(log_id) for log_id in store.ids()]
    sides = ("test", "train", "validation")  # the fourth is unknown
    entries = [
        LoggedEvidence(log_id=log.log_id, sha256="a" * 64, name=log.name, split=side)
        for log, side in zip(sorted(logs, key=lambda log: log.log_id), sides, strict=False)
    ]
    split = kept_split(parent(logs=tuple(entries)), logs)
    assert split is not None
    assert [split.side(entry.log_id) for entry in entries] == list(sides)
    assert len([*split.train, *split.validation, *split.test]) == 3
    assert kept_split(parent(), logs) is None


FEW = slice(None, 5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "no signal 'motor_duty'"),
        (lambda t, v: (t, 0.0 * v), "reads 0 1 throughout; expected a live sensor"),
        (lambda t, v: (t[FEW], v[FEW]), "has 5 readings; expected at least 100"),
        (lambda t, v: (t, 885.0 * v), "looks like counts or another unit"),
    ],
)
def test_logs_without_usable_readings_are_one_line(recorded, tmp_path, change, said):
    logs = store_of(tmp_path / "logs", [changed(draft, "motor_duty", change) for draft in recorded])
    plan = study(tmp_path / "study", STUDY.replace('"joint_velocity", ', ""))
    with pytest.raises(LogError) as error:
        calibrate(plan, [logs], out=tmp_path / "out", engine="serial")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_velocities_in_degrees_are_left_out_and_the_rest_is_found(recorded, tmp_path):
    wrong = [changed(draft, "joint_velocity", lambda t, v: (t, 57.3 * v)) for draft in recorded]
    logs, said = store_of(tmp_path / "logs", wrong), []
    folder = calibrate(
        study(tmp_path / "study"),
        [logs],
        out=tmp_path / "out",
        engine="serial",
        progress=lambda _done, _total, what: said.append(what),
    )
    names = Calibration.load(folder).parameters
    assert any("times the rate of its positions; expected rad/s" in line for line in said)
    assert "sensor.pendulum_duty.gain" in names and "sensor.encoder_pendulum.white" not in names


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"motor_duty"]', '"joint_position"]'), "'joint_position' is read by no sensor in a drive"),
        (
            ('"motor_duty"]', '"motor_current"]'),
            "no sensor reads motor_current; its sensors: encoder_pendulum",
        ),
        (('calibration = "PARENT"\n', ""), "expected truth = 'replay' and the calibration"),
        (
            ("[sensor]", "[identify]\ntrials = 9\n[sensor]"),
            "'identify' has no use where sensors are identified",
        ),
        (('"PARENT"', '"so101/ae3b9d07d9c6"'), "is of robot so101; expected one of xl330_pendulum"),
    ],
)
def test_a_study_that_cannot_be_is_one_line(made, tmp_path, change, said):
    assert change[0] in STUDY
    plan = study(tmp_path / "study", STUDY.replace(*change))
    with pytest.raises(StudyError) as error:
        calibrate(plan, [made[0] / "logs"], out=tmp_path / "out", engine="serial")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_page_draws_readings(made, tmp_path):
    page = tmp_path / "page.html"
    evaluate(
        made[1].folder, [made[0] / "logs"], engine="serial", report_file=page, json_file=tmp_path / "s.json"
    )
    text = page.read_text(encoding="utf-8")
    assert "identified drives read by sensors without errors" in text
    assert "motor_duty" in json.loads((tmp_path / "s.json").read_text())["protocol"]["signals"]


@pytest.mark.parametrize("robot", ["so101", "xl330_pendulum", "sts3250_pendulum"])
def test_published_sensors_stand_beside_what_their_parents_found(robot):
    old = Calibration.load(robot)  # `current` says which
    ids = [name.partition("/")[2] for name in available() if name.startswith(f"{robot}/")]
    (new,) = (Calibration.load(f"{robot}/{one}") for one in ids if one != old.id)
    assert new.record.lineage.parent == old.id
    assert {name: new.parameters[name] for name in old.parameters} == dict(old.parameters)
    assert set(old.record.networks) <= set(new.record.networks)
    added_networks = {one.name for one in new.record.networks} - {one.name for one in old.record.networks}
    assert all(name.startswith("sensor_drive_") for name in added_networks)
    added = set(new.parameters) - set(old.parameters)
    assert added and all(name.startswith("sensor.") for name in added)
    sides = {log.log_id: log.split for log in old.record.lineage.logs}
    assert {log.log_id: log.split for log in new.record.lineage.logs} == sides
