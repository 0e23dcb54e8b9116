"""A first ingest.toml for a robot, from what a bag holds: joints by name, everything else by message type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hybridsim.errors import SpecError, listed
from hybridsim.ingest.bags.paths import parse_path
from hybridsim.ingest.joints import match_joints
from hybridsim.ingest.survey import Survey, TopicSurvey
from hybridsim.robot import Robot

COMMAND = re.compile(r"command|cmd|desired|setpoint|target|reference|goal", re.IGNORECASE)
XYZ = ("x", "y", "z")
XYZW = (*XYZ, "w")
MAX_FIELDS = 12  # of a type that is left to the user; chosen
MAX_WORD = 16  # letters of a topic's word in the name of a signal; chosen
UNITS = {"position": "rad", "velocity": "rad/s", "effort": "N*m"}

# Type -> signal, unit, path before the components, components.
VECTORS: dict[str, tuple[tuple[str, str, str, tuple[str, ...]], ...]] = {
    "sensor_msgs/msg/Imu": (
        ("imu_angular_velocity", "rad/s", "angular_velocity", XYZ),
        ("imu_linear_acceleration", "m/s^2", "linear_acceleration", XYZ),
        ("imu_orientation", "1", "orientation", XYZW),
    ),
    "geometry_msgs/msg/WrenchStamped": (
        ("wrench", "N", "wrench.force", XYZ),
        ("wrench_torque", "N*m", "wrench.torque", XYZ),
    ),
    "geometry_msgs/msg/Wrench": (("wrench", "N", "force", XYZ), ("wrench_torque", "N*m", "torque", XYZ)),
    "nav_msgs/msg/Odometry": (
        ("base_position", "m", "pose.pose.position", XYZ),
        ("base_orientation", "1", "pose.pose.orientation", XYZW),
        ("base_linear_velocity", "m/s", "twist.twist.linear", XYZ),
        ("base_angular_velocity", "rad/s", "twist.twist.angular", XYZ),
    ),
    "geometry_msgs/msg/PoseStamped": (
        ("base_position", "m", "pose.position", XYZ),
        ("base_orientation", "1", "pose.orientation", XYZW),
    ),
    "geometry_msgs/msg/PoseWithCovarianceStamped": (
        ("base_position", "m", "pose.pose.position", XYZ),
        ("base_orientation", "1", "pose.pose.orientation", XYZW),
    ),
    "geometry_msgs/msg/TwistStamped": (
        ("base_linear_velocity", "m/s", "twist.linear", XYZ),
        ("base_angular_velocity", "rad/s", "twist.angular", XYZ),
    ),
}
TRANSFORMS = ("tf2_msgs/msg/TFMessage", "tf/msg/tfMessage")
# Part of a controller's state -> what its signals end with.
PARTS = {"reference": "_command", "desired": "_command", "feedback": "", "actual": ""}


def propose(found: Survey, robot: Robot) -> str:
    """The text of an ingest.toml; what could not be matched is left as comments.

    Signals that a robot has twice get a second word: `wrench` and `wrench.left_wrist`.
    """
    writer = _Writer(robot)
    for topic in found.topics.values():
        writer.topic(topic)
    name = re.sub(r"\W+", "_", found.files[0].stem).strip("_").lower() or "bags"
    head = [
        f"# A first draft from {_plain(found.files[0].name)}: check names, units, signs, frames.",
        "schema = 1",
        f"set = {_quoted(name)}",
        f"robots = [{_quoted(robot.name)}]",
        'one_log_per = "bag"',
    ]
    return "\n".join([*head, *writer.lines]) + "\n"


class _Writer:
    """Writes topic after topic."""

    def __init__(self, robot: Robot) -> None:
        self.robot = robot
        self.lines: list[str] = []
        self._used: set[str] = set()

    def topic(self, topic: TopicSurvey) -> None:
        """One topic, or a comment on it."""
        signals: list[tuple[str, str, dict[str, str]]] = []
        names, stamp = None, '"header"'
        kind, first = topic.connection.type, topic.first[0] if topic.first else {}
        if topic.unreadable or not first:
            self._comment(topic, topic.unreadable or "no messages")
            return
        if kind in VECTORS:
            signals = [
                (signal, unit, {part: f"{path}.{part}" for part in parts})
                for signal, unit, path, parts in VECTORS[kind]
            ]
        elif kind in TRANSFORMS:
            signals, stamp = self._transform(first)
        else:
            signals, names = self._joints(topic, first)
        if not signals:
            self._comment(topic, self._left(first))
            return
        self._entry(topic, signals, names, stamp, self._partial(topic, names, signals))
        if names is not None:
            self._missing(topic, names, signals[0][2])

    def _joints(
        self, topic: TopicSurvey, first: dict[str, Any]
    ) -> tuple[list[tuple[str, str, dict[str, str]]], str | None]:
        """Signals of whatever lists names beside numbers: states, trajectories, controllers."""
        names = next((key for key in ("name", "joint_names", "names") if _words(first.get(key))), None)
        if names is None:
            return self._array(topic, first), None
        every = list(dict.fromkeys(word for message in topic.first for word in message.get(names, [])))
        joints = match_joints([word for word in every if _can_be_said(word)], self.robot)
        suffix = "_command" if COMMAND.search(topic.connection.topic) else ""
        found = list(_lists(first, "", suffix))
        if isinstance(first.get("points"), list) and first["points"]:
            found += list(_lists(first["points"][0], "points[0].", "_command"))
        for part, ending in PARTS.items():
            if isinstance(first.get(part), dict):
                found += list(_lists(first[part], f"{part}.", ending))
        signals = [
            (signal, unit, {joint: f"{path}[{_place(word)}]" for joint, word in joints.items()})
            for signal, unit, path in found
        ]
        return (signals if joints else []), names

    def _array(self, topic: TopicSurvey, first: dict[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
        """A bare list of as many numbers as the robot has joints, taken for their command in its order."""
        data = first.get("data")
        if not isinstance(data, list) or len(data) != len(self.robot.joint_names):
            return []
        what = next((word for word in UNITS if word in topic.connection.topic), "position")
        places = {joint: f"data[{place}]" for place, joint in enumerate(self.robot.joint_names)}
        return [(f"joint_{what}_command", UNITS[what], places)]

    def _transform(self, first: dict[str, Any]) -> tuple[list[tuple[str, str, dict[str, str]]], str]:
        frames = [str(entry.get("child_frame_id", "")) for entry in first.get("transforms", [])]
        base = next((frame for frame in frames if "base" in frame), None)
        if base is None:
            return [], '"header"'
        path = f"transforms[child_frame_id={base}]"
        stamp = _quoted(f"{path}.header.stamp")
        signals = [
            ("base_position", "m", {part: f"{path}.transform.translation.{part}" for part in XYZ}),
            ("base_orientation", "1", {part: f"{path}.transform.rotation.{part}" for part in XYZW}),
        ]
        return signals, f'{{ column = {stamp}, unit = "s" }}'

    def _partial(
        self, topic: TopicSurvey, names: str | None, signals: list[tuple[str, str, dict[str, str]]]
    ) -> bool:
        """Whether some messages seen lack some of the joints."""
        if names is None:
            return False
        wanted = {_word_of(path) for _, _, columns in signals for path in columns.values()}
        return any(not wanted <= set(message.get(names, [])) for message in topic.first)

    def _entry(
        self,
        topic: TopicSurvey,
        signals: list[tuple[str, str, dict[str, str]]],
        names: str | None,
        stamp: str,
        partial: bool,
    ) -> None:
        connection = topic.connection
        self.lines += ["", "[[topic]]", f"name = {_quoted(connection.topic)}"]
        self.lines += [f"type = {_quoted(connection.type)}", f"stamp = {stamp}"]
        if names is not None:
            self.lines.append(f"names = {_quoted(names)}")
        if partial:
            self.lines.append(
                'partial = "hold"  # some messages lack some joints: these keep their last value'
            )
        for signal, unit, columns in signals:
            frame = _frame(topic.first[0], signal)
            name = self._name(signal, connection.topic)
            self.lines += ["", "[[topic.signal]]", f"name = {_quoted(name)}", f"unit = {_quoted(unit)}"]
            if frame and len(columns) in (3, 4) and names is None:
                self.lines.append(f"frame = {_quoted(frame)}")
            self.lines += ["required = false", "[topic.signal.columns]"]
            self.lines += [f"{_quoted(part)} = {_quoted(path)}" for part, path in columns.items()]

    def _missing(self, topic: TopicSurvey, names: str, columns: dict[str, str]) -> None:
        """A comment on joints that were not found, and on names that were not used."""
        missing = [joint for joint in self.robot.joint_names if joint not in columns]
        every = {str(word) for message in topic.first for word in message.get(names, [])}
        others = every - {_word_of(path) for path in columns.values()}
        if missing:
            also = f"; its other names: {_plain(listed(others))}" if others else ""
            self.lines.append(f"# not found in the messages: {', '.join(missing)}{also}")

    def _name(self, signal: str, topic: str) -> str:
        """The signal's name, with a word of its topic where it is taken."""
        name = signal
        words = [re.sub(r"\W", "_", word, flags=re.ASCII)[:MAX_WORD] for word in topic.split("/") if word][:3]
        for word in ["_".join(words), *(f"{'_'.join(words)}_{n}" for n in range(2, 100))]:
            if name not in self._used:
                break
            name = f"{signal}.{word}"
        self._used.add(name)
        return name

    def _left(self, first: dict[str, Any]) -> str:
        fields = [path for path, _ in _numbers(first, "")]
        some = ", ".join(fields[:MAX_FIELDS]) + (", ..." if len(fields) > MAX_FIELDS else "")
        return f"left to you; its numbers: {some}" if fields else "holds no numbers"

    def _comment(self, topic: TopicSurvey, why: str) -> None:
        about = f"{topic.connection.topic} ({topic.connection.type}, {topic.messages} messages)"
        self.lines += ["", f"# {_plain(f'{about}: {why}')}"]


def _quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """A text as part of a comment: names in bags may hold anything, the ends of lines included."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _place(word: str) -> str:
    """A name between the brackets of a path, in quotes where it would be a place or a key."""
    return word if _means(word, word) else f"'{word}'"


def _can_be_said(word: str) -> bool:
    """Whether a path can hold this name at all."""
    return _means(word, word) or _means(f"'{word}'", word)


def _means(place: str, word: str) -> bool:
    try:
        (step,) = parse_path(f"x[{place}]")
    except (SpecError, ValueError):
        return False
    return step.word == word and step.key is None


def _word_of(path: str) -> str:
    return parse_path(path)[-1].word or ""


def _frame(message: dict[str, Any], signal: str) -> str | None:
    """The frame that a vector is given in; a twist of an Odometry is in its child's."""
    if signal.endswith("_velocity") and message.get("child_frame_id"):
        return str(message["child_frame_id"])
    header = message.get("header")
    return str(header.get("frame_id") or "") or None if isinstance(header, dict) else None


def _lists(message: dict[str, Any], path: str, suffix: str) -> Iterator[tuple[str, str, str]]:
    """Signal, unit and path of the lists of positions, velocities and efforts."""
    for what, unit in UNITS.items():
        for field in (what, f"{what}s", "effort" if what == "effort" else f"{what}s"):
            if isinstance(message.get(field), list) and message[field]:
                yield f"joint_{what}{suffix}", unit, f"{path}{field}"
                break


def _words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    """Path and value of every number of a message."""
    if isinstance(value, bool | int | float):
        yield path, float(value)
    elif isinstance(value, dict):
        for name, entry in value.items():
            if name != "header":
                yield from _numbers(entry, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, entry in enumerate(value[:3]):
            yield from _numbers(entry, f"{path}[{place}]")
