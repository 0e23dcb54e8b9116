"""The real sets: counts, durations and values read off the raw files by hand."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from hybridsim.errors import StudyError
from hybridsim.fetch import load_manifest
from hybridsim.ingest.open import open_logs
from hybridsim.ingest.run import ingest
from hybridsim.log import LogStore
from hybridsim.robot import load_robot
from hybridsim.study import parse_study, split_logs
from hybridsim.study.split import groups_of


@pytest.fixture(scope="module")
def motions(shared_data):
    if not (shared_data / "so101").is_dir():
        pytest.skip("no so101 among the real logs")
    return {log.name: log for log in open_logs([shared_data / "so101"], load_robot("so101"))}


def swings(shared_data, robot, count):
    if not (shared_data / "servo_pendulum").is_dir():
        pytest.skip("no servo_pendulum among the real logs")
    lines = []
    logs = open_logs([shared_data / "servo_pendulum"], load_robot(robot), refused=lines)
    assert len(logs) == count and len(lines) == 12 - count
    assert all("a log of robot" in line for line in lines)
    return {log.name: log for log in logs}


def test_all_forty_motions_come_in_whole(motions):
    assert len(motions) == 40
    entries = [entry for log in motions.values() for entry in log.header.signals.values()]
    assert all(not entry.refused and not entry.duplicates_dropped for entry in entries)
    assert {len(log.signals) for log in motions.values()} == {6}
    # `wc -l` counts 351,938 lines in the 120 files; 80 headers and 40 event files of 4 lines are no rows.
    commands = sum(log.header.signals["joint_position_command"].rows for log in motions.values())
    states = sum(log.header.signals["joint_position"].rows for log in motions.values())
    assert commands + states == 351_938 - 80 - 40 * 4
    assert sum(log.duration_s for log in motions.values()) == pytest.approx(3528, abs=30)


def test_a_motion_holds_the_numbers_of_its_file(motions):
    log = motions["actuator_bandwidth"]
    # control.csv, second line: 7.100985385477543 us, [-0.15, -0.051, 0.548, 0.147, 0.054, 0.455]
    command = log.signal("joint_position_command")
    assert command.stamp_ns[0] == 7101
    assert command.values[0].tolist() == [-0.15, -0.051, 0.548, 0.147, 0.054]
    assert log.signal("gripper_opening_command").values[0, 0] == 0.455
    # state_motor.csv, fifth line: 60224.105953238904 us, jaw 0.4556795797767564 at -0.15339807878856412
    position = log.signal("joint_position")
    assert position.stamp_ns[3] == 60_224_106
    assert position.values[3].tolist() == [
        -0.1418932228794218, 0.009203884727313847, 0.5437961893054598, 0.14266021327336462,
        0.04141748127291231,
    ]  # fmt: skip
    assert log.signal("gripper_opening").values[3, 0] == 0.4556795797767564
    assert log.signal("joint_velocity").column("gripper")[3] == -0.15339807878856412
    assert log.signal("joint_effort_magnitude").column("shoulder_lift")[3] == 0.205326
    # event.csv: 7.1 us to 120340915.5 us
    assert log.duration_s == pytest.approx(120.3409, abs=1e-4)
    assert log.header.signals["joint_position"].rate_hz == pytest.approx(50, abs=0.5)


def test_the_nine_swings_of_the_xl330(shared_data):
    logs = swings(shared_data, "xl330_pendulum", 9)
    assert {log.constant("position_gain") for log in logs.values()} == {100.0, 200.0, 400.0}
    log = logs["2026-01-15_10h28m10"]
    assert {name: c.value for name, c in log.constants.items()} == {
        "payload_mass": 0.49, "payload_length": 0.1, "position_gain": 100.0, "supply_voltage": 7.4,
    }  # fmt: skip
    assert log.labels == {"motor": "xl330", "trajectory": "sin_sin"} and log.session == "2026-01-15"
    position = log.signal("joint_position")
    assert len(position.stamp_ns) == 1124
    # first entry: timestamp 0.003500699996948242 s, position -0.003067961575771161; last: 6.001388072967529 s
    assert (position.stamp_ns[0], position.stamp_ns[-1]) == (3_500_700, 6_001_388_073)
    assert position.values[0, 0] == -0.003067961575771161
    assert log.signal("supply_voltage").values[0, 0] == 7.3
    assert log.signal("temperature").values[0, 0] == 28.0


def test_the_xl330s_load_is_the_duty_that_its_gain_asks_for(shared_data):
    """What robots/xl330_pendulum says of the register, checked on every recording that stays unsaturated."""
    drive = load_robot("xl330_pendulum").drive("pendulum")
    for name, log in swings(shared_data, "xl330_pendulum", 9).items():
        duty = log.signal("motor_duty").values[:, 0]
        error = (log.signal("joint_position_command").values - log.signal("joint_position").values)[:, 0]
        asked = drive.position_gain_per_register.value * log.constant("position_gain") * error
        assert abs(duty).max() <= 1.0 + 1e-9
        if log.labels["trajectory"] == "up_and_down":
            assert abs(duty - asked).max() < 12 / 885, name
            assert (duty - asked).std() < 2 / 885, name


def test_the_three_swings_of_the_sts3250(shared_data):
    logs = swings(shared_data, "sts3250_pendulum", 3)
    assert [len(log.signal("joint_position").stamp_ns) for log in logs.values()] == [286, 273, 273]
    assert {log.constant("payload_mass") for log in logs.values()} == {1.13}
    assert all("motor_duty" not in log.signals for log in logs.values())


@pytest.fixture(scope="module")
def tosses(shared_data, tmp_path_factory):
    """Logs of the cube by the number of their toss, and what ingestion said."""
    folder = shared_data / "cube_tosses"
    if not folder.is_dir():
        pytest.skip("no cube_tosses among the real logs")
    store = LogStore(tmp_path_factory.mktemp("tosses"))
    report = ingest([folder], None, "cube", None, store)
    logs = [store.load(log_id) for log_id in store.ids()]
    return {int(log.name.removeprefix("tosses/")): log for log in logs}, report


def test_all_tosses_come_in_whole(tosses):
    logs, report = tosses
    assert len(logs) == report.created == 317 and not report.partial
    assert sum(log.signal("base_position").rows for log in logs.values()) == 33_698
    assert {name: (s.unit, s.frame, s.components) for name, s in logs[0].signals.items()} == {
        "base_position": ("m", "world", ("x", "y", "z")),
        "base_orientation": ("1", "world", ("x", "y", "z", "w")),
        "base_linear_velocity": ("m/s", "world", ("x", "y", "z")),
        "base_angular_velocity": ("rad/s", "body", ("x", "y", "z")),
    }
    assert {round(log.header.signals["base_position"].rate_hz, 3) for log in logs.values()} == {148.0}


def test_tosses_that_are_in_are_not_read_again(tosses, shared_data, monkeypatch):
    _, report = tosses
    monkeypatch.setattr("hybridsim.ingest.job.draft_of", None)  # whoever calls it fails
    again = ingest([shared_data / "cube_tosses"], None, "cube", None, report.store)
    assert again.created == 0 and len(again.logs) == 317


def test_a_toss_holds_the_numbers_of_its_rows(tosses):
    log = tosses[0][0]
    # first row: q -0.139972 -0.868324 0.467605 0.088132 (w first), x -0.258408, v 1.041526, w -5.145661
    first = {name: signal.values[0] for name, signal in log.signals.items()}
    np.testing.assert_allclose(
        first["base_orientation"], [-0.868324, 0.467605, 0.088132, -0.139972], atol=1e-6
    )
    np.testing.assert_allclose(first["base_position"], [-0.258408, -0.100077, 0.147713], atol=1e-6)
    np.testing.assert_allclose(first["base_linear_velocity"], [1.041526, 0.345251, -0.082195], atol=1e-6)
    np.testing.assert_allclose(first["base_angular_velocity"], [-5.145661, 1.246788, -0.226342], atol=1e-6)
    (source,) = log.header.sources
    assert source.sha256 == load_manifest("cube_tosses").files["tosses.parquet"].sha256
    assert log.labels == {"group": "0", "block": "0"} and log.serial == "dairlab"


def rms(vectors):
    return np.sqrt(np.mean(np.sum(vectors**2, axis=1)))


@pytest.mark.parametrize("number", [0, 150, 300])
def test_velocities_are_in_the_frames_that_the_header_states(tosses, number):
    """Differences of the poses give the velocities in these frames and not in the other one."""
    values = {name: signal.values.copy() for name, signal in tosses[0][number].signals.items()}
    pose = Rotation.from_quat(values["base_orientation"])
    linear, angular = values["base_linear_velocity"][1:], values["base_angular_velocity"][1:]
    moved = np.diff(values["base_position"], axis=0) * 148
    turned = (pose[:-1].inv() * pose[1:]).as_rotvec() * 148  # in the body's frame
    # The filter leaves up to 0.02 m/s and 0.8 rad/s; in the wrong frame it is 0.7 m/s and 4.9 rad/s or more.
    assert rms(moved - linear) < 0.03 and rms(moved - pose[1:].inv().apply(linear)) > 0.6
    assert rms(turned - angular) < 1.0 and rms(turned - pose[1:].apply(angular)) > 4.0


def test_blocks_that_share_no_copy_are_enough_to_split_by(tosses):
    logs = list(tosses[0].values())
    study = parse_study(
        'schema = 1\nrobot = "cube"\nscored_signals = ["base_position", "base_orientation"]\n'
        '[split]\nby = ["group", "block"]\ntest_fraction = 0.2\n'
    )
    sizes = sorted(len(members) for members in groups_of(study, logs).values())
    assert sizes == [5, 8, 13, 17, *[20] * 9, 44, 50]
    split = split_logs(study, logs)
    for key in ("group", "block"):
        sides = {(log.labels[key], split.side(log.log_id)) for log in logs}
        assert len(sides) == len({log.labels[key] for log in logs})
    by_log = parse_study(
        'schema = 1\nrobot = "cube"\nscored_signals = ["base_position", "base_orientation"]\n'
    )
    with pytest.raises(StudyError, match="puts copies of one recording on different sides: of group 1"):
        split_logs(by_log, logs)


@pytest.fixture(scope="module")
def trials(shared_data, tmp_path_factory):
    """Logs of the free IMU by the number of their trial, and what ingestion said."""
    folder = shared_data / "imu_broad"
    if not folder.is_dir():
        pytest.skip("no imu_broad among the real logs")
    store = LogStore(tmp_path_factory.mktemp("trials"))
    report = ingest([folder], None, "imu_broad", None, store)
    logs = [store.load(log_id) for log_id in store.ids()]
    return {int(log.labels["trial"]): log for log in logs}, report


IMU = ("imu_angular_velocity", "imu_linear_acceleration", "imu_magnetic_field", "movement")


def test_all_trials_come_in_with_every_row_of_the_imu(trials):
    logs, report = trials
    assert sorted(logs) == [2, 5, 7, 9, 11, 14, 16, 18, 21, 28, 29, 30, 31] and report.refused == ()
    # scipy.io.whosmat adds up to 693,380 rows of imu_gyr in the 13 files
    assert {sum(log.signal(name).rows for log in logs.values()) for name in IMU} == {693_380}
    assert not any(log.header.signals[name].refused for log in logs.values() for name in IMU)
    # of which optics have no orientation in 25,198, no position in 1,327: NaN in opt_quat, in opt_pos
    lost = {name: 0 for name in ("base_orientation", "base_position")}
    for log in logs.values():
        for name in lost:
            lost[name] += sum(refusal.count for refusal in log.header.signals[name].refused)
    assert lost == {"base_orientation": 25_198, "base_position": 1_327}
    assert {round(log.header.signals["movement"].rate_hz, 3) for log in logs.values()} == {285.714}


def test_trials_carry_their_mounting_and_kind(trials):
    logs, _ = trials
    assert [trial for trial, log in logs.items() if log.labels["mounting"] == "1"] == [
        trial for trial in logs if trial > 20
    ]
    assert {log.labels["kind"] for log in logs.values()} == {
        "slow_rotation", "slow_rotation_with_breaks", "fast_rotation", "fast_rotation_with_breaks",
        "slow_translation", "slow_translation_with_breaks", "fast_translation",
        "fast_translation_with_breaks", "fast_combined", "stationary_magnet",
    }  # fmt: skip
    (source,) = logs[21].header.sources
    entry = load_manifest("imu_broad").files["21_undisturbed_fast_combined.mat"]
    assert (source.sha256, source.bytes) == (entry.sha256, entry.bytes)


def test_gravity_is_up_in_the_world_of_the_optics(trials):
    """So orientation is world from sensor, xyzw, and acceleration a specific force in the sensor's frame."""
    for log in trials[0].values():
        pose, force = log.signal("base_orientation"), log.signal("imu_linear_acceleration")
        seen = force.values[np.isin(force.stamp_ns, pose.stamp_ns)]
        up = Rotation.from_quat(pose.values).apply(seen).mean(axis=0)
        assert abs(up[2] - 9.81) < 0.05 and np.abs(up[:2]).max() < 0.1, log.name
