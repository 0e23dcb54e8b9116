"""One recording in every container is one log; what surrounds it is seen through, or refused in one line."""

import resource
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.ingest.bags import hostile
from tests.ingest.bags import messages as said
from tests.ingest.bags.containers import FORMS
from tests.ingest.bags.damage import cut, unindexed, unterminated
from tests.ingest.bags.lab import signal, states, topic
from tests.ingest.bags.messages import JOINTS, START_NS, joint_states, merged, stream
from tests.ingest.bags.old import bag12

RATES = topic("/imu", signal("imu_angular_velocity", "rad/s", "angular_velocity.{}"))
MB = 1_000_000


def walk(rows=20):
    return merged(joint_states(rows), stream("/imu", "sensor_msgs/msg/Imu", said.imu, rows))


def named(report):
    """Sources of a report, with and without a log."""
    return [log.source for log in report.logs], [entry.source for entry in report.refused]


def test_every_container_gives_the_same_log(lab):
    found = {form: lab.log(lab.bag(walk(), form, name=form), states(), RATES).log_id for form in FORMS}
    assert len(set(found.values())) == 1, found
    log = lab.store.load(found["mcap"])
    assert log.signal("joint_position").values[7].tolist() == [said.position(k, 7) for k in range(4)]


def test_big_endian_messages_give_the_same_log(lab):
    for form in ("mcap", "db3", "db3-folder"):
        log = lab.log(lab.bag(walk(), form, name=form + "-big", big_endian=True), states(), RATES)
        assert log.log_id == lab.log(lab.bag(walk(), "mcap", name="little"), states(), RATES).log_id


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("bag", "WALK.BAG"),
        ("bag", "walk.bag.active"),
        ("mcap", "walk.mcap.active"),
        ("mcap", "Walk.Mcap"),
        ("db3", "walk.DB3"),
        ("mcap", "walk.bag"),  # a wrong ending
        ("bag", "walk.db3"),
        ("db3", "walk.mcap"),
        ("bag-lz4", "walk"),  # none
        ("bag", "walk.txt"),
        ("mcap", "walk [1] *?.mcap"),  # letters of patterns
        ("mcap", "wálk 漢 .mcap"),
    ],
)
def test_a_file_is_what_its_first_bytes_say(lab, form, name):
    path = lab.bag(walk(), form, name="made")
    path = path.rename(path.with_name(name))
    expected = lab.log(lab.bag(walk(), "mcap", name="expected"), states(), RATES).log_id
    assert lab.log(path, states(), RATES).log_id == expected


@pytest.mark.parametrize("name", ["WALK.BAG", "walk.bag.active", "walk.db3", "x.mcap.active"])
def test_a_folder_is_searched_by_endings(lab, name):
    path = lab.bag(walk(), "mcap")
    path.rename(path.with_name(name))
    (path.parent / "notes.txt").write_text("hello")
    report = lab.ingest(path.parent, states(), RATES)
    assert named(report) == ([f"bags/{name}"], [])


@pytest.mark.parametrize("form", ["bag", "mcap", "db3-folder", "db3-split"])
def test_a_folder_whose_name_ends_in_bag(lab, form):
    (lab.root / "bags" / "walk.bag").mkdir(parents=True)
    made = lab.bag(walk(), form, name="walk.bag/inside")
    log = lab.log(lab.root / "bags" / "walk.bag", states(), RATES)
    assert log.header.name == "inside"
    assert made.exists()


def test_folders_are_searched_to_their_bottom(lab):
    for name in ("a", "b/c", "b/d/e"):
        (lab.root / "bags" / name).mkdir(parents=True)
    lab.bag(joint_states(5), "bag", name="a/one")
    lab.bag(joint_states(6), "db3-folder", name="b/c/two")
    lab.bag(joint_states(7), "mcap-zstd", name="b/d/e/three")
    lab.bag(joint_states(8), "mcap", name=".hidden")
    report = lab.ingest(lab.root / "bags", states())
    assert named(report) == (["bags/a/one.bag", "bags/b/c/two", "bags/b/d/e/three.mcap"], [])
    assert len(set(lab.store.ids())) == 3


def test_a_pattern_in_quotes_finds_what_a_shell_would(lab, monkeypatch, capsys):
    for day in ("day1", "day2", "night"):
        (lab.root / "bags" / day).mkdir(parents=True)
        lab.bag(joint_states(4 + len(day)), "mcap", name=f"{day}/walk")
    spec = lab.spec(states())
    monkeypatch.chdir(lab.root / "bags")
    assert lab.run("day*/*.mcap", "--spec", spec, "--engine", "serial") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert lab.run("**/walk.mcap", "--spec", spec, "--engine", "serial") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    for pattern in ("week*/*.mcap", "**x**/[", "day1/walk[2].mcap"):
        assert lab.run(pattern, "--spec", spec, "--engine", "serial") == 1
        err = capsys.readouterr().err
        assert f"refused {pattern}: " in err and "Traceback" not in err


def test_parts_without_metadata_are_one_recording(lab):
    path = lab.bag(walk(), "mcap-split")
    whole = lab.log(path, states(), RATES)
    (path / "metadata.yaml").unlink()
    log = lab.log(path, states(), RATES)
    assert (log.log_id, log.header.name) == (whole.log_id, "walk")
    assert [file.path for file in log.header.sources] == ["walk_0.mcap", "walk_1.mcap", "walk_2.mcap"]
    # One of them alone is itself.
    report = lab.ingest(path / "walk_1.mcap", states(), RATES)
    assert named(report) == (["walk_1.mcap"], [])


def test_a_part_that_is_missing_or_broken_costs_that_part(lab):
    path = lab.bag(walk(30), "mcap-split")
    (path / "walk_1.mcap").unlink()
    report = lab.ingest(path, states(), RATES)
    assert report.partial  # exit code 3: something that was recorded is not there
    assert "walk: metadata.yaml: names 'walk_1.mcap', which is not there" in report.lines()
    log = lab.store.load(report.logs[0].log_id)
    assert len(log.signal("joint_position").stamp_ns) == 20
    (path / "walk_1.mcap").write_bytes(b"nothing")
    report = lab.ingest(path, states(), RATES)
    ((damage,),) = [log.damage for log in report.logs]
    assert (damage.file, damage.start, damage.end) == ("walk_1.mcap", 0, 7)
    assert report.partial


@pytest.mark.parametrize("kind", hostile.METADATA)
def test_a_metadata_file_that_lies_is_seen_through(lab, kind):
    """Whatever it says, the folder's own file is read, and nothing else."""
    (lab.root / "bags").mkdir()
    path = hostile.metadata(lab.root / "bags" / "walk", hostile.METADATA[kind])
    log = lab.log(path, states())
    assert [file.path for file in log.header.sources] == ["walk_0.db3"]
    assert len(log.signal("joint_position").stamp_ns) == 4
    honest = ("storage", "compression", "mode", "version", "count", "topics")  # lies about what is not used
    assert any("metadata.yaml" in note for note in log.header.notes) == (kind not in honest)
    assert log.header.damage == ()


def test_metadata_of_somebody_else_joins_nothing(lab):
    """Many data sets call their own papers so."""
    folder = lab.root / "bags"
    for number in range(3):
        lab.bag(joint_states(5 + number), "bag", name=f"walk_{number}")
    (folder / "metadata.yaml").write_text("title: three walks\nlicence: CC0\n")
    report = lab.ingest(folder, states())
    assert named(report) == ([f"bags/walk_{number}.bag" for number in range(3)], [])
    assert [log.rows for log in report.logs] == [5, 6, 7]


def test_files_that_metadata_does_not_name_are_named(lab):
    path = lab.bag(walk(), "mcap-folder")
    shutil.copy(lab.bag(walk(), "mcap", name="other"), path / "walk_7.mcap")
    log = lab.log(path, states(), RATES)
    assert "metadata.yaml does not name walk_7.mcap: not read" in log.header.notes


def test_metadata_itself_stands_for_its_folder(lab):
    path = lab.bag(walk(), "mcap-split")
    assert lab.log(path / "metadata.yaml", states(), RATES).log_id == lab.log(path, states(), RATES).log_id


def test_a_folder_with_metadata_and_no_file_is_refused(lab):
    path = lab.bag(walk(), "mcap-folder")
    (path / "walk_0.mcap").unlink()
    assert lab.refusal(path, states()) == "metadata.yaml names 'walk_0.mcap', which is not there"


def test_names_written_with_their_folder_are_found(lab):
    """As rosbag2 of ROS 2 Dashing wrote them."""
    path = hostile.metadata(lab.root / "walk", {"relative_file_paths": ["walk/walk_0.db3"]})
    assert lab.log(path, states()).header.notes == lab.log(path / "walk_0.db3", states()).header.notes


REFUSED = {
    "nothing.bag": (b"", "the file is empty"),
    "text.bag": (b"hello, bag", "no bag: it starts with b'hello, b'; expected a .bag, .db3 or .mcap"),
    "old.bag": (b"#ROSRECORD V1.1\n" + bytes(99), "bag of a version that cannot be read: b'#ROSRECORD V1.1"),
    "new.bag": (b"#ROSBAG V3.0\n" + bytes(99), "bag of a version that cannot be read: b'#ROSBAG V3.0"),
    "new.mcap": (b"\x89MCAP1\r\n" + bytes(99), "bag of a version that cannot be read"),
    "zeros.db3": (bytes(4096), "no bag: it starts with"),
    "picture.bag": (b"\x89PNG\r\n\x1a\n" + bytes(99), "no bag: it starts with b'\\x89PNG"),
    "header.bag": (b"#ROSBAG V2.0\n", "no signal"),
    "cut.db3": (b"SQLite format 3\0", ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_bag_is_refused_in_one_line(lab, name):
    content, reason = REFUSED[name]
    path = lab.root / name
    path.write_bytes(content)
    refused = lab.refusal(path, states())
    assert reason in refused or "no topic" in refused
    assert lab.left() == []


def test_a_bag_of_format_1_1_is_named(lab):
    path = bag12(lab.root / "old", joint_states(4), magic="#ROSRECORD V1.1")
    assert lab.refusal(path, states()) == (
        "bag of a version that cannot be read: b'#ROSRECORD V1.1\\n'; "
        "expected #ROSBAG V2.0, #ROSRECORD V1.2 or MCAP version 0"
    )


@pytest.mark.parametrize("indexed", [True, False])
def test_a_bag_of_format_1_2_is_read(lab, indexed):
    path = bag12(lab.root / "old", joint_states(20), indexed=indexed)
    log = lab.log(path, states())
    assert len(log.signal("joint_position").stamp_ns) == 20
    assert log.header.damage == ()


def test_a_wal_is_merged_and_left_as_it_was(lab):
    path = lab.bag(joint_states(20), "db3-wal")
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    log = lab.log(path, states())
    assert len(log.signal("joint_position").stamp_ns) == 20
    assert "walk.db3: rows of walk.db3-wal were read with it" in log.header.notes
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_bag_that_grew_by_its_wal_is_read_anew(lab):
    """Half of the rows, then all of them: the second is another log, though the .db3 is the same."""
    path = lab.bag(joint_states(20), "db3-wal")
    wal, aside = path.with_name("walk.db3-wal"), path.with_name("aside")
    wal.rename(aside)
    assert len(lab.log(path, states()).signal("joint_position").stamp_ns) == 10
    aside.rename(wal)
    assert len(lab.log(path, states()).signal("joint_position").stamp_ns) == 20


BOMBS = {
    "bag bz2": lambda path: hostile.bag_bomb(path, "bz2"),
    "bag lz4": lambda path: hostile.bag_bomb(path, "lz4"),
    "mcap lz4": lambda path: hostile.mcap_bomb(path, "lz4"),
    "mcap zstd": lambda path: hostile.mcap_bomb(path, "zstd"),
    "message": hostile.message_bomb,
    "file": hostile.file_bomb,
}
"""Kilobytes that unpack to 4 GiB."""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_itself_and_little_memory(lab, bomb):
    path = BOMBS[bomb](lab.root / "bomb")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spec = states(partial="refuse")
    spec["signal"][0]["required"] = False
    report = lab.ingest([path, lab.bag(joint_states(4), "mcap")], spec)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 400 * MB
    assert report.logs[-1].rows == 4 and report.partial
    assert lab.left() == []
    assert any(word in line for line in report.lines() for word in ("grow", "expected at most"))


def test_damage_is_named_by_bytes_and_exits_3(lab, capsys):
    """The middle of the file is overwritten: chunks before and after it are read."""
    path = lab.bag(joint_states(200), "mcap-zstd")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(content)
    spec = lab.spec(states())
    assert lab.run(path, "--spec", spec, "--engine", "serial") == 3
    captured = capsys.readouterr()
    (log_id,) = lab.store.ids()
    header = lab.store.header(log_id)
    (damage,) = header.damage
    assert damage.start <= middle < damage.end <= len(content)
    assert f"walk.mcap: bytes {damage.start} to {damage.end}: " in captured.err
    assert 100 < header.signals["joint_position"].rows < 200


@pytest.mark.parametrize("form", ["bag", "mcap", "mcap-zstd"])
def test_a_recorder_that_was_killed_loses_nothing_that_is_there(lab, form):
    path = unindexed(lab.bag(joint_states(100), form))
    log = lab.log(path, states())
    assert len(log.signal("joint_position").stamp_ns) == 100


def test_a_bag_that_was_cut_keeps_what_is_whole(lab):
    path = unterminated(lab.bag(joint_states(100), "bag"))
    report = lab.ingest(path, states())
    assert report.logs[0].rows == 99 and report.partial
    path = lab.bag(joint_states(100), "db3", name="cut")
    cut(path, path.stat().st_size * 3 // 4)
    report = lab.ingest(path, states())
    assert 10 < report.logs[0].rows < 100 and report.partial
    cut(path, path.stat().st_size // 2)  # only the definitions are left
    (refused,) = lab.ingest(path, states()).refused
    assert refused.reason.startswith("joint_position: topic /joint_states: no message of it can be read;")
    assert "of the table of messages are missing" in refused.reason


def test_other_encodings_are_refused_by_name(lab):
    for form in ("mcap", "db3", "db3-folder"):
        path = lab.bag(joint_states(4), form, name=form, serialization="protobuf")
        assert "messages are encoded as 'protobuf'; expected cdr or ros1" in lab.refusal(path, states())


def test_a_file_that_may_not_be_read_is_refused(lab):
    path = lab.bag(joint_states(4), "mcap")
    folder = path.with_name("folder.mcap")
    folder.mkdir()
    link = path.with_name("loop.mcap")
    link.symlink_to("loop.mcap")
    gone = path.with_name("gone.mcap")
    gone.symlink_to("nowhere.mcap")
    report = lab.ingest(path.parent, states())
    sources, refused = named(report)
    assert sources == ["bags/walk.mcap"]
    assert sorted(refused) == ["bags/gone.mcap", "bags/loop.mcap"]
    assert all("cannot be read" in entry.reason for entry in report.refused)


def test_real_bags_are_read_or_refused_with_a_reason(lab, shared_data):
    """Nothing is planted here; what is asked for is asked for optionally."""
    root = shared_data / "bags"
    if not root.is_dir():
        pytest.skip("no real bags in $HYBRIDSIM_DATA or ../shared/data")
    report = lab.ingest(root, *REAL)
    assert len(report.logs) + len(report.refused) >= 40
    for entry in report.refused:
        assert "\n" not in entry.reason and len(entry.reason) > 10, entry
    read = {Path(log.source).name: log for log in report.logs}
    assert read["ur10_exciting_trajectory.db3"].rows == 2 * 3441
    assert read["test1.bag"].rows > 10_000
    reasons = {Path(entry.source).name: entry.reason for entry in report.refused}
    assert reasons["empty-file.bag"] == "the file is empty"
    assert "no-messages.bag" in reasons


UR10 = ("shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint")
ANY = {"required": False}
REAL = [
    topic(
        "/joint_states",
        signal(
            "joint_position", "rad", dict(zip(JOINTS, map("position[{}]".format, UR10), strict=True)), **ANY
        ),
        signal("joint_effort", "N*m", dict(zip(JOINTS, map("effort[{}]".format, UR10), strict=True)), **ANY),
        names="name",
    ),
    topic(
        ["/imu/data", "/imu", "/torso_lift_imu/data"],
        signal("imu_linear_acceleration", "m/s^2", "linear_acceleration.{}", **ANY),
    ),
]
"""What the UR10, the Husky and the tilting laser recorded."""


def test_a_message_stamp_before_1970_or_far_ahead_breaks_nothing(lab):
    given = joint_states(6)
    for row, stamp in enumerate([-1, 0, 2**62, 2**63 - 1]):
        given[row] = said.replace(given[row], receive_ns=stamp)
    log = lab.log(lab.bag(given, "db3"), states())
    assert log.signal("joint_position").stamp_ns.tolist() == [START_NS + 2_500_000 * row for row in range(6)]
    assert np.isfinite(log.signal("joint_position").values).all()
