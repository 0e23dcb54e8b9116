"""Types that rosbags refuses, that only the user has, or that nobody has cost no other topic a message."""

import sqlite3

import numpy as np
import pytest

from hybridsim.cli import main
from hybridsim.errors import SpecError
from hybridsim.ingest.task import reading_of
from tests.ingest.bags import messages as said
from tests.ingest.bags.hostile import DEFINITIONS
from tests.ingest.bags.lab import signal, states, topic
from tests.ingest.bags.messages import Message, joint_states, merged, stream

THROTTLE = signal("motor_duty", "1", {"hip": "throttle"})
LEGS = "lab_msgs/msg/Legs"
LEG = "string name\nfloat64 angle\nfloat32[] forces\nbuiltin_interfaces/Time seen\n"


def throttle(_, row):
    return {
        "header": said.header(said.START_NS + row * 2_500_000),
        "throttle": 0.25 * (row % 4),
        "bar": {"gear": -3, "pedals": [1.5, 2.5]},
    }


def without_text(messages):
    """What a bag of ROS 2 before Iron says of its types: their names."""
    return [
        Message(**{**vars(message), "text": ""}) if message.kind.startswith("lab_") else message
        for message in messages
    ]


@pytest.mark.parametrize("form", ["bag", "bag-1.2", "mcap", "mcap-ros1", "db3"])
def test_capitals_in_the_name_of_a_package(lab, form):
    """rosbags' parser refuses these, and with them the whole bag."""
    pedals = signal("temperature", "degC", {"hip": "bar.pedals[1]", "calf": "bar.gear"})
    given = merged(joint_states(9), stream("/throttle", "ART_common/msg/Foo", throttle, 9))
    log = lab.log(lab.bag(given, form), states(), topic("/throttle", THROTTLE, pedals))
    assert log.signal("motor_duty").column("hip").tolist() == [0.25 * (row % 4) for row in range(9)]
    assert log.signal("temperature").values.tolist() == [[2.5, -3.0]] * 9
    assert len(log.signal("joint_position").stamp_ns) == 9


ODD = {
    "a comment with brackets": "# [x] = {y}: \"'\\\n",
    "a constant of text": 'string WORD="a = b # c"\n',
    "a constant without spaces": "uint8 ONE=1\n",
    "a default": "float64 gain 0.5\n",
    "a bounded list": "float64[<=3] some\n",
    "tabs and spaces": "   \t float64\t\tspaced   # x\n",
    "a prose line": "this line is no field\n",
    "windows' ends of lines": "float64 other\r\n",
    "a letter nobody expects": "float64 größe\n",
    "an unknown section": "\n" + "=" * 80 + "\nMSG: some_msgs/Other\nwhat ever=\n",
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("form", ["mcap", "mcap-ros1"])
def test_odd_lines_of_a_definition_cost_at_most_themselves(lab, odd, form):
    """The wanted field stands before the odd one."""
    text = "float64 value\n" + ODD[odd]
    head = b"\0\1\0\0" if form == "mcap" else b""
    tail = {"a default": np.array([0.5]).tobytes(), "a bounded list": bytes(8 if form == "mcap" else 4)}
    tail |= {
        word: bytes(8) for word in ("tabs and spaces", "windows' ends of lines", "a letter nobody expects")
    }
    given = [
        Message(
            topic="/odd",
            kind="lab_msgs/msg/Odd",
            receive_ns=said.START_NS + row,
            fields=head + np.array([0.5 + row]).tobytes() + tail.get(odd, b""),
            text=text,
        )
        for row in range(4)
    ]
    log = lab.log(lab.bag(given, form), topic("/odd", signal("supply_voltage", "V", {"battery": "value"})))
    assert log.signal("supply_voltage").column("battery").tolist() == [0.5, 1.5, 2.5, 3.5]


def test_wide_strings_stop_only_what_stands_behind_them(lab):
    text = "float64 before\nwstring wide\nfloat64 behind\n"
    given = [
        Message(
            topic="/w",
            kind="lab_msgs/msg/Wide",
            receive_ns=said.START_NS + row,
            fields=b"\0\1\0\0" + np.array([1.5]).tobytes() + bytes(24),
            text=text,
        )
        for row in range(4)
    ]
    bag = lab.bag(given)
    log = lab.log(bag, topic("/w", signal("supply_voltage", "V", {"a": "before"})))
    assert log.signal("supply_voltage").column("a").tolist() == [1.5] * 4
    lab.store.root.rename(lab.root / "aside")
    reason = lab.refusal(bag, topic("/w", signal("supply_voltage", "V", {"a": "behind"})))
    assert "field 'behind' cannot be reached: wide: fields of type wstring cannot be read" in reason


def test_service_events_are_read_and_cost_the_others_nothing(lab):
    given = merged(joint_states(9), said.service_events(9))
    spec = topic("/add_two_ints/_service_event", signal("contact", "1", {"kind": "info.event_type"}),
                 stamp={"column": "info.stamp", "unit": "s"})  # fmt: skip
    spec["signal"][0]["columns"]["kind"] = {"column": "info.sequence_number", "scale": 0.1}
    for form in ("mcap", "db3"):
        log = lab.log(lab.bag(given, form, name=form), states(), spec)
        assert len(log.signal("joint_position").stamp_ns) == 9
        assert log.signal("contact").column("kind").tolist() == pytest.approx(0.1 * np.arange(9))


def test_service_events_of_a_db3_find_their_definition(lab):
    """rosbag2 stores it as example_interfaces/srv/AddTwoInts, the topic's type ends in _Event."""
    path = lab.bag(said.service_events(9), "db3")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE message_definitions SET topic_type = 'example_interfaces/srv/AddTwoInts'")
    database.close()
    spec = topic("/add_two_ints/_service_event", signal("contact", "1", {"a": "info.event_type"}),
                 stamp={"column": "info.stamp", "unit": "s"})  # fmt: skip
    spec["signal"][0]["columns"]["a"] = {"column": "info.event_type", "scale": 0.1}
    assert len(lab.log(path, spec).signal("contact").stamp_ns) == 9


def test_types_of_the_user_come_after_the_bags_and_before_the_stores(lab):
    angles = signal("joint_position", "rad", {"hip": "legs[0].angle", "thigh": "legs[1].angle"})
    given = without_text(stream("/legs", LEGS, said.legs, 9))
    bag = lab.bag(given, "db3-2")
    reason = lab.refusal(bag, topic("/legs", angles))
    assert reason.count("lab_msgs/msg/Legs is defined neither in the bag nor in the type store") == 1
    folder = msg_files(lab.root / "src" / "lab_msgs" / "msg")
    for paths in ([folder], [lab.root / "src"], [folder / "Legs.msg", folder / "Leg.msg"]):
        log = lab.log(bag, topic("/legs", angles), reading=reading_of(paths, None))
        assert log.signal("joint_position").values[3].tolist() == [said.position(0, 3), said.position(1, 3)]
    code = lab.run(bag, "--spec", lab.spec(topic("/legs", angles)), "--msg", folder, "--engine", "serial")
    assert code == 0


def msg_files(folder):
    folder.mkdir(parents=True)
    (folder / "Leg.msg").write_text(
        "string name\nfloat64 angle\nfloat32[] forces\nbuiltin_interfaces/Time seen\n"
    )
    (folder / "Legs.msg").write_text(
        "uint8 STANDING=1\nstd_msgs/Header header\nLeg[4] legs\nlab_msgs/Leg[] contacts\n"
        "uint8 mode\nbool[] flags\nfloat32[3] bias\nint16 count\nstring note\n"
    )
    return folder


def test_a_bag_made_with_other_msg_files_is_another_log(lab):
    """What was made with the first ones is not recalled for the second ones."""
    given = [
        Message(
            topic="/odd",
            kind="lab_msgs/msg/Odd",
            receive_ns=said.START_NS + row,
            fields=b"\0\1\0\0" + np.array([1.5, 2.5]).tobytes(),
            text="",
        )
        for row in range(4)
    ]
    bag, found = lab.bag(given, "db3-2"), []
    spec = topic("/odd", signal("supply_voltage", "V", {"a": "value"}))
    for number, text in enumerate(("float64 value\nfloat64 other\n", "float64 other\nfloat64 value\n")):
        folder = lab.root / str(number) / "lab_msgs" / "msg"
        folder.mkdir(parents=True)
        (folder / "Odd.msg").write_text(text)
        log = lab.log(bag, spec, reading=reading_of([folder], None))
        found.append(log.signal("supply_voltage").values[0, 0])
    assert found == [1.5, 2.5]


def test_the_type_store_is_chosen_by_flag(lab, capsys):
    """A ROS 1 Header has a sequence number; the same bytes by ROS 2's types would be other numbers."""
    bag = lab.bag(stream("/imu", "sensor_msgs/msg/Imu", said.imu, 9), "db3-1")
    spec = lab.spec(topic("/imu", signal("imu_angular_velocity", "rad/s", "angular_velocity.{}")))
    assert lab.run(bag, "--spec", spec, "--types", "ros2_dashing", "--engine", "serial") == 0
    assert lab.run(bag, "--spec", spec, "--types", "ros3", "--engine", "serial") == 1
    said_ = capsys.readouterr().err.splitlines()[-1]
    assert said_.startswith("hybridsim: type store 'ros3' is unknown; available: ")
    assert "ros2_humble" in said_ and "ros1_noetic" in said_
    assert main.run(["inspect", str(bag), "--types", "ros3"]) == 1


@pytest.mark.parametrize("name", ["nowhere", "empty", "notes.txt"])
def test_msg_files_that_are_none_are_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(SpecError, match=r"no \.msg file; expected package/msg/Name\.msg"):
        reading_of([tmp_path / name], None)


@pytest.mark.parametrize("lie", DEFINITIONS)
@pytest.mark.parametrize("form", ["mcap", "bag"])
def test_definitions_that_lie_cost_their_own_topic(lab, lie, form):
    given = joint_states(4)
    given += [
        Message(
            topic="/lie",
            kind="lab_msgs/msg/Loop",
            receive_ns=said.START_NS + row,
            fields=b"\0\1\0\0" + bytes(16),
            text=DEFINITIONS[lie],
        )
        for row in range(4)
    ]
    value = {**signal("supply_voltage", "V", {"a": "x"}), "required": False}
    log = lab.log(lab.bag(given, form), states(), topic("/lie", value))
    assert len(log.signal("joint_position").stamp_ns) == 4
