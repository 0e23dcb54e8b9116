"""Small bags in every container, through the libraries' own writers where one exists.

    path = write(tmp_path / "walk", joint_states(), "mcap-zstd")

FORMS names the forms that hold every message they were given. Names come without suffix; what is returned is
the file or folder.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mcap.writer import CompressionType, IndexType
from mcap.writer import Writer as McapWriter
from rosbags.rosbag1 import Writer as Bag1Writer

from tests.ingest.bags.messages import Message
from tests.ingest.bags.old import bag12
from tests.ingest.bags.rosbag2 import db3, folder
from tests.ingest.bags.types import definition, payload

CHUNK_BYTES = 1500
"""Chosen, because a handful of small messages then already fills several chunks."""


def write(path: Path, messages: Sequence[Message], form: str, **options: Any) -> Path:
    """Write a bag in one of FORMS; returns the file or folder that was made."""
    return FORMS[form](path, messages, **options)


def bag(
    path: Path, messages: Sequence[Message], *, compression: str = "none", chunk_bytes: int = CHUNK_BYTES
) -> Path:
    """A ROS 1 bag; compression none, bz2 or lz4."""
    path = path.with_name(path.name + ".bag")
    writer = Bag1Writer(path)
    if compression != "none":
        writer.set_compression(Bag1Writer.CompressionFormat[compression.upper()])
    writer.chunk_threshold = chunk_bytes
    with writer:
        connections = {}
        for message in messages:
            key = message.topic, message.kind, message.caller
            if key not in connections:
                text, digest = definition(message, 1)
                connections[key] = writer.add_connection(
                    message.topic, message.kind, msgdef=text, md5sum=digest, callerid=message.caller
                )
            writer.write(connections[key], message.receive_ns, payload(message, 1))
    return path


def mcap(
    path: Path,
    messages: Sequence[Message],
    *,
    compression: str = "none",
    chunk_bytes: int = CHUNK_BYTES,
    chunked: bool = True,
    crc: bool = True,
    indexed: bool = True,
    profile: str = "ros2",
    big_endian: bool = False,
    serialization: str = "cdr",
    ros: int = 2,
    publish_offset_ns: int = 0,
) -> Path:
    """An MCAP file by the mcap library; compression none, lz4 or zstd.

    Without `indexed` there is no summary section. With `ros=1` payloads, definitions and encoding are those
    of ROS 1, as `mcap convert` makes them of a .bag. `publish_offset_ns` is the time from publishing to
    receiving a message.
    """
    path = path.with_name(path.name + ".mcap")
    with path.open("wb") as stream:
        writer = McapWriter(
            stream,
            chunk_size=chunk_bytes,
            compression=CompressionType[compression.upper()],
            index_types=IndexType.ALL if indexed else IndexType.NONE,
            repeat_channels=indexed,
            repeat_schemas=indexed,
            use_chunking=chunked,
            use_statistics=indexed,
            use_summary_offsets=indexed,
            enable_crcs=crc,
            enable_data_crcs=crc,
        )
        writer.start(profile if ros == 2 else "ros1", "hybridsim tests")
        schemas: dict[str, int] = {}
        channels: dict[tuple[str, str], int] = {}
        encoding = "ros1msg" if ros == 1 else "ros2msg"
        for sequence, message in enumerate(messages):
            key = message.topic, message.kind
            if message.kind not in schemas:
                name = message.kind.replace("/msg/", "/") if ros == 1 else message.kind
                text = definition(message, ros)[0].encode()
                schemas[message.kind] = writer.register_schema(name, encoding, text)
            if key not in channels:
                channels[key] = writer.register_channel(
                    message.topic, "ros1" if ros == 1 else serialization, schemas[message.kind]
                )
            writer.add_message(
                channels[key],
                message.receive_ns,
                payload(message, ros, big_endian=big_endian),
                message.receive_ns - publish_offset_ns,
                sequence,
            )
        writer.finish()
    return path


FORMS: dict[str, Callable[..., Path]] = {
    "bag": bag,
    "bag-bz2": partial(bag, compression="bz2"),
    "bag-lz4": partial(bag, compression="lz4"),
    "bag-1.2": bag12,
    "db3": db3,
    "db3-1": partial(db3, schema=1),
    "db3-2": partial(db3, schema=2),
    "db3-3": partial(db3, schema=3),
    "db3-wal": partial(db3, wal=True),
    "db3-folder": folder,
    "db3-split": partial(folder, files=3),
    "db3-message": partial(folder, compression="message"),
    "db3-file": partial(folder, compression="file"),
    "mcap": mcap,
    "mcap-lz4": partial(mcap, compression="lz4"),
    "mcap-zstd": partial(mcap, compression="zstd"),
    "mcap-unchunked": partial(mcap, chunked=False),
    "mcap-no-crc": partial(mcap, crc=False),
    "mcap-no-summary": partial(mcap, indexed=False),
    "mcap-ros1": partial(mcap, ros=1),
    "mcap-folder": partial(folder, storage="mcap"),
    "mcap-storage": partial(folder, storage="mcap", compression="storage"),
    "mcap-split": partial(folder, storage="mcap", files=3),
    "mcap-message": partial(folder, storage="mcap", compression="message"),
    "mcap-file": partial(folder, storage="mcap", compression="file"),
}
