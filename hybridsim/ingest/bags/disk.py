"""Pieces of a file, read where they are asked for."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from hybridsim.errors import LogError


class Disk:
    """A file that is open for reading; pieces beyond its end come back short."""

    def __init__(self, path: Path) -> None:
        try:
            self._handle = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise LogError(f"{path.name}: cannot be read: {error.strerror}") from None
        self.name = path.name
        self.size = os.fstat(self._handle).st_size

    def __enter__(self) -> Disk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)

    def read(self, start: int, length: int) -> bytes:
        """A small piece."""
        return self.array(start, length).tobytes()

    def array(self, start: int, length: int) -> UInt8[np.ndarray, " byte"]:
        """A piece as an array of its own, for compiled loops."""
        piece = np.empty(max(0, min(length, self.size - start)), np.uint8)
        done = 0
        while done < len(piece):
            try:
                got = os.preadv(self._handle, [piece[done:].data], start + done)
            except OSError as error:
                raise LogError(f"{self.name}: cannot be read: {error.strerror}") from None
            if not got:
                return piece[:done]
            done += got
        return piece

    def find(self, pattern: bytes, start: int, end: int) -> int | None:
        """Where a pattern stands next, or None."""
        step = 1 << 20
        while start < end:
            piece = self.read(start, min(step + len(pattern), end - start))
            at = piece.find(pattern)
            if at >= 0:
                return start + at
            start += step
        return None
