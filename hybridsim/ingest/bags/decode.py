"""Messages to numbers, in compiled loops: every message is walked from its first byte to its last.

Messages whose lists change their length or order cost no more than others.
Error: bit for bit what rosbags gives, tests/ingest/bags/test_decode.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8
from numba import njit

from hybridsim.ingest.bags.bytes import f64, u8
from hybridsim.ingest.bags.follow import look_up, walk
from hybridsim.ingest.bags.numbers import integer, number
from hybridsim.ingest.bags.program import MAX_LOOPS
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
                stop = look_up(data, at, count, end, origin, most, big, words, word_ends, place)
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
