"""ROS 1 bags of format 1.2, by hand: nothing writes them any more.

Source: wiki.ros.org/Bags/Format/1.2 and the FORMATS file of ros_comm's rosbag.
"""

import struct
from collections.abc import Sequence
from pathlib import Path

from tests.ingest.bags.messages import Message
from tests.ingest.bags.types import definition, payload

DEFINITION, DATA, FILE, INDEX = 1, 2, 3, 4
"""What a record is, its `op`."""


def record(fields: dict[str, bytes], data: bytes = b"") -> bytes:
    """A record of formats 1.2 and 2.0: length and fields of its header, length and bytes of its data."""
    header = b"".join(
        struct.pack("<I", len(name) + 1 + len(value)) + name.encode() + b"=" + value
        for name, value in fields.items()
    )
    return struct.pack("<I", len(header)) + header + struct.pack("<I", len(data)) + data


def bag12(
    path: Path,
    messages: Sequence[Message],
    *,
    magic: str = "#ROSRECORD V1.2",
    indexed: bool = True,
) -> Path:
    """A bag of format 1.2: definitions before their topic's first message, no chunks, one index a topic.

    Without `indexed` there is neither a file header nor an index, as the first releases wrote it.
    """
    path = path.with_name(path.name + ".bag")
    body, index = bytearray(magic.encode() + b"\n"), {}
    if indexed:
        body += _file_header(0)
    for message in messages:
        text, md5 = definition(message, 1)
        kind = message.kind.replace("/msg/", "/").encode()
        named = {"topic": message.topic.encode(), "md5": md5.encode(), "type": kind}
        # An index entry points at the definition before a topic's first message, at the message after that.
        index.setdefault(message.topic, []).append((message.receive_ns, len(body)))
        if len(index[message.topic]) == 1:
            body += record({"op": bytes([DEFINITION]), **named, "def": text.encode()})
        second, rest = divmod(message.receive_ns, 10**9)
        stamp = {"sec": struct.pack("<I", second), "nsec": struct.pack("<I", rest)}
        latching = {"latching": b"0", "callerid": (message.caller or "").encode()}
        body += record({"op": bytes([DATA]), **named, **stamp, **latching}, payload(message, 1))
    end = len(body)
    for topic, entries in index.items() if indexed else ():
        data = b"".join(struct.pack("<IIQ", *divmod(stamp, 10**9), offset) for stamp, offset in entries)
        count = struct.pack("<I", len(entries))
        body += record({"op": bytes([INDEX]), "ver": bytes(4), "topic": topic.encode(), "count": count}, data)
    if indexed:
        start = len(magic) + 1
        body[start : start + len(_file_header(end))] = _file_header(end)
    path.write_bytes(body)
    return path


def _file_header(index_position: int) -> bytes:
    """Padded to 4 KiB, so that the place of the index can be filled in at the end."""
    fields = {"op": bytes([FILE]), "index_pos": struct.pack("<Q", index_position)}
    return record(fields, b" " * (4096 - len(record(fields))))
