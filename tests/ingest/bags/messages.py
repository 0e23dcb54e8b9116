"""Messages for made bags: fields of many types, streams with planted values, and their clocks.

A message is what was said (`fields`), not how: ROS 1 bytes or CDR are made by whoever writes the container.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

JOINTS = ("hip", "thigh", "calf", "foot")
START_NS = 1_700_000_000_000_000_000
"""14 November 2023."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a made bag.

    `fields` nest as the type does, what is left out is zero or empty; `bytes` are written as they are.
    `caller` tells publishers of one topic apart (.bag only: each has a connection of its own). `text` is the
    definition that the bag holds, if not the type's own.
    """

    topic: str
    kind: str
    receive_ns: int
    fields: Mapping[str, Any] | bytes = field(default_factory=dict)
    caller: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A sender's clock and the way to the recorder.

        receive = header (1 + drift) + offset + delay, delay uniform in [0, jitter]

    `start_ns` and `period_ns` are the header's. With `zero` no header is stamped; from row `reboot` on the
    sender has started again and counts from 5 s, while the recorder's clock goes on.
    """

    start_ns: int = START_NS
    period_ns: int = 2_500_000
    offset_ns: int = 0
    drift: float = 0.0
    jitter_ns: int = 0
    zero: bool = False
    reboot: int | None = None
    seed: int = 0

    def stamps(self, rows: int) -> tuple[list[int], list[int]]:
        """Header's and receive stamps [ns]."""
        elapsed = np.arange(rows, dtype=np.int64) * self.period_ns
        delay = np.random.default_rng(self.seed).integers(0, self.jitter_ns + 1, rows)
        drifted = np.rint(elapsed * self.drift).astype(np.int64)
        receive = self.start_ns + elapsed + drifted + self.offset_ns + delay
        header = self.start_ns + elapsed
        if self.reboot is not None:
            header[self.reboot :] = 5_000_000_000 + elapsed[: max(rows - self.reboot, 0)]
        if self.zero:
            header[:] = 0
        return header.tolist(), receive.tolist()


def position(joint: int, row: int) -> float:
    """Planted value [rad]; velocity is ten times it [rad/s], effort its negative [N·m]."""
    return 0.1 * (joint + 1) + 0.001 * row


def joint_states(
    rows: int = 20,
    *,
    clock: Clock | None = None,
    joints: Sequence[str] = JOINTS,
    topic: str = "/joint_states",
    order: str = "fixed",
    effort: bool = True,
    seed: int = 0,
) -> list[Message]:
    """A stream of sensor_msgs/JointState.

    Orders: `fixed`; `permuted`, names shuffled in every message; `partial`, every message holds at least one
    joint and leaves others out; `growing`, first half of the joints, then all of them; `uneven`, every third
    message has velocities of one joint less than names, every fifth has none.
    """
    assert order in ("fixed", "permuted", "partial", "growing", "uneven"), order
    rng = np.random.default_rng(seed)
    header, receive = (clock or Clock()).stamps(rows)
    messages = []
    for row in range(rows):
        chosen = list(range(len(joints)))
        if order == "permuted":
            chosen = rng.permutation(len(joints)).tolist()
        elif order == "partial":
            chosen = sorted(rng.permutation(len(joints))[: rng.integers(1, len(joints) + 1)].tolist())
        elif order == "growing" and row < rows // 2:
            chosen = chosen[: (len(joints) + 1) // 2]
        values = [position(joint, row) for joint in chosen]
        velocity = [10.0 * value for value in values]
        if order == "uneven":
            velocity = [] if row % 5 == 4 else velocity[:-1] if row % 3 == 2 else velocity
        said = joint_state(
            header[row],
            [joints[joint] for joint in chosen],
            values,
            velocity,
            [-value for value in values] if effort else [],
        )
        messages.append(
            Message(topic=topic, kind="sensor_msgs/msg/JointState", receive_ns=receive[row], fields=said)
        )
    return messages


def stream(topic: str, kind: str, each: Any, rows: int = 20, clock: Clock | None = None) -> list[Message]:
    """Messages of one topic; `each(stamp_ns, row)` gives the fields."""
    header, receive = (clock or Clock()).stamps(rows)
    return [
        Message(topic=topic, kind=kind, receive_ns=receive[row], fields=each(header[row], row))
        for row in range(rows)
    ]


def merged(*streams: Sequence[Message]) -> list[Message]:
    """Streams in one recording, in order of reception."""
    return sorted((message for one in streams for message in one), key=lambda message: message.receive_ns)


def mixture(rows: int = 20) -> list[Message]:
    """Streams of most types, in order of reception: 13 messages a row."""
    later = Clock(start_ns=START_NS + 1_000)

    def other(topic: str, kind: str, each: Any) -> list[Message]:
        return stream(topic, kind, each, rows, later)

    return merged(
        joint_states(rows, order="permuted"),
        other("/imu", "sensor_msgs/msg/Imu", imu),
        other("/wrench", "geometry_msgs/msg/WrenchStamped", wrench),
        other("/odom", "nav_msgs/msg/Odometry", odometry),
        other("/pose", "geometry_msgs/msg/PoseStamped", pose),
        other("/tf", "tf2_msgs/msg/TFMessage", transforms),
        other("/command", "trajectory_msgs/msg/JointTrajectory", trajectory),
        other("/state", "control_msgs/msg/JointTrajectoryControllerState", controller_state),
        other("/f64", "std_msgs/msg/Float64MultiArray", lambda _, row: array(row)),
        other("/f32", "std_msgs/msg/Float32MultiArray", lambda _, row: array(row)),
        other("/empty", "std_msgs/msg/Empty", lambda _, row: {}),
        other("/clock", "rosgraph_msgs/msg/Clock", lambda stamp, row: clock_message(stamp)),
        other("/legs", "lab_msgs/msg/Legs", legs),
    )


def renamed(messages: Sequence[Message], topic: str) -> list[Message]:
    """The same messages on another topic."""
    return [replace(message, topic=topic) for message in messages]


def time(stamp_ns: int) -> dict[str, int]:
    """Fields of a builtin_interfaces/Time."""
    return {"sec": stamp_ns // 10**9, "nanosec": stamp_ns % 10**9}


def header(stamp_ns: int, frame: str = "") -> dict[str, Any]:
    """Fields of a std_msgs/Header."""
    return {"stamp": time(stamp_ns), "frame_id": frame}


def xyz(values: Sequence[float]) -> dict[str, float]:
    """Fields of a Vector3 or Point."""
    return dict(zip("xyz", values, strict=True))


def xyzw(values: Sequence[float]) -> dict[str, float]:
    """Fields of a Quaternion."""
    return dict(zip("xyzw", values, strict=True))


def joint_state(
    stamp_ns: int,
    names: Sequence[str],
    positions: Sequence[float],
    velocities: Sequence[float] = (),
    efforts: Sequence[float] = (),
) -> dict[str, Any]:
    """Fields of a sensor_msgs/JointState."""
    return {
        "header": header(stamp_ns),
        "name": list(names),
        "position": list(positions),
        "velocity": list(velocities),
        "effort": list(efforts),
    }


def imu(stamp_ns: int, row: int) -> dict[str, Any]:
    """Fields of a sensor_msgs/Imu: rates 0.1, 0.2, 0.3 rad/s and gravity in z, each plus 0.001 a row."""
    drift = 0.001 * row
    return {
        "header": header(stamp_ns, "imu_link"),
        "orientation": xyzw((0.0, 0.0, np.sin(drift), np.cos(drift))),
        "orientation_covariance": [-1.0, *[0.0] * 8],
        "angular_velocity": xyz((0.1 + drift, 0.2 + drift, 0.3 + drift)),
        "linear_acceleration": xyz((drift, -drift, 9.81 + drift)),
    }


def wrench(stamp_ns: int, row: int) -> dict[str, Any]:
    """Fields of a geometry_msgs/WrenchStamped: 1, 2, 3 N and 0.1, 0.2, 0.3 N·m, times the row."""
    return {
        "header": header(stamp_ns, "foot"),
        "wrench": {
            "force": xyz((1.0 * row, 2.0 * row, 3.0 * row)),
            "torque": xyz((0.1 * row, 0.2 * row, 0.3 * row)),
        },
    }


def pose(stamp_ns: int, row: int) -> dict[str, Any]:
    """Fields of a geometry_msgs/PoseStamped: 1 mm a row along x, 1 mrad a row about z."""
    return {"header": header(stamp_ns, "world"), "pose": _pose(row)}


def odometry(stamp_ns: int, row: int) -> dict[str, Any]:
    """Fields of a nav_msgs/Odometry that moves as `pose`; covariances count from 0 to 35."""
    covariance = list(map(float, range(36)))
    return {
        "header": header(stamp_ns, "odom"),
        "child_frame_id": "base",
        "pose": {"pose": _pose(row), "covariance": covariance},
        "twist": {
            "twist": {"linear": xyz((0.4, 0, 0)), "angular": xyz((0, 0, 0.8))},
            "covariance": covariance,
        },
    }


def transforms(stamp_ns: int, row: int, children: Sequence[str] = ("base", "tool")) -> dict[str, Any]:
    """Fields of a tf2_msgs/TFMessage; every second message leaves the last child out."""
    return {
        "transforms": [
            {
                "header": header(stamp_ns, "world"),
                "child_frame_id": child,
                "transform": {"translation": xyz((0.001 * row, k, 0.0)), "rotation": xyzw((0, 0, 0, 1))},
            }
            for k, child in enumerate(children[: len(children) - row % 2])
        ]
    }


def trajectory(stamp_ns: int, row: int, joints: Sequence[str] = JOINTS) -> dict[str, Any]:
    """Fields of a trajectory_msgs/JointTrajectory: one point more every third message."""
    points = [trajectory_point(joints, row + ahead, 100_000_000 * ahead) for ahead in range(1 + row % 3)]
    return {"header": header(stamp_ns), "joint_names": list(joints), "points": points}


def trajectory_point(joints: Sequence[str], row: int, after_ns: int = 0) -> dict[str, Any]:
    """Fields of a trajectory_msgs/JointTrajectoryPoint."""
    values = [position(joint, row) for joint in range(len(joints))]
    velocities = [10.0 * value for value in values]
    return {"positions": values, "velocities": velocities, "time_from_start": time(after_ns)}


def controller_state(stamp_ns: int, row: int, joints: Sequence[str] = JOINTS) -> dict[str, Any]:
    """Fields of a control_msgs/JointTrajectoryControllerState: actual lags desired by a row."""
    desired, actual = trajectory_point(joints, row), trajectory_point(joints, row - 1)
    error = {"positions": [0.001] * len(joints)}
    return {
        "header": header(stamp_ns),
        "joint_names": list(joints),
        "desired": desired,
        "actual": actual,
        "error": error,
    }


def array(row: int, length: int = 4, label: str = "joint") -> dict[str, Any]:
    """Fields of a std_msgs/Float64MultiArray or Float32MultiArray."""
    return {
        "layout": {"dim": [{"label": label, "size": length, "stride": length}], "data_offset": 0},
        "data": [position(joint, row) for joint in range(length)],
    }


def clock_message(stamp_ns: int) -> dict[str, Any]:
    """Fields of a rosgraph_msgs/Clock."""
    return {"clock": time(stamp_ns)}


def service_events(rows: int = 4, topic: str = "/add_two_ints/_service_event") -> list[Message]:
    """What ROS 2's service introspection records: its definition is the service's, not the event's."""
    header, receive = Clock().stamps(rows)
    # Encapsulation, event type, stamp, client's gid and four bytes to align, sequence number, no request, no
    # response.
    events = [
        struct.pack("<4xB3xiI20xqII", row % 4, stamp // 10**9, stamp % 10**9, row, 0, 0)
        for row, stamp in enumerate(header)
    ]
    kind, text = "example_interfaces/srv/AddTwoInts_Event", "int64 a\nint64 b\n---\nint64 sum\n"
    return [
        Message(topic=topic, kind=kind, receive_ns=stamp, fields=b"\0\1" + event[2:], text=text)
        for stamp, event in zip(receive, events, strict=True)
    ]


def legs(stamp_ns: int, row: int) -> dict[str, Any]:
    """Fields of a lab_msgs/Legs (types.py): nested, in fixed and changing number, with strings and flags."""
    return {
        "header": header(stamp_ns, "trunk"),
        "legs": [
            {
                "name": f"leg{k}",
                "angle": position(k, row),
                "forces": [0.5 * k] * (row % 3),
                "seen": time(stamp_ns),
            }
            for k in range(4)
        ],
        "contacts": [{"name": "x" * k, "angle": float(k)} for k in range(row % 4)],
        "mode": row % 256,
        "flags": [bool(row % 2), True, False][: 1 + row % 3],
        "bias": [0.25, -0.5, 1.5],
        "count": -row,
        "note": "µ" * (row % 5),
    }


def _pose(row: int) -> dict[str, Any]:
    angle = 0.001 * row
    return {
        "position": xyz((0.001 * row, 0.0, 0.3)),
        "orientation": xyzw((0.0, 0.0, np.sin(angle / 2), np.cos(angle / 2))),
    }
