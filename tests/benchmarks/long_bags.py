"""Long bags of a twelve-joint robot at 400 Hz, written fast.

    generate(path, 1.0)                  # a .bag, .db3 or .mcap of about 1 GB, by the suffix
    generate(path, 0.1, varying=True)

Containers are laid out as their own recorders do it, chunks, indices and checksums included; rosbags and mcap
read them like any other.
"""

import sqlite3
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numba
import numpy as np

from tests.benchmarks.long_messages import CHUNK_TICKS, TOPICS, Block, blocks
from tests.ingest.bags.messages import Message
from tests.ingest.bags.old import record
from tests.ingest.bags.rosbag2 import db3
from tests.ingest.bags.types import definition


def generate(path: Path, gigabytes: float, *, varying: bool = False, seed: int = 0) -> int:
    """Write the bag whose kind the suffix names; returns the number of messages."""
    kind = path.suffix[1:]
    ros, frame = {"bag": (1, 50), "db3": (2, 40), "mcap": (2, 47)}[kind]
    first = next(blocks(ros, CHUNK_TICKS, varying, seed))
    each = first.length.mean() + frame
    ticks = round(gigabytes * 1e9 / each / 2)
    source = blocks(ros, ticks, varying, seed)
    with path.open("wb") as stream:
        if kind == "bag":
            _write_bag(stream, source)
        elif kind == "mcap":
            _write_mcap(stream, source)
    if kind == "db3":
        _write_db3(path, source)
    return 2 * ticks


def _write_bag(stream: BinaryIO, source: Iterator[Block]) -> None:
    """ROS 1 format 2.0: chunks, an index behind each, connections in the first chunk and again at the end."""
    connections = b"".join(_connection(number, *topic) for number, topic in enumerate(TOPICS))
    stream.write(b"#ROSBAG V2.0\n" + _bag_header(0, 0))
    infos = []
    for block in source:
        head = record({"op": b"\2", "conn": bytes(4), "time": bytes(8)})
        heads = np.tile(np.frombuffer(head, np.uint8), (len(block.start), 1))
        _patch(heads, head.index(b"conn=") + 5, block.topic.astype("<u4"))
        stamps = np.stack(np.divmod(block.receive_ns, 10**9), axis=1).astype("<u4")
        _patch(heads, head.index(b"time=") + 5, stamps)
        _patch(heads, len(head) - 4, block.length.astype("<u4"))
        data, at = _framed(block.data, block.start, block.length, heads)
        before = b"" if infos else connections
        position, size = stream.tell(), struct.pack("<I", len(before) + len(data))
        stream.write(record({"op": b"\5", "compression": b"none", "size": size})[:-4] + size + before)
        stream.write(data)
        for topic in range(len(TOPICS)):
            mine = block.topic == topic
            entries = np.column_stack([stamps[mine], at[mine] + len(before)]).astype("<u4")
            fields = {"ver": struct.pack("<I", 1), "conn": struct.pack("<I", topic)}
            count = struct.pack("<I", len(entries))
            stream.write(record({"op": b"\4", **fields, "count": count}, entries.tobytes()))
        ends = [
            struct.pack("<II", *divmod(int(ns), 10**9)) for ns in (block.receive_ns[0], block.receive_ns[-1])
        ]
        counts = b"".join(struct.pack("<II", k, (block.topic == k).sum()) for k in range(len(TOPICS)))
        infos.append(
            record(
                {
                    "op": b"\6",
                    "ver": struct.pack("<I", 1),
                    "chunk_pos": struct.pack("<Q", position),
                    "start_time": ends[0],
                    "end_time": ends[1],
                    "count": struct.pack("<I", len(TOPICS)),
                },
                counts,
            )
        )
    index = stream.tell()
    stream.write(connections + b"".join(infos))
    stream.seek(13)
    stream.write(_bag_header(index, len(infos)))


def _connection(number: int, topic: str, kind: str) -> bytes:
    text, digest = definition(Message(topic=topic, kind=kind, receive_ns=0), 1)
    said = {"topic": topic, "type": kind.replace("/msg/", "/"), "md5sum": digest, "message_definition": text}
    inner = record({name: value.encode() for name, value in said.items()})[4:-4]
    return record({"op": b"\7", "conn": struct.pack("<I", number), "topic": topic.encode()}, inner)


def _bag_header(index: int, chunks: int) -> bytes:
    counts = {"conn_count": struct.pack("<I", len(TOPICS)), "chunk_count": struct.pack("<I", chunks)}
    fields = {"op": b"\3", "index_pos": struct.pack("<Q", index), **counts}
    return record(fields, b" " * (4096 - len(record(fields))))


def _write_mcap(stream: BinaryIO, source: Iterator[Block]) -> None:
    """MCAP as ROS 2 writes it by default: uncompressed chunks with CRC, message and chunk indices."""
    magic = b"\x89MCAP0\r\n"
    opening = magic + _mcap_record(1, _text("ros2") + _text("hybridsim benchmark"))
    stream.write(opening)
    described = b"".join(_schema(k + 1, *topic) for k, topic in enumerate(TOPICS))
    infos, counts, stamps = [], np.zeros(len(TOPICS), np.int64), []
    for block in source:
        head = bytes([5]) + struct.pack("<QHIQQ", 0, 0, 0, 0, 0)
        heads = np.tile(np.frombuffer(head, np.uint8), (len(block.start), 1))
        _patch(heads, 1, (block.length + 22).astype("<u8"))
        _patch(heads, 9, (block.topic + 1).astype("<u2"))
        _patch(heads, 15, block.receive_ns.astype("<u8"))
        _patch(heads, 23, block.receive_ns.astype("<u8"))
        data, at = _framed(block.data, block.start, block.length, heads)
        before = b"" if infos else described
        size = len(before) + len(data)
        first, last = int(block.receive_ns[0]), int(block.receive_ns[-1])
        crc = zlib.crc32(data, zlib.crc32(before))
        position = stream.tell()
        chunk = struct.pack("<QQQI", first, last, size, crc) + _text("") + struct.pack("<Q", size) + before
        stream.write(bytes([6]) + struct.pack("<Q", len(chunk) + len(data)) + chunk)
        stream.write(data)
        end, places = stream.tell(), b""
        for topic in range(len(TOPICS)):
            mine = block.topic == topic
            entries = (
                np.stack([block.receive_ns[mine], at[mine] + len(before)], axis=1).astype("<u8").tobytes()
            )
            places += struct.pack("<HQ", topic + 1, stream.tell())
            stream.write(_mcap_record(7, struct.pack("<HI", topic + 1, len(entries)) + entries))
            counts[topic] += mine.sum()
        indices = struct.pack("<I", len(places)) + places + struct.pack("<Q", stream.tell() - end)
        sizes = _text("") + struct.pack("<QQ", size, size)
        infos.append(
            _mcap_record(8, struct.pack("<QQQQ", first, last, position, end - position) + indices + sizes)
        )
        stamps += [first, last]
    stream.write(_mcap_record(15, bytes(4)))
    summary = stream.tell()
    each = b"".join(struct.pack("<HQ", k + 1, count) for k, count in enumerate(counts))
    totals = struct.pack("<QHIIII", counts.sum(), len(TOPICS), len(TOPICS), 0, 0, len(infos))
    totals += struct.pack("<QQ", min(stamps), max(stamps)) + struct.pack("<I", len(each)) + each
    stream.write(described + b"".join(infos) + _mcap_record(11, totals))
    stream.write(_mcap_record(2, struct.pack("<QQI", summary, 0, 0)) + magic)


def _schema(number: int, topic: str, kind: str) -> bytes:
    """Schema and channel of a topic."""
    text, _ = definition(Message(topic=topic, kind=kind, receive_ns=0), 2)
    schema = struct.pack("<H", number) + _text(kind) + _text("ros2msg") + _text(text)
    channel = struct.pack("<HH", number, number) + _text(topic) + _text("cdr") + bytes(4)
    return _mcap_record(3, schema) + _mcap_record(4, channel)


def _mcap_record(opcode: int, data: bytes) -> bytes:
    return bytes([opcode]) + struct.pack("<Q", len(data)) + data


def _text(value: str) -> bytes:
    return struct.pack("<I", len(value.encode())) + value.encode()


def _patch(rows: np.ndarray, offset: int, values: np.ndarray) -> None:
    """Write each row's values from a byte on."""
    raw = np.ascontiguousarray(values).view(np.uint8).reshape(len(rows), -1)
    rows[:, offset : offset + raw.shape[1]] = raw


def _write_db3(path: Path, source: Iterator[Block]) -> None:
    """One sqlite3 file as ROS 2 Jazzy lays it out."""
    path.unlink()
    db3(path.with_suffix(""), [Message(topic=topic, kind=kind, receive_ns=0) for topic, kind in TOPICS])
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("DELETE FROM messages")
    for block in source:
        data, ends = block.data.tobytes(), (block.start + block.length).tolist()
        topics, stamps = (block.topic + 1).tolist(), block.receive_ns.tolist()
        parts = [data[start:end] for start, end in zip(block.start.tolist(), ends, strict=True)]
        rows = zip(topics, stamps, parts, strict=True)
        database.executemany("INSERT INTO messages(topic_id, timestamp, data) VALUES(?,?,?)", rows)
        database.commit()
    database.close()


@numba.njit
def _framed(block, start, length, heads):  # pragma: no cover
    """Every message behind its own head, and where the heads begin."""
    size, each = 0, heads.shape[1]
    for k in range(len(start)):
        size += each + length[k]
    data, at = np.empty(size, np.uint8), np.empty(len(start), np.int64)
    position = 0
    for k in range(len(start)):
        at[k] = position
        data[position : position + each] = heads[k]
        data[position + each : position + each + length[k]] = block[start[k] : start[k] + length[k]]
        position += each + length[k]
    return data, at
