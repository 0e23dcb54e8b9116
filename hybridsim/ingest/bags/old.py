"""ROS 1 bags of format 1.2, from before 2010: messages without chunks, each with its topic and type.

Source: wiki.ros.org/Bags/Format/1.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hybridsim.ingest.bags.batch import MAX_CHUNK, WINDOW, Bag, Batch, Connection, ros2_type
from hybridsim.ingest.bags.disk import Disk
from hybridsim.ingest.bags.rosbag1 import batch_of, record_at

MAGICS = (b"#ROSRECORD V1.2\n", b"#ROSBAG V1.2\n")
DEFINITION, DATA = 1, 2
KINDS = range(1, 5)
Fields = dict[bytes, bytes]


class OldRosbag(Bag):
    """A `.bag` of format 1.2."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._numbers: dict[tuple[bytes, bytes], int] = {}
        self._texts: dict[bytes, str] = {}

    def batches(self) -> Iterator[Batch]:
        """Every message that can be read, in the order of the file."""
        found: list[tuple[int, int, int, int]] = []
        size = 0
        with Disk(self.path) as disk:
            for fields, start, length in self._records(disk):
                kind = fields[b"op"][0]
                if kind == DEFINITION:
                    text = fields.get(b"def", b"").decode("utf-8", "replace")
                    self._texts.setdefault(fields.get(b"type", b""), text)
                elif kind == DATA and length <= MAX_CHUNK:
                    found.append((start, length, self._number(fields), _stamp(fields)))
                    size += length
                if size > WINDOW:
                    yield _batch(disk, found)
                    found, size = [], 0
            if found:
                yield _batch(disk, found)

    def _records(self, disk: Disk) -> Iterator[tuple[Fields, int, int]]:
        """Header fields of every record, and where its content stands."""
        position = disk.read(0, 20).index(b"\n") + 1
        while position < disk.size:
            record = record_at(disk, position, KINDS)
            if record is None:
                position = self._resume(disk, position)
                continue
            _, start, length = record
            if start + length > disk.size:
                self.damaged(position, disk.size, "the file ends inside a record")
                return
            yield record
            position = start + length

    def _number(self, fields: Fields) -> int:
        """Number of a topic and type; the first message of both makes it."""
        key = fields.get(b"topic", b""), fields.get(b"type", b"")
        if key not in self._numbers:
            number = self._numbers[key] = len(self._numbers)
            topic, kind = (word.decode("utf-8", "replace") for word in key)
            self.connections[number] = Connection(
                number, topic, ros2_type(kind), "ros1", self._texts.get(key[1], ""), "ros1msg"
            )
        return self._numbers[key]

    def _resume(self, disk: Disk, position: int) -> int:
        """Where the next message starts behind bytes that are no record."""
        at: int | None = position
        while (at := disk.find(b"op=\x02", at, disk.size)) is not None:
            for start in range(at - 4, max(position, at - 1000), -1):
                record = record_at(disk, start, KINDS)
                if record and b"topic" in record[0] and start + record[2] <= disk.size:
                    self.damaged(position, start, "no record of a bag")
                    return start
            at += 1
        self.damaged(position, disk.size, "no record of a bag")
        return disk.size


def _batch(disk: Disk, found: list[tuple[int, int, int, int]]) -> Batch:
    rows = np.array(found, np.int64)
    offset = int(rows[0, 0])
    data = disk.array(offset, int(rows[-1, 0] + rows[-1, 1]) - offset)
    rows[:, 0] -= offset
    return batch_of(data, rows)


def _stamp(fields: Fields) -> int:
    second, rest = (int.from_bytes(fields.get(name, b"")[:4], "little") for name in (b"sec", b"nsec"))
    return second * 1_000_000_000 + rest
