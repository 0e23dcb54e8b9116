"""A message type as a tree of numbers, texts, lists and structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from rosbags.interfaces import Nodetype

from hybridsim.errors import LogError
from hybridsim.ingest.bags.types import TIMES, Types

# Kind of number -> code that compiled loops know, and bytes.
KINDS: dict[str, tuple[int, int]] = {
    "bool": (10, 1),
    "uint8": (0, 1),
    "byte": (1, 1),  # as rosbags has it
    "octet": (0, 1),
    "char": (0, 1),
    "int8": (1, 1),
    "uint16": (2, 2),
    "int16": (3, 2),
    "uint32": (4, 4),
    "int32": (5, 4),
    "uint64": (6, 8),
    "int64": (7, 8),
    "float32": (8, 4),
    "float64": (9, 8),
}
MAX_DEPTH = 32
MAX_NODES = 20_000  # of a whole type, against definitions that nest without end; chosen
PADDING = "structure_needs_at_least_one_member"  # what ROS 2 puts into a type without fields


@dataclass(frozen=True)
class Number:
    """A number; `size` in bytes."""

    kind: int
    size: int


@dataclass(frozen=True)
class Text:
    """A string."""


@dataclass(frozen=True)
class Many:
    """A list; of a fixed length where `count` is not None."""

    item: Node
    count: int | None


@dataclass(frozen=True)
class Struct:
    """Named fields in the order of their bytes; `time` marks seconds and nanoseconds."""

    fields: tuple[tuple[str, Node], ...]
    time: bool = False


@dataclass(frozen=True)
class Unknown:
    """A field that cannot be read, and with it all that follows it in the message."""

    reason: str


Node: TypeAlias = Number | Text | Many | Struct | Unknown


class _Budget:
    def __init__(self) -> None:
        self.left = MAX_NODES


def tree_of(name: str, types: Types, ros1: bool) -> Struct:
    """The tree of a message type.

    Args:
        name: `package/msg/Name`.
        types: every type that it needs.
        ros1: whether its messages are in ROS 1's encoding, where an empty type has no bytes.

    Raises:
        LogError: the type is not defined, or has too many fields.
    """
    found = _struct(name, types, ros1, 0, _Budget())
    if isinstance(found, Unknown):
        raise LogError(found.reason)
    return found


def _struct(name: str, types: Types, ros1: bool, depth: int, budget: _Budget) -> Struct | Unknown:
    if name in TIMES and name not in types:
        return Struct((("sec", Number(*KINDS["int32"])), ("nanosec", Number(*KINDS["uint32"]))), time=True)
    if name.endswith("/wstring") and name not in types:
        return Unknown("fields of type wstring cannot be read")
    if name not in types:
        return Unknown(f"type {name} is not defined")
    if depth > MAX_DEPTH:
        return Unknown(f"type {name} nests too deep")
    fields = [(field, entry) for field, entry in types[name] if field != PADDING]
    found = tuple((field, _node(entry, types, ros1, depth, budget)) for field, entry in fields)
    if not found and not ros1:
        return Struct(((PADDING, Number(*KINDS["uint8"])),))
    return Struct(found, time=name in TIMES)


def _node(entry: Any, types: Types, ros1: bool, depth: int, budget: _Budget) -> Node:
    budget.left -= 1
    if budget.left < 0:
        raise LogError(f"the type has more than {MAX_NODES} fields")
    kind, inside = entry
    if kind == Nodetype.NAME:
        return _struct(inside, types, ros1, depth + 1, budget)
    if kind == Nodetype.BASE:
        if inside[0] == "string":
            return Text()
        if inside[0] not in KINDS:
            return Unknown(f"fields of type {inside[0]} cannot be read")
        return Number(*KINDS[inside[0]])
    item, count = inside
    return Many(_node(item, types, ros1, depth, budget), count if kind == Nodetype.ARRAY else None)
