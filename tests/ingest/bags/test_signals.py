"""Topics become signals: planted values come back by name in any order, and what is lacking is said."""

from dataclasses import replace

import numpy as np
import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from hybridsim.ingest.run import ingest
from hybridsim.ingest.spec import load_spec
from tests.ingest.bags import messages as said
from tests.ingest.bags.lab import signal, states, topic
from tests.ingest.bags.messages import JOINTS, Clock, joint_states, position
from tests.ingest.bags.types import build, payload

ROWS = 20
ARRAY = "std_msgs/msg/Float64MultiArray"
RATES = signal("imu_angular_velocity", "rad/s", "angular_velocity.{}")


def planted(rows=range(ROWS), joints=range(4), factor=1.0):
    """Values of `messages.joint_states`, a row a message."""
    return np.array([[factor * position(joint, row) for joint in joints] for row in rows])


@pytest.mark.parametrize("order", ["fixed", "permuted"])
def test_joints_go_by_name_whatever_their_order(lab, order):
    bag = lab.bag(joint_states(ROWS, order=order))
    log = lab.log(bag, states("position", "velocity", "effort"))
    np.testing.assert_array_equal(log.signal("joint_position").values, planted())
    # Velocity is ten times the position, effort its negative.
    np.testing.assert_array_equal(log.signal("joint_velocity").values, planted(factor=10.0))
    np.testing.assert_array_equal(log.signal("joint_effort").values, planted(factor=-1.0))
    assert log.signal("joint_position").stamp_ns.tolist() == Clock().stamps(ROWS)[0]
    assert log.header.notes == () or "copies" in log.header.notes[0]


def test_the_name_of_a_bag_gives_its_labels(lab):
    bag = lab.bag(joint_states(ROWS), name="walk_07")
    spec = lab.spec(states(), label=[{"name": "take", "pattern": r"\d+$"}])
    report = ingest([bag], load_spec(spec), lab.leg, None, lab.store)
    assert lab.store.load(report.logs[0].log_id).labels == {"take": "07"}


def test_a_message_that_lacks_joints_is_refused_and_counted(lab):
    given = joint_states(ROWS, order="partial")
    whole = [row for row, message in enumerate(given) if len(message.fields["name"]) == 4]
    report = lab.ingest(lab.bag(given), states())
    (log,) = report.logs
    (refused,) = [entry for _, entry in log.refused]
    assert (refused.reason, refused.file) == ("value is missing", "/joint_states")
    assert refused.count == ROWS - len(whole)
    np.testing.assert_array_equal(lab.store.load(log.log_id).signal("joint_position").values, planted(whole))


def test_a_message_that_lacks_joints_holds_their_last_value(lab):
    given = joint_states(ROWS, order="partial")
    last, expected, rows = [np.nan] * 4, [], []
    for row, message in enumerate(given):
        for name, value in zip(message.fields["name"], message.fields["position"], strict=True):
            last[JOINTS.index(name)] = value
        if np.isfinite(last).all():  # until then some joint has no value at all
            expected.append(list(last))
            rows.append(row)
    log = lab.log(lab.bag(given), states(partial="hold"))
    assert 0 < rows[0] < ROWS - 2
    np.testing.assert_array_equal(log.signal("joint_position").values, expected)
    (refused,) = log.header.signals["joint_position"].refused
    assert (refused.reason, refused.count) == ("value is missing", rows[0])


def test_joints_of_several_publishers_are_held_together(lab):
    """Two nodes publish two joints each; in a .bag each has a connection of its own."""
    clock = Clock(period_ns=4_000_000)
    given = joint_states(ROWS, clock=clock)
    for row, message in enumerate(given):
        joints = slice(0, 2) if row % 2 == 0 else slice(2, 4)
        fields = {k: v[joints] if isinstance(v, list) else v for k, v in message.fields.items()}
        given[row] = replace(message, fields=fields, caller="/legs" if row % 2 == 0 else "/arms")
    expected = [
        planted()[row - np.array([row % 2, row % 2, 1 - row % 2, 1 - row % 2]), range(4)]
        for row in range(1, ROWS)
    ]
    for form in ("bag", "bag-1.2", "mcap"):
        log = lab.log(lab.bag(given, form, name=form), states(partial="hold"))
        np.testing.assert_array_equal(log.signal("joint_position").values, expected)


def test_messages_about_other_joints_are_left_alone(lab):
    arm = joint_states(ROWS, joints=("elbow", "wrist"), clock=Clock(start_ns=said.START_NS + 10**6))
    log = lab.log(lab.bag(said.merged(joint_states(ROWS), arm)), states())
    np.testing.assert_array_equal(log.signal("joint_position").values, planted())
    assert log.header.signals["joint_position"].refused == ()
    assert any("20 messages hold nothing that is asked for" in note for note in log.header.notes)


def test_effort_that_is_required_and_absent_refuses_the_bag(lab):
    reason = lab.refusal(lab.bag(joint_states(effort=False)), states("position", "effort"))
    assert reason.startswith("joint_effort: topic /joint_states: fewer than two of 20 messages can be used")


def test_effort_that_is_optional_and_absent_is_noted(lab):
    optional = states("position", "effort")
    optional["signal"][1]["required"] = False
    log = lab.log(lab.bag(joint_states(effort=False)), optional)
    assert set(log.signals) == {"joint_position"}
    assert any(note.startswith("joint_effort left out: topic /joint_states: ") for note in log.header.notes)


def test_lists_shorter_than_their_names_cost_only_their_signal(lab):
    given = joint_states(ROWS, order="uneven")
    log = lab.log(lab.bag(given), states("position", "velocity"))
    np.testing.assert_array_equal(log.signal("joint_position").values, planted())
    rows = [row for row in range(ROWS) if len(given[row].fields["velocity"]) == 4]
    np.testing.assert_array_equal(log.signal("joint_velocity").values, planted(rows, factor=10.0))


def test_a_joint_that_is_named_twice_has_its_first_value(lab):
    header, receive = Clock().stamps(3)
    given = [
        said.Message(
            topic="/joint_states",
            kind="sensor_msgs/msg/JointState",
            receive_ns=receive[row],
            fields=said.joint_state(header[row], ["hip", "hip", "thigh"], [1.0, 2.0, 0.5]),
        )
        for row in range(3)
    ]
    log = lab.log(lab.bag(given), states(joints=("hip", "thigh")))
    assert log.signal("joint_position").values.tolist() == [[1.0, 0.5]] * 3


def test_unit_scale_sign_and_frame_are_applied_once(lab):
    """0.1 of a unit, -1, degrees: 30 becomes -3 degrees."""
    each = said.stream("/angles", ARRAY, lambda _, row: {"data": [30.0, 1.0 + row]})
    columns = {"hip": {"column": "data[0]", "scale": 0.1, "sign": -1}, "calf": {"column": "data[1]"}}
    log = lab.log(lab.bag(each), topic("/angles", signal("joint_position", "deg", columns)))
    np.testing.assert_allclose(log.signal("joint_position").column("hip"), np.radians(-3.0), rtol=1e-15)
    np.testing.assert_allclose(
        log.signal("joint_position").column("calf"), np.radians(1.0 + np.arange(20)), rtol=1e-15
    )


@pytest.mark.parametrize(
    ("decode", "values", "expected"),
    [
        # Two's complement: the upper half of the numbers is below zero.
        ("twos_complement_8", [0, 127, 128, 255], [0, 127, -128, -1]),
        ("twos_complement_16", [1, 32767, 32768, 65535], [1, 32767, -32768, -1]),
        ("twos_complement_32", [1, 2**31 - 1, 2**31, 2**32 - 1], [1, 2**31 - 1, -(2**31), -1]),
    ],
)
def test_numbers_without_their_sign_get_it_back(lab, decode, values, expected):
    each = said.stream("/gains", ARRAY, lambda _, row: {"data": [values[row]]}, 4)
    column = {"hip": {"column": "data[0]", "decode": decode, "scale": 1e-5}}
    log = lab.log(lab.bag(each), topic("/gains", signal("position_gain", "1", column)))
    np.testing.assert_allclose(log.signal("position_gain").column("hip"), 1e-5 * np.array(expected))


def test_a_vector_keeps_its_frame(lab):
    each = said.stream("/imu", "sensor_msgs/msg/Imu", said.imu)
    spec = topic(
        "/imu",
        signal("imu_angular_velocity", "rad/s", "angular_velocity.{}", frame="imu_link"),
        signal("imu_linear_acceleration", "g0", "linear_acceleration.{}"),
    )
    log = lab.log(lab.bag(each), spec)
    drift = 0.001 * np.arange(20)[:, None]
    assert log.signal("imu_angular_velocity").frame == "imu_link"
    np.testing.assert_array_equal(
        log.signal("imu_angular_velocity").values, drift + np.array([0.1, 0.2, 0.3])
    )
    expected = 9.80665 * (drift * [1, -1, 1] + [0, 0, 9.81])
    np.testing.assert_allclose(log.signal("imu_linear_acceleration").values, expected, rtol=1e-14)


XYZW = ("x", "y", "z", "w")


def test_a_quaternion_that_is_none_is_refused_and_one_nearly_so_is_made_one(lab):
    """Row 3 was never set, row 5 is half of one; the others are a thousandth too long or too short."""

    def tilted(stamp_ns, row):
        found = said.imu(stamp_ns, row)
        scale = {3: 0.0, 5: 0.5}.get(row, 1.0 + 0.0009 * (-1) ** row)
        for axis in XYZW:
            found["orientation"][axis] *= scale
        return found

    spec = topic(
        "/imu",
        signal("imu_orientation", "1", {axis: f"orientation.{axis}" for axis in "wxyz"}),
        signal("imu_angular_velocity", "rad/s", "angular_velocity.{}"),
    )
    log = lab.log(lab.bag(said.stream("/imu", "sensor_msgs/msg/Imu", tilted)), spec)
    orientation = log.signal("imu_orientation")
    assert orientation.components == XYZW and orientation.rows == 18
    angle = np.delete(0.001 * np.arange(20), [3, 5])
    np.testing.assert_allclose(orientation.column("z"), np.sin(angle), rtol=0, atol=1e-15)
    (refused,) = log.header.signals["imu_orientation"].refused
    assert (refused.reason, refused.rows) == ("quaternion is not of length 1", (4, 6))
    assert log.signal("imu_angular_velocity").rows == 20


def test_messages_of_most_types_come_back_in_one_log(lab):
    """Wrench, odometry, pose, tf, trajectory, controller state, arrays and a type of nobody's."""
    base = "transforms[child_frame_id=base]"
    joints = range(4)
    spec = [
        topic("/wrench", signal("wrench", "N", "wrench.force.{}"),
              signal("wrench_torque", "N*m", "wrench.torque.{}")),
        topic("/odom", signal("base_position", "m", "pose.pose.position.{}"),
              signal("base_linear_velocity", "m/s", "twist.twist.linear.{}"),
              signal("base_orientation", "1", {k: f"pose.pose.orientation.{k}" for k in XYZW})),
        topic("/pose", signal("base_position.mocap", "m", "pose.position.{}")),
        topic("/tf", signal("base_position.tf", "m", base + ".transform.translation.{}"),
              stamp={"column": f"{base}.header.stamp", "unit": "s"}),
        topic("/command", signal("joint_position_command", "rad",
              {j: f"points[0].positions[{j}]" for j in JOINTS}), names="joint_names"),
        topic("/state", signal("joint_position", "rad", {j: f"actual.positions[{j}]" for j in JOINTS}),
              names="joint_names"),
        topic("/f64", signal("joint_effort_command", "N*m", {JOINTS[k]: f"data[{k}]" for k in joints})),
        topic("/f32", signal("motor_current", "A", {JOINTS[k]: f"data[{k}]" for k in joints})),
        topic("/legs", signal("joint_position_command.leg", "rad",
              {JOINTS[k]: f"legs[name=leg{k}].angle" for k in joints}),
              signal("foot_force", "N", {"x": "bias[0]", "y": "bias[1]", "z": "bias[2]"}),
              signal("temperature", "degC", {"hip": {"column": "count", "sign": -1}})),
    ]  # fmt: skip
    log = lab.log(lab.bag(said.mixture(ROWS)), *spec)
    rows = np.arange(ROWS, dtype=float)[:, None]
    np.testing.assert_array_equal(log.signal("wrench").values, rows * [1, 2, 3])
    np.testing.assert_array_equal(
        log.signal("wrench_torque").values, np.hstack([0.1 * rows, 0.2 * rows, 0.3 * rows])
    )
    walked = np.hstack([0.001 * rows, 0 * rows, 0 * rows + 0.3])
    for name in ("base_position", "base_position.mocap"):
        np.testing.assert_array_equal(log.signal(name).values, walked)
    np.testing.assert_array_equal(log.signal("base_linear_velocity").values, [[0.4, 0, 0]] * ROWS)
    np.testing.assert_allclose(
        log.signal("base_orientation").values,
        np.hstack([0 * rows, 0 * rows, np.sin(0.0005 * rows), np.cos(0.0005 * rows)]),
    )
    np.testing.assert_array_equal(
        log.signal("base_position.tf").values, np.hstack([0.001 * rows, 0 * rows, 0 * rows])
    )
    np.testing.assert_array_equal(log.signal("joint_position_command").values, planted())
    np.testing.assert_array_equal(log.signal("joint_position").values, planted(range(-1, ROWS - 1)))
    np.testing.assert_array_equal(log.signal("joint_effort_command").values, planted())
    np.testing.assert_array_equal(
        log.signal("motor_current").values, planted().astype(np.float32).astype(float)
    )
    np.testing.assert_array_equal(log.signal("joint_position_command.leg").values, planted())
    np.testing.assert_array_equal(log.signal("foot_force").values, [[0.25, -0.5, 1.5]] * ROWS)
    np.testing.assert_array_equal(log.signal("temperature").values, rows)


CONTROLLER = """\
std_msgs/Header header
string[] joint_names
trajectory_msgs/JointTrajectoryPoint reference
trajectory_msgs/JointTrajectoryPoint feedback
trajectory_msgs/JointTrajectoryPoint error
trajectory_msgs/JointTrajectoryPoint output
string[] multi_dof_joint_names
"""


def odd(topic_name, kind, text, each, rows=ROWS, ros=2):
    """Messages of a type that only their bag defines; `each(stamp_ns, row)` gives the fields."""
    types = get_typestore(Stores.ROS2_JAZZY if ros == 2 else Stores.ROS1_NOETIC)
    types.register(get_types_from_msg(text, kind))
    full, _ = types.generate_msgdef(kind, ros_version=ros)
    header, receive = Clock().stamps(rows)
    built = [build(types, kind, each(stamp, row)) for row, stamp in enumerate(header)]
    data = [types.serialize_cdr(b, kind) if ros == 2 else types.serialize_ros1(b, kind) for b in built]
    return [
        said.Message(topic=topic_name, kind=kind, receive_ns=stamp, fields=bytes(content), text=full)
        for stamp, content in zip(receive, data, strict=True)
    ]


def test_a_controllers_state_in_its_newer_words(lab):
    def each(stamp, row):
        old = said.controller_state(stamp, row)
        words = {"desired": "reference", "actual": "feedback"}
        return {words.get(name, name): value for name, value in old.items()}

    kind = "control_msgs/msg/JointTrajectoryControllerState"
    spec = topic(
        "/state",
        signal("joint_position_command", "rad", {j: f"reference.positions[{j}]" for j in JOINTS}),
        signal("joint_position", "rad", {j: f"feedback.positions[{j}]" for j in JOINTS}),
        names="joint_names",
    )
    log = lab.log(lab.bag(odd("/state", kind, CONTROLLER, each)), spec)
    np.testing.assert_array_equal(log.signal("joint_position_command").values, planted())
    np.testing.assert_array_equal(log.signal("joint_position").values, planted(range(-1, ROWS - 1)))


def test_either_of_two_topics_will_do(lab):
    spec = states(topic=["/arm/joint_states", "joint_states"])  # a slash in front does not matter
    log = lab.log(lab.bag(joint_states()), spec)
    np.testing.assert_array_equal(log.signal("joint_position").values, planted())


def test_two_publishers_whose_messages_overtake_each_other_are_put_in_order(lab):
    """Each every 5 ms, the second's stamps 2 ms later, received 8 ms later: the file is not in order."""
    one = Clock(period_ns=5_000_000)
    two = Clock(period_ns=5_000_000, start_ns=said.START_NS + 2_000_000, offset_ns=8_000_000)
    given = said.merged(
        [replace(m, caller="/a") for m in joint_states(ROWS, clock=one)],
        [replace(m, caller="/b") for m in joint_states(ROWS, clock=two)],
    )
    for form in ("bag", "mcap"):
        log = lab.log(lab.bag(given, form, name=form), states())
        found = log.signal("joint_position")
        assert found.stamp_ns.tolist() == sorted(one.stamps(ROWS)[0] + two.stamps(ROWS)[0])
        np.testing.assert_array_equal(found.values, np.repeat(planted(), 2, axis=0))
        assert log.header.signals["joint_position"].clock.method.endswith("put in order of time")


def test_a_topic_with_two_types_is_read_where_the_type_fits(lab):
    later = Clock(start_ns=said.START_NS + 1_000_000)
    other = said.stream("/joint_states", "sensor_msgs/msg/Imu", said.imu, ROWS, later)
    given = said.merged(joint_states(ROWS), other)
    for number, form in enumerate(("mcap", "bag", "db3")):
        bag = lab.bag(given, form, name=f"two{number}")
        log = lab.log(bag, states(type="sensor_msgs/JointState"))
        np.testing.assert_array_equal(log.signal("joint_position").values, planted())
        left = "has type sensor_msgs/msg/Imu; expected sensor_msgs/msg/JointState"
        assert f"topic /joint_states left alone: {left}" in log.header.notes
        both = lab.log(bag, states(), topic("/joint_states", RATES))
        np.testing.assert_array_equal(both.signal("joint_position").values, planted())
        assert len(both.signal("imu_angular_velocity").stamp_ns) == ROWS


def test_messages_without_a_byte_are_refused_one_by_one(lab):
    given = joint_states(ROWS)
    for row in (0, 7):
        given[row] = replace(given[row], fields=b"")
    for number, form in enumerate(("mcap", "bag", "db3", "mcap-message")):
        log = lab.log(lab.bag(given, form, name=f"zero{number}"), states())
        rows = [row for row in range(ROWS) if row not in (0, 7)]
        np.testing.assert_array_equal(log.signal("joint_position").values, planted(rows))
        (refused,) = log.header.signals["joint_position"].refused
        assert (refused.count, refused.rows) == (2, (1, 8))


def test_messages_that_are_too_short_or_too_long_are_refused_by_that_name(lab):
    given = joint_states(ROWS)
    whole = payload(given[0], 2)
    given[3] = replace(given[3], fields=whole[:-3])
    given[5] = replace(given[5], fields=whole + bytes(30))
    given[6] = replace(given[6], fields=b"\0\x09\0\0" + whole[4:])  # an encapsulation of nobody's
    given[8] = replace(given[8], fields=whole[:44] + b"\xff" * 4 + whole[48:])
    log = lab.log(lab.bag(given), states())
    found = {refused.reason: refused.rows for refused in log.header.signals["joint_position"].refused}
    assert found == {
        "message ends before its type does": (4, 9),
        "message is longer than its type says": (6,),
        "message is in an encoding that cannot be read": (7,),
    }
    assert len(log.signal("joint_position").stamp_ns) == ROWS - 4


def test_values_that_no_robot_has_are_refused(lab):
    given = joint_states(ROWS)
    for row, value in ((2, np.nan), (4, np.inf), (6, 1e30)):
        given[row].fields["position"][1] = value
    log = lab.log(lab.bag(given), states())
    found = {refused.reason: refused.rows for refused in log.header.signals["joint_position"].refused}
    assert found == {"nan or infinite": (3, 5), "value is absurd for this signal": (7,)}


@pytest.mark.parametrize("form", ["db3-split", "mcap-split"])
def test_a_topic_in_several_files_is_one_signal(lab, form):
    path = lab.bag(joint_states(ROWS), form)
    log = lab.log(path, states())
    np.testing.assert_array_equal(log.signal("joint_position").values, planted())
    assert len(log.header.sources) == 3
    (path / "metadata.yaml").unlink()
    assert lab.log(path, states()).log_id == log.log_id  # parts are told by their numbers


def test_a_required_topic_that_is_missing_lists_what_there_is(lab):
    reason = lab.refusal(lab.bag(said.mixture(4)), states(topic="/arm/states"))
    assert reason.startswith("joint_position: no topic /arm/states; the bag has ")
    for name in ("/joint_states", "/imu", "/tf"):
        assert name in reason


def test_an_optional_topic_that_is_missing_is_noted(lab):
    imu = topic("/imu/data", {**RATES, "required": False})
    log = lab.log(lab.bag(joint_states()), states(), imu)
    assert log.header.notes[-2:] == (
        "imu_angular_velocity left out: no topic /imu/data",
        "the bag has /joint_states",
    )


def test_a_topic_of_another_type_says_both_types(lab):
    bag = lab.bag(stream_of_imu())
    reason = lab.refusal(bag, states(topic="/imu", type="sensor_msgs/msg/JointState"))
    assert reason.startswith(
        "joint_position: topic /imu left alone: has type sensor_msgs/msg/Imu; "
        "expected sensor_msgs/msg/JointState"
    )


def stream_of_imu():
    return said.stream("/imu", "sensor_msgs/msg/Imu", said.imu)


def test_two_topics_of_one_entry_that_are_both_there_are_told(lab):
    later = Clock(start_ns=said.START_NS + 1_000_000)
    given = said.merged(joint_states(ROWS), joint_states(ROWS, topic="/arm/joint_states", clock=later))
    log = lab.log(lab.bag(given), states(topic=["/joint_states", "/arm/joint_states"]))
    assert "/arm/joint_states and /joint_states were read as one topic" in log.header.notes
    assert len(log.signal("joint_position").stamp_ns) == 2 * ROWS


def test_a_field_that_is_missing_says_what_the_type_has(lab):
    wrench = signal("wrench", "N", "wrench.force.{}")
    reason = lab.refusal(lab.bag(joint_states()), topic("/joint_states", wrench))
    assert "the message has no field 'wrench'; it has header, name, position, velocity, effort" in reason
    both = states()
    both["signal"].append({**wrench, "required": False})
    log = lab.log(lab.bag(joint_states(), name="again"), both)
    assert any("wrench left out" in note and "has no field 'wrench'" in note for note in log.header.notes)


def test_a_bag_of_which_nothing_can_be_used_says_so(lab):
    imu = topic("/imu", {**RATES, "required": False})
    assert lab.refusal(lab.bag(joint_states()), imu) == (
        "no signal can be read: no topic /imu; the bag has /joint_states"
    )
    assert "no signal can be read" in lab.refusal(lab.bag([], "bag", name="none"), imu)
