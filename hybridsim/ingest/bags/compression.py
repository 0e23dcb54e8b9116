"""Chunks of bytes, decompressed no further than they may be."""

from __future__ import annotations

import bz2
from collections.abc import Callable
from typing import Any

import lz4.frame
import numpy as np
from backports import zstd
from jaxtyping import UInt8

from hybridsim.errors import LogError

# What a chunk's header calls them; `none` and `` mean that nothing was compressed.
DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "bz2": bz2.BZ2Decompressor,
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
}
ERRORS = (OSError, EOFError, ValueError, RuntimeError, MemoryError, zstd.ZstdError)
STEP = 1 << 20  # bytes asked of a decompressor at once; a bomb costs no more than that beyond its limit


def decompress(content: bytes | memoryview, kind: str, limit: int) -> tuple[UInt8[np.ndarray, " byte"], str]:
    """As much of the content as can be had, and what ended it early; an empty string where nothing did.

    Args:
        content: compressed bytes, perhaps cut short.
        kind: a key of DECOMPRESSORS.
        limit: the most bytes that may come out.

    Raises:
        LogError: no such compression.
    """
    if kind not in DECOMPRESSORS:
        raise LogError(f"compression '{kind[:20]}' is unknown; available: {', '.join(DECOMPRESSORS)}")
    out = np.empty(limit, np.uint8)
    decompressor, size, piece = DECOMPRESSORS[kind](), 0, bytes(content)
    try:
        while True:
            got = decompressor.decompress(piece, max_length=min(STEP, limit - size + 1))
            if size + len(got) > limit:
                return out[:size], f"{kind} data grow beyond the {limit} bytes they may have"
            out[size : size + len(got)] = np.frombuffer(got, np.uint8)
            size += len(got)
            piece = b""
            if decompressor.eof:
                if not decompressor.unused_data:
                    return out[:size], ""
                decompressor, piece = DECOMPRESSORS[kind](), decompressor.unused_data  # one more frame
            elif not got:
                return out[:size], f"{kind} data are cut short"
    except ERRORS as error:
        return out[:size], f"{kind} data are damaged: {str(error)[:80]}"
