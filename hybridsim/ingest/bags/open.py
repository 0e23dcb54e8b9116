"""Which kind of bag a file is, by its first bytes and whatever its name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from backports import zstd
from jaxtyping import Int64

from hybridsim.errors import LogError
from hybridsim.ingest.bags import mcap, old, pages, rosbag1
from hybridsim.ingest.bags.batch import MAX_CHUNK, Bag, Batch, Connection
from hybridsim.ingest.bags.compression import ERRORS, decompress
from hybridsim.ingest.bags.mcap import Mcap
from hybridsim.ingest.bags.old import OldRosbag
from hybridsim.ingest.bags.plan import Plan, Taken, Wanted
from hybridsim.ingest.bags.rosbag1 import Rosbag1
from hybridsim.ingest.bags.sqlite import Sqlite

ZSTD = b"\x28\xb5\x2f\xfd"
# A compressed file may grow by this factor; chosen: recordings shrink to a tenth, zeros to a thousandth.
MAX_GROWTH = 1000
STEP = 1 << 22
STRAY = Connection(-1, "", "", "")  # of messages whose topic the file does not describe
TOGETHER = 2_000_000  # bytes of small chunks that are decoded at once; chosen, each call costs 0.3 ms


def open_bag(path: Path) -> Bag:
    """A bag of any kind, not yet read.

    Raises:
        LogError: empty, or no bag; says what its first bytes are.
    """
    head = _head(path)
    if head.startswith(ZSTD):
        return _Zstd(path)
    if head.startswith(rosbag1.MAGIC):
        return Rosbag1(path)
    if head.startswith(old.MAGICS):
        return OldRosbag(path)
    if head.startswith(mcap.MAGIC):
        return Mcap(path)
    if head.startswith(pages.MAGIC):
        return Sqlite(path)
    if not head:
        raise LogError(f"{path.name}: the file is empty")
    if head[:4] in (b"#ROS", b"\x89MCA"):
        raise LogError(
            f"{path.name}: bag of a version that cannot be read: {head[:16]!r}; "
            "expected #ROSBAG V2.0, #ROSRECORD V1.2 or MCAP version 0"
        )
    raise LogError(f"{path.name}: no bag: it starts with {head[:8]!r}; expected a .bag, .db3 or .mcap")


def messages(path: Path) -> Iterator[tuple[Connection, int, bytes]]:
    """Every message that can be read: its connection, receive stamp [ns] and bytes.

    Raises:
        LogError: not a bag at all.
    """
    bag = open_bag(path)
    for batch in batches(bag):
        rows = zip(batch.start, batch.length, batch.connection, batch.receive_ns, strict=True)
        for start, length, connection, receive in rows:
            content = batch.data[start : start + length].tobytes()
            yield bag.connections.get(int(connection), STRAY), int(receive), content


def batches(bag: Bag) -> Iterator[Batch]:
    """All messages of a bag, many at once; those that were compressed one by one are decompressed."""
    waiting: list[Batch] = []
    for batch in bag.batches():
        first = batch.data[batch.start[0] : batch.start[0] + 4].tobytes() if len(batch.start) else b""
        waiting.append(_each_decompressed(batch, bag) if first == ZSTD else batch)
        if sum(len(one.data) for one in waiting) >= TOGETHER:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def alike(bag: Bag, batch: Batch) -> Iterator[tuple[Connection, Int64[np.ndarray, " message"]]]:
    """Messages of a batch by topic and type, in the order of the file; STRAY's belong to no topic."""
    numbers: dict[tuple[str, ...], list[int]] = {}
    first: dict[tuple[str, ...], Connection] = {}
    for number in np.unique(batch.connection).tolist():
        connection = bag.connections.get(number, STRAY)
        numbers.setdefault(connection.likeness, []).append(number)
        first.setdefault(connection.likeness, connection)
    for likeness, mine in numbers.items():
        yield first[likeness], np.flatnonzero(np.isin(batch.connection, mine))


def read_columns(
    path: Path, wanted: Mapping[str, Sequence[Sequence[Wanted]]], names: Mapping[str, str] | None = None
) -> dict[str, Taken]:
    """Numbers of some topics of a bag as arrays and nothing else: no store, no clocks, no refusals.

    Args:
        path: the bag.
        wanted: per topic, the numbers of each array.
        names: per topic, the field that names the places of its lists.

    Raises:
        LogError: not a bag, or messages that lack what is wanted.
    """
    bag, plans = open_bag(path), dict[tuple[str, ...], Plan]()
    parts: dict[str, list[Taken]] = {}
    for batch in batches(bag):
        for connection, rows in alike(bag, batch):
            if connection.topic not in wanted:
                continue
            if connection.likeness not in plans:
                names_field = (names or {}).get(connection.topic)
                plans[connection.likeness] = Plan(connection, wanted[connection.topic], names=names_field)
            parts.setdefault(connection.topic, []).append(plans[connection.likeness].take(batch, rows))
    return {topic: Taken.joined(found) for topic, found in parts.items()}


def _joined(parts: list[Batch]) -> Batch:
    """Several batches as one."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([len(part.data) for part in parts])
    return Batch(
        np.concatenate([part.data for part in parts]),
        np.concatenate([part.start + end - len(part.data) for part, end in zip(parts, ends, strict=True)]),
        np.concatenate([part.length for part in parts]),
        np.concatenate([part.connection for part in parts]),
        np.concatenate([part.receive_ns for part in parts]),
    )


def _each_decompressed(batch: Batch, bag: Bag) -> Batch:
    parts, lengths, keep = [], [], []
    for row, (start, length) in enumerate(zip(batch.start, batch.length, strict=True)):
        limit = min(MAX_CHUNK, int(length) * MAX_GROWTH)
        content, fault = decompress(batch.data[start : start + length].data, "zstd", limit)
        if fault:
            topic = bag.connections.get(int(batch.connection[row]), STRAY).topic or "no topic"
            bag.damaged(0, 0, f"message of {topic} received at {batch.receive_ns[row]} ns: {fault}")
            continue
        parts.append(content.copy())
        lengths.append(len(content))
        keep.append(row)
    length = np.array(lengths, np.int64)
    data = np.concatenate(parts) if parts else np.empty(0, np.uint8)
    start = np.cumsum(length) - length
    return Batch(data, start, length, batch.connection[keep], batch.receive_ns[keep])


class _Zstd(Bag):
    """A file that was compressed as a whole: decompressed beside the temporary files, then read."""

    def batches(self) -> Iterator[Batch]:
        """Every message of the file inside."""
        with tempfile.TemporaryDirectory(prefix="hybridsim-") as folder:
            inside = Path(folder) / self.path.name.removesuffix(".zstd").removesuffix(".zst")
            if fault := _unpack(self.path, inside):
                self.damaged(0, 0, f"{fault}: what comes before is read")
            bag = open_bag(inside)
            if isinstance(bag, _Zstd):
                raise LogError(f"{self.path.name}: compressed more than once")
            bag.connections, bag.notes = self.connections, self.notes
            yield from bag.batches()
            self.damage += [replace(damage, file=f"{self.path.name}, decompressed") for damage in bag.damage]


def _unpack(path: Path, target: Path) -> str:
    """Decompress as much of a file as can be had; what ended it early, or an empty string.

    Raises:
        LogError: it grows beyond bounds, or the disk cannot be read or written.
    """
    limit = min(path.stat().st_size * MAX_GROWTH, shutil.disk_usage(target.parent).free)
    done = 0
    with target.open("wb") as out:
        try:
            with zstd.open(path, "rb") as content:
                while piece := content.read(STEP):
                    done += len(piece)
                    if done > limit:
                        raise LogError(f"{path.name}: grows beyond {limit} bytes when decompressed")
                    out.write(piece)
        except ERRORS as error:
            if isinstance(error, OSError) and error.errno:
                raise LogError(f"{path.name}: cannot be decompressed: {error.strerror}") from None
            return f"zstd data are damaged after {done} bytes: {str(error)[:80]}"
    return ""


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise LogError(f"{path.name}: cannot be read: {error.strerror}") from None
