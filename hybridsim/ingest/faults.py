"""Why a row was refused, as a code that arrays can hold and as words that a report can print."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from jaxtyping import Int64, UInt8

from hybridsim.log import Refusal

MAX_ROWS_NAMED = 10  # chosen, because that is enough to find them in the file


class Fault(IntEnum):
    """Reason for refusing a row; 0 is none. The first reason found is the one that is reported."""

    NONE = 0
    MISSING = 1
    CUT = 2
    NOT_UTF8 = 3
    NOT_A_NUMBER = 4
    NOT_FINITE = 5
    WRONG_LENGTH = 6
    IMPLAUSIBLE = 7
    STAMP_UNREADABLE = 8
    STAMP_ABSURD = 9
    DUPLICATE = 10
    BACKWARD = 11
    STAMP_FAR = 12
    NOT_AN_OBJECT = 13
    MESSAGE_SHORT = 14
    MESSAGE_LONG = 15
    ENCODING = 16
    OTHERS = 17  # a message about other joints: left alone, not refused
    NOT_UNIT = 18


WORDS = {
    Fault.MISSING: "value is missing",
    Fault.CUT: "row is cut short",
    Fault.NOT_UTF8: "bytes are not UTF-8",
    Fault.NOT_A_NUMBER: "not a number",
    Fault.NOT_FINITE: "nan or infinite",
    Fault.WRONG_LENGTH: "list has another length than it should",
    Fault.IMPLAUSIBLE: "value is absurd for this signal",
    Fault.STAMP_UNREADABLE: "stamp is missing or not a number",
    Fault.STAMP_ABSURD: "stamp is not finite or beyond 146 years",
    Fault.BACKWARD: "stamp runs backward",
    Fault.STAMP_FAR: "stamp is far from all others",
    Fault.NOT_AN_OBJECT: "row is not an object",
    Fault.MESSAGE_SHORT: "message ends before its type does",
    Fault.MESSAGE_LONG: "message is longer than its type says",
    Fault.ENCODING: "message is in an encoding that cannot be read",
    Fault.NOT_UNIT: "quaternion is not of length 1",
}

Faults = UInt8[np.ndarray, " row"]


def refusals(fault: Faults, row_number: Int64[np.ndarray, " row"], file: str) -> tuple[Refusal, ...]:
    """One entry a reason, duplicates apart, with the first rows that it hit."""
    found = []
    for code, words in WORDS.items():
        rows = row_number[fault == code]
        if len(rows):
            first = tuple(int(row) for row in rows[:MAX_ROWS_NAMED])
            found.append(Refusal(reason=words, file=file, count=len(rows), rows=first))
    return tuple(found)


class Tally:
    """How many rows each reason took, counted block by block."""

    def __init__(self) -> None:
        self.kept = 0
        self.read = 0
        self._counts: dict[Fault, int] = {}
        self._first: dict[Fault, tuple[int, ...]] = {}

    def copy(self) -> Tally:
        """One that goes on counting from here."""
        other = Tally()
        other.kept, other.read = self.kept, self.read
        other._counts, other._first = dict(self._counts), dict(self._first)
        return other

    def add(self, fault: Faults, row: np.ndarray) -> None:
        """Count some rows; `row` says which they are, from 0."""
        self.read += len(fault)
        counts = np.bincount(fault, minlength=1)
        self.kept += int(counts[Fault.NONE])
        for code in np.flatnonzero(counts[1:]) + 1:
            reason = Fault(code)
            self._counts[reason] = self.count(reason) + int(counts[code])
            known = self._first.get(reason, ())
            if len(known) < MAX_ROWS_NAMED:
                found = row[fault == code][: MAX_ROWS_NAMED - len(known)] + 1
                self._first[reason] = (*known, *(int(place) for place in found))

    def count(self, reason: Fault) -> int:
        """How many rows were lost to one reason."""
        return self._counts.get(reason, 0)

    def refusals(self, file: str) -> tuple[Refusal, ...]:
        """One entry a reason, duplicates and rows of others apart, with the first rows that it hit."""
        return tuple(
            Refusal(reason=words, file=file, count=self._counts[code], rows=self._first[code])
            for code, words in WORDS.items()
            if code in self._counts
        )
