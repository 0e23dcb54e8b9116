"""The bytes of a log's files to a log in memory, with every check."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from hybridsim.errors import LogError
from hybridsim.log.encode import check_signal
from hybridsim.log.header import SCHEMA, LogHeader, SignalHeader
from hybridsim.log.model import Signal
from hybridsim.log.parquet import numpy_of
from hybridsim.validation import explain

MAX_ROWS = 50_000_000  # per signal, chosen, because a signal has to fit into memory


def decode_header(text: bytes, where: str) -> LogHeader:
    """Read log.json.

    Raises:
        LogError: not JSON, written by a newer version, or not of this layout.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LogError(
            f"{where}: log.json is not valid JSON ({error}); delete the log and ingest again"
        ) from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise LogError(
            f"{where}: log.json has schema {version}; this version reads up to {SCHEMA}: upgrade hybridsim"
        )
    try:
        return LogHeader.model_validate(data)
    except ValidationError as error:
        raise LogError(f"{where}: log.json: {explain(error, LogHeader)}") from None


def decode_signal(name: str, content: bytes, header: SignalHeader, where: str) -> Signal:
    """Read one signal's Parquet file and check it against the header.

    Raises:
        LogError: other bytes than the header's hash promises, other columns, or impossible samples.
    """
    remedy = "delete the log and ingest again"
    if hashlib.sha256(content).hexdigest() != header.sha256:
        raise LogError(f"{where}: {name}.parquet is damaged: its sha256 is not the one in log.json; {remedy}")
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        if file.metadata.num_rows != header.rows or header.rows > MAX_ROWS:
            raise LogError(
                f"{where}: {name}.parquet has {file.metadata.num_rows} rows; expected {header.rows}"
            )
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise LogError(f"{where}: {name}.parquet cannot be read: {error}; {remedy}") from None
    if table.column_names != ["stamp_ns", *header.columns]:
        raise LogError(f"{where}: {name}.parquet has columns {table.column_names}; expected {header.columns}")
    kinds = {"stamp_ns": pa.int64(), **dict.fromkeys(header.columns, pa.float64())}
    if table.schema.types != list(kinds.values()) or any(column.null_count for column in table.columns):
        raise LogError(
            f"{where}: {name}.parquet holds {table.schema.types}; expected stamps in int64 and numbers in "
            f"float64, none missing; {remedy}"
        )
    stamps, *columns = (numpy_of(column) for column in table.columns)
    signal = Signal(name, header.unit, header.components, stamps, np.stack(columns, axis=1), header.frame)
    check_signal(signal, where)
    return signal
