"""ROS 1 bags of format 2.0, read from start to end without their index, as far as they go.

Source: wiki.ros.org/Bags/Format/2.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64, UInt8

from hybridsim.errors import LogError
from hybridsim.ingest.bags.batch import MAX_CHUNK, WINDOW, Bag, Batch, Connection, ros2_type
from hybridsim.ingest.bags.compression import decompress
from hybridsim.ingest.bags.disk import Disk
from hybridsim.ingest.bags.walk import (
    BROKEN,
    MAX_HEADER,
    ROS1_CONNECTION,
    ROS1_MESSAGE,
    ROS1_SMALLEST,
    SHORT,
    walk_ros1,
)

MAGIC = b"#ROSBAG V2.0\n"
BAG_HEADER, INDEX, CHUNK, CHUNK_INFO = 3, 4, 5, 6
MAX_CONNECTIONS = 100_000
MARK = b"\x04\x00\x00\x00op="


class Rosbag1(Bag):
    """A `.bag`."""

    def batches(self) -> Iterator[Batch]:
        """Every message that can be read, in the order of the file."""
        with Disk(self.path) as disk:
            position = len(MAGIC)
            while position < disk.size:
                record = record_at(disk, position)
                if record is None:
                    position = self._resume(disk, position)
                    continue
                fields, start, length = record
                kind = _op(fields)
                if kind == CHUNK:
                    yield from self._chunk(disk, fields, start, length)
                elif kind == ROS1_MESSAGE:  # outside a chunk, as no known writer puts it
                    yield from self._window(disk, position, start + length)
                elif kind == ROS1_CONNECTION:
                    self._connect(fields, disk.read(start, length))
                elif start + length > disk.size:
                    self.damaged(position, disk.size, "cut short in the bag's index")
                position = start + length

    def _chunk(self, disk: Disk, fields: dict[bytes, bytes], start: int, length: int) -> Iterator[Batch]:
        """Messages of one chunk; of a broken one those before the break."""
        kind = fields.get(b"compression", b"none").decode("ascii", "replace")
        end = min(start + length, disk.size)
        if start + length > disk.size:
            self.damaged(start, end, f"the file ends {start + length - disk.size} bytes before its chunk")
        if kind == "none":
            yield from self._window(disk, start, end)
            return
        size = int.from_bytes(fields.get(b"size", b"")[:4], "little")
        if size > MAX_CHUNK or length > MAX_CHUNK:
            self.damaged(start, end, f"chunk of {max(size, length)} bytes; expected at most {MAX_CHUNK}")
            return
        try:
            data, fault = decompress(disk.array(start, end - start).data, kind, size)
        except LogError as error:
            data, fault = np.empty(0, np.uint8), str(error)
        if fault and end == start + length:
            self.damaged(start, end, f"chunk: {fault}")
        batch, rest, _ = self._walk(data, 0)
        yield batch
        if rest < len(data) and not fault:
            self.damaged(start, end, f"chunk: no record at byte {rest} of {len(data)} decompressed ones")

    def _window(self, disk: Disk, start: int, end: int) -> Iterator[Batch]:
        """Messages of records that lie in the file as they are, a window after the other."""
        window = WINDOW
        while start < end:
            data = disk.array(start, min(window, end - start))
            batch, rest, state = self._walk(data, start)
            yield batch
            start += rest
            if state == BROKEN or (rest == 0 and (len(data) < window or window > MAX_CHUNK)):
                if start < disk.size and not (state == SHORT and end == disk.size):
                    self.damaged(start, end, "no record of a bag")
                return
            window = WINDOW if rest else window * 4

    def _walk(self, data: UInt8[np.ndarray, " byte"], offset: int) -> tuple[Batch, int, int]:
        found = np.empty((len(data) // ROS1_SMALLEST + 1, 4), np.int64)
        other = np.empty((1000, 4), np.int64)
        rest, count, others, state = walk_ros1(data, 0, len(data), found, other)
        for header, stop, start, end in other[:others].tolist():
            fields = _fields(data[header:stop].tobytes())
            self._connect(fields or {}, data[start:end].tobytes())
        return batch_of(data, found[:count]), rest, state

    def _connect(self, fields: dict[bytes, bytes], content: bytes) -> None:
        """Remember what a connection record says; the first one of a number counts."""
        number = int.from_bytes(fields.get(b"conn", b"")[:4], "little")
        if b"conn" not in fields or number in self.connections or len(self.connections) > MAX_CONNECTIONS:
            return
        said = _fields(content) or {}
        self.connections[number] = Connection(
            number=number,
            topic=fields.get(b"topic", said.get(b"topic", b"")).decode("utf-8", "replace"),
            type=ros2_type(said.get(b"type", b"").decode("utf-8", "replace")),
            encoding="ros1",
            definition=said.get(b"message_definition", b"").decode("utf-8", "replace"),
            language="ros1msg",
        )

    def _resume(self, disk: Disk, position: int) -> int:
        """Where the next chunk or connection starts behind bytes that are no record."""
        at: int | None = position
        while (at := disk.find(MARK, at, disk.size)) is not None:
            for start in range(at - 4, max(position, at - 200), -1):
                record = record_at(disk, start)
                if record and (b"size" in record[0] or b"conn" in record[0]):
                    self.damaged(position, start, "no record of a bag")
                    return start
            at += 1
        self.damaged(position, disk.size, "no record of a bag")
        return disk.size


def batch_of(data: UInt8[np.ndarray, " byte"], found: Int64[np.ndarray, "message 4"]) -> Batch:
    """The messages that a walk has found."""
    start, length, connection, receive = found.T
    return Batch(data, start.copy(), length.copy(), connection.astype(np.int32), receive.copy())


def record_at(
    disk: Disk, position: int, kinds: range = range(2, 8)
) -> tuple[dict[bytes, bytes], int, int] | None:
    """Header fields of the record here, where its content starts and its length; None for no record."""
    head = disk.read(position, 4096)
    if len(head) < 8:
        return None
    (size,) = struct.unpack_from("<I", head)
    if size > MAX_HEADER or position + 8 + size > disk.size:
        return None
    if size + 8 > len(head):
        head = disk.read(position, size + 8)
    fields = _fields(head[4 : 4 + size])
    if fields is None or _op(fields) not in kinds:
        return None
    (length,) = struct.unpack_from("<I", head, 4 + size)
    return fields, position + 8 + size, length


def _fields(content: bytes) -> dict[bytes, bytes] | None:
    """`name=value` fields of a header, or None where it holds something else."""
    found, at = {}, 0
    while at + 4 <= len(content):
        (size,) = struct.unpack_from("<I", content, at)
        name, equals, value = content[at + 4 : at + 4 + size].partition(b"=")
        if not equals or at + 4 + size > len(content):
            return None
        found[name] = value
        at += 4 + size
    return found if at == len(content) and found else None


def _op(fields: dict[bytes, bytes]) -> int:
    value = fields.get(b"op", b"")
    return value[0] if len(value) == 1 else -1
