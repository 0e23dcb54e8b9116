"""Logs of every kind of signal, and a reader of bags that follows an ingest.toml to the letter. Synthetic."""

import re
import tomllib
from pathlib import Path

import numpy as np
from rosbags.highlevel import AnyReader

from hybridsim.log import Constant, LogDraft, LogStore, Signal, log_of

START_NS = 1_700_000_000_123_456_789
JOINTS = ("shoulder", "elbow-2", "wrist.roll")
XYZ = ("x", "y", "z")


def stamps(count=50, step_ns=10_000_000, start_ns=START_NS, jitter=0, seed=0):
    """Increasing stamps, a step apart and a little off."""
    off = np.random.default_rng(seed).integers(-jitter, jitter + 1, count)
    return start_ns + np.arange(count, dtype=np.int64) * step_ns + off


def a_signal(name, components=JOINTS, unit="rad", at=None, seed=0, frame=None, values=None):
    at = stamps() if at is None else np.asarray(at, np.int64)
    if values is None:
        values = np.random.default_rng(seed).normal(size=(len(at), len(components)))
    return Signal(
        name, unit, components, at, np.asarray(values, float).reshape(len(at), len(components)), frame
    )


def quaternions(count, seed=0):
    found = np.random.default_rng(seed).normal(size=(count, 4))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def everything():
    """One signal for every kind of message, with stamps shared here and not shared there."""
    slow, other = stamps(7, 71_000_001), stamps(60, 8_333_333, jitter=1000)
    signals = [
        a_signal("joint_position", seed=1),
        a_signal("joint_velocity", unit="rad/s", seed=2),
        a_signal("joint_effort", unit="N*m", seed=3, at=other),
        a_signal("joint_position_command", seed=4, at=other),
        a_signal("gripper_opening", ("gripper",), "1", seed=5),
        a_signal("gripper_opening_command", ("gripper",), "1", seed=6, at=other),
        a_signal("motor_current", unit="A", seed=7),
        a_signal("motor_enabled", unit="1", values=np.tile([[1.0, 0.0, 1.0]], (50, 1))),
        a_signal("temperature", unit="degC", seed=8, at=slow),
        a_signal("imu_angular_velocity", XYZ, "rad/s", seed=9, at=other, frame="imu_link"),
        a_signal("imu_linear_acceleration", XYZ, "m/s^2", seed=10, at=other, frame="imu_link"),
        a_signal("base_position", XYZ, "m", seed=11, frame="world"),
        a_signal("base_orientation", (*XYZ, "w"), "1", values=quaternions(50, 12), frame="world"),
        a_signal("wrench.left", XYZ, "N", seed=13, at=slow),
        a_signal("wrench_torque.left", XYZ, "N*m", seed=14, at=slow),
        a_signal("wrench", XYZ, "N", seed=15),
        a_signal("foot_force", ("LF_x", "LF_y", "LF_z", "RF_x", "RF_y", "RF_z"), "N", seed=16),
        a_signal("contact", ("1", "2"), "1", values=np.ones((50, 2))),
    ]
    return {signal.name: signal for signal in signals}


def arm(*left_out, **more):
    """Joint positions, their commands and a slow thermometer."""
    found = {
        "joint_position": a_signal("joint_position", seed=1),
        "joint_position_command": a_signal("joint_position_command", seed=2),
        "temperature": a_signal("temperature", unit="degC", at=stamps(6, 90_000_000), seed=3),
        **more,
    }
    return {name: signal for name, signal in found.items() if name not in left_out}


def a_draft(signals=None, **changes):
    made = {
        "robot": "arm",
        "serial": "a1",
        "name": "wave",
        "session": "tuesday",
        "signals": everything() if signals is None else signals,
        "constants": {"payload_mass": Constant(value=0.5, unit="kg")},
        "labels": {"operator": "Ada"},
    }
    return LogDraft(**{**made, **changes})


def a_log(signals=None, **changes):
    return log_of(a_draft(signals, **changes))


def store(root, *drafts):
    """A store with these logs; returns its folder."""
    for draft in drafts:
        LogStore(root).add(draft)
    return root


def read_back(bag: Path, spec: Path):
    """Per signal its stamps and values, as ingest.toml says where they are, read by rosbags."""
    table = tomllib.loads(spec.read_text(encoding="utf-8"))
    found = {}
    with AnyReader([bag]) as reader:
        for topic in table["topic"]:
            connections = [one for one in reader.connections if one.topic == topic["name"]]
            assert {one.msgtype for one in connections} <= {topic["type"]}
            assert topic["stamp"] == "header"
            messages = [
                reader.deserialize(raw, connection.msgtype)
                for connection, _, raw in reader.messages(connections=connections)
            ] if connections else []  # fmt: skip
            times = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in messages]
            for signal in topic["signal"]:
                values = [[number(m, path, topic) for path in signal["columns"].values()] for m in messages]
                found[signal["name"]] = Signal(
                    signal["name"],
                    signal["unit"],
                    tuple(signal["columns"]),
                    np.array(times, np.int64),
                    np.array(values, float).reshape(len(times), len(signal["columns"])),
                    signal.get("frame"),
                )
    return found


def number(message, path, topic):
    """One number of a message."""
    for step in re.split(r"\.(?![^\[]*\])", path):
        name, _, place = step.partition("[")
        owner, message = message, getattr(message, name)
        if place:
            word = place.removesuffix("]")
            message = message[int(word) if word.isdigit() else getattr(owner, topic["names"]).index(word)]
    return message


def same_bits(a, b):
    """Whether two signals hold the same samples to the bit."""
    return (a.name, a.unit, a.components, a.frame) == (b.name, b.unit, b.components, b.frame) and (
        a.stamp_ns.tobytes() == b.stamp_ns.tobytes()
        and np.ascontiguousarray(a.values).tobytes() == np.ascontiguousarray(b.values).tobytes()
    )
