"""Decoding alone: a generated bag's file to arrays, and rosbags' numbers to compare them with, bit by bit."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.long_messages import JOINTS

Arrays = dict[str, np.ndarray]
"""Header stamps [ns] under the topic's name, [message, column] values under the signal's."""

SIGNALS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "/joint_states": {name: [f"{name}[{j}]" for j in JOINTS] for name in ("position", "velocity", "effort")},
    "/imu/data": {
        name: [f"{name}.{axis}" for axis in "xyz"] for name in ("angular_velocity", "linear_acceleration")
    },
}
"""What the benchmark's ingest.toml names."""
EVERY: Mapping[str, Mapping[str, Sequence[str]]] = {
    "/joint_states": SIGNALS["/joint_states"],
    "/imu/data": {
        "orientation": [f"orientation.{axis}" for axis in "xyzw"],
        **SIGNALS["/imu/data"],
        **{
            f"{name}_covariance": [f"{name}_covariance[{k}]" for k in range(9)]
            for name in ("orientation", "angular_velocity", "linear_acceleration")
        },
    },
}
"""Every number that rosbags decodes."""


def decode(path: Path, signals: Mapping[str, Mapping[str, Sequence[str]]] = SIGNALS) -> Arrays:
    """The file's numbers by hybridsim's reader, nothing else done with them."""
    from hybridsim.ingest.bags import Wanted, read_columns

    wanted = {
        topic: [[Wanted(column) for column in columns] for columns in arrays.values()]
        for topic, arrays in signals.items()
    }
    found: Arrays = {}
    for topic, taken in read_columns(path, wanted, {"/joint_states": "name"}).items():
        found |= {topic: taken.header_ns, **dict(zip(signals[topic], taken.values, strict=True))}
    return found


def reference(path: Path, count: int, signals: Mapping[str, Mapping[str, Sequence[str]]] = SIGNALS) -> Arrays:
    """The same of the first messages, by rosbags; NaN for joints that a message leaves out."""
    from rosbags.highlevel import AnyReader

    rows: dict[str, list] = {}
    with AnyReader([path]) as reader:
        for k, (connection, _, data) in enumerate(reader.messages()):
            if k >= count:
                break
            message = reader.deserialize(data, connection.msgtype)
            stamp = message.header.stamp
            rows.setdefault(connection.topic, []).append(stamp.sec * 10**9 + stamp.nanosec)
            for name in signals[connection.topic]:
                rows.setdefault(name, []).append(_values(message, connection.topic, name))
    return {name: np.array(found) for name, found in rows.items()}


def _values(message: object, topic: str, name: str) -> np.ndarray:
    field = getattr(message, name)
    if topic == "/joint_states":
        given = dict(zip(message.name, field, strict=False))
        return np.array([given.get(joint, np.nan) for joint in JOINTS])
    if isinstance(field, np.ndarray):
        return field
    return np.array([getattr(field, axis) for axis in ("x", "y", "z", "w") if hasattr(field, axis)])


def differing(
    path: Path, count: int, signals: Mapping[str, Mapping[str, Sequence[str]]] = EVERY
) -> list[str]:
    """What differs from rosbags in the first messages, in any bit; one NaN is as good as another."""
    ours, theirs = decode(path, signals), reference(path, count, signals)
    return [name for name in theirs if not _same(ours[name][: len(theirs[name])], theirs[name])]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool((one.view(np.int64) == other.view(np.int64)).reshape(-1).all()) or (
        one.dtype == np.float64 and np.array_equal(one, other, equal_nan=True) and _signs(one, other)
    )


def _signs(one: np.ndarray, other: np.ndarray) -> bool:
    """Zeros have the same sign, too."""
    return bool((np.signbit(one) == np.signbit(other))[~np.isnan(one)].all())
