"""Bags that lie: chunks that expand without end, lengths that no file has, folders that point elsewhere.

Each function writes one file or folder and returns it. All are small; what reads them has to stay small too.
"""

import bz2
import sqlite3
import struct
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import lz4.frame
import zstandard
from ruamel.yaml import YAML

from tests.ingest.bags import containers, damage
from tests.ingest.bags.messages import START_NS, joint_states
from tests.ingest.bags.old import record
from tests.ingest.bags.rosbag2 import db3, folder

EXPANDS = 1 << 32
"""What a bomb expands to [bytes]."""
BLOCK = 1 << 24
MCAP_MAGIC = b"\x89MCAP0\r\n"


@lru_cache
def bomb(compression: str, expands: int = EXPANDS) -> bytes:
    """Zeros in a compressed stream; bz2 as streams of 16 MiB one after the other, as bz2 files may be."""
    blocks = expands // BLOCK
    if compression == "bz2":
        return bz2.compress(bytes(BLOCK)) * blocks
    if compression == "lz4":
        with lz4.frame.LZ4FrameCompressor() as squeeze:
            head = squeeze.begin()
            return b"".join([head, *(squeeze.compress(bytes(BLOCK)) for _ in range(blocks)), squeeze.flush()])
    assert compression == "zstd", compression
    squeeze = zstandard.ZstdCompressor().compressobj()
    return b"".join(squeeze.compress(bytes(BLOCK)) for _ in range(blocks)) + squeeze.flush()


def bag_bomb(path: Path, compression: str, *, claims: int = 1024, expands: int = EXPANDS) -> Path:
    """A .bag whose one good message is followed by a chunk that claims `claims` bytes and has far more."""
    path = containers.bag(path, joint_states(1))
    fields = {"op": b"\5", "compression": compression.encode(), "size": struct.pack("<I", claims)}
    path.write_bytes(_before_index(path.read_bytes()) + record(fields, bomb(compression, expands)))
    return path


def bag_claims(path: Path, field: str) -> Path:
    """A .bag whose last chunk claims 4 GiB less a byte: `size`, `data`, `header` or `count` of an index."""
    path = containers.bag(path, joint_states(1))
    good, most = _before_index(path.read_bytes()), struct.pack("<I", 2**32 - 1)
    chunk = {"op": b"\5", "compression": b"none", "size": struct.pack("<I", 8)}
    index = {"op": b"\4", "ver": struct.pack("<I", 1), "conn": bytes(4), "count": most}
    lies = {
        "size": record({**chunk, "size": most}, bytes(8)),
        "data": record(chunk, b"")[:-4] + most + bytes(8),
        "header": most + record(chunk, bytes(8))[4:],
        "count": record(index, bytes(12)),
    }
    path.write_bytes(good + lies[field])
    return path


def mcap_bomb(path: Path, compression: str, *, claims: int = 1024, expands: int = EXPANDS) -> Path:
    """An .mcap whose one good message is followed by a chunk that claims `claims` bytes and has far more."""
    return _mcap(path, _chunk(compression, claims, bomb(compression, expands)))


def mcap_claims(path: Path, field: str, claims: int = 2**60) -> Path:
    """An .mcap whose last record claims 2**60 bytes: `record`, `uncompressed`, `compressed`, `string`.

    `content` is a zstd frame that itself announces so much.
    """
    lies = {
        "record": b"\x06" + struct.pack("<Q", claims) + bytes(64),
        "uncompressed": _chunk("zstd", claims, zstandard.compress(bytes(64))),
        "compressed": _chunk("", 64, bytes(64), compressed=claims),
        "string": _record(0x03, struct.pack("<HI", 9, min(claims, 2**32 - 1)) + b"name"),
        # Magic, one segment with an 8 byte content size, that size, and an empty last raw block.
        "content": _chunk("zstd", 1024, struct.pack("<IBQ", 0xFD2FB528, 0xE0, claims) + b"\1\0\0"),
    }
    return _mcap(path, lies[field])


def message_bomb(path: Path, expands: int = EXPANDS) -> Path:
    """A folder compressed by message, of which one expands without end."""
    path = folder(path, joint_states(4), compression="message")
    (storage,) = path.glob("*.db3")
    with sqlite3.connect(storage) as database:
        database.execute("UPDATE messages SET data = ? WHERE id = 3", (bomb("zstd", expands),))
    database.close()
    return path


def file_bomb(path: Path, expands: int = EXPANDS) -> Path:
    """A folder compressed by file, whose storage expands without end."""
    path = folder(path, joint_states(4), compression="file")
    (storage,) = path.glob("*.zstd")
    storage.write_bytes(bomb("zstd", expands))
    return path


def endless_db3(path: Path) -> Path:
    """A .db3 in which `messages` is a view that never ends: any query over all rows runs for ever."""
    path = db3(path, joint_states(4))
    with sqlite3.connect(path) as database:
        database.executescript(
            "ALTER TABLE messages RENAME TO real;"
            "CREATE VIEW messages AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)"
            " SELECT n.id AS id, 1 AS topic_id, n.id AS timestamp, zeroblob(1000) AS data FROM n;"
        )
    database.close()
    return path


def metadata(path: Path, changes: Mapping[str, Any] | str) -> Path:
    """A folder whose metadata.yaml has other values under rosbag2_bagfile_information, or is another text.

    Beside it lies a good outside.db3, for those that point there.
    """
    path = folder(path, joint_states(4))
    if not path.with_name("outside.db3").exists():
        db3(path.with_name("outside"), joint_states(4))
    if isinstance(changes, str):
        (path / "metadata.yaml").write_text(changes)
        return path
    yaml = YAML(typ="safe")
    document = yaml.load(path / "metadata.yaml")
    document["rosbag2_bagfile_information"].update(changes)
    with (path / "metadata.yaml").open("w") as stream:
        yaml.dump(document, stream)
    return path


METADATA: dict[str, Mapping[str, Any] | str] = {
    "missing": {"relative_file_paths": ["there_is_no_such_file_0.db3"]},
    "outside": {"relative_file_paths": ["../outside.db3"]},
    "absolute": {"relative_file_paths": ["/etc/passwd"]},
    "itself": {"relative_file_paths": ["metadata.yaml"]},
    "folder": {"relative_file_paths": ["."]},
    "no files": {"relative_file_paths": []},
    "not names": {"relative_file_paths": [{"a": 1}, None, 7]},
    "storage": {"storage_identifier": "my_storage"},
    "compression": {"compression_format": "fake_comp", "compression_mode": "message"},
    "mode": {"compression_format": "zstd", "compression_mode": "sideways"},
    "version": {"version": 99},
    "count": {"message_count": -1},
    "topics": {"topics_with_message_count": "none"},
    "empty": "",
    "not yaml": "{[:",
    "not a mapping": "- 1\n- 2\n",
    "no information": "other: 1\n",
    "object": "rosbag2_bagfile_information: !!python/object/apply:os.system ['true']\n",
    "binary": "\x00\x01",
    "deep": "[" * 5000,
    "laughs": "a0: &a0 [x, x]\n"
    + "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 30)),
}
"""metadata.yaml files that a reader has to refuse or to see through, for `metadata`."""

DEFINITIONS: dict[str, str] = {
    "holds itself": "std_msgs/Header header\nlab_msgs/Loop loop\n"
    + "=" * 80
    + "\nMSG: lab_msgs/Loop\nLoop loop\n",
    "unknown": "lab_msgs/Nowhere what\n",
    "huge array": "float64[4611686018427387904] values\n",
    "many huge": "".join(f"lab_msgs/A[1000] a{k}\n" for k in range(3))
    + "".join(f"{'=' * 80}\nMSG: lab_msgs/{n}\n{m}[1000] x\n" for n, m in ("AB", "BC", "CD"))
    + "=" * 80
    + "\nMSG: lab_msgs/D\nfloat64 x\n",
    "chain": "T0 x\n" + "".join(f"{'=' * 80}\nMSG: lab_msgs/T{k}\nT{k + 1} x\n" for k in range(3000)),
    "doubling": "T0 x\n"
    + "".join(f"{'=' * 80}\nMSG: lab_msgs/T{k}\nT{k + 1} a\nT{k + 1} b\n" for k in range(60)),
    "no code": "float64 __import__\nfloat64 x); import os; os.abort(\n",
    "keyword": "float64 class\nfloat64 lambda\n",
    "twice": "float64 x\nfloat64 x\n",
    "wstring": "wstring text\nfloat64 x\n",
    "long double": "float128 x\n",
    "not text": "\x00\x01\x02",
    "empty": "",
    "long": "float64 x\n# " + "y" * 5_000_000,
    "many": "".join(f"float64 x{k}\n" for k in range(100_000)),
}
"""Definitions that a parser has to refuse or to survive, for `Message.text`."""


def _before_index(data: bytes) -> bytes:
    """A .bag up to its index, which its header no longer points at."""
    found = data.index(b"index_pos=") + len(b"index_pos=")
    (end,) = struct.unpack_from("<Q", data, found)
    return data[:found] + bytes(8) + data[found + 8 : end]


def _record(opcode: int, data: bytes) -> bytes:
    return bytes([opcode]) + struct.pack("<Q", len(data)) + data


def _chunk(compression: str, claims: int, data: bytes, compressed: int | None = None) -> bytes:
    """Chunk record: start and end time, claimed size, no CRC, compression, compressed size, bytes."""
    head = struct.pack("<QQQI", START_NS, START_NS, claims, 0)
    name = struct.pack("<I", len(compression)) + compression.encode()
    return _record(
        0x06, head + name + struct.pack("<Q", len(data) if compressed is None else compressed) + data
    )


def _mcap(path: Path, lie: bytes) -> Path:
    """One good message, the lie, and neither summary nor footer."""
    path = containers.mcap(path, joint_states(1), chunked=False, indexed=False)
    data = path.read_bytes()
    path.write_bytes(data[: damage.data_end(data)] + lie)
    return path
