"""Sources to logs: one after the other, each refused alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridsim.errors import HybridSimError, LogError
from hybridsim.ingest.assemble import signals_of
from hybridsim.ingest.fields import check_robot, constants_of, header_fields, labels_of, list_names
from hybridsim.ingest.sources import Refused, Source, discover
from hybridsim.ingest.spec import IngestSpec
from hybridsim.ingest.tables import read_rows
from hybridsim.log import LogDraft, LogStore, Refusal, Signal, SignalFacts, SourceFile
from hybridsim.robot import Robot

Progress = Callable[[int, int, str], None]  # done, total, what is read next


@dataclass(frozen=True)
class Ingested:
    """A log that is in the store now.

    Attributes:
        source: where it came from.
        log_id: its name in the store.
        created: False where the store had it already.
        rows: samples kept, over all signals.
        refused: rows that a signal had to do without, per signal name.
        duplicates_dropped: rows whose stamp a signal had already.
        notes: anything else worth reading.
    """

    source: str
    log_id: str
    created: bool
    rows: int
    refused: tuple[tuple[str, Refusal], ...]
    duplicates_dropped: int
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """What was refused in this log, one line a reason and file."""
        merged: dict[tuple[str, str, int, tuple[int, ...]], list[str]] = {}
        for signal, entry in self.refused:
            merged.setdefault((entry.file, entry.reason, entry.count, entry.rows), []).append(signal)
        lines = [
            f"{self.source}: {file}: {count} rows refused in {', '.join(signals)}: {reason} (row {_first(rows, count)})"
            for (file, reason, count, rows), signals in merged.items()
        ]
        if self.duplicates_dropped:
            lines.append(
                f"{self.source}: {self.duplicates_dropped} samples dropped: their stamp was there already"
            )
        return [*lines, *(f"{self.source}: {note}" for note in self.notes)]


@dataclass(frozen=True)
class IngestReport:
    """What became of every source."""

    logs: tuple[Ingested, ...]
    refused: tuple[Refused, ...]

    @property
    def created(self) -> int:
        """How many logs are new."""
        return sum(log.created for log in self.logs)

    def lines(self) -> list[str]:
        """One line a refused source or class of rows; empty when nothing was refused."""
        rows = [line for log in self.logs for line in log.lines()]
        return [*(f"refused {entry}" for entry in self.refused), *rows]


def ingest(
    sources: Sequence[Path],
    spec: IngestSpec,
    robot: Robot,
    serial: str | None,
    store: LogStore,
    engine: str | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Read every log under the sources into a store.

    A source that cannot be read is refused and named; the others are not touched by that.

    Args:
        sources: files or folders.
        spec: which columns are which signals.
        robot: whose logs these are; logs of another robot are refused.
        serial: the individual; the specification's where None.
        store: where the logs go.
        engine: `loky` or `ray` to read sources in parallel; one after the other where None.
        progress: called before each source.

    Raises:
        SpecError: the specification does not serve this robot.
        LogError: the store cannot be written.
    """
    spec.check(robot)
    found, refused = _discover_all(sources, spec)
    logs: list[Ingested] = []
    for source, outcome in _drafts(found, spec, robot, serial, engine, progress):
        if isinstance(outcome, Refused):
            refused.append(outcome)
            continue
        log_id, created = store.add(outcome)
        logs.append(_ingested(source, outcome, log_id, created))
    return IngestReport(tuple(logs), tuple(refused))


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
            check_robot(rows.document, spec, robot)
        signals.update(signals_of(rows, table, robot, names))
        missing = [
            s.name for s in table.signals if s.name not in signals and robot.name in (s.robots or spec.robots)
        ]
        notes += [
            *rows.notes,
            *(f"{path.name}: fewer than two rows of {name} can be used" for name in missing),
        ]
    fields = header_fields(source.folder, spec, document)
    check_robot(fields, spec, robot)
    session = re.search(spec.session, source.name) if spec.session else None
    return LogDraft(
        robot=robot.name,
        serial=serial or spec.serial or "unknown",
        session=session.group() if session else None,
        name=source.name,
        signals={name: signal for name, (signal, _) in signals.items()},
        facts={name: facts for name, (_, facts) in signals.items()},
        constants=constants_of(fields, spec),
        labels=labels_of(fields, spec),
        sources=tuple(files),
        spec=spec.set_name,
        notes=tuple(notes),
    )


def try_draft(item: tuple[Source, IngestSpec, Robot, str | None]) -> LogDraft | Refused:
    """`draft_of`, with a refusal instead of an exception: a broken log costs that log."""
    source, spec, robot, serial = item
    try:
        return draft_of(source, spec, robot, serial)
    except HybridSimError as error:
        return Refused(source.shown, str(error))
    except (OSError, MemoryError) as error:
        return Refused(source.shown, f"cannot be read: {error}")


def _drafts(
    found: Sequence[Source],
    spec: IngestSpec,
    robot: Robot,
    serial: str | None,
    engine: str | None,
    progress: Progress | None,
) -> list[tuple[Source, LogDraft | Refused]]:
    items = [(source, spec, robot, serial) for source in found]
    outcomes = []
    for done, item in enumerate(items):
        if progress:
            progress(done, len(items), item[0].shown)
        outcomes.append((item[0], try_draft(item)))
    if progress:
        progress(len(items), len(items), "")
    return outcomes


def _discover_all(sources: Sequence[Path], spec: IngestSpec) -> tuple[list[Source], list[Refused]]:
    found: list[Source] = []
    refused: list[Refused] = []
    for path in sources:
        try:
            more, without = discover(Path(path), spec)
        except LogError as error:
            refused.append(Refused(str(path), str(error).removeprefix(f"{path}: ")))
            continue
        found += more
        refused += without
    return found, refused


def _ingested(source: Source, draft: LogDraft, log_id: str, created: bool) -> Ingested:
    return Ingested(
        source=source.shown,
        log_id=log_id,
        created=created,
        rows=sum(len(signal.stamp_ns) for signal in draft.signals.values()),
        refused=tuple(
            (name, entry) for name, facts in sorted(draft.facts.items()) for entry in facts.refused
        ),
        duplicates_dropped=sum(facts.duplicates_dropped for facts in draft.facts.values()),
        notes=draft.notes,
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LogError(f"{path.name}: cannot be read: {error.strerror}") from None


def _first(rows: tuple[int, ...], count: int) -> str:
    shown = ", ".join(str(row) for row in rows[:3])
    return shown + (", ..." if count > 3 else "")
