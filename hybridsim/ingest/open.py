"""Logs for a robot from whatever a user has: stores, single logs, or raw recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hybridsim.errors import LogError, listed
from hybridsim.ingest.job import try_drafts
from hybridsim.ingest.run import ingest
from hybridsim.ingest.sources import Refused, discover
from hybridsim.ingest.spec import specs_for
from hybridsim.log import Log, LogStore, is_log, is_store, log_of, read_header, read_log
from hybridsim.progress import Progress
from hybridsim.robot import Robot


def open_logs(
    paths: Sequence[Path],
    robot: Robot,
    cache: Path | None = None,
    progress: Progress | None = None,
    refused: list[str] | None = None,
) -> list[Log]:
    """Every log of a robot under the paths, sorted by name, each once.

    Args:
        paths: log stores, single logs of a store, or raw files and folders that a data/*/ingest.toml of this
            robot describes.
        robot: logs of another robot are refused.
        cache: store that raw recordings are ingested into; they stay in memory where None.
        progress: called as progress(done, total) while raw recordings are read.
        refused: gets one line for each log that was refused, in order.

    Raises:
        LogError: no path, one without a log, or nothing left after refusals; names what was refused and why.
    """
    if not paths:
        raise LogError(
            f"no logs given; expected log stores or recordings of robot {robot.name}, such as --logs DIR"
        )
    lines: list[str] = [] if refused is None else refused
    before = len(lines)
    found: dict[str, Log] = {}
    for path in map(Path, paths):
        for outcome in _open(path, robot, cache, progress):
            if isinstance(outcome, Log):
                found.setdefault(outcome.log_id, outcome)
            else:
                lines.append(str(outcome))
    if not found:
        why = listed(lines[before:], most=3)
        raise LogError(f"{listed(paths)}: no log of robot {robot.name} to use; refused: {why}")
    return sorted(found.values(), key=lambda log: (log.name, log.log_id))


def _open(path: Path, robot: Robot, cache: Path | None, progress: Progress | None) -> Iterator[Log | Refused]:
    if not path.exists():
        raise LogError(f"{path}: no such file or folder")
    if is_log(path):
        yield _stored(path, robot)
    elif is_store(path):
        for log_id in LogStore(path).ids():
            yield _stored(path / log_id, robot)
    elif cache is None:
        yield from _raw(path, robot, progress)
    else:
        report = ingest([path], None, robot, None, LogStore(cache), progress=progress)
        yield from report.refused
        for log in report.logs:
            yield read_log(cache / log.log_id)


def _stored(folder: Path, robot: Robot) -> Log | Refused:
    """A log of a store; a damaged one, or one of another robot, is refused."""
    try:
        header = read_header(folder)
        if header.robot != robot.name:
            return Refused(
                str(folder), f"log {header.name} is of robot {header.robot}; expected {robot.name}"
            )
        return read_log(folder)
    except LogError as error:
        return Refused(str(folder), str(error).removeprefix(f"{folder}: "))


def _raw(path: Path, robot: Robot, progress: Progress | None) -> Iterator[Log | Refused]:
    """Raw recordings, read without a store."""
    specs = specs_for(robot)
    reasons = []
    for spec in specs:
        spec.check(robot)
        try:
            sources, without = discover(path, spec)
        except LogError as error:
            reasons.append(str(error))
            continue
        yield from without
        for done, source in enumerate(sources):
            for draft in try_drafts(source, spec, robot, None):
                yield draft if isinstance(draft, Refused) else log_of(draft)
            if progress:
                progress(done + 1, len(sources))
        return
    if not specs:
        raise LogError(
            f"{path}: no set in data/ serves robot {robot.name}; ingest it with an ingest.toml first"
        )
    raise LogError(reasons[0])
