"""An IMU is calibrated from a store, scored, stored and put into the simulator (synthetic recordings)."""

import json
import shutil

import numpy as np
import pytest

from hybridsim.calibrate.chain import calibrate
from hybridsim.calibration import Calibration
from hybridsim.errors import CalibrationError, StudyError
from hybridsim.evaluate import evaluate
from hybridsim.evaluate_sensor import sensor_model
from hybridsim.log import LogDraft, LogStore
from hybridsim.simulator import HybridSim
from tests.sensing.logs import draft_of
from tests.sensing.made import planted, recorded
from tests.sensing.test_resting import GYRO_WHITE, SCALE
from tests.sensing.test_resting import recorded as lying

TRUTH = planted(11)
STUDY = """
schema = 1
robot = "imu_broad"
scored_signals = ["imu_angular_velocity", "imu_linear_acceleration"]
[split]
validation = ["log 2", "log 3", "log 4"]
test = ["log 5"]
[sensor]
mounting = "mounting"
gravity_m_s2 = 9.81
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imu")
    store = LogStore(folder / "logs")
    for k in range(6):
        store.add(draft_of(recorded(TRUTH, 110 + k, f"log {k}")))
    (folder / "study.toml").write_text(STUDY)
    found = calibrate(
        folder / "study.toml", [folder / "logs"], out=folder / "out", engine="serial", synthetic=True
    )
    return folder, Calibration.load(found)


def test_planted_errors_are_in_the_calibration_with_intervals(made):
    parameters = made[1].parameters
    for i, row in enumerate("xyz"):
        found = parameters[f"sensor.imu.gyro_map_{row}{row}"]
        assert found.value == pytest.approx(TRUTH.gyro_map[i, i], abs=5e-4)
        low, high = found.interval_95
        assert low < found.value < high
        assert parameters[f"sensor.imu.lever_{row}"].value == pytest.approx(TRUTH.lever[i], abs=2e-3)
    assert parameters["sensor.imu.gyro_delay"].value == pytest.approx(TRUTH.gyro_delay, abs=1e-4)
    assert not parameters["sensor.imu.gyro_walk_x"].identifiable
    assert made[1].record.synthetic


def test_it_is_scored_on_the_test_log_in_the_shape_that_scripts_read(made):
    scores = made[1].scores()
    assert set(scores["variants"]) == {"nominal", "identified", "hybrid"}
    hybrid, nominal = (
        scores["variants"][v]["signals"]["imu_angular_velocity"] for v in ("hybrid", "nominal")
    )
    assert hybrid["mae_mean"] < nominal["mae_mean"]
    assert scores["sensor"]["turn_30_s"]["ratio"] < 0.5
    assert len(scores["variants"]["hybrid"]["logs"]) == 1
    assert (made[0] / "out" / made[1].id / "card.md").read_text().count("Pure integration over 30 s") == 1


def test_other_logs_are_read_in_frames_of_their_own_mounting(made, tmp_path):
    calibration = made[1]
    store = LogStore(tmp_path / "other")
    for k in range(3):
        store.add(draft_of(recorded(planted(12), 120 + k, f"other {k}", mounting="9")))
    page = tmp_path / "page.html"
    found = evaluate(calibration.folder, [tmp_path / "other"], engine="serial", report_file=page).scores
    assert "3 logs fitted on the other logs of the same mounting" in found["protocol"]["replay"]
    assert found["sensor"]["turn_30_s"]["ratio"] < 0.5  # another sensor's errors, found on its other logs
    text = page.read_text(encoding="utf-8")
    for title in ("Allan deviation at rest", "Spectrum in motion", "Where readings lie", "Worst log: other"):
        assert title in text
    assert np.array(found["sensor"]["curves"]["ranks"]["rest"]) == pytest.approx(
        np.full((6, 20), 0.05), abs=0.03
    )


def test_the_model_comes_back_with_the_calibration(made):
    name, model = sensor_model(made[1])
    assert name == "imu"
    assert set(model.frames) == {"any", "0"}
    assert model.frames["0"].rate == pytest.approx(np.linalg.inv(TRUTH.gyro_map), abs=5e-4)


def test_the_simulator_reads_with_what_was_found(made):
    sim = HybridSim.load(made[1], worlds=2, sensor_seed=3)
    seen = np.array([sim.step()["imu_angular_velocity"] for _ in range(400)])
    sim.close()
    assert seen[:, 0].std(axis=0) == pytest.approx(np.full(3, TRUTH.gyro_white), rel=0.2)
    assert (seen[:, 0] != seen[:, 1]).any()
    assert seen[:, 0].mean(axis=0) == pytest.approx(TRUTH.gyro_bias, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('mounting = "mounting"', 'name = "gyro"'), "imu_broad has no IMU 'gyro'; it has imu"),
        (('"imu_angular_velocity", ', ""), "together, in a study of their own"),
        (("gravity_m_s2 = 9.81", "gravity_m_s2 = 1.0"), "sensor.gravity_m_s2"),
    ],
)
def test_a_study_that_cannot_be_is_one_line(made, tmp_path, change, said):
    (tmp_path / "study.toml").write_text(STUDY.replace(*change))
    with pytest.raises(StudyError) as error:
        calibrate(tmp_path / "study.toml", [made[0] / "logs"], out=tmp_path / "out", engine="serial")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_altered_table_is_refused(made, tmp_path):
    folder = tmp_path / made[1].id
    shutil.copytree(made[1].folder, folder)
    weights = folder / "sensor-imu.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(CalibrationError, match="sha256 is"):
        Calibration.load(folder)
    assert json.loads((folder / "calibration.json").read_text())["tables"][0]["name"] == "sensor.imu"


def test_a_log_in_g_is_left_out_by_name(made, tmp_path):
    good = recorded(TRUTH, 113, "good")
    store = LogStore(tmp_path / "logs")
    store.add(draft_of(good))
    bad = draft_of(recorded(TRUTH, 114, "bad"), acc=recorded(TRUTH, 114).acc / 9.81)
    assert isinstance(bad, LogDraft)
    store.add(bad)
    notes = evaluate(made[1].folder, [tmp_path / "logs"], engine="serial").scores["notes"]
    assert any(note.startswith("log bad: ") and "looks like g" in note for note in notes)


def untracked(folder, count=11):
    """Logs of a sensor that lay in as many orientations as there were rests; nobody tracked it."""
    store = LogStore(folder)
    for seed in range(count):
        draft = draft_of(lying(seed))
        store.add(draft.with_signals({n: s for n, s in draft.signals.items() if n.startswith("imu_")}))
    return folder


RESTS = STUDY.replace('mounting = "mounting"', 'truth = "rest"').replace(
    'validation = ["log 2", "log 3", "log 4"]\ntest = ["log 5"]', 'test = ["log 10"]'
)


def test_a_sensor_that_nobody_tracked_is_calibrated_by_its_rests(tmp_path):
    logs = untracked(tmp_path / "logs")
    (tmp_path / "study.toml").write_text(RESTS)
    folder = calibrate(tmp_path / "study.toml", [logs], out=tmp_path / "out", engine="serial", synthetic=True)
    found = Calibration.load(folder)
    for axis, scale in zip("xyz", SCALE, strict=True):
        parameter = found.parameters[f"sensor.imu.acc_map_{axis}{axis}"]
        assert parameter.value == pytest.approx(scale, abs=1e-3) and parameter.identifiable
        assert found.parameters[f"sensor.imu.gyro_white_{axis}"].value == pytest.approx(GYRO_WHITE, rel=0.05)
    assert found.parameters["sensor.imu.acc_map_xy"].value == 0.0  # rests tell no misalignment
    scores = found.scores()
    assert scores["sensor"]["coverage_90"]["rest"]["pooled"] == pytest.approx([0.9] * 6, abs=0.04)
    assert scores["sensor"]["turn_30_s"]["ratio"] is None
    assert "against its rests" in (folder / "card.md").read_text()
    page = tmp_path / "page.html"
    evaluate(folder, [logs], engine="serial", report_file=page)
    drawn = page.read_text(encoding="utf-8")
    assert "Allan deviation at rest" in drawn and "Error by motion" not in drawn
    with HybridSim.load(found, sensor_seed=1) as sim:
        seen = np.array([sim.step()["imu_angular_velocity"][0] for _ in range(400)])
    assert seen.std(axis=0) == pytest.approx([GYRO_WHITE] * 3, rel=0.2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('truth = "rest"', 'truth = "rest"\nmounting = "m"'), "'mounting' is for truth = 'pose'"),
        (("[sensor]", "[learn]\nepochs = 1\n[sensor]"), "'learn' has no use where rests are the truth"),
    ],
)
def test_a_study_of_rests_has_no_frame_and_nothing_to_learn(tmp_path, change, said):
    (tmp_path / "study.toml").write_text(RESTS.replace(*change))
    with pytest.raises(StudyError, match=said):
        calibrate(tmp_path / "study.toml", [tmp_path], out=tmp_path / "out", engine="serial")
