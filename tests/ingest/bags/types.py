"""Message types of made bags: rosbags' own stores, and types that no store has; bytes in ROS 1 and CDR."""

from functools import lru_cache
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from tests.ingest.bags.messages import Message

CUSTOM = {
    "control_msgs/msg/JointTrajectoryControllerState": """\
std_msgs/Header header
string[] joint_names
trajectory_msgs/JointTrajectoryPoint desired
trajectory_msgs/JointTrajectoryPoint actual
trajectory_msgs/JointTrajectoryPoint error
""",
    "lab_msgs/msg/Leg": """\
string name
float64 angle
float32[] forces
time seen
""",
    "lab_msgs/msg/Legs": """\
# nested in fixed and changing number
uint8 STANDING=1
std_msgs/Header header
Leg[4] legs
lab_msgs/Leg[] contacts
uint8 mode
bool[] flags
float32[3] bias
int16 count
string note
""",
    # ROS 1 allowed capitals in package names; rosbags' parser does not, so it is renamed after parsing.
    "art_common/msg/Foo": "std_msgs/Header header\nfloat32 throttle\nBar bar\n",
    "art_common/msg/Bar": "int8 gear\nfloat64[2] pedals\n",
    "tf2_msgs/msg/TFMessage": "geometry_msgs/TransformStamped[] transforms\n",
}
RENAMED = {"art_common": "ART_common"}


@lru_cache
def store(ros: int) -> Typestore:
    """Types as ROS 1 (Noetic) or ROS 2 (Jazzy) has them, and CUSTOM."""
    found = get_typestore(Stores.ROS1_NOETIC if ros == 1 else Stores.ROS2_JAZZY)
    custom: dict[str, Any] = {}
    for name, text in CUSTOM.items():
        if name not in found.fielddefs:
            custom.update(get_types_from_msg(text, name))
    found.register({_renamed(name): _renamed(fields) for name, fields in custom.items()})
    return found


def definition(message: Message, ros: int) -> tuple[str, str]:
    """Text of a message's type and all it holds, and its hash: md5 in ROS 1, RIHS01 in ROS 2."""
    if message.text is not None:
        return message.text, 32 * "0" if ros == 1 else "RIHS01_" + 64 * "0"
    text, digest = store(ros).generate_msgdef(message.kind, ros_version=ros)
    if ros == 2:
        return text, store(ros).hash_rihs01(message.kind)
    # As real bags have it: comments, blank lines, and a Header that names no package.
    text = text.replace("std_msgs/Header header", "Header header  # stamp")
    return f"# What a person wrote: = [] #\n\n{text}", digest


def payload(message: Message, ros: int, *, big_endian: bool = False) -> bytes:
    """Its bytes, with the four bytes of encapsulation in ROS 2."""
    if isinstance(message.fields, bytes):
        return message.fields
    built = build(store(ros), message.kind, message.fields)
    if ros == 1:
        return bytes(store(ros).serialize_ros1(built, message.kind))
    return bytes(store(ros).serialize_cdr(built, message.kind, little_endian=not big_endian))


def build(types: Typestore, kind: str, fields: Any) -> Any:
    """rosbags' object of a type; what `fields` leave out is zero or empty."""
    declared = types.fielddefs[kind][1]
    known = {name for name, _ in declared}
    assert set(fields) <= known, f"{kind} has no {sorted(set(fields) - known)}; it has {sorted(known)}"
    return types.types[kind](*(_value(types, desc, fields.get(name)) for name, desc in declared))


def _value(types: Typestore, desc: Any, given: Any) -> Any:
    node, what = desc
    if node == Nodetype.NAME:
        return build(types, what, given or {})
    if node == Nodetype.BASE:
        zero = "" if what[0] == "string" else False if what[0] == "bool" else 0
        return zero if given is None else given
    item, length = what
    if given is None:
        given = [None] * length if node == Nodetype.ARRAY else []
    if item[0] == Nodetype.BASE and item[1][0] not in ("string", "wstring"):
        kind = {"bool": np.bool_, "byte": np.uint8, "char": np.uint8}.get(item[1][0], item[1][0])
        return np.array([0 if value is None else value for value in given], dtype=kind)
    return [_value(types, item, value) for value in given]


def _renamed(node: Any) -> Any:
    """Parsed definitions with packages of RENAMED under their real names."""
    if isinstance(node, str):
        package, slash, rest = node.partition("/")
        return RENAMED.get(package, package) + slash + rest
    if isinstance(node, (list, tuple)):
        return type(node)(map(_renamed, node))
    return node
