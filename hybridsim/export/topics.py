"""Which topic and which field of which ROS message each signal of a log goes to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from hybridsim.log import Log, Signal, SignalHeader

JOINT_STATE = "sensor_msgs/msg/JointState"
IMU = "sensor_msgs/msg/Imu"
POSE = "geometry_msgs/msg/PoseStamped"
POINT = "geometry_msgs/msg/PointStamped"
QUATERNION = "geometry_msgs/msg/QuaternionStamped"
TWIST = "geometry_msgs/msg/TwistStamped"
VECTOR = "geometry_msgs/msg/Vector3Stamped"
WRENCH = "geometry_msgs/msg/WrenchStamped"
BATTERY = "sensor_msgs/msg/BatteryState"
NAMED_VALUES = "hybridsim_msgs/msg/NamedValues"
LISTS = (JOINT_STATE, NAMED_VALUES)
"""Types whose fields are lists, with the components' names in `name`; the others have x, y, z (and w)."""


@dataclass(frozen=True)
class Seat:
    """Where a signal goes: a field of a message type on a topic."""

    topic: str
    type: str
    field: str


@dataclass(frozen=True)
class Topic:
    """Signals that share their stamps, and the fields of the messages that carry them.

    Attributes:
        name: of the topic.
        type: of its messages.
        signals: per field of the message.
    """

    name: str
    type: str
    signals: Mapping[str, Signal]

    @property
    def first(self) -> Signal:
        """The signal whose stamps, frame and components all of them have."""
        return next(iter(self.signals.values()))

    @property
    def stamp_ns(self) -> Int64[np.ndarray, " sample"]:
        """One stamp a message."""
        return self.first.stamp_ns


# Signals that belong into one message where they share stamps; tools plot these types without being told.
TOGETHER: dict[str, Seat] = {
    "joint_position": Seat("/joint_states", JOINT_STATE, "position"),
    "joint_velocity": Seat("/joint_states", JOINT_STATE, "velocity"),
    "joint_effort": Seat("/joint_states", JOINT_STATE, "effort"),
    "joint_position_command": Seat("/joint_commands", JOINT_STATE, "position"),
    "joint_velocity_command": Seat("/joint_commands", JOINT_STATE, "velocity"),
    "joint_effort_command": Seat("/joint_commands", JOINT_STATE, "effort"),
    "imu_orientation": Seat("/imu", IMU, "orientation"),
    "imu_angular_velocity": Seat("/imu", IMU, "angular_velocity"),
    "imu_linear_acceleration": Seat("/imu", IMU, "linear_acceleration"),
    "base_position": Seat("/base_pose", POSE, "pose.position"),
    "base_orientation": Seat("/base_pose", POSE, "pose.orientation"),
    "base_linear_velocity": Seat("/base_twist", TWIST, "twist.linear"),
    "base_angular_velocity": Seat("/base_twist", TWIST, "twist.angular"),
    "wrench": Seat("/wrench", WRENCH, "wrench.force"),
    "wrench_torque": Seat("/wrench", WRENCH, "wrench.torque"),
}
ALONE = {
    "base_position": (POINT, "point"),
    "base_orientation": (QUATERNION, "quaternion"),
    "base_linear_velocity": (VECTOR, "vector"),
    "base_angular_velocity": (VECTOR, "vector"),
}
"""Types for half a pose or twist: the whole message would make the other half up."""


def together(name: str, signal: Signal | SignalHeader) -> Seat | None:
    """The seat beside other signals; None where the signal has none, or does not fit its x, y, z.

    `wrench.left` sits like `wrench`, on a topic of its own.
    """
    word, _, which = name.partition(".")
    seat = TOGETHER.get(word)
    if seat is None or (seat.type not in LISTS and len(signal.components) != _axes(seat)):
        return None
    return replace(seat, topic=seat.topic + topic_name(which)) if which else seat


@dataclass(frozen=True)
class Company:
    """What one log has of the signals of a shared topic.

    Attributes:
        names: in the order of the table above.
        strangers: those with other stamps, frames or joints than the first.
    """

    names: tuple[str, ...]
    strangers: frozenset[str]


def companies_of(log: Log) -> dict[str, Company]:
    """Per shared topic what a log has of its signals."""
    found = {}
    for topic, names in _companies(log.signals).items():
        first = log.signals[names[0]]
        strangers = frozenset(name for name in names if not _share(first, log.signals[name]))
        found[topic] = Company(tuple(names), strangers)
    return found


def apart_of(logs: Iterable[Mapping[str, Company]]) -> set[str]:
    """Signals that get a topic of their own in every one of these logs, so that they are found in one place.

    Those that cannot share a message in some log; and all of a topic where logs differ in what would be left:
    messages of one type with now these, now those fields filled read as if all of them had been measured.
    """
    topics: dict[str, list[Company]] = {}
    for log in logs:
        for topic, company in log.items():
            topics.setdefault(topic, []).append(company)
    apart: set[str] = set()
    for companies in topics.values():
        strangers = {name for company in companies for name in company.strangers}
        rest = {tuple(n for n in company.names if n not in strangers) for company in companies} - {()}
        everyone = {name for company in companies for name in company.names}
        apart |= strangers if len(rest) <= 1 and all(map(_is_whole, rest)) else everyone
    return apart


def topics_of(log: Log, where: Mapping[str, Seat]) -> list[Topic]:
    """The topics of one log, with every signal on the seat that `seats` gave it."""
    topics: dict[tuple[str, str], dict[str, Signal]] = {}
    for name in where:
        if name in log.signals:
            topics.setdefault((where[name].topic, where[name].type), {})[where[name].field] = log.signals[
                name
            ]
    return [Topic(name, kind, signals) for (name, kind), signals in topics.items()]


def seats(signals: Mapping[str, Signal | SignalHeader], apart: Iterable[str]) -> dict[str, Seat]:
    """Per signal where it goes; first those that share a topic.

    Args:
        signals: of one log, or of several that agree on components.
        apart: signals that get a topic of their own, as `apart_of` says of these logs.
    """
    shared = [name for names in _companies(signals).values() for name in names]
    found: dict[str, Seat] = {}
    taken = {seat.topic for seat in TOGETHER.values()}
    for name in [*shared, *(name for name in signals if name not in shared)]:
        seat = together(name, signals[name])
        if seat is None or name in apart or seat in found.values():  # wrench.a-b and wrench.a_b are one topic
            topic = topic_name(name)
            while topic in taken:  # two names may become the same topic
                topic += "_2"
            kind, field = (NAMED_VALUES, "value")
            if seat is not None:
                kind, field = ALONE.get(_word(name), (seat.type, seat.field))
            seat = Seat(topic, kind, field)
            taken.add(topic)
        found[name] = seat
    return found


def topic_name(signal: str) -> str:
    """A signal's name as a topic that ROS allows: letters, digits and single underscores."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", signal).strip("_") or "signal"
    return f"/{words}" if words[0].isalpha() else f"/signal_{words}"


def _companies(signals: Mapping[str, Signal | SignalHeader]) -> dict[str, list[str]]:
    """Per shared topic the signals that have a seat there, in the order of the table above."""
    order = list(TOGETHER)
    known = [name for name in signals if together(name, signals[name]) is not None]
    found: dict[str, list[str]] = {}
    for name in sorted(known, key=lambda name: (order.index(_word(name)), name)):
        seat = together(name, signals[name])
        assert seat is not None
        found.setdefault(seat.topic, []).append(name)
    return found


def _is_whole(names: Sequence[str]) -> bool:
    """Whether these signals fill a message; half a pose or twist does not."""
    topic = TOGETHER[_word(names[0])].topic
    return _word(names[0]) not in ALONE or len(names) == [s.topic for s in TOGETHER.values()].count(topic)


def _share(a: Signal, b: Signal) -> bool:
    """Whether two signals fit into the same messages: stamps, frame, and the names of joints."""
    names = TOGETHER[_word(a.name)].type != JOINT_STATE or a.components == b.components
    return names and a.frame == b.frame and np.array_equal(a.stamp_ns, b.stamp_ns)


def _word(name: str) -> str:
    return name.partition(".")[0]


def _axes(seat: Seat) -> int:
    return 4 if seat.field.endswith("orientation") else 3
