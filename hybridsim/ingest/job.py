"""One recording into the store: the work of one process."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from hybridsim import __version__
from hybridsim.errors import HybridSimError
from hybridsim.ingest.draft import draft_of
from hybridsim.ingest.outcome import Ingested
from hybridsim.ingest.recording import draft_of_bag
from hybridsim.ingest.sources import Refused, Source
from hybridsim.ingest.spec import IngestSpec
from hybridsim.ingest.task import Job, Reading, Tell
from hybridsim.log import LogDraft, LogHeader, LogStore, SourceFile, in_memory
from hybridsim.robot import Robot

# Part of what a finished recording is remembered by; goes up when the same bytes may give another log.
VERSION = 1


def run_job(job: Job, tell: Tell | None = None) -> Ingested | Refused:
    """Read one recording into the store; a broken one is refused, a broken store is an error.

    Args:
        job: what there is to do.
        tell: told how many bytes of a bag were read since it was last told.

    Raises:
        LogError: the store cannot be written.
    """
    store = LogStore(job.store)
    if job.spec.one_log_per != "bag":
        draft = try_draft(job.source, job.spec, job.robot, job.serial)
        return draft if isinstance(draft, Refused) else _add(job, store, draft)
    try:
        files = hashed(job.source)
    except OSError as error:
        return Refused(job.source.shown, f"cannot be read: {error.strerror}")
    key = _key(job, files)
    if (known := store.recall(key)) is not None:
        return ingested(job.source, known, created=False)
    with store.workplace(job.source.name) as folder:
        try:
            draft = draft_of_bag(job, files, folder, tell)
        except HybridSimError as error:
            return Refused(job.source.shown, _without_name(str(error), job.source))
        except MemoryError:
            return Refused(job.source.shown, "there is not enough memory for it")
        outcome = _add(job, store, draft, folder)
    store.remember(key, outcome.log_id)
    return outcome


def try_draft(
    source: Source, spec: IngestSpec, robot: Robot, serial: str | None, reading: Reading | None = None
) -> LogDraft | Refused:
    """The draft of a recording in memory; a refusal and no exception for a broken one: it costs that log."""
    try:
        if spec.one_log_per != "bag":
            return draft_of(source, spec, robot, serial)
        with tempfile.TemporaryDirectory(prefix="hybridsim-") as folder:
            job = Job(source, spec, robot, serial, Path(folder), source.folder, reading or Reading())
            draft = draft_of_bag(job, hashed(source), Path(folder))
            return draft.with_signals({name: in_memory(signal) for name, signal in draft.signals.items()})
    except HybridSimError as error:
        return Refused(source.shown, str(error))
    except (OSError, MemoryError) as error:
        return Refused(source.shown, f"cannot be read: {error}")


def hashed(source: Source) -> tuple[SourceFile, ...]:
    """Size and sha256 of every file of a recording, write-ahead logs of SQLite included."""
    found = []
    logs = (path.with_name(path.name + "-wal") for path in source.files)
    for path in [*source.files, *(log for log in logs if log.is_file() and log.stat().st_size)]:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            found.append(SourceFile(path=path.name, sha256=digest, bytes=file.tell()))
    return tuple(found)


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


def _add(job: Job, store: LogStore, draft: LogDraft, spilled: Path | None = None) -> Ingested:
    log_id, created = store.add(draft, spent=lambda: spilled and shutil.rmtree(spilled, ignore_errors=True))
    header = store.header(log_id)
    if not created:  # the notes are those of this reading
        header = header.model_copy(update={"notes": draft.notes, "damage": draft.damage})
    return ingested(job.source, header, created)


def _key(job: Job, files: tuple[SourceFile, ...]) -> str:
    """What the log of a bag depends on."""
    said = [
        [file.sha256 for file in files],
        job.source.name,
        job.spec.model_dump(mode="json"),
        job.robot.model_dump(mode="json"),
        job.serial,
        job.reading.store,
        sorted(job.reading.types.items()),
        [__version__, VERSION],
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
