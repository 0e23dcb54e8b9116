"""Numbers of messages are bit for bit rosbags', for every type of both ROS worlds and any content."""

import math
import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_typestore

from hybridsim.errors import LogError, SpecError
from hybridsim.ingest.bags import Batch, Connection, Plan, Wanted
from hybridsim.ingest.bags.decode import ABSENT
from hybridsim.ingest.bags.paths import Step, parse_path
from hybridsim.ingest.bags.peek import peek
from hybridsim.ingest.bags.tree import tree_of
from hybridsim.ingest.bags.types import TIMES, _by_line, default_types
from hybridsim.ingest.faults import Fault

MOST = float(np.finfo(float).max)
PADDING = "structure_needs_at_least_one_member"
WAYS = {"ros1": (Stores.ROS1_NOETIC, "ros1"), "little": (Stores.LATEST, "cdr"), "big": (Stores.LATEST, "cdr")}
ODD = {
    "float64": [-0.0, 5e-324, 1.7976931348623157e308, math.pi, math.inf, -math.inf, math.nan],
    "float32": [-0.0, 1e-45, 3.4028235e38, 0.1, math.inf, math.nan],
    "int64": [-(2**63), 2**63 - 1, 2**53 + 1, -(2**53) - 1],
    "uint64": [2**64 - 1, 2**63, 2**53 + 1, 2**63 + 1025],
}
"""What is rounded, not finite, or has a sign where nobody looks."""


@dataclass(frozen=True)
class Made:
    """A message of random content: its bytes, and path and value of every number in it."""

    data: bytes
    numbers: dict[str, float]


class Maker:
    """Random messages of one type."""

    def __init__(self, store, kind, rng):
        self.store, self.kind, self.rng = store, kind, rng

    def message(self, way):
        said = self.structure(self.kind, 0)
        if way == "ros1":
            data = self.store.serialize_ros1(said, self.kind)
        else:
            data = self.store.serialize_cdr(said, self.kind, little_endian=way == "little")
        # What rosbags reads, not what was meant: it is the judge.
        read = self.store.deserialize_ros1 if way == "ros1" else self.store.deserialize_cdr
        return Made(bytes(data), dict(numbers(self.store, self.kind, read(bytes(data), self.kind))))

    def structure(self, kind, depth):
        fields = self.store.fielddefs[kind][1]
        return self.store.types[kind](*(self.value(entry, depth) for _, entry in fields))

    def value(self, entry, depth):
        node, what = entry
        if node == Nodetype.NAME:
            return self.structure(what, depth + 1)
        if node == Nodetype.BASE:
            return self.text() if what[0] == "string" else self.numbers(what[0], 1)[0].item()
        item, count = what
        length = count if node == Nodetype.ARRAY else int(self.rng.integers(0, 4 if depth < 3 else 3))
        if item[0] == Nodetype.BASE and item[1][0] != "string":
            return self.numbers(item[1][0], length)
        return [self.value(item, depth + 1) for _ in range(length)]

    def numbers(self, kind, count):
        kind = {"byte": "int8", "char": "uint8", "octet": "uint8"}.get(kind, kind)
        if kind == "bool":
            return self.rng.integers(0, 2, count).astype(bool)
        if kind in ODD and self.rng.random() < 0.3:
            return self.rng.choice(np.array(ODD[kind], kind), count)
        return np.frombuffer(self.rng.bytes(count * np.dtype(kind).itemsize), kind).copy()

    def text(self):
        return "".join(self.rng.choice(list("aµ/ \n漢"), self.rng.integers(0, 7)))


def numbers(store, kind, message, path=""):
    """Path and value of every number, as `position[3]` or `transforms[0].header.stamp.sec`."""
    for name, entry in store.fielddefs[kind][1]:
        if name != PADDING:
            yield from numbers_of(store, entry, getattr(message, name), f"{path}{name}")


def numbers_of(store, entry, value, path):
    node, what = entry
    if node == Nodetype.NAME:
        yield from numbers(store, what, value, f"{path}.")
    elif node == Nodetype.BASE:
        if what[0] != "string":
            yield path, float(value)
    else:
        for place, item in enumerate(value):
            yield from numbers_of(store, what[0], item, f"{path}[{place}]")


def taken(connection, messages, signals, **options):
    """What a plan takes of messages that lie in one buffer, each at an odd place."""
    plan = Plan(connection, signals, **options)
    pieces = [b"\xff" * (k % 8) + content for k, content in enumerate(messages)]
    length = np.array([len(content) for content in messages], np.int64)
    start = np.cumsum([len(piece) for piece in pieces]) - length
    data = np.frombuffer(b"".join(pieces), np.uint8)
    zeros = np.zeros(len(messages))
    batch = Batch(data, start.astype(np.int64), length, zeros.astype(np.int32), zeros.astype(np.int64))
    return plan.take(batch, np.arange(len(messages)))


def bits(value):
    """One pattern for all that is no number."""
    return struct.pack("<d", math.nan if math.isnan(value) else value)


@lru_cache
def store_of(way):
    return get_typestore(WAYS[way][0])


def kinds(way):
    """Types of the store; what asks for a time is no message, rosbags has it as a pair."""
    return sorted(store_of(way).fielddefs)


@pytest.mark.parametrize("way", WAYS)
def test_every_number_of_every_type_is_rosbags(way):
    store, seen = store_of(way), 0
    for kind in kinds(way):
        rng = np.random.default_rng(sum(map(ord, kind)))
        made = [Maker(store, kind, rng).message(way) for _ in range(3)]
        paths = list(dict.fromkeys(path for message in made for path in message.numbers))
        connection = Connection(0, "/t", kind, WAYS[way][1])
        wanted = [[Wanted(path, low=-MOST, high=MOST)] for path in paths]
        found = taken(connection, [message.data for message in made], wanted)
        for row, message in enumerate(made):
            for column, path in enumerate(paths):
                if path in message.numbers:
                    value, fault = found.values[column][row, 0], found.fault[row, column]
                    expected = message.numbers[path]
                    assert bits(value) == bits(expected), (kind, path, value, expected)
                    assert fault == (Fault.NONE if math.isfinite(expected) else Fault.NOT_FINITE), (
                        kind,
                        path,
                    )
                    seen += 1
    assert seen > 5000


def test_what_a_message_lacks_is_not_read_from_before_it():
    store, kind = store_of("little"), "geometry_msgs/msg/PoseArray"
    pose = store.types["geometry_msgs/msg/Pose"](
        store.types["geometry_msgs/msg/Point"](1.0, 2.0, 3.0),
        store.types["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0),
    )
    header = store.types["std_msgs/msg/Header"](store.types["builtin_interfaces/msg/Time"](1, 0), "")
    made = [
        bytes(store.serialize_cdr(store.types[kind](header, [pose] * count), kind)) for count in (2, 1, 0)
    ]
    found = taken(Connection(0, "/t", kind, "cdr"), made, [[Wanted("poses[1].position.x", low=-1, high=9)]])
    assert found.fault[:, 0].tolist() == [Fault.NONE, Fault.OTHERS, Fault.OTHERS]
    assert np.isnan(found.values[0][1:]).all()
    tf = [transforms(store, each) for each in (["base", "tool"], ["tool"], [])]
    found = taken(
        Connection(0, "/tf", TF, "cdr"),
        tf,
        [[Wanted("transforms[child_frame_id=base].transform.translation.x", low=-1, high=9)]],
    )
    assert found.fault[:, 0].tolist() == [Fault.NONE, Fault.OTHERS, Fault.OTHERS]


@pytest.mark.parametrize("way", WAYS)
def test_a_peek_shows_what_rosbags_reads(way):
    store, ros1 = store_of(way), way == "ros1"
    types = default_types(None, WAYS[way][1])
    for kind in (
        "sensor_msgs/msg/JointState",
        "nav_msgs/msg/Odometry",
        "diagnostic_msgs/msg/DiagnosticArray",
    ):
        message = Maker(store, kind, np.random.default_rng(3)).message(way)
        shown = dict(flat(peek(message.data, tree_of(kind, types, ros1), ros1), ""))
        for path, value in message.numbers.items():
            if not path.endswith(("sec", "nanosec")):  # a peek shows times as nanoseconds
                assert bits(shown[path]) == bits(value), (kind, path)


def flat(value, path):
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from flat(entry, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            yield from flat(entry, f"{path}[{place}]")
    elif not isinstance(value, str):
        yield path, float(value)


@pytest.mark.parametrize("way", ["ros1", "little"])
def test_our_own_reader_of_types_agrees_with_rosbags(way):
    """It only steps in where rosbags refuses a text, which most texts of odd types do not show."""
    store, version = store_of(way), 1 if way == "ros1" else 2
    known = default_types(None, WAYS[way][1])
    for kind in kinds(way):
        if kind in TIMES:
            continue
        text, _ = store.generate_msgdef(kind, ros_version=version)
        ours = _by_line(text, kind)
        assert tree_of(kind, ours, way == "ros1") == tree_of(kind, known, way == "ros1"), kind


NAMES = st.lists(st.sampled_from(["a", "b", "elbow", "elbow_2", "", "ü", "a.b"]), max_size=6)


@given(st.lists(st.tuples(NAMES, st.integers(0, 6)), min_size=1, max_size=8), st.sampled_from(sorted(WAYS)))
@example([(["a", "b"], 2), (["b", "a"], 2)], "little")  # as long, in another order
@example([(["a", "b"], 1), (["a", "b"], 0), ([], 2)], "ros1")
@example([(["elbow", "elbow"], 2)], "big")
def test_a_name_finds_its_number_wherever_it_stands(messages, way):
    """The first of two equal names counts; a name without a number, or none at all, is nothing."""
    store, kind = store_of(way), "sensor_msgs/msg/JointState"
    wanted = ["elbow", "ü", "a.b"]
    made = [joint_state(store, way, names, np.arange(count, dtype=float)) for names, count in messages]
    signals = [[Wanted(f"position[{word}]", low=-1, high=9)] for word in wanted]
    found = taken(Connection(0, "/t", kind, WAYS[way][1]), made, signals, names="name")
    for row, (names, count) in enumerate(messages):
        for column, word in enumerate(wanted):
            place = names.index(word) if word in names else 99
            fault, value = found.fault[row, column], found.values[column][row, 0]
            assert (fault, value) == (Fault.NONE, place) if place < count else fault == Fault.OTHERS


def joint_state(store, way, names, positions):
    kind, empty = "sensor_msgs/msg/JointState", np.empty(0)
    stamp = store.types["builtin_interfaces/msg/Time"](7, 5)
    header = ([0] if way == "ros1" else []) + [stamp, ""]
    said = store.types[kind](
        store.types["std_msgs/msg/Header"](*header), list(names), positions, empty, empty
    )
    if way == "ros1":
        return bytes(store.serialize_ros1(said, kind))
    return bytes(store.serialize_cdr(said, kind, little_endian=way == "little"))


TF = "tf2_msgs/msg/TFMessage"


def transforms(store, children):
    """A TFMessage whose k-th transform is k m along x, and stamped k s."""
    types, point = store.types, store.types["geometry_msgs/msg/Vector3"]
    rotation = types["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0)
    entries = [
        types["geometry_msgs/msg/TransformStamped"](
            types["std_msgs/msg/Header"](types["builtin_interfaces/msg/Time"](k, 9), "world"),
            child,
            types["geometry_msgs/msg/Transform"](point(float(k), 0.0, 0.0), rotation),
        )
        for k, child in enumerate(children)
    ]
    return bytes(store.serialize_cdr(types[TF](entries), TF))


def test_a_key_finds_its_element_wherever_it_stands():
    store = store_of("little")
    children = [["base", "tool"], ["tool", "base"], ["tool"], [], ["base2", "x", "base", "base"]]
    found = taken(
        Connection(0, "/tf", TF, "cdr"),
        [transforms(store, each) for each in children],
        [[Wanted("transforms[child_frame_id=base].transform.translation.x", low=-1, high=9)]],
        stamp=("transforms[child_frame_id=base].header.stamp", "s"),
    )
    # The first of two equal children counts.
    assert found.values[0][[0, 1, 4], 0].tolist() == [0.0, 1.0, 2.0]
    assert found.header_ns.tolist() == [9, 10**9 + 9, ABSENT, ABSENT, 2 * 10**9 + 9]


def test_a_place_or_name_of_its_own_in_a_list_of_times_and_of_pythons_words():
    text = "builtin_interfaces/Time[] seen\nfloat64 class\nfloat64[] lambda\n"
    connection = Connection(0, "/t", "lab_msgs/msg/Odd", "cdr", text, "ros2msg")
    content = b"\0\1\0\0" + struct.pack("<IiIiI4xdI4xdd", 2, 1, 2, 3, 4, 0.5, 2, 7.0, 8.0)
    paths = ["seen[1].sec", "seen[1].nanosec", "class", "lambda[1]"]
    found = taken(connection, [content], [[Wanted(path) for path in paths]], stamp=("seen[1]", "s"))
    assert found.values[0].tolist() == [[3.0, 4.0, 0.5, 8.0]]
    assert found.header_ns.tolist() == [3 * 10**9 + 4]


WRONG = {
    "wrench": "the message has no field 'wrench'; it has header, name, position, velocity, effort",
    "header.stamp.seconds": "header.stamp has no field 'seconds'; it has sec, nanosec",
    "header": "field header is a structure; it has stamp, frame_id",
    "header.frame_id": "field header.frame_id is no number",
    "header.stamp": "field header.stamp is no number",
    "position": r"field position is a list; expected position\[0\] or position\[name\]",
    "position.x": "has no field 'x'",
    "header.frame_id.x": "has no field 'x'",
    "header[0].stamp.sec": "field header is no list",
    "header.stamp.sec[0]": "field header.stamp.sec is no list",
    "position[name=a]": "field position is no list of structures",
    "name[0]": r"field name\[0\] is no number",
}


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_path_says_what_there_is(path):
    with pytest.raises(LogError, match=WRONG[path]) as caught:
        Plan(Connection(0, "/t", "sensor_msgs/msg/JointState", "cdr"), [[Wanted(path)]], names="name")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (
            "transforms.transform.translation.x",
            r"is a list; expected transforms\[0\] or transforms\[field=word\]",
        ),
        ("transforms[base].transform.translation.x", r"expected transforms\[0\] or transforms\[field=word\]"),
        (
            "transforms[frame=base].transform.translation.x",
            "transforms has no field 'frame'; it has header, child_frame",
        ),
        (
            "transforms[header.stamp.sec=1].transform.translation.x",
            "field transforms.header.stamp.sec is no text: it cannot tell elements apart",
        ),
        (
            "transforms[0].transform.where",
            "transforms.transform has no field 'where'; it has translation, rot",
        ),
        ("transforms[0]", "field transforms is a structure; it has header, child_frame_id, transform"),
    ],
)
def test_a_wrong_path_into_a_list_says_what_there_is(path, says):
    with pytest.raises(LogError, match=says):
        Plan(Connection(0, "/t", TF, "cdr"), [[Wanted(path)]], names="name")


def test_a_name_in_quotes_is_a_name():
    assert parse_path("position['3']") == (Step("position", word="3"),)
    assert parse_path('position["a=b"]') == (Step("position", word="a=b"),)
    assert parse_path("position[3]") == (Step("position", index=3),)


NO_PATHS = ["", ".", "a..b", "a[", "a]", "a[[0]]", "a b", "1a", "a[0][1]", ".".join("a" * 9)]


@pytest.mark.parametrize("path", NO_PATHS)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(SpecError, match="field path"):
        parse_path(path)


def test_a_key_inside_another_list_is_refused():
    """Its first element by that name might be another's."""
    kind = "visualization_msgs/msg/InteractiveMarkerInit"
    connection = Connection(0, "/m", kind, "cdr")
    with pytest.raises(
        LogError, match=r"field markers.controls lies in another list; expected controls\[0\]"
    ):
        Plan(connection, [[Wanted("markers[name=a].controls[name=b].orientation.w")]])
    Plan(connection, [[Wanted("markers[name=a].controls[1].orientation.w")]])


@pytest.mark.parametrize("names", ["position", "header.frame_id", "header"])
def test_a_list_of_names_has_to_be_one(names):
    with pytest.raises(LogError, match=f"field {names} is "):
        Plan(Connection(0, "/t", "sensor_msgs/msg/JointState", "cdr"), [[Wanted("position[a]")]], names=names)
