"""Datasets keep every rule that LeRobot's reader relies on, and say what resampling did."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hybridsim.errors import LogError
from hybridsim.export import to_lerobot
from hybridsim.export.lerobot_files import TableFiles
from hybridsim.log import read_header
from tests.export.lerobot_layout import check, matrix
from tests.export.made import START_NS, XYZ, a_draft, a_log, a_signal, arm, everything, stamps, store
from tests.tiny import disk_with_room_for


def test_a_dataset_keeps_the_rules_of_its_reader(tmp_path):
    report = to_lerobot([store(tmp_path / "logs", a_draft())], tmp_path / "set")
    info, _, _ = check(tmp_path / "set")
    assert info["robot_type"] == "arm" and info["fps"] == report.rate_hz == 100
    state = info["features"]["observation.state"]
    assert state["names"] == ["shoulder", "elbow-2", "wrist.roll", "gripper"]
    assert info["features"]["action"]["names"] == state["names"]
    assert set(info["features"]) > {"observation.base_orientation", "observation.motor_enabled"}
    assert not [path for path in (tmp_path / "set").rglob("*") if path.name.startswith(".")]


def test_samples_on_the_clock_come_back_as_they_were(tmp_path):
    signals = arm("temperature")
    to_lerobot([a_log(signals)], tmp_path / "set", rate_hz=100)
    _, frames, _ = check(tmp_path / "set")
    for key, name in (("observation.state", "joint_position"), ("action", "joint_position_command")):
        np.testing.assert_array_equal(matrix(frames, key), signals[name].values.astype(np.float32))


def test_resampling_is_stated_in_the_info_and_in_the_report(tmp_path):
    report = to_lerobot([a_log()], tmp_path / "set", rate_hz=40)
    assert report.notes[0] == "resampled to 40 Hz, LeRobot's common clock:"
    assert (
        "  observation.state: joint_position at 100 Hz, linear between samples, no low-pass filter"
        in report.notes
    )
    assert any("action: joint_position_command at 120 Hz, last sample held" in line for line in report.notes)
    info, _, _ = check(tmp_path / "set")
    about = info["features"]["observation.base_orientation"]["info"]
    assert about["resampled_to_hz"] == 40
    assert about["signals"]["base_orientation"]["resampled"] == "spherical linear between samples"
    assert about["signals"]["base_orientation"]["native_rate_hz"] == pytest.approx(100)


def test_every_log_json_goes_along(tmp_path):
    root = store(tmp_path / "logs", a_draft(arm()))
    to_lerobot([root], tmp_path / "set")
    (entry,) = json.loads((tmp_path / "set" / "meta" / "hybridsim.json").read_text())["episodes"]
    (folder,) = root.iterdir()
    assert entry["log"] == read_header(folder).model_dump(mode="json")
    assert entry["start_ns"] == START_NS


def test_a_log_is_an_episode_and_its_name_the_task(tmp_path):
    names = ["wave", "Über/../走る \n\"'", "wave", ""]
    logs = [a_log(arm(), name=name, serial=str(n)) for n, name in enumerate(names)]
    to_lerobot(logs, tmp_path / "set", rate_hz=25)
    info, _, episodes = check(tmp_path / "set")
    assert (info["total_episodes"], info["total_tasks"]) == (4, 3)
    assert episodes["tasks"].to_pylist() == [["wave"], [names[1]], ["wave"], [logs[3].log_id]]


def test_the_default_rate_is_that_of_the_joint_positions(tmp_path):
    # 7.3 ms apart: 136.99 Hz, rounded to a whole number as LeRobot's fps is one
    slow = arm(joint_position=a_signal("joint_position", at=stamps(60, 7_300_000)))
    assert to_lerobot([a_log(slow)], tmp_path / "a").rate_hz == 137
    rare = arm("joint_position_command", joint_position=a_signal("joint_position", at=stamps(3, 5 * 10**9)))
    assert to_lerobot([a_log(rare)], tmp_path / "b").rate_hz == 1


def test_frames_cover_what_all_signals_cover(tmp_path):
    """Commands start 55 ms late and end early: held at the end, nothing made up at the start."""
    signals = arm("temperature", joint_position_command=a_signal(
        "joint_position_command", at=stamps(10, start_ns=START_NS + 55_000_000)
    ))  # fmt: skip
    report = to_lerobot([a_log(signals)], tmp_path / "set", rate_hz=100)
    assert report.notes[-1] == "wave: 0.43 s of 0.49 s, where every signal has samples"
    _, frames, _ = check(tmp_path / "set")
    assert frames.num_rows == 44  # from 55 ms to 490 ms: 43.5 steps of 10 ms
    command = signals["joint_position_command"].values.astype(np.float32)
    np.testing.assert_array_equal(matrix(frames, "action")[9:], np.tile(command[-1], (35, 1)))
    middle = (signals["joint_position"].values[5] + signals["joint_position"].values[6]) / 2
    np.testing.assert_allclose(matrix(frames, "observation.state")[0], middle, rtol=1e-6)


def test_signals_that_not_all_logs_have_are_left_out_and_named(tmp_path):
    logs = [
        a_log(arm(), name="one"),
        a_log(arm("temperature"), name="two"),
        a_log(
            arm(temperature=a_signal("temperature", unit="degC", at=[START_NS], values=np.ones((1, 3)))),
            name="three",
        ),
    ]
    report = to_lerobot(logs, tmp_path / "set")
    info, _, _ = check(tmp_path / "set")
    assert "observation.temperature" not in info["features"]
    assert "temperature is left out: two: it has no temperature" in report.notes
    assert report.refused == ()


def test_a_signal_that_would_cut_all_others_short_is_left_out(tmp_path):
    short = a_signal("temperature", unit="degC", at=stamps(3, 90_000_000))  # 180 of 490 ms
    report = to_lerobot([a_log(arm(temperature=short))], tmp_path / "set")
    assert "temperature is left out: wave: it spans 37% of the state and action" in report.notes
    assert check(tmp_path / "set")[1].num_rows == 50


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"joint_position": None}, "it has no joint_position"),
        (
            {"joint_position": a_signal("joint_position", at=[START_NS], values=np.zeros((1, 3)))},
            "it has 1 samples of joint_position; expected at least 2",
        ),
        (
            {"joint_position": a_signal("joint_position", at=[], values=np.zeros((0, 3)))},
            "it has 0 samples of joint_position; expected at least 2",
        ),
        (
            {"joint_position": a_signal("joint_position", ("hip",))},
            "its joint_position is of hip; expected shoulder, elbow-2, wrist.roll, as in the first log",
        ),
        (
            {"joint_position_command": a_signal("joint_position_command", at=stamps(start_ns=START_NS * 2))},
            "joint_position, joint_position_command are never there at the same time",
        ),
        (
            {"joint_position": a_signal("joint_position", values=np.full((50, 3), 1e39))},
            "joint_position reaches 1e+39; expected at most 3.40282e+38",
        ),
    ],
    ids=["none", "one", "empty", "other joints", "apart", "beyond float32"],
)
def test_a_log_that_cannot_give_state_and_action_is_refused_alone(tmp_path, damage, reason):
    bad = {name: signal for name, signal in {**arm("temperature"), **damage}.items() if signal is not None}
    report = to_lerobot([a_log(arm("temperature"), name="good"), a_log(bad, name="bad")], tmp_path / "set")
    assert [str(refused) for refused in report.refused] == [f"bad: refused: {reason}"]
    assert check(tmp_path / "set")[0]["total_episodes"] == 1


def test_what_most_logs_have_makes_the_state(tmp_path):
    """One log with a gripper among three does not cost the two others."""
    gripper = {"gripper_opening": a_signal("gripper_opening", ("gripper",), "1")}
    logs = [a_log(arm(**gripper), name="one"), *(a_log(arm(), serial=n, name=n) for n in ("two", "three"))]
    report = to_lerobot(logs, tmp_path / "set")
    assert report.refused == () and len(report.logs) == 3
    assert "gripper_opening is left out: two: it has no gripper_opening" in report.notes
    assert len(check(tmp_path / "set")[0]["features"]["observation.state"]["names"]) == 3


def test_a_single_command_is_held(tmp_path):
    one = a_signal("joint_position_command", at=[START_NS - 5], values=[[1, 2, 3]])
    to_lerobot([a_log(arm(joint_position_command=one))], tmp_path / "set")
    _, frames, _ = check(tmp_path / "set")
    assert set(map(tuple, matrix(frames, "action"))) == {(1, 2, 3)}


def test_components_in_another_order_are_put_in_order(tmp_path):
    first, second = arm("temperature"), arm("temperature")
    position = first["joint_position"]
    turned = a_signal("joint_position", position.components[::-1], values=position.values[:, ::-1])
    to_lerobot([a_log(first), a_log({**second, "joint_position": turned})], tmp_path / "set", rate_hz=100)
    _, frames, _ = check(tmp_path / "set")
    state = matrix(frames, "observation.state")
    np.testing.assert_array_equal(state[:50], state[50:])


def test_components_of_one_name_are_told_apart(tmp_path):
    signals = arm("temperature", gripper_opening=a_signal("gripper_opening", ("shoulder",), "1"))
    to_lerobot([a_log(signals)], tmp_path / "set")
    names = check(tmp_path / "set")[0]["features"]["observation.state"]["names"]
    assert names == ["joint_position.shoulder", "elbow-2", "wrist.roll", "gripper_opening.shoulder"]


def test_a_log_without_joints_has_no_state_and_the_report_says_so(tmp_path):
    signals = {"imu_angular_velocity": a_signal("imu_angular_velocity", XYZ, "rad/s")}
    report = to_lerobot([a_log(signals)], tmp_path / "set")
    info, _, _ = check(tmp_path / "set")
    assert "observation.imu_angular_velocity" in info["features"] and "action" not in info["features"]
    assert "no observation.state: most logs lack joint_position and base_position" in report.notes


def test_other_commands_are_no_observations(tmp_path):
    signals = arm(joint_effort_command=a_signal("joint_effort_command", unit="N*m"))
    to_lerobot([a_log(signals)], tmp_path / "set")
    assert "command.joint_effort_command" in check(tmp_path / "set")[0]["features"]


def test_gaps_that_were_interpolated_are_said(tmp_path):
    at = stamps()
    holed = np.concatenate([at[:20], at[20:] + 400_000_000])
    report = to_lerobot(
        [a_log(arm("temperature", joint_position=a_signal("joint_position", at=holed)))], tmp_path / "s"
    )
    assert report.notes[-1] == "wave: interpolated across gaps: 1 in joint_position; the longest 0.41 s"


def test_an_impossible_orientation_is_refused(tmp_path):
    nothing = a_signal("base_orientation", (*XYZ, "w"), "1", values=np.zeros((50, 4)))
    with pytest.raises(LogError, match="wave: refused: base_orientation: an orientation is 0, 0, 0, 0"):
        to_lerobot([a_log(arm(base_orientation=nothing))], tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


def test_more_frames_than_memory_are_refused(tmp_path):
    ends = a_signal("joint_position", at=[0, 10**15], values=np.zeros((2, 3)))
    with pytest.raises(
        LogError, match="1000000001 frames at 1000 Hz; expected at most 20000000: lower the rate"
    ):
        to_lerobot([a_log({"joint_position": ends})], tmp_path / "set", rate_hz=1000)
    with pytest.raises(LogError, match="rate 0 Hz; expected 1 to 1000000"):
        to_lerobot([a_log(arm())], tmp_path / "set", rate_hz=0)


def test_robots_are_not_mixed(tmp_path):
    with pytest.raises(LogError, match=r"logs of 2 robots \(arm, leg\); expected one"):
        to_lerobot([a_log(arm()), a_log(arm(), robot="leg")], tmp_path / "set")
    with pytest.raises(LogError, match="export to lerobot: no log; expected at least one"):
        to_lerobot([], tmp_path / "set")


def test_a_long_table_goes_to_several_files(tmp_path):
    files = TableFiles(tmp_path, file_bytes=1)
    places = [files.write(pa.table({"a": [n]})) for n in range(3)]
    files.close()
    assert places == [(0, 0), (0, 1), (0, 2)]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")) == [
        f"chunk-000/file-00{n}.parquet" for n in range(3)
    ]


def test_a_damaged_log_is_refused_and_the_others_are_written(tmp_path):
    root = store(tmp_path / "logs", *(a_draft(arm(), name=n, serial=n) for n in ("one", "two", "three")))
    bad = next(folder for folder in root.iterdir() if read_header(folder).name == "two")
    (bad / "joint_position.parquet").write_bytes(b"nothing")
    report = to_lerobot([root], tmp_path / "set")
    assert [refused.log for refused in report.refused] == ["two"]
    assert check(tmp_path / "set")[0]["total_episodes"] == 2


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine").write_text("keep")
    with pytest.raises(LogError, match="set: exists already"):
        to_lerobot([a_log(arm())], tmp_path / "set")
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "mine"]


@pytest.mark.parametrize("room", [0, 3000, 200_000])
def test_a_full_disk_leaves_nothing(tmp_path, room):
    at = stamps(20_000, 1_000_000)
    log = a_log({"joint_position": a_signal("joint_position", at=at)})
    with disk_with_room_for(room), pytest.raises(LogError, match="set: not written: File too large"):
        to_lerobot([log], tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("after", [0, 1])
def test_an_interrupted_export_leaves_nothing(tmp_path, after):
    calls = []

    def interrupt(*_):
        calls.append(1)
        if len(calls) > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_lerobot([a_log(arm()), a_log(arm(), serial="a2")], tmp_path / "set", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_lerobot_reads_it(tmp_path):
    """Its own reader, where there is one: in this environment, or in that of $LEROBOT_PYTHON."""
    python = os.environ.get("LEROBOT_PYTHON") or sys.executable
    if python == sys.executable and importlib.util.find_spec("lerobot") is None:
        pytest.skip("lerobot is not installed; LEROBOT_PYTHON may name a Python that has it")
    logs = [
        a_log(name="one"),
        a_log({**everything(), "temperature": a_signal("temperature", unit="degC")}, name="two/ü"),
    ]
    to_lerobot(logs, tmp_path / "set")
    _, frames, _ = check(tmp_path / "set")
    script = Path(__file__).with_name("read_lerobot.py")
    ran = subprocess.run([python, script, tmp_path / "set"], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert (found["frames"], found["episodes"], found["fps"], found["robot"]) == (
        frames.num_rows,
        2,
        100,
        "arm",
    )
    assert set(found["tasks"]) == {"one", "two/ü"}
    np.testing.assert_array_equal(found["state"], matrix(frames, "observation.state"))
    np.testing.assert_allclose(found["mean"], matrix(frames, "observation.state").mean(axis=0))
    np.testing.assert_array_equal(found["next_action"], matrix(frames, "action")[1])
    assert found["last"] == [n for n, k in enumerate(frames["episode_index"].to_pylist()) if k == 1]
    assert found["batch"] == [4, 4]
