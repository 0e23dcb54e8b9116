"""Samples as ROS 2 messages in CDR, with the text that defines each message type."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from hybridsim.export.topics import (
    BATTERY,
    IMU,
    JOINT_STATE,
    NAMED_VALUES,
    POINT,
    POSE,
    QUATERNION,
    TWIST,
    VECTOR,
    WRENCH,
    Topic,
)

NAMED_VALUES_TEXT = """\
std_msgs/Header header
string unit
string[] name
float64[] value
"""
NONE = np.zeros(0)
UNKNOWN = np.zeros(9)
"""A covariance that nobody stated, as sensor_msgs/Imu wants it written."""
NO_TURN = np.array([0.0, 0.0, 0.0, 1.0])
MISSING = np.array([-1.0, *[0.0] * 8])
"""The covariance of a quantity that this Imu does not measure, as sensor_msgs/Imu wants it written."""
STAMP_NS = (-(2**31) * 10**9, 2**31 * 10**9 - 1)
"""First and last nanosecond that builtin_interfaces/Time can say: its seconds have 32 bits."""


@cache
def typestore() -> Typestore:
    """The message types of ROS 2 Humble, and ours for what those have no type for."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    store.register(get_types_from_msg(NAMED_VALUES_TEXT, NAMED_VALUES))
    return store


def definition(kind: str) -> str:
    """The text of a message type and of all that it is made of."""
    text, _ = typestore().generate_msgdef(kind, ros_version=2)
    return text


def encoder(topic: Topic) -> Callable[[int], bytes]:
    """What turns the number of a sample into the bytes of its message."""
    build = BUILD[topic.type]
    store, stamps = typestore(), topic.stamp_ns.tolist()
    frame = topic.first.frame or ""
    rows = {field: np.ascontiguousarray(signal.values) for field, signal in topic.signals.items()}

    def encode(row: int) -> bytes:
        seconds, nanoseconds = divmod(stamps[row], 10**9)
        time = _new("builtin_interfaces/msg/Time", sec=seconds, nanosec=nanoseconds)
        header = _new("std_msgs/msg/Header", stamp=time, frame_id=frame)
        values = {field: values[row] for field, values in rows.items()}
        return bytes(store.serialize_cdr(build(header, topic, values), topic.type))

    return encode


def _new(kind: str, **fields: Any) -> Any:
    return typestore().types[kind](**fields)


def _xyz(kind: str, values: np.ndarray) -> Any:
    x, y, z = values.tolist()
    return _new(f"geometry_msgs/msg/{kind}", x=x, y=y, z=z)


def _xyzw(values: np.ndarray) -> Any:
    x, y, z, w = values.tolist()
    return _new("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)


def _joint_state(header: Any, topic: Topic, values: dict[str, np.ndarray]) -> Any:
    lists = {field: values.get(field, NONE) for field in ("position", "velocity", "effort")}
    return _new(JOINT_STATE, header=header, name=list(topic.first.components), **lists)


def _named_values(header: Any, topic: Topic, values: dict[str, np.ndarray]) -> Any:
    names, unit = list(topic.first.components), topic.first.unit
    return _new(NAMED_VALUES, header=header, unit=unit, name=names, value=values["value"])


def _imu(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    fields: dict[str, Any] = {"orientation": _xyzw(values.get("orientation", NO_TURN))}
    for name in ("angular_velocity", "linear_acceleration"):
        fields[name] = _xyz("Vector3", values.get(name, np.zeros(3)))
    for name in list(fields):
        fields[f"{name}_covariance"] = UNKNOWN if name in values else MISSING
    return _new(IMU, header=header, **fields)


def _pose(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    position, orientation = _xyz("Point", values["pose.position"]), _xyzw(values["pose.orientation"])
    pose = _new("geometry_msgs/msg/Pose", position=position, orientation=orientation)
    return _new(POSE, header=header, pose=pose)


def _twist(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    linear, angular = (_xyz("Vector3", values[f"twist.{name}"]) for name in ("linear", "angular"))
    return _new(TWIST, header=header, twist=_new("geometry_msgs/msg/Twist", linear=linear, angular=angular))


def _vector(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    return _new(VECTOR, header=header, vector=_xyz("Vector3", values["vector"]))


def _point(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    return _new(POINT, header=header, point=_xyz("Point", values["point"]))


def _quaternion(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    return _new(QUATERNION, header=header, quaternion=_xyzw(values["quaternion"]))


def _wrench(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    nothing = np.full(3, np.nan)  # not measured; zero would say that it was
    force = _xyz("Vector3", values.get("wrench.force", nothing))
    torque = _xyz("Vector3", values.get("wrench.torque", nothing))
    return _new(WRENCH, header=header, wrench=_new("geometry_msgs/msg/Wrench", force=force, torque=torque))


def _battery(header: Any, _: Topic, values: dict[str, np.ndarray]) -> Any:
    unknown = dict.fromkeys(
        ("temperature", "current", "charge", "capacity", "design_capacity", "percentage"), np.nan
    )
    states = {f"power_supply_{word}": 0 for word in ("status", "health", "technology")}  # 0: unknown
    cells = {f"cell_{word}": NONE.astype(np.float32) for word in ("voltage", "temperature")}
    fields = {"present": True, "location": "", "serial_number": "", **unknown, **states, **cells}
    return _new(BATTERY, header=header, voltage=float(values["voltage"][0]), **fields)


BUILD: dict[str, Callable[[Any, Topic, dict[str, np.ndarray]], Any]] = {
    BATTERY: _battery,
    JOINT_STATE: _joint_state,
    NAMED_VALUES: _named_values,
    IMU: _imu,
    POSE: _pose,
    POINT: _point,
    QUATERNION: _quaternion,
    TWIST: _twist,
    VECTOR: _vector,
    WRENCH: _wrench,
}
