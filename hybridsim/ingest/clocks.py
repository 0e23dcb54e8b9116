"""Source stamps to nanoseconds that strictly increase."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64

from hybridsim.ingest.cells import numbers
from hybridsim.ingest.faults import Fault, Faults

Unit = Literal["s", "ms", "us", "ns", "iso8601"]
NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
LIMIT_NS = 4.6e18  # half of int64, 146 years: differences must not overflow

# A stamp apart from the others by more than both is a glitch of the clock unless many rows share it; chosen,
# because recordings pause for minutes at most.
FAR_S = 600.0
FAR_INTERVALS = 1000.0
FEW_ROWS = 3
# Below this share of rows in order, the clock was restarted rather than a few rows misplaced; chosen.
IN_ORDER_SHARE = 0.9


def parse_stamps(
    cells: Sequence[object] | np.ndarray, unit: Unit
) -> tuple[Int64[np.ndarray, " row"], Faults]:
    """Nanoseconds of every stamp; 0 where the fault says that there is none."""
    if isinstance(cells, np.ndarray) and cells.dtype == np.int64 and unit != "iso8601":
        return _whole(cells, NS[unit])
    if unit == "iso8601":
        pairs = [_parse_date(cell) for cell in cells]
    elif unit == "ns" and all(_is_integer(cell) for cell in cells):
        # A float holds only 53 bits of a stamp's 61.
        pairs = [_bounded(int(str(cell))) for cell in cells]
    else:
        return _parse_numbers(cells, NS[unit])
    return np.array([ns for ns, _ in pairs], np.int64), np.array([fault for _, fault in pairs], np.uint8)


def even_stamps(rows: int, rate_hz: float) -> Int64[np.ndarray, " row"]:
    """Nanoseconds of rows evenly spaced, the first at 0."""
    return np.rint(np.arange(rows) * (1e9 / rate_hz)).astype(np.int64)


def _whole(cells: Int64[np.ndarray, " row"], factor: int) -> tuple[Int64[np.ndarray, " row"], Faults]:
    """Nanoseconds of whole numbers, exactly."""
    limit = int(LIMIT_NS) // factor
    absurd = (cells >= limit) | (cells <= -limit)
    fault = np.where(absurd, Fault.STAMP_ABSURD, Fault.NONE).astype(np.uint8)
    return np.where(absurd, 0, cells) * factor, fault


def _is_integer(cell: object) -> bool:
    text = str(cell).strip()
    return isinstance(cell, int | str) and text.isascii() and text.isdigit() and len(text) < 30


def _parse_numbers(
    cells: Sequence[object] | np.ndarray, factor: int
) -> tuple[Int64[np.ndarray, " row"], Faults]:
    parsed = numbers(cells)
    fault, values = parsed.fault.copy(), parsed.values[:, 0]
    unreadable = np.isin(fault, (Fault.MISSING, Fault.NOT_UTF8, Fault.NOT_A_NUMBER))
    with np.errstate(over="ignore", invalid="ignore"):
        absurd = ~unreadable & ~(np.abs(values * factor) < LIMIT_NS)
    fault[unreadable] = Fault.STAMP_UNREADABLE
    fault[absurd] = Fault.STAMP_ABSURD
    # Whole and fraction apart: their sum in ns would not fit into a float's 53 bits.
    whole = np.floor(np.where(fault == Fault.NONE, values, 0.0))
    fraction = np.where(fault == Fault.NONE, values - whole, 0.0)
    return whole.astype(np.int64) * factor + np.rint(fraction * factor).astype(np.int64), fault


def _parse_date(cell: object) -> tuple[int, Fault]:
    try:
        date = datetime.fromisoformat(str(cell).strip())
    except ValueError:
        return 0, Fault.STAMP_UNREADABLE
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    delta = date - datetime(1970, 1, 1, tzinfo=UTC)
    return _bounded((delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000)


def _bounded(ns: float) -> tuple[int, Fault]:
    return (int(ns), Fault.NONE) if abs(ns) < LIMIT_NS else (0, Fault.STAMP_ABSURD)


def order_faults(stamp_ns: Int64[np.ndarray, " row"]) -> Faults:
    """Which rows must go so that stamps strictly increase, and why.

    Of rows with one stamp the first stays. Of rows out of order as few as possible go. Where more than a
    tenth would have to, the clock was restarted: the longest stretch stays, the others cannot be placed.
    """
    fault = np.zeros(len(stamp_ns), np.uint8)
    if len(stamp_ns) < 2:
        return fault
    fault[_far(stamp_ns)] = Fault.STAMP_FAR
    near = np.flatnonzero(fault == Fault.NONE)
    step = np.diff(stamp_ns[near])
    if not np.all(step > 0):
        fault[near[1:][step == 0]] = Fault.DUPLICATE
        left = np.flatnonzero(fault == Fault.NONE)
        kept = left[_in_order(stamp_ns[left])]
        out = np.setdiff1d(left, kept, assume_unique=True)
        again = np.isin(stamp_ns[out], stamp_ns[kept])
        fault[out] = np.where(again, Fault.DUPLICATE, Fault.BACKWARD)
    return fault


def _in_order(stamps: Int64[np.ndarray, " row"]) -> Int64[np.ndarray, " kept"]:
    """Places of the rows to keep."""
    chain = _longest_increasing(stamps.tolist())
    if len(chain) >= IN_ORDER_SHARE * len(stamps):
        return np.array(chain, np.int64)
    cuts = np.flatnonzero(np.diff(stamps) <= 0) + 1
    edges = np.concatenate([[0], cuts, [len(stamps)]])
    longest = int(np.argmax(np.diff(edges)))
    return np.arange(edges[longest], edges[longest + 1], dtype=np.int64)


def _longest_increasing(stamps: list[int]) -> list[int]:
    """Places of a longest strictly increasing subsequence, in O(n log n)."""
    tails: list[int] = []  # smallest last stamp of a chain of each length
    places: list[int] = []
    previous = [-1] * len(stamps)
    for place, stamp in enumerate(stamps):
        length = bisect_left(tails, stamp)
        previous[place] = places[length - 1] if length else -1
        tails[length : length + 1] = [stamp]
        places[length : length + 1] = [place]
    chain = []
    place = places[-1] if places else -1
    while place >= 0:
        chain.append(place)
        place = previous[place]
    return chain[::-1]


def _far(stamps: Int64[np.ndarray, " row"]) -> Bool[np.ndarray, " row"]:
    """Rows in groups of a few whose stamps lie far from all others, wherever they stand in the file."""
    far = np.zeros(len(stamps), bool)
    if len(stamps) < 3:
        return far
    by_time = np.argsort(stamps, kind="stable")
    interval = np.diff(stamps[by_time]) * 1e-9
    limit = max(FAR_S, FAR_INTERVALS * float(np.median(interval)))
    edges = np.concatenate([[0], np.flatnonzero(interval > limit) + 1, [len(stamps)]])
    sizes = np.diff(edges)
    for start, size in zip(edges[:-1], sizes, strict=True):
        if size <= FEW_ROWS and size < sizes.max():
            far[by_time[start : start + size]] = True
    return far
