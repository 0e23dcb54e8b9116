"""What every kind of bag is read into: messages as places in a buffer, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int32, Int64, UInt8

ENDINGS = (".bag", ".bag.active", ".db3", ".mcap", ".mcap.active", ".db3.zstd", ".mcap.zstd", ".bag.zstd")
MAX_CHUNK = 256_000_000  # bytes of a chunk once decompressed, or of a single message; chosen, against bombs
WINDOW = 2_000_000  # bytes that are looked at together; chosen, because more is not faster


@dataclass(frozen=True)
class Connection:
    """A topic as one writer recorded it.

    Attributes:
        number: what batches call it.
        topic: its name, as the bag spells it.
        type: message type as `package/msg/Name`, whatever style the bag uses.
        encoding: of the messages: `ros1`, `cdr`, or another word.
        definition: text of the message type, empty where the bag has none.
        language: of that text: `ros1msg`, `ros2msg`, `ros2idl` or empty.
    """

    number: int
    topic: str
    type: str
    encoding: str
    definition: str = ""
    language: str = ""

    @property
    def likeness(self) -> tuple[str, ...]:
        """Equal for writers of one topic whose messages are read alike; each ROS 1 publisher has its own."""
        return self.topic, self.type, self.encoding, self.language, self.definition


@dataclass(frozen=True)
class Batch:
    """Messages in the order of the file; each is `data[start:start + length]`."""

    data: UInt8[np.ndarray, " byte"]
    start: Int64[np.ndarray, " message"]
    length: Int64[np.ndarray, " message"]
    connection: Int32[np.ndarray, " message"]
    receive_ns: Int64[np.ndarray, " message"]


@dataclass(frozen=True)
class Damage:
    """Bytes of a file that gave no message, and why.

    Attributes:
        file: name of the file.
        start: first byte.
        end: the byte after the last.
        reason: what is wrong with them.
    """

    file: str
    start: int
    end: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: bytes {self.start} to {self.end}: {self.reason}"


class Bag:
    """A recording; what it found is complete once all batches were read.

    Attributes:
        path: the file.
        connections: by number.
        damage: bytes that gave no message.
        notes: anything else that a reader should know.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections: dict[int, Connection] = {}
        self.damage: list[Damage] = []
        self.notes: list[str] = []

    def batches(self) -> Iterator[Batch]:
        """Every message that can be read, in the order of the file."""
        raise NotImplementedError

    def damaged(self, start: int, end: int, reason: str) -> None:
        """Note bytes that give no message."""
        self.damage.append(Damage(self.path.name, start, end, reason))


def ros2_type(name: str) -> str:
    """`package/msg/Name` of `package/Name` or `package::msg::Name`."""
    parts = [part for part in name.replace("::", "/").replace("dds_/", "").split("/") if part]
    return "/".join([parts[0], "msg", parts[1]]) if len(parts) == 2 else "/".join(parts)
