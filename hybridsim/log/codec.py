"""A draft to the bytes of its files, and back with every check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
import pandas as pd  # noqa: F401  pyarrow imports it when first asked for, and swallows a Ctrl-C meanwhile
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64
from pydantic import ValidationError

from hybridsim.errors import LogError
from hybridsim.log.header import SCHEMA, Constant, Gap, LogHeader, SignalFacts, SignalHeader
from hybridsim.log.model import LogDraft, Signal
from hybridsim.validation import explain

MAX_GAPS = 20  # longest gaps listed in log.json, chosen, because more are not read
MAX_ROWS = 50_000_000  # per signal, chosen, because a signal has to fit into memory


def encode(draft: LogDraft) -> tuple[LogHeader, dict[str, bytes]]:
    """The header of a draft, and the content of every file of its folder.

    Raises:
        LogError: no signals, samples that are not finite, or stamps that do not increase.
    """
    if not draft.signals:
        raise LogError(f"log {draft.name}: no signals")
    files: dict[str, bytes] = {}
    headers = {}
    for name, signal in sorted(draft.signals.items()):
        check_signal(signal, where=f"log {draft.name}")
        files[f"{name}.parquet"] = _parquet(signal)
        digest = hashlib.sha256(files[f"{name}.parquet"]).hexdigest()
        headers[name] = _signal_header(signal, draft.facts.get(name, SignalFacts()), digest)
    content = content_sha256(draft.robot, draft.serial, draft.constants, draft.labels, draft.signals)
    try:
        header = LogHeader(
            log_id=content[:16],
            content_sha256=content,
            robot=draft.robot,
            serial=draft.serial,
            session=draft.session,
            name=draft.name,
            constants=dict(draft.constants),
            labels=dict(draft.labels),
            sources=draft.sources,
            spec=draft.spec,
            notes=draft.notes,
            signals=headers,
        )
    except ValidationError as error:
        raise LogError(f"log {draft.name}: {explain(error, LogHeader)}") from None
    files["log.json"] = (header.model_dump_json(indent=1) + "\n").encode()
    return header, files


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
    try:
        stamps = table["stamp_ns"].to_numpy().astype(np.int64, casting="safe")
        columns = [table[column].to_numpy().astype(np.float64, casting="safe") for column in header.columns]
    except TypeError as error:
        raise LogError(f"{where}: {name}.parquet: {error}; {remedy}") from None
    signal = Signal(name, header.unit, header.components, stamps, np.stack(columns, axis=1), header.frame)
    check_signal(signal, where)
    return signal


def check_signal(signal: Signal, where: str) -> None:
    """Refuse samples that no log may hold: stamps that do not increase, values that are not finite."""
    backward = np.flatnonzero(np.diff(signal.stamp_ns) <= 0)
    if len(backward):
        raise LogError(f"{where}: {signal.name}: stamps do not increase after sample {backward[0]}")
    bad = np.argwhere(~np.isfinite(signal.values))
    if len(bad):
        row, column = bad[0]
        raise LogError(
            f"{where}: {signal.name} of {signal.components[column]} is {signal.values[row, column]} "
            f"at {signal.stamp_ns[row]} ns; expected a finite number"
        )


def content_sha256(
    robot: str,
    serial: str,
    constants: Mapping[str, Constant],
    labels: Mapping[str, str],
    signals: Mapping[str, Signal],
) -> str:
    """Hash of what a log says, whatever it is called and however it was compressed."""
    words = {
        "robot": robot,
        "serial": serial,
        "constants": {name: [constant.value, constant.unit] for name, constant in constants.items()},
        "labels": dict(labels),
        "signals": {
            name: [signal.unit, signal.frame, list(signal.components), len(signal.stamp_ns)]
            for name, signal in signals.items()
        },
    }
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for _, signal in sorted(signals.items()):
        digest.update(np.ascontiguousarray(signal.stamp_ns, "<i8").tobytes())
        digest.update(np.ascontiguousarray(signal.values, "<f8").tobytes())
    return digest.hexdigest()


def _parquet(signal: Signal) -> bytes:
    arrays = [pa.array(signal.stamp_ns), *(pa.array(column) for column in signal.values.T)]
    table = pa.Table.from_arrays(arrays, names=["stamp_ns", *_columns(signal)])
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=False)
    return sink.getvalue().to_pybytes()


def _columns(signal: Signal) -> tuple[str, ...]:
    return tuple(f"{component}[{signal.unit}]" for component in signal.components)


def _signal_header(signal: Signal, facts: SignalFacts, digest: str) -> SignalHeader:
    stamps = signal.stamp_ns
    threshold, gaps = find_gaps(stamps)
    longest = sorted(gaps, key=lambda gap: -gap.duration_s)[:MAX_GAPS]
    return SignalHeader(
        **dict(facts),
        unit=signal.unit,
        frame=signal.frame,
        components=signal.components,
        columns=_columns(signal),
        rows=len(stamps),
        start_ns=int(stamps[0]) if len(stamps) else None,
        end_ns=int(stamps[-1]) if len(stamps) else None,
        rate_hz=None if threshold is None else 3.0 / threshold,
        gap_threshold_s=threshold,
        gap_count=len(gaps),
        gaps=tuple(sorted(longest, key=lambda gap: gap.start_ns)),
        sha256=digest,
    )


def find_gaps(stamp_ns: Int64[np.ndarray, " sample"]) -> tuple[float | None, list[Gap]]:
    """Three times the median interval [s], and the intervals that are longer; None below two samples."""
    if len(stamp_ns) < 2:
        return None, []
    interval = np.diff(stamp_ns) * 1e-9
    threshold = 3.0 * float(np.median(interval))
    return threshold, [
        Gap(start_ns=int(stamp_ns[k]), duration_s=float(interval[k]))
        for k in np.flatnonzero(interval > threshold)
    ]
