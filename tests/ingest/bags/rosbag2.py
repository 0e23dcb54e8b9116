"""rosbag2 folders and single .db3 files of every age."""

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from ruamel.yaml import YAML

from tests.ingest.bags.messages import Message
from tests.ingest.bags.types import definition, payload


def folder(
    path: Path,
    messages: Sequence[Message],
    *,
    storage: str = "sqlite3",
    compression: str = "none",
    files: int = 1,
    big_endian: bool = False,
    serialization: str = "cdr",
) -> Path:
    """A rosbag2 folder with metadata.yaml.

    Storage sqlite3 or mcap; compression none, message, file (zstd around the storage) or storage (zstd chunks
    of mcap); `files` splits the recording as `ros2 bag record --max-bag-duration` does, all topics in each.
    """
    per = -(-len(messages) // files)
    parts = [messages[k * per : (k + 1) * per] for k in range(files)]
    path.mkdir(parents=True)
    described, names = [], []
    for k, part in enumerate(parts):
        own = path / f"{path.name}_{k}"
        writer = Writer(own, version=9, storage_plugin=StoragePlugin[storage.upper()])
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
        with writer:
            connections = _connections(writer, messages, serialization)
            for message in part:
                data = payload(message, 2, big_endian=big_endian)
                writer.write(connections[message.topic, message.kind], message.receive_ns, data)
        described.append(YAML(typ="safe").load(own / "metadata.yaml")["rosbag2_bagfile_information"])
        for made in own.iterdir():
            if made.name != "metadata.yaml":
                names.append(made.name)
                made.rename(path / made.name)
        shutil.rmtree(own)
    _write_metadata(path, described, names)
    return path


def db3(
    path: Path,
    messages: Sequence[Message],
    *,
    schema: int = 4,
    wal: bool = False,
    big_endian: bool = False,
    serialization: str = "cdr",
) -> Path:
    """One sqlite3 file, no metadata.yaml, as ROS 2 from Dashing to Jazzy wrote it.

    Schema 1 has no QoS, 2 has, 3 adds a version and a metadata table, 4 (Iron and later) message definitions.
    With `wal`, the second half of the messages lies in a -wal file beside it that was never merged.
    """
    path = path.with_name(path.name + ".db3")
    recorded = path.with_name(path.name + ".recording") if wal else path
    first: dict[tuple[str, str], Message] = {}
    for message in messages:
        first.setdefault((message.topic, message.kind), message)
    ids = {key: k + 1 for k, key in enumerate(first)}
    rows = [
        (ids[message.topic, message.kind], message.receive_ns, payload(message, 2, big_endian=big_endian))
        for message in messages
    ]
    database = sqlite3.connect(recorded)
    database.executescript(_schema(schema))
    for key, message in first.items():
        digest = [definition(message, 2)[1]] if schema >= 4 else []
        _insert(database, "topics", [ids[key], *key, serialization, *([""] if schema >= 2 else []), *digest])
    for k, message in enumerate({kind: message for (_, kind), message in first.items()}.values()):
        if schema >= 4:
            text, rihs = definition(message, 2)
            _insert(database, "message_definitions", [k + 1, message.kind, "ros2msg", text, rihs])
    insert = "INSERT INTO messages(topic_id, timestamp, data) VALUES(?,?,?)"
    half = len(rows) // 2 if wal else len(rows)
    database.executemany(insert, rows[:half])
    database.commit()
    if wal:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
        database.executemany(insert, rows[half:])
        database.commit()
        # Copied while open: closing would merge it.
        shutil.copy(recorded, path)
        shutil.copy(f"{recorded}-wal", f"{path}-wal")
    database.close()
    if wal:
        recorded.unlink()
    return path


def _insert(database: sqlite3.Connection, table: str, row: Sequence[Any]) -> None:
    database.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", row)


def _connections(writer: Writer, messages: Sequence[Message], serialization: str) -> dict[Any, Any]:
    connections: dict[Any, Any] = {}
    for message in messages:
        key = message.topic, message.kind
        if key not in connections:
            text, digest = definition(message, 2)
            connections[key] = writer.add_connection(
                *key, msgdef=text, rihs01=digest, serialization_format=serialization
            )
    return connections


def _write_metadata(path: Path, parts: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """One metadata.yaml for several files that each were a bag."""
    total = dict(parts[0])
    start = min(part["starting_time"]["nanoseconds_since_epoch"] for part in parts)
    end = max(
        part["starting_time"]["nanoseconds_since_epoch"] + part["duration"]["nanoseconds"] for part in parts
    )
    total["relative_file_paths"] = list(names)
    total["starting_time"] = {"nanoseconds_since_epoch": start}
    total["duration"] = {"nanoseconds": end - start}
    total["message_count"] = sum(part["message_count"] for part in parts)
    total["files"] = [{**part["files"][0], "path": name} for part, name in zip(parts, names, strict=True)]
    total["topics_with_message_count"] = [
        {
            **topic,
            "message_count": sum(part["topics_with_message_count"][k]["message_count"] for part in parts),
        }
        for k, topic in enumerate(total["topics_with_message_count"])
    ]
    with (path / "metadata.yaml").open("w") as stream:
        YAML(typ="safe").dump({"rosbag2_bagfile_information": total}, stream)


def _schema(version: int) -> str:
    topics = (
        "id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL"
    )
    topics += ", offered_qos_profiles TEXT NOT NULL" if version >= 2 else ""
    topics += ", type_description_hash TEXT NOT NULL" if version >= 4 else ""
    statements = [
        f"CREATE TABLE topics({topics})",
        "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL,"
        " data BLOB NOT NULL)",
        "CREATE INDEX timestamp_idx ON messages (timestamp ASC)",
    ]
    if version >= 3:
        statements += [
            "CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL)",
            "CREATE TABLE metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL,"
            " metadata TEXT NOT NULL)",
            f"INSERT INTO schema VALUES({version}, 'rolling')",
        ]
    if version >= 4:
        statements.append(
            "CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL,"
            " encoding TEXT NOT NULL, encoded_message_definition TEXT NOT NULL,"
            " type_description_hash TEXT NOT NULL)"
        )
    return ";\n".join(statements) + ";"
