"""A signal's Parquet file, written block by block and hashed on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BufferedIOBase
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float64, Int64

STAMP = "stamp_ns"
SAMPLE = 4096  # values that tell how a column is best written; chosen
# A column with fewer different values than this share repeats itself, as a counting encoder does: zstd finds
# that. Others are split by bytes first, which makes noisy doubles a fifth smaller; chosen.
REPEATED = 0.5


class SignalFile:
    """The Parquet file of one signal.

    Args:
        file: open for writing; stays open.
        columns: names of the float columns.
    """

    def __init__(self, file: BufferedIOBase, columns: Sequence[str]) -> None:
        self._sink = _Hashed(file)
        self._schema = pa.schema([(STAMP, pa.int64()), *((column, pa.float64()) for column in columns)])
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> SignalFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._writer is None:  # a signal without samples
            self._writer = self._open(np.empty((0, len(self._schema) - 1)))
        if self._writer is not None:
            self._writer.close()

    @property
    def sha256(self) -> str:
        """Hash of the file, once it is closed."""
        return self._sink.digest.hexdigest()

    def write(
        self, stamps: Int64[np.ndarray, " sample"], values: Float64[np.ndarray, "sample component"]
    ) -> None:
        """Append a block; the first one tells how the columns are written."""
        if self._writer is None:
            self._writer = self._open(values)
        arrays = [_array(column) for column in (stamps, *np.ascontiguousarray(values.T))]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def _open(self, values: Float64[np.ndarray, "sample component"]) -> pq.ParquetWriter:
        ways = {STAMP: "DELTA_BINARY_PACKED"}
        for name, column in zip(self._schema.names[1:], values[:SAMPLE].T, strict=True):
            repeats = len(np.unique(column)) < REPEATED * len(column)
            ways[name] = "PLAIN" if repeats else "BYTE_STREAM_SPLIT"
        return pq.ParquetWriter(
            self._sink, self._schema, compression="zstd", use_dictionary=False, column_encoding=ways
        )


class _Hashed:
    """A file that hashes what is written to it."""

    def __init__(self, file: BufferedIOBase) -> None:
        self.digest = hashlib.sha256()
        self.closed = False
        self._file = file

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True  # the file itself belongs to who opened it


def numpy_of(column: pa.ChunkedArray) -> np.ndarray:
    """A column of int64 or float64 without missing values; `to_numpy` would import pandas, too."""
    kind = np.int64 if column.type == pa.int64() else np.float64
    parts = [np.frombuffer(c.buffers()[1], kind, len(c), 8 * c.offset) for c in column.chunks if len(c)]
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _array(column: np.ndarray) -> pa.Array:
    """A column as Arrow has it; `pa.array` would import pandas, a third of a second and 40 MB."""
    kind = pa.int64() if column.dtype == np.int64 else pa.float64()
    return pa.Array.from_buffers(kind, len(column), [None, pa.py_buffer(np.ascontiguousarray(column))])
