"""Messages to numbers, in compiled loops: every message is walked from its first byte to its last.

Messages whose lists change their length or order cost no more than others.
Error: bit for bit what rosbags gives, tests/ingest/bags/test_decode.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8
from numba import njit

from hybridsim.ingest.bags.bytes import (
    f32,
    f32_big,
    f64,
    f64_big,
    i8,
    i16,
    i16_big,
    i32,
    i32_big,
    i64,
    i64_big,
    u8,
    u16,
    u16_big,
    u32,
    u32_big,
    u64,
    u64_big,
)
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
from hybridsim.ingest.faults import Fault

ROS1, CDR = 0, 1
NO_STAMP, TIME, WHOLE, REAL = 0, 1, 2, 3
"""How a message says its time: not at all, as seconds and nanoseconds, as an integer, or as a real number."""
ABSENT = -1
OK, MISSING, NOT_FINITE, IMPLAUSIBLE, OTHERS = (
    int(Fault.NONE),
    int(Fault.MISSING),
    int(Fault.NOT_FINITE),
    int(Fault.IMPLAUSIBLE),
    int(Fault.OTHERS),
)
MESSAGE_SHORT, MESSAGE_LONG, ENCODING = (
    int(Fault.MESSAGE_SHORT),
    int(Fault.MESSAGE_LONG),
    int(Fault.ENCODING),
)


class Columns(NamedTuple):
    """What the numbers of a message become, a row a number.

    Attributes:
        slot: where the program records its bytes.
        kind: of number, a code of `tree.KINDS`.
        place: in the list that it stands in; 0 for a number alone.
        word: entry of `words` whose place in the list of names counts instead, or -1.
        size: bytes of a number of this kind.
        signal: which signal it belongs to.
        factor: value = factor * number + offset.
        offset: see factor.
        low: smaller values are absurd.
        high: larger values are.
        span: numbers of at least half of this lack their sign; 0 where they have one.
        names: slot of the list of names, or -1.
        words: names that are looked for, bytes one after the other.
        word_ends: where each ends.
        hold: whether a number that a message lacks keeps its last value.
        plain: per signal, whether all its numbers are doubles that need neither sign nor last value.
        stamp: NO_STAMP, TIME, WHOLE or REAL.
        stamp_slot: where the time's bytes are recorded.
        stamp_kind: of number.
        stamp_factor: nanoseconds of one.
    """

    slot: Int64[np.ndarray, " column"]
    kind: Int64[np.ndarray, " column"]
    place: Int64[np.ndarray, " column"]
    word: Int64[np.ndarray, " column"]
    size: Int64[np.ndarray, " column"]
    signal: Int64[np.ndarray, " column"]
    factor: Float64[np.ndarray, " column"]
    offset: Float64[np.ndarray, " column"]
    low: Float64[np.ndarray, " column"]
    high: Float64[np.ndarray, " column"]
    span: Float64[np.ndarray, " column"]
    names: int
    words: UInt8[np.ndarray, " byte"]
    word_ends: Int64[np.ndarray, " word"]
    hold: bool
    plain: Bool[np.ndarray, " signal"]
    stamp: int
    stamp_slot: int
    stamp_kind: int
    stamp_factor: int


@njit(cache=True, nogil=True)
def number(data: Any, at: Any, kind: Any, big: bool) -> Any:
    """One number as a double; integers beyond 53 bits are rounded."""
    value = 0.0
    if kind == 9:
        value = f64_big(data, at) if big else f64(data, at)
    elif kind == 8:
        value = float(f32_big(data, at) if big else f32(data, at))
    elif kind == 0:
        value = float(u8(data, at))
    elif kind == 10:
        value = 1.0 if u8(data, at) != 0 else 0.0
    elif kind == 6:
        value = float(u64_big(data, at) if big else u64(data, at))
    else:
        value = float(integer(data, at, kind, big))
    return value


@njit(cache=True, nogil=True)
def integer(data: Any, at: Any, kind: Any, big: bool) -> Any:
    """One integer of up to 63 bits."""
    value = np.int64(0)
    if kind == 0 or kind == 10:
        value = np.int64(u8(data, at))
    elif kind == 1:
        value = np.int64(i8(data, at))
    elif kind == 2:
        value = np.int64(u16_big(data, at) if big else u16(data, at))
    elif kind == 3:
        value = np.int64(i16_big(data, at) if big else i16(data, at))
    elif kind == 4:
        value = np.int64(u32_big(data, at) if big else u32(data, at))
    elif kind == 5:
        value = np.int64(i32_big(data, at) if big else i32(data, at))
    else:
        value = i64_big(data, at) if big else i64(data, at)
    return value


@njit(cache=True, nogil=True)
def _aligned(at: Any, origin: Any, size: Any, most: Any) -> Any:
    """The next place that a number of this size may start at."""
    step = min(size, most)
    return at + ((origin - at) & (step - 1))  # sizes are powers of two


@njit(cache=True, nogil=True)
def _count(data: Any, at: Any, end: Any, big: bool) -> Any:
    """Length of a list or text whose length stands here; -1 where the message ends before it does."""
    if at + 4 > end:
        return np.int64(-1)
    count = np.int64(u32_big(data, at) if big else u32(data, at))
    return count if count <= end - at - 4 else np.int64(-1)


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
            at = _aligned(at, origin, a, most)
            if at + max(b, a) > end:
                return -1
            if kind == READ and not choose:
                _record(serves, want, first, last, loops, chosen, at, 1, where)
            at += b
        elif kind == NUMBERS:
            count = c
            if count == DYNAMIC:
                at = _aligned(at, origin, 4, most)
                count = _count(data, at, end, big)
                if count < 0:
                    return -1
                at += 4
            if count > 0:
                at = _aligned(at, origin, a, most)
            if count > (end - at) // a:
                return -1
            if last > first and not choose:
                _record(serves, want, first, last, loops, chosen, at, count, where)
            at += count * a
        elif kind in (TEXT, TEXTS):
            count = np.int64(1)
            if kind == TEXTS:
                count = c
                if count == DYNAMIC:
                    at = _aligned(at, origin, 4, most)
                    count = _count(data, at, end, big)
                    if count < 0:
                        return -1
                    at += 4
                if last > first and not choose:
                    _record(serves, want, first, last, loops, chosen, at, count, where)
            for _ in range(count):
                at = _aligned(at, origin, 4, most)
                length = _count(data, at, end, big)
                if length < 0:
                    return -1
                at += 4
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
                count = c
                if count == DYNAMIC:
                    at = _aligned(at, origin, 4, most)
                    count = _count(data, at, end, big)
                    if count < 0:
                        return -1
                    at += 4
                left[depth] = count
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
def _look_up(
    data: Any, at: Any, count: Any, end: Any, origin: Any, most: Any, big: Any, words: Any, ends: Any,
    place: Any,
) -> Any:  # fmt: skip
    """Place of every wanted name in a list of names; -1 for those it lacks. Returns where the list ends."""
    for word in range(len(place)):
        place[word] = -1
    for entry in range(count):
        at = _aligned(at, origin, 4, most)
        length = _count(data, at, end, big)
        if length < 0:
            return at
        at += 4
        for word in range(len(place)):
            first = ends[word - 1] if word > 0 else 0
            if place[word] < 0 and _same(data, at, length, words, first, ends[word]):
                place[word] = entry
                break
        at += length
    return at


@njit(cache=True, nogil=True)
def _stamp(data: Any, at: Any, way: Any, kind: Any, factor: Any, end: Any, big: Any) -> Any:
    """The message's own time [ns], or ABSENT."""
    if way == NO_STAMP or at < 0:
        return ABSENT
    if way == TIME:
        if at + 8 > end:
            return ABSENT
        return integer(data, at, 5, big) * 1_000_000_000 + integer(data, at + 4, 4, big)
    if way == WHOLE:
        value = integer(data, at, kind, big)
        most = np.int64(4_600_000_000_000_000_000) // factor
        return value * factor if -most < value < most else ABSENT
    real = number(data, at, kind, big)
    if not (abs(real) * factor < 4.6e18):
        return ABSENT
    whole = np.floor(real)
    return np.int64(whole) * factor + np.int64(np.rint((real - whole) * factor))


@njit(cache=True, nogil=True)
def decode(
    data: Any, start: Any, length: Any, encoding: Any, program: Any, columns: Any,
    ends: Any, held: Any, header_ns: Any, fault: Any, values: Any,
) -> None:  # fmt: skip
    """Decode many messages of one type.

    Args:
        data: the buffer.
        start: first byte of every message.
        length: bytes of every message.
        encoding: ROS1 or CDR.
        program: of their type.
        columns: what is wanted of them.
        ends: column after the last of each signal.
        held: last value of every column, NaN at first; goes on from call to call.
        header_ns: gets the message's own time [ns], ABSENT where it has none.
        fault: gets a code of `Fault`, a column a signal.
        values: gets the numbers, signal after signal, each with its rows one after the other.
    """
    # Arrays one by one: a call that is given a tuple of arrays counts references to each of them.
    steps, serves, want = program.steps, program.serves, program.want
    key_words, key_ends, key_loop = program.key_words, program.key_ends, program.key_loop
    words, word_ends, names = columns.words, columns.word_ends, columns.names
    way, stamp_slot, stamp_kind, stamp_factor = (
        columns.stamp, columns.stamp_slot, columns.stamp_kind, columns.stamp_factor
    )  # fmt: skip
    index = columns.place.copy()  # in the list, by the last list of names
    signals = len(ends)
    where = np.empty((len(want), 2), np.int64)
    loops, left = np.empty(MAX_LOOPS, np.int64), np.zeros(MAX_LOOPS, np.int64)
    chosen = np.empty(len(key_ends), np.int64)
    place = np.empty(len(word_ends), np.int64)
    known, size, entries, phase = np.int64(-1), np.int64(0), np.int64(-1), np.int64(0)  # last list of names
    keyed = key_ends[-1] > 0
    for m in range(len(start)):
        begin, end, origin, most, big = start[m], start[m] + length[m], start[m], 1, False
        code = OK
        header_ns[m] = ABSENT
        if encoding == CDR:
            if length[m] < 4:
                code = MESSAGE_SHORT
            else:
                scheme = u8(data, begin + 1)
                if u8(data, begin) != 0 or not (scheme < 2 or scheme == 6 or scheme == 7):
                    code = ENCODING
                most = 8 if scheme < 2 else 4
                big = scheme % 2 == 0
                begin += 4
                origin = begin
        if code == OK:
            where[:, 0] = -1
            where[:, 1] = 0
            chosen[:] = -1
            stop = begin
            for choose in (True, False):
                if stop != -1 and (keyed or not choose):
                    stop = walk(
                        data, begin, end, origin, most, big, steps, serves, want, key_words, key_ends,
                        key_loop, where, loops, left, chosen, choose,
                    )  # fmt: skip
            if stop == -1:
                code = MESSAGE_SHORT
            elif stop >= 0 and end - stop > (0 if encoding == ROS1 else 7):
                code = MESSAGE_LONG
        if code != OK:
            for signal in range(signals):
                fault[m, signal] = code
            _blank(m, len(start), ends, values)
            continue
        header_ns[m] = _stamp(data, where[stamp_slot, 0], way, stamp_kind, stamp_factor, end, big)
        if names >= 0:
            at, count = where[names, 0], where[names, 1]
            if at < 0:
                count = np.int64(0)
            if count != entries or (at - origin) % 4 != phase or not _equal(data, at, known, size, end):
                stop = _look_up(data, at, count, end, origin, most, big, words, word_ends, place)
                known, size, entries, phase = at, stop - at, count, (at - origin) % 4
                for c in range(len(index)):
                    if columns.word[c] >= 0:
                        index[c] = place[columns.word[c]]
        _take(data, m, len(start), where, index, columns, ends, held, big, fault, values)


@njit(cache=True, nogil=True)
def _equal(data: Any, one: Any, other: Any, size: Any, end: Any) -> Any:
    """Whether the same bytes stand at two places."""
    if one + size > end:
        return False
    same = True
    for k in range(size):
        same &= u8(data, one + k) == u8(data, other + k)
    return same


@njit(cache=True, nogil=True)
def _blank(m: Any, rows: Any, ends: Any, values: Any) -> None:
    """No numbers in this row."""
    first = 0
    for signal in range(len(ends)):
        width = ends[signal] - first
        for k in range(width):
            values[first * rows + m * width + k] = np.nan
        first = ends[signal]


@njit(cache=True, nogil=True)
def _take(
    data: Any, m: Any, rows: Any, where: Any, index: Any, columns: Any, ends: Any, held: Any, big: bool,
    fault: Any, values: Any,
) -> None:  # fmt: skip
    """The numbers of one message, in SI units, and what is wrong with them."""
    slots, kinds = columns.slot, columns.kind
    factor, offset, low, high = columns.factor, columns.offset, columns.low, columns.high
    first = 0
    for signal in range(len(ends)):
        last = ends[signal]
        row = first * rows + m * (last - first) - first
        # Doubles that are all there and all sane, as most are: no questions asked one by one.
        sane = columns.plain[signal] and not big
        if sane:
            for c in range(first, last):
                sane &= (index[c] >= 0) & (index[c] < where[slots[c], 1])
        if sane:
            for c in range(first, last):
                value = f64(data, where[slots[c], 0] + 8 * index[c]) * factor[c] + offset[c]
                sane &= (value >= low[c]) & (value <= high[c])
                values[row + c] = value
        if sane:
            fault[m, signal] = OK
            first = last
            continue
        code, lacking = OK, 0
        for c in range(first, last):
            value = np.nan
            at, count = where[slots[c], 0], where[slots[c], 1]
            if at >= 0 and 0 <= index[c] < count:
                value = number(data, at + index[c] * columns.size[c], kinds[c], big)
                strange = False
                if columns.span[c] > 0:
                    strange = value < -columns.span[c] / 2 or value >= columns.span[c]
                    if value >= columns.span[c] / 2:
                        value -= columns.span[c]
                value = value * factor[c] + offset[c]
                if not np.isfinite(value):
                    code = NOT_FINITE if code == OK else code
                elif strange or value < low[c] or value > high[c]:
                    code = IMPLAUSIBLE if code == OK else code
                else:
                    held[c] = value
            else:
                lacking += 1
                if columns.hold:
                    value = held[c]
                if not (columns.hold and np.isfinite(value)):
                    code = MISSING if code == OK else code
            values[row + c] = value
        fault[m, signal] = OTHERS if lacking == last - first else code
        first = last
