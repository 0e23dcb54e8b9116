"""Recordings in so101's layout: what comes in right, and what each kind of damage costs."""

import shutil

import numpy as np
import pytest

from hybridsim.errors import LogError
from hybridsim.ingest.sources import discover
from hybridsim.ingest.spec import load_spec

COMMANDS = {"joint_position_command", "gripper_opening_command"}
STATES = {"joint_position", "gripper_opening", "joint_velocity", "joint_effort_magnitude"}


def kept(log):
    """Samples of every signal."""
    return {name: len(signal.stamp_ns) for name, signal in log.signals.items()}


def lost(log):
    """Reason and rows of every signal that lost any."""
    return {
        name: [(refusal.reason, refusal.rows) for refusal in entry.refused]
        for name, entry in log.header.signals.items()
        if entry.refused
    }


def test_an_undamaged_recording_keeps_everything(arm):
    log = arm.log()
    assert kept(log) == dict.fromkeys(COMMANDS | STATES, 20)
    assert lost(log) == {}
    assert (log.robot, log.serial, log.name) == ("so101", "sage", "wave")
    command = log.signal("joint_position_command")
    assert command.components == ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
    np.testing.assert_array_equal(command.stamp_ns, np.arange(20) * 20_000_000)
    # row 7: 0.1 * joint + 0.007
    np.testing.assert_allclose(command.values[7], [0.007, 0.107, 0.207, 0.307, 0.407], atol=1e-12)
    assert log.signal("gripper_opening_command").column("gripper")[7] == pytest.approx(0.507)
    assert log.signal("joint_effort_magnitude").column("gripper")[0] == 0.1
    assert log.signal("joint_velocity").unit == "rad/s"


def test_the_order_of_joint_list_is_what_counts(arm):
    arm.joints[0], arm.joints[2] = arm.joints[2], arm.joints[0]
    log = arm.log()
    assert log.signal("joint_position_command").column("elbow_flex")[7] == pytest.approx(0.007)
    assert log.signal("joint_position_command").column("shoulder_pan")[7] == pytest.approx(0.207)


def spoil(line, old, new):
    assert old in line
    return line.replace(old, new)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("NaN", "nan or infinite"),
        ("Infinity", "nan or infinite"),
        ("1e279", "value is absurd for this signal"),
        ("1e400", "nan or infinite"),
        ("8.6", "value is absurd for this signal"),  # elbow: limit 1.69 plus a turn of 6.28
        ('""x""', "not a number"),
        ("null", "value is missing"),
        ("0.2, 0.2", "list has another length than it should"),
        ("0x2", "not a number"),
        ("nan", "nan or infinite"),  # Python writes lists this way, which is no JSON
    ],
)
def test_a_bad_elbow_costs_one_row_of_one_signal(arm, new, reason):
    # line 6 of the file is row 4: elbow at 0.203
    arm.state[5] = spoil(arm.state[5], "0.203", new)
    log = arm.log()
    hit = (
        {"joint_position"} if reason.startswith("value is absurd") else {"joint_position", "gripper_opening"}
    )
    assert kept(log) == {name: 19 if name in hit else 20 for name in COMMANDS | STATES}
    assert lost(log) == {name: [(reason, (6,))] for name in hit}
    assert 80_000_000 not in log.signal("joint_position").stamp_ns
    assert 80_000_000 in log.signal("joint_velocity").stamp_ns


def test_bytes_that_are_no_text_cost_their_row(arm):
    arm.write()
    path = arm.folder / "state_motor.csv"
    path.write_bytes(path.read_bytes().replace(b"0.203", b"0.2\xff\xfe3"))
    log = arm.log(write=False)
    assert lost(log) == {n: [("bytes are not UTF-8", (6,))] for n in ("joint_position", "gripper_opening")}


def test_a_file_cut_inside_a_row_keeps_what_is_whole(arm):
    whole = arm.state[-1]
    arm.state[-1] = whole[: whole.index('"[0.05') + 6]  # inside the velocities of the last row
    log = arm.log()
    assert kept(log) == dict.fromkeys(COMMANDS | {"joint_position", "gripper_opening"}, 20) | {
        "joint_velocity": 19,
        "joint_effort_magnitude": 19,
    }
    assert lost(log) == {
        name: [("row is cut short", (21,))] for name in ("joint_velocity", "joint_effort_magnitude")
    }


@pytest.mark.parametrize("line", ["STATE_MOTOR,80000", "STATE_MOTOR", 'STATE_MOTOR,80000.0,"[0.0'])
def test_a_short_row_costs_that_row(arm, line):
    arm.state[5] = line
    log = arm.log()
    assert kept(log) == dict.fromkeys(COMMANDS, 20) | dict.fromkeys(STATES, 19)
    reasons = {refusal[0][0] for refusal in lost(log).values()}
    # Of the bare word the type itself may be cut: that row belongs to nobody, and is noted.
    assert reasons == (set() if line == "STATE_MOTOR" else {"row is cut short"})
    assert bool(log.header.notes) == (line == "STATE_MOTOR")


def test_a_lone_quote_does_not_swallow_the_rows_after_it(arm):
    arm.state[5] = arm.state[5].replace('"[0.05', "[0.05", 1).replace('0]"', "0]", 1) + '"'
    log = arm.log()
    assert kept(log)["joint_position"] == 20
    assert kept(log)["joint_effort_magnitude"] >= 19


def test_repeated_stamps_are_dropped_and_counted(arm):
    arm.state[5:5] = [arm.state[4], arm.state[4]]
    log = arm.log()
    assert kept(log) == dict.fromkeys(COMMANDS | STATES, 20)
    assert log.header.signals["joint_position"].duplicates_dropped == 2
    assert lost(log) == {}


@pytest.mark.parametrize("stamp", ["-5", "15000", "1e15", "nan", "", "soon", "1e300"])
def test_a_stamp_out_of_order_costs_that_row(arm, stamp):
    arm.state[5] = spoil(arm.state[5], "80000.0", stamp)
    log = arm.log()
    assert kept(log) == dict.fromkeys(COMMANDS, 20) | dict.fromkeys(STATES, 19)
    assert np.all(np.diff(log.signal("joint_position").stamp_ns) > 0)
    (entry,) = lost(log)["joint_position"]
    assert entry[1] == (6,)


def test_rows_of_another_kind_are_left_alone_and_noted(arm):
    arm.control.insert(3, 'HOMING,25000.0,"[9, 9, 9, 9, 9, 9]"')
    log = arm.log()
    assert kept(log) == dict.fromkeys(COMMANDS | STATES, 20)
    assert log.header.notes == ("control.csv: 1 rows left alone: type is HOMING, not CONTROL",)


def test_a_shorter_file_costs_only_its_own_signals(arm):
    del arm.control[11:]
    assert kept(arm.log()) == dict.fromkeys(COMMANDS, 10) | dict.fromkeys(STATES, 20)


def rename_elbow(arm):
    arm.joints[2] = "Elbow_Pitch"


def repeat_a_joint(arm):
    arm.joints[2] = "Pitch"


def header(line):
    def change(arm):
        arm.state[0] = line

    return change


def no_stamp_at_all(arm):
    arm.state[2:] = ["STATE_MOTOR,x,[],[],[]"] * 19


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (
            rename_elbow,
            "no joint 'Elbow' for column 'positions[Elbow]'; available: "
            "Rotation, Pitch, Elbow_Pitch, Wrist_Pitch, Wrist_Roll, Jaw",
        ),
        (repeat_a_joint, "expected one name a line, each once"),
        (lambda arm: arm.joints.clear(), "expected one name a line"),
        (lambda arm: arm.joints.pop(), "no joint 'Jaw'"),
        (lambda arm: arm.state.__delitem__(slice(1, None)), "state_motor.csv: no rows"),
        (lambda arm: arm.state.clear(), "state_motor.csv: the file is empty"),
        (header("type,time,positions,velocities,torques"), "no column 'timestamp'; it has type, time, pos"),
        (header("kind,timestamp,positions,velocities,torques"), "no column 'type'; it has kind"),
        (
            no_stamp_at_all,
            "fewer than two rows of joint_position can be used: 19 rows: stamp is missing or not a number",
        ),
    ],
)
def test_a_recording_that_cannot_be_used_is_refused_in_words(arm, damage, reason):
    damage(arm)
    assert reason in arm.refusal()


def test_a_folder_that_lacks_a_file_is_refused_and_the_next_one_is_not(arm):
    arm.write()
    other = arm.root / "broken"
    other.mkdir()
    (other / "control.csv").write_text((arm.folder / "control.csv").read_text())
    (arm.root / "nothing").mkdir()
    report, logs = arm.ingest(write=False)
    assert [log.name for log in logs] == ["wave"]
    assert [str(entry) for entry in report.refused] == [
        "recordings/broken: lacks state_motor.csv; it holds control.csv",
        "recordings/nothing: lacks control.csv, state_motor.csv; it holds none",
    ]
    assert report.failed == ()


def test_two_recordings_of_one_name_are_told_apart(arm):
    arm.write()
    spoiled = arm.root.parent / "b" / "recordings"
    shutil.copytree(arm.root, spoiled)
    (spoiled / "wave" / "state_motor.csv").unlink()
    report, logs = arm.ingest(write=False, also=[spoiled])
    assert len(logs) == 1 and report.failed == (spoiled,)


def test_a_column_that_is_there_twice_is_refused(arm):
    arm.state[0] = "type,timestamp,positions,positions,torques"
    assert "state_motor.csv: column positions is there twice" in arm.refusal()


def test_a_row_that_became_a_comment_is_still_counted(arm):
    arm.state[5] = "#" + arm.state[5]
    log = arm.log()
    assert kept(log)["joint_position"] == 19
    assert log.header.notes == ("state_motor.csv: 1 rows left alone: type is #STATE_MOTOR, not STATE_MOTOR",)


def test_an_empty_folder_is_refused(tmp_path, arm):
    arm.folder.rmdir()
    report, logs = arm.ingest(write=False)
    assert logs == [] and report.failed == (arm.root,)
    assert "no log of set so101; expected control.csv and state_motor.csv; the folder holds none" in str(
        report
    )


def test_one_of_its_files_stands_for_a_recording_and_any_other_file_for_none(arm):
    arm.write()
    shutil.copytree(arm.folder, arm.root / "wave" / "again")
    (arm.root / "notes.csv").write_text("nothing")
    spec = load_spec("so101")
    sources, refused = discover(arm.folder / "state_motor.csv", spec)
    assert [source.folder for source in sources] == [arm.folder] and not refused
    with pytest.raises(LogError, match=r"expected control.csv and state_motor.csv; given notes.csv"):
        discover(arm.root / "notes.csv", spec)


def test_ingesting_twice_changes_nothing_under_any_name(arm):
    first, _ = arm.ingest()
    arm.folder.rename(arm.root / "renamed")
    second, logs = arm.ingest(write=False)
    assert [log.created for log in first.logs + second.logs] == [True, False]
    assert [log.name for log in logs] == ["wave"]


def test_the_report_names_every_class_of_refused_rows_once(arm):
    arm.state[5] = spoil(arm.state[5], "0.203", "nan")
    arm.state[8] = spoil(arm.state[8], "0.206", "nan")
    arm.state[9] = spoil(arm.state[9], "160000.0", "140000.0")
    report, _ = arm.ingest()
    assert report.lines() == [
        "recordings/wave: state_motor.csv: 2 rows refused in gripper_opening, joint_position: "
        "nan or infinite (row 6, 9)",
        # Two signals lost the first row of this stamp already, so that only the other two have it twice.
        "recordings/wave: 2 samples dropped: their stamp was there already",
    ]


def test_a_store_that_cannot_be_written_is_an_error_not_a_refusal(arm):
    arm.write()
    (arm.root.parent / "store").write_text("a file where the store should be")
    with pytest.raises(LogError, match="log wave was not written"):
        arm.ingest(write=False)


def test_parallel_ingestion_gives_the_same_logs(arm, monkeypatch):
    monkeypatch.setattr("hybridsim.ingest.run.PARALLEL_BYTES", 0)
    report, logs = arm.ingest(engine="loky")
    assert report.created == 1 and kept(logs[0]) == dict.fromkeys(COMMANDS | STATES, 20)
