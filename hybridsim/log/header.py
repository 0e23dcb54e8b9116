"""log.json: what a log is, where it came from, and what was refused on the way."""

from __future__ import annotations

from typing import Annotated, Literal

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


Interval = tuple[Finite, Finite]


class Clock(Record):
    """How source stamps became `stamp_ns` = source stamp + offset_s, and what is known of the clocks.

    Attributes:
        source: `header` for the sender's clock, `receive` for the recorder's; None for a table's only one.
        simulated: the sender's clock stood still, or ran at another rate than real time.
        sender_ahead_s: sender's minus recorder's clock in the middle of the recording [s], the shortest delay
            on the way included with its sign; measured, not applied.
        drift_ppm: positive when the sender's clock runs faster [1e-6]; measured, not applied.
        jitter_95_s: delay beyond the shortest that 95 % of messages stay below [s].
        steps_s: where a clock was set anew: receive stamp [ns], size [s], and by how much stamps from there
            on were moved [s].
    """

    offset_s: Finite = 0.0
    method: str = "stamps of the source, unchanged"
    source: Literal["header", "receive"] | None = None
    simulated: bool = False
    sender_ahead_s: Finite | None = None
    sender_ahead_interval_95_s: Interval | None = None
    drift_ppm: Finite | None = None
    drift_interval_95_ppm: Interval | None = None
    jitter_95_s: Finite | None = None
    steps_s: tuple[tuple[int, Finite, Finite], ...] = ()


class Damage(Record):
    """Bytes of a source file that gave nothing, from `start` to before `end`, and why."""

    file: str
    start: int
    end: int
    reason: str


class Lag(Record):
    """How long after a command its response came, as far as the recording tells; nothing was moved by it.

    Attributes:
        command: signal that was sent.
        response: signal that answers.
        component: joint; None for all together.
        delay_s: positive when the response is later, from stamp to stamp [s]; None where nothing moved.
        interval_95_s: of the delay [s].
        correlation: at this delay; negative where the response runs the other way.
        trusted: whether `delay_s` means something; `reason` says why not.
    """

    command: str
    response: str
    component: str | None = None
    delay_s: Finite | None
    interval_95_s: Interval | None = None
    correlation: Finite | None = None
    trusted: bool
    reason: str | None = None


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
        damage: bytes of the sources that gave nothing.
        lags: delays between commands and their responses.
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
    damage: tuple[Damage, ...] = ()
    lags: tuple[Lag, ...] = ()
    signals: dict[Name, SignalHeader]
