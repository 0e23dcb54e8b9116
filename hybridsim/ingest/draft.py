"""One recording in tables to the draft of a log."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from pathlib import Path

from hybridsim.errors import LogError
from hybridsim.ingest.assemble import signals_of
from hybridsim.ingest.fields import check_robot, constants_of, header_fields, labels_of, list_names
from hybridsim.ingest.sources import Source
from hybridsim.ingest.spec import IngestSpec, TableSpec
from hybridsim.ingest.tables import read_rows
from hybridsim.log import LogDraft, Signal, SignalFacts, SourceFile
from hybridsim.robot import Robot


def draft_of(source: Source, spec: IngestSpec, robot: Robot, serial: str | None) -> LogDraft:
    """Read one log.

    Raises:
        LogError: says what is wrong with it, without the source's name.
    """
    names = list_names(source.folder, spec)
    signals: dict[str, tuple[Signal, SignalFacts]] = {}
    files, notes, document = [], [], {}
    for path, table in zip(source.files, spec.tables, strict=True):
        content = _content(path)
        files.append(
            SourceFile(path=path.name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        )
        rows = read_rows(content, path.name, table)
        document = document or rows.document
        if spec.header is None and rows.document:
            check_robot(rows.document, spec, robot)  # before its rows are read with another robot's limits
        found = signals_of(rows, table, robot, names)
        signals.update(found)
        notes += [*rows.notes, *_missing(path.name, table, found, robot)]
    fields = header_fields(source.folder, spec, document)
    check_robot(fields, spec, robot)
    return LogDraft(
        robot=robot.name,
        serial=serial or spec.serial or "unknown",
        session=spec.session_of(source.name),
        name=source.name,
        signals={name: signal for name, (signal, _) in signals.items()},
        facts={name: facts for name, (_, facts) in signals.items()},
        constants=constants_of(fields, spec),
        labels=labels_of(fields, spec),
        sources=tuple(files),
        spec=spec.set_name,
        notes=tuple(notes),
    )


def _missing(file: str, table: TableSpec, found: Container[str], robot: Robot) -> list[str]:
    """Notes on optional signals that a table should have and of which no row could be used."""
    expected = [spec.name for spec in table.signals if spec.robots is None or robot.name in spec.robots]
    return [f"{file}: fewer than two rows of {name} can be used" for name in expected if name not in found]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LogError(f"{path.name}: cannot be read: {error.strerror}") from None
