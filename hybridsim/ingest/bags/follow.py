"""A compiled walk over one message, by the program of its type: where all that is wanted stands."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from hybridsim.ingest.bags.bytes import u8
from hybridsim.ingest.bags.numbers import aligned, entries
from hybridsim.ingest.bags.program import (
    AGAIN,
    ANY,
    DYNAMIC,
    LOOP,
    MAX_LOOPS,
    NUMBERS,
    READ,
    SKIP,
    STOP,
    TEXT,
    TEXTS,
)


@njit(cache=True, nogil=True)
def _same(data: Any, at: Any, length: Any, words: Any, first: Any, last: Any) -> Any:
    """Whether a text is this word; a zero at its end, as CDR writes it, does not count."""
    if length > 0 and u8(data, at + length - 1) == 0:
        length -= 1
    if length != last - first:
        return False
    same = True
    for k in range(length):
        same &= u8(data, at + k) == words[first + k]
    return same


@njit(cache=True, nogil=True)
def _match_keys(
    data: Any, at: Any, length: Any, serves: Any, words: Any, ends: Any, key_loop: Any, first: Any,
    last: Any, loops: Any, chosen: Any,
) -> None:  # fmt: skip
    """Let keys choose the element of the loop that this text stands in."""
    for entry in range(first, last):
        key = -1 - serves[entry]
        if key >= 0 and chosen[key] < 0:
            begin = ends[key - 1] if key > 0 else 0
            if _same(data, at, length, words, begin, ends[key]):
                chosen[key] = loops[key_loop[key]]


@njit(cache=True, nogil=True)
def _record(
    serves: Any, want: Any, first: Any, last: Any, loops: Any, chosen: Any, at: Any, count: Any, where: Any
) -> None:
    """Remember where the slots stand that this step serves."""
    for entry in range(first, last):
        slot = serves[entry]
        if slot < 0:
            continue
        mine = True
        for loop in range(MAX_LOOPS):
            element = want[slot, loop]
            if element == ANY:
                break
            if element < ANY:
                element = chosen[-2 - element]
            if element != loops[loop]:
                mine = False
                break
        if mine:
            where[slot, 0], where[slot, 1] = at, count


@njit(cache=True, nogil=True)
def walk(
    data: Any, start: Any, end: Any, origin: Any, most: Any, big: Any, steps: Any, serves: Any, want: Any,
    key_words: Any, key_ends: Any, key_loop: Any, where: Any, loops: Any, left: Any, chosen: Any, choose: Any,
) -> Any:  # fmt: skip
    """Walk one message.

    Args:
        data: the buffer.
        start: first byte of its fields.
        end: byte after its last.
        origin: what alignment counts from.
        most: largest alignment; 1 for none.
        big: whether the highest byte comes first.
        steps: of the program of its type, see `Program`.
        serves: the same.
        want: the same.
        key_words: the same.
        key_ends: the same.
        key_loop: the same.
        where: gets start and count of every slot; -1 for those that the message lacks.
        loops: which element of each loop it is at, room for MAX_LOOPS.
        left: elements left of each, the same.
        chosen: gets the element that each key chooses.
        choose: whether this walk is for the keys.

    Returns:
        Where the walk ended; -1 where the message ends too early, -2 - place where an unknown field stopped.
    """
    at, pc = start, 0
    for k in range(MAX_LOOPS):
        loops[k] = -1
    while pc < len(steps):
        kind, a, b, c = steps[pc, 0], steps[pc, 1], steps[pc, 2], steps[pc, 3]
        first, last = steps[pc, 4], steps[pc, 5]
        if kind in (SKIP, READ):
            at = aligned(at, origin, a, most)
            if at + max(b, a) > end:
                return -1
            if kind == READ and not choose:
                _record(serves, want, first, last, loops, chosen, at, 1, where)
            at += b
        elif kind == NUMBERS:
            count, at = entries(data, at, end, origin, most, big, c)
            if count < 0:
                return -1
            if count > 0:
                at = aligned(at, origin, a, most)
            if count > (end - at) // a:
                return -1
            if last > first and not choose:
                _record(serves, want, first, last, loops, chosen, at, count, where)
            at += count * a
        elif kind in (TEXT, TEXTS):
            count = np.int64(1)
            if kind == TEXTS:
                count, at = entries(data, at, end, origin, most, big, c)
                if count < 0:
                    return -1
                if last > first and not choose:
                    _record(serves, want, first, last, loops, chosen, at, count, where)
            for _ in range(count):
                length, at = entries(data, at, end, origin, most, big, DYNAMIC)
                if length < 0:
                    return -1
                if kind == TEXT and last > first:
                    if choose:
                        _match_keys(
                            data,
                            at,
                            length,
                            serves,
                            key_words,
                            key_ends,
                            key_loop,
                            first,
                            last,
                            loops,
                            chosen,
                        )
                    else:
                        _record(serves, want, first, last, loops, chosen, at, length, where)
                at += length
        elif kind == LOOP:
            depth = b
            if loops[depth] < 0:
                left[depth], at = entries(data, at, end, origin, most, big, c)
                if left[depth] < 0:
                    return -1
            if left[depth] <= 0:
                loops[depth] = -1
                pc = a
                continue
            left[depth] -= 1
            loops[depth] += 1
        elif kind == AGAIN:
            pc = a
            continue
        elif kind == STOP:
            return -2 - at
        pc += 1
    return at


@njit(cache=True, nogil=True)
def look_up(
    data: Any, at: Any, count: Any, end: Any, origin: Any, most: Any, big: Any, words: Any, ends: Any,
    place: Any,
) -> Any:  # fmt: skip
    """Place of every wanted name in a list of names; -1 for those it lacks. Returns where the list ends."""
    for word in range(len(place)):
        place[word] = -1
    for entry in range(count):
        length, at = entries(data, at, end, origin, most, big, DYNAMIC)
        if length < 0:
            return at
        for word in range(len(place)):
            first = ends[word - 1] if word > 0 else 0
            if place[word] < 0 and _same(data, at, length, words, first, ends[word]):
                place[word] = entry
                break
        at += length
    return at
