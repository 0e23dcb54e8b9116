"""Recordings in tables to drafts of logs: one of a folder or file, or one of every value of a column."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hybridsim.errors import LogError
from hybridsim.ingest.assemble import signals_of
from hybridsim.ingest.fields import check_robot, constants_of, header_fields, labels_of, list_names
from hybridsim.ingest.sources import Source
from hybridsim.ingest.spec import IngestSpec, TableSpec
from hybridsim.ingest.tables import Rows, read_rows
from hybridsim.ingest.values import Places, only_words, rows_by_value
from hybridsim.log import LogDraft, Signal, SignalFacts, SourceFile
from hybridsim.robot import Robot

MAX_WORD = 80  # characters of a value that names a log; chosen

Part = tuple[SourceFile, TableSpec, Rows]
"""A file of a log, how it is read, and its rows."""


@dataclass(frozen=True)
class Recording:
    """A log before its rows are taken for numbers.

    Attributes:
        source: what it is called.
        parts: its files, read while they are asked for.
        file: that holds this log among others; None where its files are its own.
    """

    source: Source
    parts: Iterable[Part]
    file: SourceFile | None = None


def recordings(source: Source, spec: IngestSpec) -> list[Recording]:
    """The log of a source; of a file that holds many, each of the source's share of them.

    Raises:
        LogError: a file that holds many is of no use as a whole; says why, without the source's name.
    """
    if spec.value_of is None:
        return [Recording(source, _parts(source, spec))]
    ((file, table, rows),) = _parts(source, spec)
    places, without = rows_by_value(rows, spec.value_of)
    if not places:
        raise LogError(
            f"{file.path}: no row has a value in column '{spec.value_of}'; expected one log a value"
        )
    share, shares = source.share
    words = list(places)[share * len(places) // shares : (share + 1) * len(places) // shares]
    found = [_one_of_many(source, spec.value_of, word, (file, table, rows), places[word]) for word in words]
    if len(without) and share == 0:
        first = ", ".join(str(row) for row in rows.numbers[without[:3]]) + ", ..." * (len(without) > 3)
        reason = f"{len(without)} rows belong to no log: no {spec.value_of} (row {first})"
        found.append(Recording(source, _unusable(reason)))
    return found


def draft_of(recording: Recording, spec: IngestSpec, robot: Robot, serial: str | None) -> LogDraft:
    """Read one log.

    Raises:
        LogError: says what is wrong with it, without the source's name.
    """
    source = recording.source
    names = list_names(source.folder, spec)
    signals: dict[str, tuple[Signal, SignalFacts]] = {}
    files, notes, document, columns, there = [], [], {}, {}, {}
    for file, table, rows in recording.parts:
        files.append(file)
        document = document or rows.document
        there |= dict.fromkeys((*rows.columns, *rows.unread))
        columns = only_words(rows, spec.log_columns()) | columns
        if spec.header is None and rows.document:
            check_robot(rows.document, spec, robot)  # before its rows are read with another robot's limits
        found = signals_of(rows, table, robot, names)
        signals.update(found)
        notes += [*rows.notes, *_missing(file.path, table, found, robot)]
    if absent := [column for column in spec.log_columns(required=True) if column not in there]:
        raise LogError(f"{files[0].path}: no column '{absent[0]}'; it has {', '.join(there)}")
    fields = header_fields(source.folder, spec, document)
    check_robot(fields, spec, robot)
    return LogDraft(
        robot=robot.name,
        serial=serial or spec.serial or "unknown",
        session=spec.session_of(source.name),
        name=source.name,
        signals={name: signal for name, (signal, _) in signals.items()},
        facts={name: facts for name, (_, facts) in signals.items()},
        constants=constants_of(fields, spec, columns),
        labels=labels_of(fields, spec, source.name, columns),
        sources=tuple(files),
        spec=spec.set_name,
        notes=tuple(notes),
    )


def _parts(source: Source, spec: IngestSpec) -> Iterator[Part]:
    """Files of a source, one after the other."""
    also = [*spec.log_columns(), *([spec.value_of] if spec.value_of else [])]
    for path, table in zip(source.files, spec.tables, strict=True):
        content = _content(path)
        file = SourceFile(path=path.name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        yield file, table, read_rows(content, path.name, table, also)


def _one_of_many(source: Source, column: str, word: str, part: Part, places: Places) -> Recording:
    """The log of one value of a column: `tosses.parquet` with 7 in column `toss` gives `tosses/7`."""
    file, table, rows = part
    own = replace(source, name=f"{source.name}/{word}", shown=f"{source.shown} {column} {word:.{MAX_WORD}}")
    if len(word) > MAX_WORD or not word.isprintable():
        reason = f"{word!r:.60} cannot name a log; expected at most {MAX_WORD} printable characters"
        return Recording(replace(own, shown=source.shown), _unusable(f"{column} {reason}"))
    return Recording(own, ((file, table, rows.take(chosen)) for chosen in [places]), file)


def _unusable(reason: str) -> Iterator[Part]:
    raise LogError(reason)
    yield  # makes it an iterator: what cannot be read is refused where it is read


def _missing(file: str, table: TableSpec, found: Container[str], robot: Robot) -> list[str]:
    """Notes on optional signals that a table should have and of which no row could be used."""
    expected = [spec.name for spec in table.signals if spec.robots is None or robot.name in spec.robots]
    return [f"{file}: fewer than two rows of {name} can be used" for name in expected if name not in found]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LogError(f"{path.name}: cannot be read: {error.strerror}") from None
