"""Where every message of an intact file lies, read plainly and apart from hybridsim.

    truth = Truth(path)
    truth.all()                 # every message, as (topic, receive_ns, payload)
    truth.in_whole_chunks(cut)  # of a file cut at a byte: those of chunks that are whole
    truth.whole(cut)            # and those of the last chunk that are whole, as far as it can be decompressed

A chunk is a bag's or MCAP's own; a message outside of chunks, and a row of a .db3 with all its pages, is one
for itself. tests/ingest/bags/test_recovery.py checks it against rosbags, mcap and sqlite3.
"""

import bz2
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import lz4.frame
import zstandard

Said = tuple[str, int, bytes]
"""Topic, receive stamp [ns], payload."""


@dataclass
class Chunk:
    """Messages that come together.

    `end` is the byte after it in the file, `data` where its records start; each message comes with the number
    of decompressed bytes that it takes to have it.
    """

    end: int
    data: int
    compression: str = ""
    messages: list[tuple[Said, int]] = field(default_factory=list)


class Truth:
    """Messages of an intact .bag, .mcap or .db3 and the bytes that each needs."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        readers = {".bag": _bag, ".mcap": _mcap, ".db3": _db3}
        self.chunks = list(readers[path.suffix](self.data))

    def all(self) -> Counter[Said]:
        """Every message."""
        return Counter(said for chunk in self.chunks for said, _ in chunk.messages)

    def in_whole_chunks(self, cut: int) -> Counter[Said]:
        """Messages of the chunks that end before the cut."""
        return Counter(said for chunk in self.chunks if chunk.end <= cut for said, _ in chunk.messages)

    def whole(self, cut: int) -> Counter[Said]:
        """Messages that are whole before the cut."""
        found = self.in_whole_chunks(cut)
        for chunk in self.chunks:
            if chunk.data < cut < chunk.end:
                have = len(_prefix(chunk.compression, self.data[chunk.data : cut]))
                found.update(said for said, needs in chunk.messages if needs <= have)
        return found


def _prefix(compression: str, data: bytes) -> bytes:
    """What a streaming decompressor gives of the beginning of a stream."""
    if compression == "bz2":
        return bz2.BZ2Decompressor().decompress(data)
    if compression == "lz4":
        return lz4.frame.LZ4FrameDecompressor().decompress(data)
    if compression == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


def _record(data: bytes, at: int) -> tuple[dict[bytes, bytes], int, int]:
    """Header fields of a ROS 1 record, and where its content starts and ends."""
    (length,) = struct.unpack_from("<I", data, at)
    position, fields = at + 4, {}
    while position < at + 4 + length:
        (size,) = struct.unpack_from("<I", data, position)
        name, _, value = data[position + 4 : position + 4 + size].partition(b"=")
        fields[name] = value
        position += 4 + size
    (size,) = struct.unpack_from("<I", data, position)
    return fields, position + 4, position + 4 + size


def _stamp(value: bytes) -> int:
    second, rest = struct.unpack("<II", value)
    return second * 10**9 + rest


def _bag(data: bytes) -> Iterator[Chunk]:
    """Formats 2.0 (chunks) and 1.2 (messages in the file)."""
    at, topics = data.index(b"\n") + 1, {}
    while at < len(data):
        fields, start, end = _record(data, at)
        if fields[b"op"] == b"\5":
            compression = fields[b"compression"].decode().replace("none", "")
            chunk = Chunk(end, start, compression)
            inner, position = _prefix(compression, data[start:end]), 0
            while position < len(inner):
                said, own, position = _record(inner, position)
                if said[b"op"] == b"\7":
                    topics[said[b"conn"]] = said[b"topic"].decode()
                else:
                    key = topics[said[b"conn"]], _stamp(said[b"time"]), inner[own:position]
                    chunk.messages.append((key, position))
            yield chunk
        elif fields[b"op"] == b"\2" and b"sec" in fields:
            stamp = _stamp(fields[b"sec"] + fields[b"nsec"])
            yield Chunk(end, start, "", [((fields[b"topic"].decode(), stamp, data[start:end]), end - start)])
        at = end


def _mcap(data: bytes) -> Iterator[Chunk]:
    """Up to the end of the data section."""
    topics: dict[int, str] = {}
    at = 8
    while at < len(data) and data[at] != 0x0F:
        kind, length = struct.unpack_from("<BQ", data, at)
        start, end = at + 9, at + 9 + length
        if kind == 6:
            (count,) = struct.unpack_from("<I", data, start + 28)
            compression = data[start + 32 : start + 32 + count].decode()
            first = start + 40 + count
            chunk = Chunk(end, first, compression)
            inner, position = _prefix(compression, data[first:end]), 0
            while position < len(inner):
                (size,) = struct.unpack_from("<Q", inner, position + 1)
                body = inner[position + 9 : position + 9 + size]
                if found := _mcap_message(inner[position], body, topics):
                    chunk.messages.append((found, position + 9 + size))
                position += 9 + size
            yield chunk
        elif found := _mcap_message(kind, data[start:end], topics):
            yield Chunk(end, start, "", [(found, length)])
        at = end


def _mcap_message(kind: int, body: bytes, topics: dict[int, str]) -> Said | None:
    """The message of a message record; a channel record is remembered."""
    if kind == 4:
        number, _, size = struct.unpack_from("<HHI", body)
        topics[number] = body[8 : 8 + size].decode()
    if kind != 5:
        return None
    number, _, stamp = struct.unpack_from("<HIQ", body)
    return topics[number], stamp, body[22:]


def _db3(data: bytes) -> Iterator[Chunk]:
    """Rows of `messages`; each needs the pages it lies on, those of its table's description and of its topic.

    Source: sqlite.org/fileformat2.html.
    """
    (size,) = struct.unpack_from(">H", data, 16)
    size = 65536 if size == 1 else size
    roots, described = {}, 0
    for _, (_, name, _, root, _), pages in _rows(data, 1, size):
        roots[name], described = root, max(described, *pages)
    topics = {number: (row[1], max(pages)) for number, row, pages in _rows(data, roots["topics"], size)}
    for _, (_, topic, stamp, payload), pages in _rows(data, roots["messages"], size):
        name, own = topics[topic]
        end = max(described, own, *pages) * size
        yield Chunk(end, end, "", [((name, stamp, payload), 0)])


def _rows(data: bytes, page: int, size: int) -> Iterator[tuple[int, list, list[int]]]:
    """Row id, values and pages of every row under a page of a table, in order."""
    base = (page - 1) * size
    head = base + (100 if page == 1 else 0)
    kind, _, count = struct.unpack_from(">BHH", data, head)
    first = head + (8 if kind == 13 else 12)
    cells = [base + at for at in struct.unpack_from(f">{count}H", data, first)]
    if kind == 5:
        for cell in cells:
            yield from _rows(data, struct.unpack_from(">I", data, cell)[0], size)
        yield from _rows(data, struct.unpack_from(">I", data, head + 8)[0], size)
        return
    for cell in cells:
        length, at = _varint(data, cell)
        row, at = _varint(data, at)
        local, pages = _local(length, size), [page]
        raw = data[at : at + local]
        more = struct.unpack_from(">I", data, at + local)[0] if local < length else 0
        while more:
            pages.append(more)
            start = (more - 1) * size
            raw += data[start + 4 : start + 4 + min(size - 4, length - len(raw))]
            (more,) = struct.unpack_from(">I", data, start)
        yield row, _values(raw), pages


def _local(length: int, size: int) -> int:
    """How many bytes of a row lie on its leaf page."""
    if length <= size - 35:
        return length
    least = (size - 12) * 32 // 255 - 23
    surplus = least + (length - least) % (size - 4)
    return surplus if surplus <= size - 35 else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for k in range(9):
        byte = data[at + k]
        if k == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at + k + 1
    raise AssertionError


def _values(raw: bytes) -> list:
    """The columns of a row."""
    stop, at = _varint(raw, 0)
    kinds, values = [], []
    while at < stop:
        kind, at = _varint(raw, at)
        kinds.append(kind)
    for kind in kinds:
        size = (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind]
        part = raw[at : at + size]
        at += size
        if kind >= 12:
            values.append(part.decode() if kind % 2 else part)
        else:
            values.append({0: None, 8: 0, 9: 1}.get(kind, int.from_bytes(part, "big", signed=True)))
    return values
