"""log.json: what a log is, where it came from, and what was refused on the way."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = 1

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}$"
Name = Annotated[str, Field(pattern=NAME)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Record(BaseModel):
    """Part of log.json: no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Constant(Record):
    """A number that holds for the whole log, in its SI unit."""

    value: Finite
    unit: str


class SourceFile(Record):
    """A file that a log was read from; `path` is relative to the source that was given."""

    path: str
    sha256: Sha256
    bytes: int


class Refusal(Record):
    """Rows of one source file that a signal had to do without, and why.

    Attributes:
        reason: what was wrong with them.
        file: the source file.
        count: how many rows.
        rows: the first of them, as line of the file (CSV) or place in the list (JSON), counted from 1.
    """

    reason: str
    file: str
    count: int
    rows: tuple[int, ...]


class Clock(Record):
    """How source stamps became `stamp_ns`: stamp_ns = source stamp + offset_s."""

    offset_s: Finite = 0.0
    method: str = "stamps of the source, unchanged"


class SignalFacts(Record):
    """What ingestion knows of a signal beyond its samples."""

    rows_read: int = 0
    duplicates_dropped: int = 0
    refused: tuple[Refusal, ...] = ()
    clock: Clock = Clock()


class Gap(Record):
    """A pause between two samples that is longer than the header's `gap_threshold_s`."""

    start_ns: int
    duration_s: Finite


class SignalHeader(SignalFacts):
    """A signal as log.json lists it.

    Attributes:
        columns: names of the Parquet file's float columns, `<component>[<unit>]`.
        rate_hz: one over the median interval; None with fewer than two samples.
        gap_threshold_s: three times the median interval.
        gap_count: how many intervals are longer than that; `gaps` lists the longest ones.
        sha256: of the signal's Parquet file.
    """

    unit: str
    frame: str | None
    components: tuple[Name, ...] = Field(min_length=1)
    columns: tuple[str, ...]
    rows: int
    start_ns: int | None
    end_ns: int | None
    rate_hz: Finite | None
    gap_threshold_s: Finite | None
    gap_count: int
    gaps: tuple[Gap, ...]
    sha256: Sha256


class LogHeader(Record):
    """The whole of log.json.

    Attributes:
        schema_version: version of this layout.
        log_id: first 16 digits of `content_sha256`, and the log's folder name.
        content_sha256: over robot, serial, constants, labels and every sample; not over names and refusals:
            the same recording under another file name is the same log.
        robot: the design.
        serial: the individual.
        session: recordings made without a change of set-up share one; None where the source does not say.
        name: the source's own name for this recording.
        constants: numbers that hold for the whole log.
        labels: words that do.
        sources: files it was read from.
        spec: name of the ingest specification.
        notes: anything else a reader should know.
        signals: per signal name.
    """

    schema_version: int = SCHEMA
    log_id: str
    content_sha256: Sha256
    robot: Name
    serial: str
    session: str | None = None
    name: str
    constants: dict[Name, Constant]
    labels: dict[Name, str]
    sources: tuple[SourceFile, ...]
    spec: str | None = None
    notes: tuple[str, ...] = ()
    signals: dict[Name, SignalHeader]
