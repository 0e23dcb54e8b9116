"""Pages of an SQLite file: which belong to a table, and which rows a page holds.

Read page by page, because SQLite itself refuses the whole of a file that is cut short or damaged in one
place, and hands rows over one by one. Source: sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Int64
from numba import njit

from hybridsim.errors import LogError
from hybridsim.ingest.bags.bytes import u8, u16_big, u32_big
from hybridsim.ingest.bags.disk import Disk

MAGIC = b"SQLite format 3\x00"
LEAF, INTERIOR = 13, 5
MAX_DEPTH = 20
MAX_TEXT = 10_000_000  # bytes of a row that is read outside the compiled loop; chosen
START, LENGTH, TOPIC, STAMP, ROW, LOCAL, MORE = range(7)
"""Columns of `walk_page`'s result: where the blob's bytes on this page start, how long the whole blob is,
topic, stamp, row id, how many bytes are on this page, and the page where the rest is (0 where none is)."""


class Pages:
    """An SQLite file as numbered pages."""

    def __init__(self, disk: Disk) -> None:
        head = disk.read(0, 100)
        if len(head) < 100 or head[:16] != MAGIC:
            raise LogError(f"{disk.name}: not an SQLite file")
        (size,) = struct.unpack_from(">H", head, 16)
        self.size = 65536 if size == 1 else size
        if self.size < 512 or self.size & (self.size - 1):
            raise LogError(
                f"{disk.name}: pages of {self.size} bytes; expected a power of two from 512 to 65536"
            )
        if struct.unpack_from(">I", head, 56)[0] > 1:
            raise LogError(f"{disk.name}: text is UTF-16; expected UTF-8")
        self.usable = self.size - head[20]
        self.disk = disk
        self.count = -(-disk.size // self.size)
        (self.promised,) = struct.unpack_from(">I", head, 28)

    def page(self, number: int) -> bytes:
        """One page, counted from 1; empty beyond the end of the file."""
        return self.disk.read((number - 1) * self.size, self.size) if number > 0 else b""

    def leaves(self, root: int, broken: list[int]) -> Int64[np.ndarray, " page"]:
        """Leaf pages of a table in the order of their rows.

        Children of one page are all leaves or none is, so that only the first of them is looked at: what the
        others are turns out when they are read.

        Args:
            root: page that the table starts with.
            broken: gets the pages that should belong to it and cannot be read.
        """
        if self._kind(root) == LEAF:
            return np.array([root], np.int64)
        found: list[np.ndarray] = []
        seen: set[int] = set()
        stack = [(root, 0)]
        while stack:
            number, depth = stack.pop()
            page, kind = self.page(number), self._kind(number)
            if kind == LEAF:
                found.append(np.array([number]))
                continue
            if number in seen or depth > MAX_DEPTH or kind != INTERIOR or len(page) < self.size:
                broken.append(number)
                continue
            seen.add(number)
            children = _children(page, 100 if number == 1 else 0)
            there = [child for child in children if 0 < child <= self.count]
            broken += [child for child in children if not 0 < child <= self.count]
            if any(self._kind(child) == LEAF for child in there[:1]):
                found.append(np.array(there))
            else:
                stack += [(child, depth + 1) for child in reversed(there)]
        pages = np.concatenate([*found, np.empty(0, np.int64)]).astype(np.int64)
        if len(pages) > self.count:  # one page in two places: a file that lies
            pages = pages[np.sort(np.unique(pages, return_index=True)[1])]
        return pages

    def _kind(self, number: int) -> int:
        """What a page says it is; 0 for nothing."""
        return int.from_bytes(
            self.disk.read((number - 1) * self.size + (100 if number == 1 else 0), 1), "big"
        )

    def rows(self, root: int) -> Iterator[tuple[int, list[Any]]]:
        """Row id and values of every row of a small table that can be read."""
        for number in self.leaves(root, []).tolist():
            page = self.page(number)
            start = 100 if number == 1 else 0
            if self._kind(number) != LEAF:
                continue
            for at in _cells(page, start + 8, int.from_bytes(page[start + 3 : start + 5], "big")):
                try:
                    length, at = varint(page, at)
                    row, at = varint(page, at)
                    yield row, _values(self._payload(page, at, length))
                except (IndexError, struct.error, ValueError):
                    continue

    def blob(self, page: bytes, at: int, local: int, length: int, following: int) -> bytes:
        """A payload that goes on on other pages; shorter than it should be where one is missing."""
        parts, left = [page[at : at + local]], length - local
        while left > 0 and following:
            content = self.page(following)
            if len(content) < 8:
                break
            following = int.from_bytes(content[:4], "big")
            parts.append(content[4 : min(self.usable, 4 + left)])
            left -= len(parts[-1])
        return b"".join(parts)

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        if length > MAX_TEXT:
            raise ValueError
        local = local_bytes(length, self.usable)
        following = int.from_bytes(page[at + local : at + local + 4], "big") if local < length else 0
        return self.blob(page, at, local, length, following)


def _children(page: bytes, start: int) -> list[int]:
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    cells = [int.from_bytes(page[at : at + 4], "big") for at in _cells(page, start + 12, count)]
    return [*cells, int.from_bytes(page[start + 8 : start + 12], "big")]


def _cells(page: bytes, first: int, count: int) -> list[int]:
    """Where the cells of a page start."""
    ends = range(first, min(first + 2 * count, len(page) - 1), 2)
    return [int.from_bytes(page[at : at + 2], "big") for at in ends]


def varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where the next field starts."""
    value = 0
    for place in range(9):
        byte = content[at + place]
        if place == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at + place + 1
    raise AssertionError


def _values(payload: bytes) -> list[Any]:
    """The values of a row: integers, floats, text, bytes and None."""
    end, at = varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = varint(payload, at)
        kinds.append(kind)
    values: list[Any] = []
    for kind in kinds:
        size = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind] if kind < 10 else (kind - 12) // 2
        raw = payload[at : at + size]
        at += size
        if kind in (0, 8, 9):
            values.append((None, 0, 1)[(0, 8, 9).index(kind)])
        elif kind == 7:
            values.append(struct.unpack(">d", raw)[0])
        elif kind < 7:
            values.append(int.from_bytes(raw, "big", signed=True))
        else:
            values.append(raw.decode("utf-8", "replace") if kind % 2 else raw)
    return values


@njit(cache=True, nogil=True)
def local_bytes(length: Any, usable: Any) -> Any:
    """How many bytes of a payload are on the page itself."""
    most, least = usable - 35, (usable - 12) * 32 // 255 - 23
    if length <= most:
        return length
    kept = least + (length - least) % (usable - 4)
    return kept if kept <= most else least


@njit(cache=True, nogil=True)
def _varint(data: Any, at: Any, end: Any) -> Any:
    value = np.int64(0)
    for place in range(9):
        if at + place >= end:
            return np.int64(-1), end
        byte = np.int64(u8(data, at + place))
        if place == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at + place + 1
    return np.int64(-1), end


@njit(cache=True, nogil=True)
def _integer(data: Any, at: Any, kind: Any) -> Any:
    size = kind if kind < 5 else (6 if kind == 5 else 8)
    value = np.int64(u8(data, at))
    if value > 127:
        value -= 256
    for place in range(1, size):
        value = value << 8 | np.int64(u8(data, at + place))
    return value


@njit(cache=True, nogil=True)
def walk_page(
    data: Any, page: Any, size: Any, usable: Any, columns: Any, places: Any, found: Any, count: Any
) -> Any:
    """Rows of one leaf page of the table `messages`.

    Args:
        data: buffer that holds the page.
        page: where it starts.
        size: bytes of it that the file has.
        usable: bytes of a page that SQLite uses.
        columns: how many columns the table has.
        places: which of them are the topic, the stamp and the blob.
        found: gets START, LENGTH, TOPIC, STAMP, ROW, LOCAL and MORE a row, from row `count` on.
        count: rows found before.

    Returns:
        Rows found by now, and cells of this page that could not be read.
    """
    lost = 0
    if size < 8 or u8(data, page) != LEAF:
        return count, 1
    cells = np.int64(u16_big(data, page + 3))
    end = page + min(size, usable)
    for cell in range(cells):
        lost += 1
        pointer = page + 8 + 2 * cell
        if pointer + 2 > end or count >= len(found):
            continue
        at = page + np.int64(u16_big(data, pointer))
        length, at = _varint(data, at, end)
        row, at = _varint(data, at, end)
        if length < 0 or at >= end:
            continue
        local = local_bytes(length, usable)
        stop = at + local
        more = np.int64(0)
        if local < length:
            if stop + 4 > end:
                continue
            more = np.int64(u32_big(data, stop))
        head, kinds = _varint(data, at, end)
        body = at + head
        if head < 1 or body > min(stop, end):
            continue
        whole = True
        found[count, TOPIC], found[count, STAMP], found[count, START] = -1, 0, -1
        for column in range(columns):
            kind = np.int64(0)
            if kinds < at + head:
                kind, kinds = _varint(data, kinds, at + head)
            if kind < 0:
                whole = False
                break
            if kind >= 12:
                width = (kind - 12) // 2
                if column == places[2]:
                    found[count, START], found[count, LENGTH] = body, width
                    found[count, LOCAL] = min(width, stop - body)
                body += width
            elif kind in (7, 10, 11):
                body += 8
            else:
                width = 0 if kind == 0 or kind >= 8 else (kind if kind < 5 else (6 if kind == 5 else 8))
                if body + width > min(stop, end):
                    whole = False
                    break
                value = np.int64(kind == 9)
                if width > 0:
                    value = _integer(data, body, kind)
                if column == places[0]:
                    found[count, TOPIC] = value
                elif column == places[1]:
                    found[count, STAMP] = value
                body += width
        if not whole or found[count, START] < 0 or found[count, START] + found[count, LOCAL] > end:
            continue
        if body != at + length:  # the row says another length than its values have
            continue
        found[count, ROW], found[count, MORE] = row, more
        lost -= 1
        count += 1
    return count, lost


@njit(cache=True, nogil=True)
def walk_pages(
    data: Any, starts: Any, size: Any, usable: Any, columns: Any, places: Any, found: Any, lost: Any
) -> Any:
    """`walk_page` for many pages; `lost` gets the cells of each that could not be read."""
    count = 0
    for n in range(len(starts)):
        count, lost[n] = walk_page(
            data, starts[n], min(size, len(data) - starts[n]), usable, columns, places, found, count
        )
    return count
