"""Compiled walks over the records of a buffer: where each message stands. One loop a kind of bag.

Each returns how far whole records reach, how many messages were found, and why it stopped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from hybridsim.ingest.bags.bytes import u8, u16, u32, u64

DONE, SHORT, BROKEN, OTHER = 0, 1, 2, 3
"""All bytes read; the next record is not whole; it is no record; it is one for the caller."""

ROS1_MESSAGE, ROS1_CONNECTION = 2, 7
ROS1_SMALLEST = 46  # bytes of a message record without content: header 38, two lengths
MCAP_MESSAGE, MCAP_SMALLEST = 5, 31
MAX_HEADER = 1_000_000


@njit(cache=True, nogil=True)
def walk_ros1(data: Any, position: Any, end: Any, found: Any, other: Any) -> Any:
    """Records inside a chunk of a ROS 1 bag.

    Args:
        data: the buffer.
        position: where the first record starts.
        end: where the last one ends.
        found: gets start, length, connection and receive stamp [ns] a message; large enough.
        other: gets header start, header end, content start and content end of connection records.

    Returns:
        Position after the last whole record, messages, connection records, DONE, SHORT or BROKEN.
    """
    messages, others = 0, 0
    while position < end:
        if position + 4 > end:
            return position, messages, others, SHORT
        header = np.int64(u32(data, position))
        at, stop = position + 4, position + 4 + header
        if header > MAX_HEADER:
            return position, messages, others, BROKEN
        if stop + 4 > end:
            return position, messages, others, SHORT
        kind, connection, stamp = -1, np.int64(-1), np.int64(0)
        while at < stop:
            size = np.int64(u32(data, at)) if at + 4 <= stop else np.int64(-1)
            if size < 1 or at + 4 + size > stop:
                return position, messages, others, BROKEN
            name = at + 4
            if size == 4 and u8(data, name) == 111 and u8(data, name + 1) == 112 and u8(data, name + 2) == 61:
                kind = np.int64(u8(data, name + 3))  # op=
            elif size == 9 and u8(data, name) == 99 and u8(data, name + 4) == 61:
                connection = np.int64(u32(data, name + 5))  # conn=
            elif size == 13 and u8(data, name) == 116 and u8(data, name + 4) == 61:
                stamp = np.int64(u32(data, name + 5)) * 1_000_000_000 + np.int64(u32(data, name + 9))  # time=
            at += 4 + size
        length = np.int64(u32(data, stop))
        if kind < 0:
            return position, messages, others, BROKEN
        if stop + 4 + length > end:
            return position, messages, others, SHORT
        if kind == ROS1_MESSAGE:
            found[messages, 0], found[messages, 1] = stop + 4, length
            found[messages, 2], found[messages, 3] = connection, stamp
            messages += 1
        elif kind == ROS1_CONNECTION and others < len(other):
            other[others, 0], other[others, 1] = position + 4, stop
            other[others, 2], other[others, 3] = stop + 4, stop + 4 + length
            others += 1
        position = stop + 4 + length
    return position, messages, others, DONE


@njit(cache=True, nogil=True)
def walk_mcap(data: Any, position: Any, end: Any, found: Any) -> Any:
    """Message records of an MCAP file or chunk, up to the first record that the caller has to see.

    Args:
        data: the buffer.
        position: where the first record starts.
        end: where the last one ends.
        found: gets start, length, channel and log time [ns] a message; large enough.

    Returns:
        Position after the last record read, messages, DONE, SHORT, BROKEN or OTHER.
    """
    messages = 0
    while position < end:
        kind = u8(data, position)
        if kind == 0 or (kind > 15 and kind < 128):
            return position, messages, BROKEN
        if position + 9 > end:
            return position, messages, SHORT
        length = np.int64(u64(data, position + 1))
        # Message index, attachment, attachment index, metadata, and what later versions may add.
        skipped = kind == 7 or kind == 9 or kind == 10 or kind == 12 or kind >= 128
        if kind != MCAP_MESSAGE and not skipped:
            return position, messages, OTHER
        if length < 0:
            return position, messages, BROKEN
        if length > end - position - 9:
            return position, messages, SHORT
        if kind == MCAP_MESSAGE:
            if length < 22:
                return position, messages, BROKEN
            body = position + 9
            found[messages, 0], found[messages, 1] = body + 22, length - 22
            found[messages, 2] = np.int64(u16(data, body))
            found[messages, 3] = np.int64(u64(data, body + 6))
            messages += 1
        position += 9 + length
    return position, messages, DONE
