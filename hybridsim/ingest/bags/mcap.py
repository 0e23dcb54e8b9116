"""MCAP files, read from start to end without their summary: a file cut short is read as far as it goes.

Chunks whose CRC does not fit are refused: nobody can say which of their bytes are right.
Source: mcap.dev/spec.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from hybridsim.errors import LogError
from hybridsim.ingest.bags.batch import MAX_CHUNK, WINDOW, Bag, Batch, Connection, ros2_type
from hybridsim.ingest.bags.compression import decompress
from hybridsim.ingest.bags.disk import Disk
from hybridsim.ingest.bags.rosbag1 import batch_of
from hybridsim.ingest.bags.walk import BROKEN, MCAP_SMALLEST, OTHER, SHORT, walk_mcap

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, DATA_END = 2, 3, 4, 5, 6, 15
KINDS = range(1, 16)
MAX_RECORD = 10_000_000  # bytes of a schema or channel; chosen, no message type is that long
MAX_CHANNELS = 100_000
CHUNK_HEAD = struct.Struct("<QQQI")  # first and last log time, size once decompressed, CRC


class Mcap(Bag):
    """An `.mcap`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._schemas: dict[int, tuple[str, str, str]] = {}

    def batches(self) -> Iterator[Batch]:
        """Every message that can be read, in the order of the file."""
        with Disk(self.path) as disk:
            position = len(MAGIC)
            while position + 9 <= disk.size:
                kind, length = struct.unpack("<BQ", disk.read(position, 9))
                start, end = position + 9, position + 9 + length
                if kind in (FOOTER, DATA_END) and end <= disk.size:
                    return  # what follows is the summary
                if kind == MESSAGE:
                    position = yield from self._loose(disk, position)
                elif kind == CHUNK:
                    position = yield from self._chunk(disk, start, end)
                elif (kind not in KINDS and kind < 128) or end > disk.size:
                    position = self._resume(disk, position)
                else:
                    if kind in (SCHEMA, CHANNEL) and length <= MAX_RECORD:
                        self._remember(kind, disk.read(start, length))
                    position = end
            self.notes.append(f"{self.path.name}: the file ends without its summary: it was not closed")

    def _chunk(self, disk: Disk, start: int, end: int) -> Iterator[Batch]:
        """Messages of one chunk; of one that is cut short those that are whole."""
        head = _chunk_head(disk, start)
        if head is None or head.start + head.length > max(end, disk.size) or head.start + head.length != end:
            return self._resume(disk, start - 9)
        if max(head.size, head.length) > MAX_CHUNK:
            reason = f"chunk of {max(head.size, head.length)} bytes; expected at most {MAX_CHUNK}"
            self.damaged(start, min(end, disk.size), reason)
            return end
        raw = disk.array(head.start, head.length)
        cut = len(raw) < head.length
        try:
            data, fault = (raw, "") if not head.kind else decompress(raw.data, head.kind, head.size)
        except LogError as error:
            data, fault = np.empty(0, np.uint8), str(error)
        whole = not cut and not fault
        if whole and head.crc and zlib.crc32(data.data) != head.crc:
            self.damaged(start - 9, end, "chunk: its CRC does not fit its content")
            return end
        if cut:
            self.damaged(start - 9, disk.size, f"the file ends {end - disk.size} bytes before its chunk")
        elif fault:
            self.damaged(start - 9, end, f"chunk: {fault}")
        rest, _ = yield from self._walk(data)
        if whole and rest < len(data):
            self.damaged(start - 9, end, f"chunk: no record at byte {rest} of {len(data)} decompressed ones")
        return min(end, disk.size)

    def _loose(self, disk: Disk, position: int) -> Iterator[Batch]:
        """Messages outside of chunks, a window after the other."""
        window = WINDOW
        while position < disk.size:
            data = disk.array(position, window)
            rest, state = yield from self._walk(data, loose=True)
            position += rest
            if state == OTHER:
                return position
            if state == BROKEN:
                return self._resume(disk, position)
            if rest == 0:
                if len(data) < window:
                    self.damaged(position, disk.size, "the file ends inside a record")
                    return disk.size
                if window > MAX_CHUNK:
                    return self._resume(disk, position)
            window = WINDOW if rest else window * 4
        return position

    def _walk(self, data: UInt8[np.ndarray, " byte"], loose: bool = False) -> Iterator[Batch]:
        """Messages of a buffer; schemas and channels on the way are remembered."""
        found = np.empty((len(data) // MCAP_SMALLEST + 1, 4), np.int64)
        position, state = 0, SHORT
        while position < len(data):
            position, count, state = walk_mcap(data, position, len(data), found)
            if count:
                yield batch_of(data, found[:count])
            if state != OTHER:
                break
            kind, length = struct.unpack_from("<BQ", data.data, position)
            if kind not in (SCHEMA, CHANNEL) or length > MAX_RECORD:
                state = OTHER if loose else BROKEN
                break
            if position + 9 + length > len(data):
                state = SHORT
                break
            self._remember(kind, data[position + 9 : position + 9 + length].tobytes())
            position += 9 + length
        return position, state

    def _remember(self, kind: int, content: bytes) -> None:
        """Keep a schema or a channel; the first one of a number counts."""
        try:
            (number,) = struct.unpack_from("<H", content)
            if kind == SCHEMA:
                name, at = _text(content, 2)
                language, at = _text(content, at)
                self._schemas.setdefault(number, (name, language, _text(content, at)[0]))
            elif number not in self.connections and len(self.connections) < MAX_CHANNELS:
                (schema,) = struct.unpack_from("<H", content, 2)
                topic, at = _text(content, 4)
                encoding, _ = _text(content, at)
                name, language, definition = self._schemas.get(schema, ("", "", ""))
                self.connections[number] = Connection(
                    number, topic, ros2_type(name), encoding, definition, language
                )
        except struct.error:
            self.notes.append(f"{self.path.name}: a schema or channel record is broken")

    def _resume(self, disk: Disk, position: int) -> int:
        """Where the next chunk starts behind bytes that are no record."""
        at: int | None = position + 1
        while (at := disk.find(b"\x06", at, disk.size)) is not None:
            head = _chunk_head(disk, at + 9)
            length = int.from_bytes(disk.read(at + 1, 8), "little")
            if head and head.start + head.length == at + 9 + length and length < 2 * MAX_CHUNK:
                break
            at += 1
        if at is not None:
            self.damaged(position, at, "no record of an MCAP file")
            return at
        kind = disk.read(position, 1)[0]
        cut = kind in KINDS or kind >= 128
        self.damaged(
            position, disk.size, "the file ends inside a record" if cut else "no record of an MCAP file"
        )
        return disk.size


class _ChunkHead:
    """What a chunk says of itself; `start` and `length` are those of its records in the file."""

    def __init__(self, head: bytes, at: int) -> None:
        self.first, self.last, self.size, self.crc = CHUNK_HEAD.unpack_from(head)
        (count,) = struct.unpack_from("<I", head, CHUNK_HEAD.size)
        self.kind = head[32 : 32 + count].decode("ascii", "replace")
        (self.length,) = struct.unpack_from("<Q", head, 32 + count)
        self.start = at + 40 + count


def _chunk_head(disk: Disk, at: int) -> _ChunkHead | None:
    """The head of a chunk record whose content starts here; None where there is none."""
    head = disk.read(at, 80)
    if len(head) < 40 or int.from_bytes(head[28:32], "little") > 16:
        return None
    try:
        found = _ChunkHead(head, at)
    except struct.error:
        return None
    return found if found.kind.isalnum() or not found.kind else None


def _text(content: bytes, at: int) -> tuple[str, int]:
    """A string with its length before it, and where the next field starts."""
    (size,) = struct.unpack_from("<I", content, at)
    if at + 4 + size > len(content):
        raise struct.error
    return content[at + 4 : at + 4 + size].decode("utf-8", "replace"), at + 4 + size
