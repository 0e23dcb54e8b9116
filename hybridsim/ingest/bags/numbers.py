"""Numbers and lengths at any byte of a message, in either order of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
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
from hybridsim.ingest.bags.program import DYNAMIC


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
def aligned(at: Any, origin: Any, size: Any, most: Any) -> Any:
    """The next place that a number of this size may start at."""
    step = min(size, most)
    return at + ((origin - at) & (step - 1))  # sizes are powers of two


@njit(cache=True, nogil=True)
def entries(data: Any, at: Any, end: Any, origin: Any, most: Any, big: Any, fixed: Any) -> Any:
    """How many entries a list or bytes a text has, and where they start; -1 where the message ends before."""
    if fixed != DYNAMIC:
        return fixed, at
    at = aligned(at, origin, 4, most)
    if at + 4 > end:
        return np.int64(-1), at
    count = np.int64(u32_big(data, at) if big else u32(data, at))
    return count if count <= end - at - 4 else np.int64(-1), at + 4
