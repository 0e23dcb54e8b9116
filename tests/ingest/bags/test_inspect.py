"""`hybridsim inspect BAG` shows what is in it, and writes an ingest.toml that brings planted values back."""

import json
import tomllib

import numpy as np
import pytest
import tomli_w

from hybridsim.cli import main
from hybridsim.ingest.joints import match_joints
from hybridsim.ingest.spec import load_spec
from hybridsim.robot import load_robot
from tests.ingest.bags import messages as said
from tests.ingest.bags.containers import FORMS
from tests.ingest.bags.damage import cut
from tests.ingest.bags.lab import robot, signal, topic
from tests.ingest.bags.messages import JOINTS, Clock, joint_states, merged, position, stream
from tests.ingest.bags.test_types import msg_files

ROWS = 50


def sheet(capsys, *words):
    """What a script reads of some bags, and the exit code."""
    capsys.readouterr()
    code = main.run(["inspect", *map(str, words), "--json", "-"])
    return code, json.loads(capsys.readouterr().out)


def page(capsys, *words):
    """What a person reads."""
    capsys.readouterr()
    main.run(["inspect", *map(str, words)])
    return capsys.readouterr().out


def test_topics_types_rates_and_gaps(lab, capsys):
    """400 Hz but for a pause of 0.5 s in the middle; 13 topics."""
    given = joint_states(ROWS)
    for k in range(25, ROWS):
        given[k] = said.replace(given[k], receive_ns=given[k].receive_ns + 500_000_000)
        given[k].fields["header"]["stamp"] = said.time(Clock().stamps(ROWS)[0][k] + 500_000_000)
    path = lab.bag(merged(given, stream("/legs", "lab_msgs/msg/Legs", said.legs, 4)))
    _, ((found),) = sheet(capsys, path)
    topics = {topic["topic"]: topic for topic in found["topics"]}
    assert (found["kind"], found["messages"], found["files"]) == ("bag", ROWS + 4, ["walk.mcap"])
    states = topics["/joint_states"]
    assert (states["type"], states["messages"]) == ("sensor_msgs/msg/JointState", ROWS)
    assert states["rate_hz"] == pytest.approx(400.0)
    assert states["gaps"] == 1 and states["longest_gap_s"] == pytest.approx(0.5025)
    assert (states["stamps"], states["simulated"]) == ("header", False)
    assert found["duration_s"] == pytest.approx(49 * 0.0025 + 0.5)
    text = page(capsys, path)
    (line,) = [line.split() for line in text.splitlines() if "/joint_states" in line]
    assert line[:4] == ["/joint_states", "sensor_msgs/msg/JointState", "50", "400"]
    assert "begins" in text and "2023-11-14T22:13:20" in text


@pytest.mark.parametrize("form", FORMS)
def test_every_container_is_shown(lab, capsys, form):
    code, (found,) = sheet(capsys, lab.bag(said.mixture(6), form))
    assert code == 0 and found["messages"] == 6 * 13
    unread = {topic["topic"] for topic in found["topics"] if topic["unreadable"]}
    # Before Iron, files held no definitions: these types are in no store.
    assert unread == ({"/legs", "/state"} if form in ("db3-1", "db3-2", "db3-3") else set())
    assert len(found["topics"]) == 13


def test_problems_are_named(lab, capsys):
    later = Clock(start_ns=said.START_NS + 1000, zero=True)
    given = merged(
        joint_states(ROWS),
        stream("/joint_states", "sensor_msgs/msg/Imu", said.imu, ROWS),
        stream("/zero", "sensor_msgs/msg/Imu", said.imu, ROWS, later),
        stream("/reboot", "sensor_msgs/msg/Imu", said.imu, ROWS, Clock(reboot=30)),
    )
    path = lab.bag(given, "mcap-zstd")
    cut(path, path.stat().st_size * 3 // 4)
    code, (found,) = sheet(capsys, path)
    problems = "\n".join(found["problems"])
    assert code == 0
    assert "/joint_states: has 2 types: sensor_msgs/msg/" in problems
    assert "/zero: " in problems and "header stamps are empty" in problems
    assert "/reboot: the sender's clock jumps by" in problems
    assert "walk.mcap: bytes " in problems or "walk.mcap: the file ends" in problems
    text = page(capsys, path)
    assert text.splitlines().index("what looks wrong:") and "nothing found" not in text


def test_a_topic_that_cannot_be_read_is_shown_with_its_reason(lab, capsys):
    given = [
        said.Message(topic="/odd", kind="lab_msgs/msg/Odd", receive_ns=said.START_NS + k, fields=b"", text="")
        for k in range(3)
    ]
    path = lab.bag(merged(given, joint_states(4)), "db3-1")
    _, (found,) = sheet(capsys, path)
    odd = next(topic for topic in found["topics"] if topic["topic"] == "/odd")
    assert "lab_msgs/msg/Odd is defined neither in the bag nor in the type store" in odd["unreadable"]
    assert any(problem.startswith("/odd: type lab_msgs") for problem in found["problems"])


def test_several_bags_and_a_bad_one(lab, capsys):
    for k in range(2):
        lab.bag(joint_states(5 + k), "mcap", name=f"walk{k}")
    (lab.root / "bags" / "bad.bag").write_bytes(b"nothing")
    code, (found,) = sheet(capsys, lab.root / "bags")
    assert code == 0 and [bag["messages"] for bag in found["bags"]] == [5, 6]
    assert "bad.bag: no bag: it starts with b'nothing'" in found["refused"][0]
    code, (found,) = sheet(capsys, lab.root / "bags" / "bad.bag", lab.root / "bags" / "walk0.mcap")
    assert code == 1 and found["messages"] == 5


def test_more_bags_than_a_page_holds_are_not_passed_over_in_silence(lab, capsys, monkeypatch):
    monkeypatch.setattr("hybridsim.ingest.inspect.look.MAX_BAGS", 2)
    for k in range(3):
        lab.bag(joint_states(5), "mcap", name=f"walk{k}")
    _, (found,) = sheet(capsys, lab.root / "bags")
    assert len(found["bags"]) == 2 and "more than 2 bags; the others were not" in found["refused"][0]


def test_a_bag_without_messages_says_so(lab, capsys):
    _, (found,) = sheet(capsys, lab.bag([], "bag"))
    assert found["problems"] == ["no message at all"] and found["topics"] == []


def drafted(lab, path, *more):
    """The ingest.toml that inspect writes for the leg."""
    out = lab.root / "drafts" / f"{len(list(lab.root.glob('drafts/*')))}.toml"
    out.parent.mkdir(exist_ok=True)
    assert main.run(["inspect", str(path), "--robot", str(lab.robot), "--write", str(out), *more]) == 0
    return out


def ingested(lab, path, spec):
    assert lab.run(path, "--spec", spec, "--engine", "serial") in (0, 3)
    (log_id,) = lab.store.ids()
    return lab.store.load(log_id)


SPELLINGS = {
    "exactly": JOINTS,
    "as in the URDF": tuple(f"leg_{joint}_joint" for joint in JOINTS),
    "another spelling": ("Hip_Joint", "THIGH-joint", "calf.joint", "joint_Foot"),
    "with a prefix": tuple(f"robot1/front_{joint}" for joint in JOINTS),
    "with a suffix": tuple(f"{joint}_actuator" for joint in JOINTS),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("form", ["mcap", "bag", "db3-split"])
def test_a_draft_brings_the_planted_values_back(lab, spelling, form):
    path = lab.bag(joint_states(ROWS, joints=SPELLINGS[spelling], order="permuted"), form)
    log = ingested(lab, path, drafted(lab, path))
    planted = np.array([[position(joint, row) for joint in range(4)] for row in range(ROWS)])
    assert log.signal("joint_position").components == JOINTS
    np.testing.assert_array_equal(log.signal("joint_position").values, planted)
    np.testing.assert_array_equal(log.signal("joint_velocity").values, 10.0 * planted)
    np.testing.assert_array_equal(log.signal("joint_effort").values, -planted)


def test_what_is_ambiguous_is_left_as_a_comment(lab):
    """Two hips: neither is taken; the calf is plain."""
    path = lab.bag(joint_states(ROWS, joints=("left_hip", "right_hip", "calf", "gripper")))
    out = drafted(lab, path)
    (first, *_) = tomllib.loads(out.read_text())["topic"][0]["signal"]
    assert first["columns"] == {"calf": "position[calf]"}
    comment = next(line for line in out.read_text().splitlines() if line.startswith("# not found"))
    assert comment == (
        "# not found in the messages: hip, thigh, foot; its other names: gripper, left_hip, right_hip"
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["hip", "thigh", "calf", "foot"], {"hip": "hip", "thigh": "thigh", "calf": "calf", "foot": "foot"}),
        (["Hip", "HIP"], {}),  # two that differ in spelling alone
        (["hip", "Hip"], {"hip": "hip"}),
        (["left_hip", "right_hip"], {}),
        (["left_hip", "hip"], {"hip": "hip"}),
        (["", "joint", "_"], {}),  # nothing is part of everything
        (["1", "2", "3", "4"], {}),
        (["leg_hip_joint", "hip_motor"], {"hip": "leg_hip_joint"}),
        (["lf_calf", "lf_foot"], {"calf": "lf_calf", "foot": "lf_foot"}),
        (["hipthigh"], {}),  # fits two joints
        (["ship"], {}),  # holds the letters and not the word
    ],
)
def test_joints_are_matched_only_where_there_is_no_doubt(lab, names, expected):
    assert match_joints(names, lab.leg) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["joint_1", "joint_2", "joint_10"],
            {"joint_1": "joint_1", "joint_2": "joint_2", "joint_10": "joint_10"},
        ),
        (["arm_joint_1", "arm_joint_10"], {"joint_1": "arm_joint_1", "joint_10": "arm_joint_10"}),
        (["joint1", "joint2"], {"joint_1": "joint1", "joint_2": "joint2"}),
        (["joint_11"], {}),
    ],
)
def test_numbered_joints_are_not_mixed_up(lab, names, expected):
    (lab.root / "six").mkdir()
    table = robot(("joint_1", "joint_2", "joint_10"), name="six")
    for joint in table["joint"]:
        joint["urdf_joint"] = joint["name"]
    (lab.root / "six" / "robot.toml").write_text(tomli_w.dumps(table))
    assert match_joints(names, load_robot(lab.root / "six")) == expected


def test_a_draft_of_most_types_is_a_specification_that_works(lab):
    path = lab.bag(said.mixture(ROWS))
    out = drafted(lab, path)
    load_spec(out).check(lab.leg)
    text = out.read_text()
    assert "# /legs (lab_msgs/msg/Legs, 50 messages): left to you; its numbers: " in text
    log = ingested(lab, path, out)
    rows = np.arange(ROWS, dtype=float)
    np.testing.assert_array_equal(log.signal("wrench").column("y"), 2.0 * rows)
    np.testing.assert_array_equal(log.signal("imu_angular_velocity").column("x"), 0.1 + 0.001 * rows)
    assert log.signal("imu_angular_velocity").frame == "imu_link"
    assert log.signal("wrench").frame == "foot"
    np.testing.assert_array_equal(
        log.signal("joint_position_command").column("calf"), [position(2, row) for row in range(ROWS)]
    )
    names = {name.partition(".")[0] for name in log.signals}
    assert {"joint_position", "base_position", "base_orientation", "joint_position_command"} <= names


def test_partial_messages_draft_a_specification_that_holds(lab):
    path = lab.bag(joint_states(ROWS, order="partial", seed=1))
    out = drafted(lab, path)
    assert tomllib.loads(out.read_text())["topic"][0]["partial"] == "hold"
    assert len(ingested(lab, path, out).signal("joint_position").stamp_ns) > ROWS // 2


def test_an_existing_file_is_not_touched(lab, capsys):
    path = lab.bag(joint_states())
    out = lab.root / "mine.toml"
    out.write_text("mine")
    assert main.run(["inspect", str(path), "--robot", str(lab.robot), "--write", str(out)]) == 1
    assert capsys.readouterr().err == f"hybridsim: {out}: is there already; expected a new file\n"
    assert out.read_text() == "mine"


def test_a_robot_without_a_file_to_write_is_no_silent_wish(lab, capsys):
    assert main.run(["inspect", str(lab.bag(joint_states())), "--robot", "so101"]) == 1
    assert "--robot so101 without --write" in capsys.readouterr().err


def test_joints_that_are_called_by_numbers(lab):
    """`position[2]` is a place, `position['2']` a name."""
    table = robot(("1", "2"), name="pair")
    for joint in table["joint"]:
        joint["urdf_joint"] = joint["name"]
    lab.robot.joinpath("robot.toml").write_text(tomli_w.dumps({**table, "name": "leg"}))
    path = lab.bag(joint_states(ROWS, joints=("2", "1")))
    log = ingested(lab, path, drafted(lab, path))
    assert log.signal("joint_position").values[3].tolist() == [position(1, 3), position(0, 3)]


@pytest.mark.parametrize("missing", ["robot", "second bag", "folder"])
def test_write_says_what_it_needs(lab, capsys, missing):
    path = lab.bag(joint_states())
    out = lab.root / ("nowhere/x.toml" if missing == "folder" else "x.toml")
    words = ["inspect", str(path), "--write", str(out)]
    words += [] if missing == "robot" else ["--robot", str(lab.robot)]
    words += [str(path)] if missing == "second bag" else []
    assert main.run(words) == (0 if missing == "folder" else 1)
    captured = capsys.readouterr()
    assert out.exists() == (missing == "folder")
    if missing != "folder":
        assert captured.err.startswith("hybridsim: inspect: --write needs one bag and --robot")
        assert captured.err.count("\n") == 1


def test_a_bag_with_nothing_for_the_robot_is_one_line(lab, capsys):
    path = lab.bag(joint_states(joints=("a1", "b1")))
    out = lab.root / "x.toml"
    assert main.run(["inspect", str(path), "--robot", str(lab.robot), "--write", str(out)]) == 1
    err = capsys.readouterr().err
    assert (
        err.startswith(f"hybridsim: {path}: no topic fits robot leg; it has /joint_states ")
        and not out.exists()
    )
    assert err.count("\n") == 1
    assert main.run(["inspect", "so101", "--robot", "so101", "--write", str(out)]) == 1
    assert "no bag to draft an ingest.toml from" in capsys.readouterr().err


def test_hostile_names_do_not_break_the_draft(lab):
    """Names are anybody's: quotes, newlines, brackets."""
    given = joint_states(ROWS) + stream("/x\"]\n[evil]\ny = '", "sensor_msgs/msg/Imu", said.imu, ROWS)
    given += joint_states(ROWS, joints=("hip[0]", "thigh=1", 'calf"', "foot\n"), topic="/other")
    given += joint_states(ROWS, joints=("0", "1", "2", "😀\x7f\x00hip"), topic="/numbers\n[evil]")
    given += stream("/\n[evil]", "std_msgs/msg/Empty", lambda *_: {}, 3)
    path = lab.bag(given)
    path = path.rename(path.with_name("a\n[evil]\n.mcap"))
    out = drafted(lab, path)
    assert "evil" not in tomllib.loads(out.read_text())
    load_spec(out).check(lab.leg)
    paths = [path for topic in load_spec(out).topics for path in topic.paths()]
    assert 'position[calf"]' in paths and "position['thigh=1']" in paths
    assert not any("[0]" in path for path in paths)


def test_a_bag_through_a_specification_is_shown_as_the_log_it_becomes(lab, capsys):
    """The types that it lacks come from the user's files."""
    columns = {"pendulum": "legs[0].angle"}
    spec = lab.spec(topic("/legs", signal("joint_position", "rad", columns)), robots=["xl330_pendulum"])
    given = [said.replace(m, text="") for m in stream("/legs", "lab_msgs/msg/Legs", said.legs, 9)]
    path = lab.bag(given, "db3-2")
    code, _ = sheet(capsys, path, "--spec", spec)
    assert code == 1
    code, (found,) = sheet(capsys, path, "--spec", spec, "--msg", msg_files(lab.root / "lab_msgs" / "msg"))
    assert code == 0 and found["header"]["signals"]["joint_position"]["rows"] == 9


def test_help_shows_how(capsys):
    for command in ("ingest", "inspect"):
        assert main.run([command, "--help"]) == 0
        text = capsys.readouterr().out
        assert "hybridsim inspect drive.mcap --robot so101 --write ingest.toml" in text
        assert "--msg" in text and "--types" in text and "--json" in text
        assert max(map(len, text.splitlines())) <= 120
