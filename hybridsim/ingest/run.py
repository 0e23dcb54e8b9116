"""Sources to logs: one after the other or in parallel, each refused alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hybridsim.errors import LogError, WorkerDied
from hybridsim.ingest.find import expand
from hybridsim.ingest.outcome import Ingested, IngestReport
from hybridsim.ingest.sources import Refused, Source, discover
from hybridsim.ingest.spec import IngestSpec, load_spec, specs_for
from hybridsim.ingest.task import Job, Reading, Tell
from hybridsim.jobs import Engine, apart, map_jobs
from hybridsim.log import LogStore
from hybridsim.progress import Progress
from hybridsim.robot import Robot, load_robot

# Below this much, starting worker processes takes longer than reading; chosen from 0.15 s a megabyte of text,
# 0.005 s a megabyte of a bag, and 1.5 s a megabyte of a file that holds many logs, 0.02 s each.
PARALLEL_BYTES = 30_000_000
PARALLEL_BAG_BYTES = 300_000_000
PARALLEL_MANY_BYTES = 3_000_000
MB = 1_000_000

Outcome = list[Ingested | Refused]
"""What became of the logs of a source."""


def ingest(
    sources: Sequence[Path],
    spec: IngestSpec | Path | str | None,
    robot: Robot | str,
    serial: str | None,
    store: LogStore | Path,
    engine: Engine = "serial",
    progress: Progress | None = None,
    reading: Reading | None = None,
) -> IngestReport:
    """Read every log under the sources into a store.

    A log that cannot be read is refused and named; the others are not touched by that.

    Args:
        sources: files, folders, or patterns such as `day*/*.bag`.
        spec: which columns are which signals; the set in data/ that fits a source and the robot where None.
        robot: whose logs these are; logs of another robot are refused.
        serial: the individual; the specification's where None.
        store: where the logs go.
        engine: `loky` or `ray` to read much in parallel, `serial` for one after the other.
        progress: called as progress(done, total) after each log.
        reading: how bags are read.

    Raises:
        SpecError: the specification does not serve this robot.
        LogError: the store cannot be written.
    """
    robot = load_robot(robot) if isinstance(robot, str) else robot
    store = store if isinstance(store, LogStore) else LogStore(Path(store))
    jobs, refused = _jobs(sources, spec, robot, serial, store.root, reading or Reading())
    outcomes = _outcomes(jobs, _engine(jobs, engine), progress)
    logs = tuple(entry for found in outcomes for entry in found if isinstance(entry, Ingested))
    refused += [entry for found in outcomes for entry in found if isinstance(entry, Refused)]
    served = {
        job.given
        for job, found in zip(jobs, outcomes, strict=True)
        if any(isinstance(entry, Ingested) for entry in found)
    }
    failed = tuple(path for path in map(Path, sources) if path not in served)
    return IngestReport(store.root, logs, tuple(refused), failed)


def _outcomes(jobs: Sequence[Job], engine: Engine, progress: Progress | None) -> list[Outcome]:
    if engine == "serial" and progress is not None:
        return map_jobs(_Told(jobs, progress), jobs, engine=engine)
    try:
        return map_jobs(_work, jobs, engine=engine, progress=progress)
    except WorkerDied:  # one recording took its process along: find out which, the others are to go in
        return [_apart(job) for job in jobs]


def _apart(job: Job) -> Outcome:
    try:
        return apart(_work, job)
    except WorkerDied:
        reason = "the process that read it died, most often for lack of memory"
        return [Refused(job.source.shown, reason)]


def _work(job: Job, tell: Tell | None = None) -> Outcome:
    """One job; a process that only hands them out need not import what they take."""
    from hybridsim.ingest.job import run_job

    return run_job(job, tell)


class _Told:
    """Jobs one after the other, whose progress is told in megabytes: a single bag may take minutes."""

    def __init__(self, jobs: Sequence[Job], progress: Progress) -> None:
        self._total = sum(job.bytes for job in jobs)
        self._before = 0
        self._progress = progress

    def __call__(self, job: Job) -> Outcome:
        size, read = job.bytes, 0

        def tell(count: int) -> None:
            nonlocal read
            read = min(read + count, size)  # what is compressed in the file is larger in memory
            self._progress((self._before + read) // MB, max(self._total // MB, 1))

        outcome = _work(job, tell)
        self._before += size
        tell(0)
        return outcome


def _jobs(
    sources: Sequence[Path],
    spec: IngestSpec | Path | str | None,
    robot: Robot,
    serial: str | None,
    store: Path,
    reading: Reading,
) -> tuple[list[Job], list[Refused]]:
    jobs: list[Job] = []
    refused: list[Refused] = []
    for given in map(Path, sources):
        try:
            paths = expand(given)
        except LogError as error:
            refused.append(Refused(str(given), str(error).removeprefix(f"{given}: ")))
            continue
        for path in paths:
            chosen, found, without = _discover(path, spec, robot)
            refused += without
            jobs += [Job(source, chosen, robot, serial, store, given, reading) for source in found if chosen]
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
    """A plain loop where processes would not pay."""
    size = sum(job.bytes for job in jobs)
    kinds = {job.spec.one_log_per for job in jobs}
    many = PARALLEL_MANY_BYTES if "value" in kinds else PARALLEL_BYTES
    enough = size >= (PARALLEL_BAG_BYTES if "bag" in kinds else many)
    return "serial" if engine == "loky" and not enough else engine
