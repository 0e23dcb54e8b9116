"""Parquet files to columns of cells: only those asked for, within bounds, broken files told in one line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hybridsim.errors import LogError, listed
from hybridsim.ingest.columns import PLACE
from hybridsim.log import numpy_of

MAGIC = b"PAR1"
# Chosen, because these cells fit into memory; far more than tables of recordings hold.
MAX_ROWS = 20_000_000
MAX_BYTES = 2_000_000_000  # of the columns that are read, uncompressed, as the file states it
MAX_METADATA = 16_000_000  # bytes of one text in the file's own description; chosen
MAX_PARTS = 1_000_000  # entries of one list in that description: columns, row groups; chosen

Column = Sequence[Any] | np.ndarray
"""Cells: an array of int64 or float64 where all are numbers, else a list with None for no value."""


def read_columns(content: bytes, file: str, wanted: Collection[str]) -> tuple[dict[str, Column], list[str]]:
    """The columns that some paths lead to, and the names of all columns that there are.

    Stamps and durations become whole nanoseconds.

    Args:
        content: of the file.
        file: its name, for messages.
        wanted: columns, dotted paths into them, or places such as `positions[2]`.

    Raises:
        LogError: no Parquet file, a damaged one, one column twice, or more than memory should hold.
    """
    if content[:4] != MAGIC:
        raise LogError(f"{file}: not a Parquet file: it begins with {content[:4]!r}; expected {MAGIC!r}")
    if len(content) < 12 or content[-4:] != MAGIC:
        raise LogError(f"{file}: the Parquet file is cut short: it does not end with {MAGIC!r}")
    try:
        names, table = _read(content, file, wanted)
        return {
            name: _cells(column) for name, column in zip(table.column_names, table.columns, strict=True)
        }, names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LogError(f"{file}: the Parquet file is damaged: {error}") from None


def _read(content: bytes, file: str, wanted: Collection[str]) -> tuple[list[str], pa.Table]:
    opened = _open(content, None)
    names = opened.schema_arrow.names
    if twice := {name for name in names if names.count(name) > 1}:
        raise LogError(f"{file}: column {listed(twice)} is there twice; it has {', '.join(names)}")
    chosen = [name for name in names if any(name in _bases(path) for path in wanted)]
    _check_size(opened.metadata, file, chosen)
    # Texts that repeat stay one text each: a few bytes of a file may stand for gigabytes of them.
    texts = [name for name in chosen if _is_text(opened.schema_arrow.field(name).type)]
    table = _open(content, texts).read(columns=chosen)
    if chosen and table.num_rows != opened.metadata.num_rows:
        raise LogError(
            f"{file}: {table.num_rows} rows; expected {opened.metadata.num_rows} as the file states"
        )
    return names, table


def _open(content: bytes, texts: list[str] | None) -> pq.ParquetFile:
    return pq.ParquetFile(
        pa.BufferReader(content),
        read_dictionary=texts,
        thrift_string_size_limit=MAX_METADATA,
        thrift_container_size_limit=MAX_PARTS,
        page_checksum_verification=True,
    )


def _bases(path: str) -> set[str]:
    """Columns that a path may start from: `state.q[2]` is one, or a place in `state.q`, or inside `state`."""
    match = PLACE.match(path)
    whole = [path, match["base"]] if match else [path]
    return {*whole, *(word.partition(".")[0] for word in whole)}


def _check_size(metadata: pq.FileMetaData, file: str, chosen: Sequence[str]) -> None:
    if metadata.num_rows > MAX_ROWS:
        raise LogError(f"{file}: {metadata.num_rows} rows; expected at most {MAX_ROWS}")
    size = 0
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        parts = [group.column(k) for k in range(group.num_columns)]
        size += sum(
            part.total_uncompressed_size
            for part in parts
            if any(
                part.path_in_schema == name or part.path_in_schema.startswith(f"{name}.") for name in chosen
            )
        )
    if size > MAX_BYTES:
        raise LogError(f"{file}: {size} bytes in the columns asked for; expected at most {MAX_BYTES}")


def _is_text(kind: pa.DataType) -> bool:
    """Whether cells are text, which old writers do not tell from bytes."""
    return kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def _cells(column: pa.ChunkedArray) -> Column:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("ns", kind.tz)).cast(pa.int64())
    elif pa.types.is_duration(kind):
        column = column.cast(pa.duration("ns")).cast(pa.int64())
    elif pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_integer(kind) and kind != pa.uint64():
        column = column.cast(pa.int64())
    if column.type in (pa.int64(), pa.float64()) and not column.null_count:
        return numpy_of(column)
    return _words(column) if pa.types.is_dictionary(column.type) else column.to_pylist()


def _words(column: pa.ChunkedArray) -> list[Any]:
    """Cells of a column that keeps each text once; so does the list."""
    found: list[Any] = []
    for chunk in column.chunks:
        words = [_text(word) for word in chunk.dictionary.to_pylist()]
        found += [None if place is None else words[place] for place in chunk.indices.to_pylist()]
    return found


def _text(word: Any) -> Any:
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else word
