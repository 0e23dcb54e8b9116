"""Sources to logs: one after the other, each refused alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridsim.errors import HybridSimError, LogError
from hybridsim.ingest.assemble import signals_of
from hybridsim.ingest.fields import check_robot, constants_of, header_fields, labels_of, list_names
from hybridsim.ingest.outcome import Ingested, IngestReport
from hybridsim.ingest.sources import Refused, Source, discover
from hybridsim.ingest.spec import IngestSpec, TableSpec, load_spec, specs_for
from hybridsim.ingest.tables import read_rows
from hybridsim.jobs import Engine, map_jobs
from hybridsim.log import LogDraft, LogStore, Signal, SignalFacts, SourceFile
from hybridsim.progress import Progress
from hybridsim.robot import Robot, load_robot

# Below this much, starting worker processes takes longer than reading; chosen from 0.15 s a megabyte.
PARALLEL_BYTES = 30_000_000


@dataclass(frozen=True)
class Job:
    """One log to read: everything that a worker process needs."""

    source: Source
    spec: IngestSpec
    robot: Robot
    serial: str | None
    store: Path
    given: Path  # what the user gave, and this log was found in

    @property
    def name(self) -> str:
        """What an error calls it."""
        return self.source.shown


def ingest(
    sources: Sequence[Path],
    spec: IngestSpec | Path | str | None,
    robot: Robot | str,
    serial: str | None,
    store: LogStore | Path,
    engine: Engine = "serial",
    progress: Progress | None = None,
) -> IngestReport:
    """Read every log under the sources into a store.

    A log that cannot be read is refused and named; the others are not touched by that.

    Args:
        sources: files or folders.
        spec: which columns are which signals; the set in data/ that fits a source and the robot where None.
        robot: whose logs these are; logs of another robot are refused.
        serial: the individual; the specification's where None.
        store: where the logs go.
        engine: `loky` or `ray` to read much in parallel, `serial` for one after the other.
        progress: called as progress(done, total) after each log.

    Raises:
        SpecError: the specification does not serve this robot.
        LogError: the store cannot be written.
    """
    robot = load_robot(robot) if isinstance(robot, str) else robot
    store = store if isinstance(store, LogStore) else LogStore(Path(store))
    jobs, refused = _jobs(sources, spec, robot, serial, store.root)
    outcomes = map_jobs(run_job, jobs, engine=_engine(jobs, engine), progress=progress)
    logs = tuple(outcome for outcome in outcomes if isinstance(outcome, Ingested))
    refused += [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    served = {job.given for job, outcome in zip(jobs, outcomes, strict=True) if isinstance(outcome, Ingested)}
    failed = tuple(path for path in map(Path, sources) if path not in served)
    return IngestReport(store.root, logs, tuple(refused), failed)


def run_job(job: Job) -> Ingested | Refused:
    """Read one log into the store; a broken log is refused, a broken store is an error.

    Raises:
        LogError: the store cannot be written.
    """
    draft = try_draft(job.source, job.spec, job.robot, job.serial)
    if isinstance(draft, Refused):
        return draft
    log_id, created = LogStore(job.store).add(draft)
    return _ingested(job.source, draft, log_id, created)


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


def _missing(file: str, table: TableSpec, found: Container[str], robot: Robot) -> list[str]:
    """Notes on optional signals that a table should have and of which no row could be used."""
    expected = [spec.name for spec in table.signals if spec.robots is None or robot.name in spec.robots]
    return [f"{file}: fewer than two rows of {name} can be used" for name in expected if name not in found]


def try_draft(source: Source, spec: IngestSpec, robot: Robot, serial: str | None) -> LogDraft | Refused:
    """`draft_of`, with a refusal instead of an exception: a broken log costs that log."""
    try:
        return draft_of(source, spec, robot, serial)
    except HybridSimError as error:
        return Refused(source.shown, str(error))
    except (OSError, MemoryError) as error:
        return Refused(source.shown, f"cannot be read: {error}")


def _jobs(
    sources: Sequence[Path],
    spec: IngestSpec | Path | str | None,
    robot: Robot,
    serial: str | None,
    store: Path,
) -> tuple[list[Job], list[Refused]]:
    jobs: list[Job] = []
    refused: list[Refused] = []
    for path in map(Path, sources):
        chosen, found, without = _discover(path, spec, robot)
        refused += without
        jobs += [Job(source, chosen, robot, serial, store, path) for source in found if chosen]
    return jobs, refused


def _discover(
    path: Path, spec: IngestSpec | Path | str | None, robot: Robot
) -> tuple[IngestSpec | None, list[Source], list[Refused]]:
    """The specification that fits a source, the source's logs, and what is refused of it."""
    reasons = []
    for candidate in _candidates(spec, robot):
        try:
            return candidate, *discover(path, candidate)
        except LogError as error:
            reasons.append(str(error).removeprefix(f"{path}: "))
    reason = reasons[0] if reasons else f"no set in data/ serves robot {robot.name}; give an ingest.toml"
    return None, [], [Refused(str(path), reason)]


def _candidates(spec: IngestSpec | Path | str | None, robot: Robot) -> list[IngestSpec]:
    if isinstance(spec, Path | str):
        spec = load_spec(spec)
    found = specs_for(robot) if spec is None else [spec]
    for candidate in found:
        candidate.check(robot)
    return found


def _engine(jobs: Sequence[Job], engine: Engine) -> Engine:
    size = sum(path.stat().st_size for job in jobs for path in job.source.files)
    return "serial" if engine == "loky" and size < PARALLEL_BYTES else engine


def _ingested(source: Source, draft: LogDraft, log_id: str, created: bool) -> Ingested:
    return Ingested(
        source=source.shown,
        log_id=log_id,
        created=created,
        rows=sum(signal.rows for signal in draft.signals.values()),
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
