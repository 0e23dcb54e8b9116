"""One recording, or a file of many, into the store: the work of one process."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hybridsim import __version__
from hybridsim.errors import HybridSimError
from hybridsim.ingest.draft import Recording, draft_of, recordings
from hybridsim.ingest.outcome import Ingested
from hybridsim.ingest.recording import draft_of_bag
from hybridsim.ingest.sources import Refused, Source
from hybridsim.ingest.spec import IngestSpec
from hybridsim.ingest.task import Job, Reading, Tell
from hybridsim.log import LogDraft, LogHeader, LogStore, SourceFile, in_memory
from hybridsim.robot import Robot

# Part of what a finished recording is remembered by; goes up when the same bytes may give another log.
VERSION = 2


def run_job(job: Job, tell: Tell | None = None) -> list[Ingested | Refused]:
    """Read a source's logs into the store; a broken one is refused, a broken store is an error.

    Args:
        job: what there is to do.
        tell: told how many bytes were read since it was last told.

    Raises:
        LogError: the store cannot be written.
    """
    store = LogStore(job.store)
    if job.spec.one_log_per == "bag":
        return [_bag(job, store, tell)]
    found = _recordings(job.source, job.spec)
    if isinstance(found, Refused):
        return [found] if job.source.share[0] == 0 else []  # once for all shares of a file
    outcomes = []
    for recording in found:
        outcomes.append(_recording(job, store, recording))
        if tell is not None:
            tell(job.bytes // len(found))
    return outcomes


def _recordings(source: Source, spec: IngestSpec) -> list[Recording] | Refused:
    """The logs of a source of tables, not read yet; a refusal where all of it is of no use."""
    try:
        return recordings(source, spec)
    except (HybridSimError, OSError, MemoryError) as error:
        return _refused(source, error)


def _recording(job: Job, store: LogStore, recording: Recording) -> Ingested | Refused:
    """A recording in tables into the store; one of a file that holds many is remembered."""
    key = None
    if recording.file is not None:
        key = _key(job, (recording.file, *_beside(job)), recording.source.name)
        if (known := store.recall(key)) is not None:
            return ingested(recording.source, known, created=False)
    draft = _try_draft(recording, job.spec, job.robot, job.serial)
    if isinstance(draft, Refused):
        return draft
    outcome = _add(recording.source, store, draft)
    if key is not None:
        store.remember(key, outcome.log_id)
    return outcome


def _bag(job: Job, store: LogStore, tell: Tell | None) -> Ingested | Refused:
    """A bag into the store, unless it is remembered."""
    try:
        files = hashed(job.source)
    except OSError as error:
        return Refused(job.source.shown, f"cannot be read: {error.strerror}")
    key = _key(job, files, job.source.name)
    if (known := store.recall(key)) is not None:
        return ingested(job.source, known, created=False)
    with store.workplace(job.source.name) as folder:
        try:
            draft = draft_of_bag(job, files, folder, tell)
        except HybridSimError as error:
            return Refused(job.source.shown, _without_name(str(error), job.source))
        except MemoryError:
            return Refused(job.source.shown, "there is not enough memory for it")
        outcome = _add(job.source, store, draft, folder)
    store.remember(key, outcome.log_id)
    return outcome


def try_drafts(
    source: Source, spec: IngestSpec, robot: Robot, serial: str | None, reading: Reading | None = None
) -> Iterator[LogDraft | Refused]:
    """Drafts of a source's logs in memory; a refusal and no exception for a broken one: it costs that log."""
    if spec.one_log_per != "bag":
        found = _recordings(source, spec)
        if isinstance(found, Refused):
            yield from [found] if source.share[0] == 0 else []
        else:
            yield from (_try_draft(recording, spec, robot, serial) for recording in found)
        return
    try:
        with tempfile.TemporaryDirectory(prefix="hybridsim-") as folder:
            job = Job(source, spec, robot, serial, Path(folder), source.folder, reading or Reading())
            draft = draft_of_bag(job, hashed(source), Path(folder))
            drafted = draft.with_signals({name: in_memory(signal) for name, signal in draft.signals.items()})
    except (HybridSimError, OSError, MemoryError) as error:
        drafted = _refused(source, error)
    yield drafted


def _try_draft(
    recording: Recording, spec: IngestSpec, robot: Robot, serial: str | None
) -> LogDraft | Refused:
    try:
        return draft_of(recording, spec, robot, serial)
    except (HybridSimError, OSError, MemoryError) as error:
        return _refused(recording.source, error)


def _refused(source: Source, error: Exception) -> Refused:
    ours = isinstance(error, HybridSimError)
    return Refused(source.shown, str(error) if ours else f"cannot be read: {error}")


def hashed(source: Source) -> tuple[SourceFile, ...]:
    """Size and sha256 of every file of a recording, write-ahead logs of SQLite included."""
    logs = (path.with_name(path.name + "-wal") for path in source.files)
    paths = [*source.files, *(log for log in logs if log.is_file() and log.stat().st_size)]
    return tuple(_hashed(path) for path in paths)


def _hashed(path: Path) -> SourceFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return SourceFile(path=path.name, sha256=digest, bytes=file.tell())


def _beside(job: Job) -> tuple[SourceFile, ...]:
    """Files beside the tables that a log depends on, too."""
    names = (job.spec.header, job.spec.names.file if job.spec.names else None)
    paths = (job.source.folder / name for name in names if name is not None)
    return tuple(_hashed(path) for path in paths if path.is_file())


def ingested(source: Source, header: LogHeader, created: bool) -> Ingested:
    """What a log's header says of its ingestion."""
    signals = sorted(header.signals.items())
    return Ingested(
        source=source.shown,
        log_id=header.log_id,
        created=created,
        rows=sum(entry.rows for _, entry in signals),
        refused=tuple((name, refusal) for name, entry in signals for refusal in entry.refused),
        duplicates_dropped=sum(entry.duplicates_dropped for _, entry in signals),
        notes=header.notes,
        damage=header.damage,
    )


def _without_name(reason: str, source: Source) -> str:
    """A reason that does not name the only file once more."""
    return reason.removeprefix(f"{source.files[0].name}: ") if len(source.files) == 1 else reason


def _add(source: Source, store: LogStore, draft: LogDraft, spilled: Path | None = None) -> Ingested:
    log_id, created = store.add(draft, spent=lambda: spilled and shutil.rmtree(spilled, ignore_errors=True))
    header = store.header(log_id)
    if not created:  # the notes are those of this reading
        header = header.model_copy(update={"notes": draft.notes, "damage": draft.damage})
    return ingested(source, header, created)


def _key(job: Job, files: tuple[SourceFile, ...], name: str) -> str:
    """What a log depends on."""
    said = [
        [file.sha256 for file in files],
        name,
        job.spec.model_dump(mode="json"),
        job.robot.model_dump(mode="json"),
        job.serial,
        job.reading.store,
        sorted(job.reading.types.items()),
        [__version__, VERSION],
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
