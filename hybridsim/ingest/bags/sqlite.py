"""ROS 2 bags in SQLite files, with or without metadata.yaml, whole or damaged."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from hybridsim.errors import LogError, listed
from hybridsim.ingest.bags.batch import MAX_CHUNK, WINDOW, Bag, Batch, Connection, ros2_type
from hybridsim.ingest.bags.disk import Disk
from hybridsim.ingest.bags.pages import LEAF, LENGTH, LOCAL, MORE, ROW, STAMP, START, TOPIC, Pages, walk_pages

SMALLEST_ROW = 12  # bytes of a row with an empty message
MAX_TOPICS = 100_000
NEAR = 8  # pages of others, such as the index, that are read along between two of the table; chosen


class Sqlite(Bag):
    """A `.db3`."""

    def batches(self) -> Iterator[Batch]:
        """Every message that can be read, in the order of recording."""
        log = self.path.with_name(self.path.name + "-wal")
        if log.is_file() and log.stat().st_size:
            with tempfile.TemporaryDirectory(prefix="hybridsim-") as folder:
                merged = _merged(self.path, log, Path(folder))
                self.notes.append(f"{self.path.name}: rows of {log.name} were read with it")
                yield from self._read(merged)
        else:
            yield from self._read(self.path)

    def _read(self, path: Path) -> Iterator[Batch]:
        with Disk(path) as disk:
            pages = Pages(disk)
            tables = self._tables(pages)
            if "messages" not in tables or "topics" not in tables:
                raise LogError(
                    f"{self.path.name}: no ROS 2 bag: expected tables topics and messages; "
                    f"it has {listed(tables)}"
                )
            self._connect(pages, tables)
            root, names = tables["messages"]
            if missing := {"topic_id", "timestamp", "data"} - set(names):
                raise LogError(
                    f"{self.path.name}: table messages lacks {listed(missing)}; it has {listed(names)}"
                )
            yield from self._messages(pages, root, names)

    def _tables(self, pages: Pages) -> dict[str, tuple[int, list[str]]]:
        """Root page and column names of every table."""
        found = {}
        for _, row in pages.rows(1):
            if len(row) == 5 and row[0] == "table" and isinstance(row[4], str) and isinstance(row[3], int):
                found[str(row[1])] = row[3], _columns(row[4])
        return found

    def _connect(self, pages: Pages, tables: dict[str, tuple[int, list[str]]]) -> None:
        definitions: dict[str, tuple[str, str]] = {}
        for row in _records(pages, tables, "message_definitions"):
            said = str(row.get("encoded_message_definition") or ""), str(row.get("encoding") or "")
            definitions.setdefault(str(row.get("topic_type")), said)
        for row in _records(pages, tables, "topics"):
            number, kind = row["rowid"], str(row.get("type") or "")
            service = kind.removesuffix("_Event")  # an event's definition stands under its service's name
            if len(self.connections) < MAX_TOPICS:
                encoding = str(row.get("serialization_format") or "")
                self.connections[number] = Connection(
                    number,
                    str(row.get("name") or ""),
                    ros2_type(kind),
                    encoding,
                    *definitions.get(kind, definitions.get(service, ("", ""))),
                )

    def _messages(self, pages: Pages, root: int, names: list[str]) -> Iterator[Batch]:
        broken: list[int] = []
        leaves = pages.leaves(root, broken)
        known = self.connections
        yield from self._batches(pages, leaves, names, broken)
        if not broken and pages.promised <= pages.count:
            return
        # Somewhere a page is missing or is no page of a table: others may hang on it.
        left = np.setdiff1d(np.arange(2, pages.count + 1), np.concatenate([leaves, broken]))
        lost = np.array([number for number in left.tolist() if _is_leaf(pages, number)], np.int64)
        before = len(self.damage)
        for batch in self._batches(pages, lost, names, []):
            mine = np.isin(batch.connection, list(known)) & (batch.receive_ns > 0)
            yield Batch(
                batch.data,
                batch.start[mine],
                batch.length[mine],
                batch.connection[mine],
                batch.receive_ns[mine],
            )
        del self.damage[before:]  # what those pages hold besides was never this table's
        for first, last in _runs(sorted(n for n in set(broken) if 0 < n <= pages.count)):
            self.damaged(
                (first - 1) * pages.size, last * pages.size, "pages of the table of messages are broken"
            )
        if beyond := [number for number in set(broken) if number > pages.count]:
            reason = f"{len(beyond)} pages of the table of messages are missing"
            end = max(pages.promised, pages.count + 1) * pages.size
            self.damaged(pages.disk.size, end, reason)
        elif pages.promised > pages.count:
            end = pages.promised * pages.size
            self.damaged(pages.disk.size, end, "the file ends before its last pages")

    def _batches(
        self, pages: Pages, leaves: Int64[np.ndarray, " page"], names: list[str], broken: list[int]
    ) -> Iterator[Batch]:
        """Rows of leaf pages, as many pages at once as lie near each other in rising order."""
        places = np.array([names.index(name) for name in ("topic_id", "timestamp", "data")], np.int64)
        many = max(1, WINDOW // pages.size)
        ends = np.flatnonzero((np.diff(leaves) < 1) | (np.diff(leaves) > NEAR)) + 1
        for first, last in pairwise([0, *ends.tolist(), len(leaves)]):
            run = leaves[first:last]
            cuts = np.flatnonzero(np.diff((run - run[:1]) // many)) + 1
            for part in np.split(run, cuts):
                if len(part):
                    yield from self._run(pages, part, len(names), places, broken)

    def _run(
        self,
        pages: Pages,
        run: Int64[np.ndarray, " page"],
        columns: int,
        places: Int64[np.ndarray, " 3"],
        broken: list[int],
    ) -> Iterator[Batch]:
        """Rows of some leaf pages; those that are none are added to `broken`."""
        offset = int(run[0] - 1) * pages.size
        data = pages.disk.array(offset, int(run[-1] - run[0] + 1) * pages.size)
        starts = (run - run[0]) * pages.size
        leaf = starts < len(data)
        leaf[leaf] = data[starts[leaf]] == LEAF
        broken += run[~leaf].tolist()
        starts = starts[leaf]
        found = np.empty((len(data) // SMALLEST_ROW + 1, 7), np.int64)
        lost = np.zeros(len(starts), np.int64)
        count = walk_pages(data, starts, pages.size, pages.usable, columns, places, found, lost)
        rows = found[:count]
        for page in np.flatnonzero(lost):
            start = offset + int(starts[page])
            end = min(start + pages.size, pages.disk.size)
            self.damaged(start, end, f"{lost[page]} rows cannot be read")
        ordered = np.diff(rows[:, ROW])
        if len(ordered) and ordered.min() < 0:  # cells of a page may stand in any order
            rows = rows[np.argsort(rows[:, ROW], kind="stable")]
        yield from self._with_overflow(pages, data, rows, offset)

    def _with_overflow(
        self, pages: Pages, data: UInt8[np.ndarray, " byte"], rows: Int64[np.ndarray, "row 7"], offset: int
    ) -> Iterator[Batch]:
        """Rows of a buffer; those that go on on other pages are put together behind it."""
        split = np.flatnonzero(rows[:, LOCAL] < rows[:, LENGTH])
        parts, size, keep = [data], len(data), np.ones(len(rows), bool)
        for row in split:
            start, length, local, more = (int(rows[row, k]) for k in (START, LENGTH, LOCAL, MORE))
            whole = (
                b""
                if length > MAX_CHUNK
                else pages.blob(data[start : start + local].tobytes(), 0, local, length, more)
            )
            keep[row] = len(whole) == length
            if keep[row]:
                parts.append(np.frombuffer(whole, np.uint8))
                rows[row, START] = size
                size += length
            else:
                reason = f"a message of {length} bytes goes on on pages that are missing"
                self.damaged(offset + start, offset + start + local, reason)
        if len(split):
            data, rows = np.concatenate(parts), rows[keep]
        yield Batch(
            data,
            rows[:, START].copy(),
            rows[:, LENGTH].copy(),
            rows[:, TOPIC].astype(np.int32),
            rows[:, STAMP].copy(),
        )


def _records(pages: Pages, tables: dict[str, tuple[int, list[str]]], name: str) -> Iterator[dict[str, Any]]:
    """Rows of a small table, column by name; empty where the file has no such table."""
    if name in tables:
        root, columns = tables[name]
        for row, values in pages.rows(root):
            yield {**dict(zip(columns, values, strict=False)), "rowid": row}


def _columns(statement: str) -> list[str]:
    """Column names of a CREATE TABLE statement."""
    inside = re.sub(r"\([^()]*\)", "", statement[statement.find("(") + 1 : statement.rfind(")")])
    words = [part.split() for part in inside.split(",")]
    ends = {"primary", "unique", "check", "foreign", "constraint"}
    return [word[0].strip("\"'`[]") for word in words if word and word[0].lower() not in ends]


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of every run of numbers that follow each other."""
    edges = [0, *(n for n in range(1, len(numbers)) if numbers[n] != numbers[n - 1] + 1), len(numbers)]
    yield from ((numbers[first], numbers[last - 1]) for first, last in pairwise(edges) if last > first)


def _is_leaf(pages: Pages, number: int) -> bool:
    return pages.disk.read((number - 1) * pages.size, 1) == bytes([LEAF])


def _merged(path: Path, log: Path, folder: Path) -> Path:
    """A copy of the file with its write-ahead log merged into it by SQLite.

    Raises:
        LogError: SQLite cannot read the two.
    """
    copy = folder / path.name
    try:
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (OSError, sqlite3.Error) as error:
        raise LogError(f"{path.name}: its write-ahead log {log.name} cannot be merged: {error}") from None
    return copy
