"""A single message as Python values, for a person or a draft to look at; columns are read by `decode`."""

from __future__ import annotations

import struct
from typing import Any

from hybridsim.errors import LogError
from hybridsim.ingest.bags.tree import Many, Node, Number, Struct, Text

FORMATS = {0: "B", 10: "?", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "Q", 7: "q", 8: "f", 9: "d"}
MAX_ITEMS = 1000  # of a list that are kept; chosen


def peek(content: bytes, tree: Struct, ros1: bool) -> dict[str, Any]:
    """The fields of a message, those behind one that cannot be read left out; a time becomes nanoseconds.

    Raises:
        LogError: the message is shorter than its type.
    """
    reader = _Reader(content, ros1)
    try:
        return reader.struct(tree)
    except _Stop:
        return reader.found
    except (struct.error, IndexError):
        raise LogError("the message ends before its type does") from None


class _Stop(Exception):
    """A field that cannot be read."""


class _Reader:
    def __init__(self, content: bytes, ros1: bool) -> None:
        self.content, self.at = content, 0
        self.origin, self.most, self.order = 0, 1, "<"
        self.found: dict[str, Any] = {}
        if not ros1:
            self.at = self.origin = 4
            self.most = 8 if content[1] < 2 else 4
            self.order = "<" if content[1] % 2 else ">"

    def struct(self, tree: Struct) -> Any:
        found: dict[str, Any] = {}
        if not self.found:
            self.found = found
        for name, node in tree.fields:
            found[name] = self.node(node)
        return found["sec"] * 1_000_000_000 + found["nanosec"] if tree.time else found

    def node(self, node: Node) -> Any:
        if isinstance(node, Number):
            return self.number(FORMATS[node.kind], node.size)
        if isinstance(node, Text):
            return self.text()
        if isinstance(node, Struct):
            return self.struct(node)
        if isinstance(node, Many):
            return self.many(node)
        raise _Stop

    def number(self, kind: str, size: int) -> Any:
        step = min(size, self.most)
        self.at += (self.origin - self.at) % step
        (value,) = struct.unpack_from(self.order + kind, self.content, self.at)
        self.at += size
        return value

    def count(self) -> int:
        count = self.number("I", 4)
        if count > len(self.content) - self.at:
            raise IndexError
        return count

    def text(self) -> str:
        size = self.count()
        self.at += size
        return self.content[self.at - size : self.at].rstrip(b"\0").decode("utf-8", "replace")

    def many(self, node: Many) -> list[Any]:
        count = self.count() if node.count is None else node.count
        found = []
        for _ in range(count):
            value = self.node(node.item)
            if len(found) < MAX_ITEMS:
                found.append(value)
        return found
