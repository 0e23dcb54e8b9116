"""Decide what a path is, and look at it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hybridsim.errors import LogError, SpecError, listed
from hybridsim.ingest.find import FoundBag, find_bags, looks_like_bag
from hybridsim.ingest.inspect.bags import bag_sheet
from hybridsim.ingest.inspect.logs import log_sheet, logs_sheet
from hybridsim.ingest.inspect.robots import robot_sheet
from hybridsim.ingest.inspect.sheet import Sheet, joined
from hybridsim.ingest.job import try_drafts
from hybridsim.ingest.propose import propose
from hybridsim.ingest.sources import Refused, Source, discover
from hybridsim.ingest.spec import IngestSpec, load_spec
from hybridsim.ingest.survey import survey
from hybridsim.ingest.task import Reading
from hybridsim.log import Log, LogStore, is_log, is_store, log_of, read_log
from hybridsim.resources import available, find
from hybridsim.robot import Robot, load_robot

MAX_BAGS = 200  # that one command looks at; chosen


def inspect_path(path: Path | str, spec: Path | str | None = None, reading: Reading | None = None) -> Sheet:
    """Look at a robot, a log, a store, or a raw recording.

    Args:
        path: robot folder or name, log of a store, store, or raw files that an ingest.toml describes.
        spec: that ingest.toml; where None, bags are shown as they are, and every one in data/ is tried on
            other recordings.
        reading: how bags are read.

    Raises:
        HybridSimError: nothing there that is any of these; says what was expected.
    """
    path = Path(path)
    if not path.exists():
        return robot_sheet(load_robot(_robot_name(path)))
    if (path / "robot.toml").is_file() or path.name == "robot.toml":
        return robot_sheet(load_robot(path))
    if is_log(path):
        return log_sheet(read_log(path))
    if is_store(path):
        return _store_sheet(path)
    other = path.is_file() and not looks_like_bag(path)
    if spec is None and not other and (bags := list(islice(find_bags(path), MAX_BAGS + 1))):
        return _bag_sheet(path, bags, reading or Reading())
    return _raw_sheet(path, spec, reading or Reading())


def draft_spec(path: Path, robot: Robot, reading: Reading) -> str:
    """A first ingest.toml for a robot from a bag.

    Raises:
        LogError: not a bag, or none of its topics is of use.
    """
    bags = [bag for bag in islice(find_bags(path), MAX_BAGS) if bag.files] if path.exists() else []
    if not bags:
        raise LogError(f"{path}: no bag to draft an ingest.toml from; expected a .bag, .db3 or .mcap")
    text = propose(survey(bags[0].files, reading.types, reading.store), robot)
    if "[[topic]]" not in text:
        left = [line.removeprefix("# ") for line in text.splitlines()[1:] if line.startswith("# ")]
        raise LogError(f"{path}: no topic fits robot {robot.name}; it has {listed(left, most=5)}")
    return text


def _bag_sheet(path: Path, bags: list[FoundBag], reading: Reading) -> Sheet:
    """One bag in full, or several one after the other."""
    sheets, refused = [], []
    for bag in bags[:MAX_BAGS]:
        try:
            if not bag.files:
                raise LogError(bag.why_empty)
            sheets.append(bag_sheet(bag, survey(bag.files, reading.types, reading.store)))
        except LogError as error:
            refused.append(f"{bag.place}: {error}")
    if len(bags) > MAX_BAGS:
        refused.append(f"{path}: more than {MAX_BAGS} bags; the others were not looked at")
    if not sheets:
        raise LogError(listed(refused, most=5))
    return sheets[0] if len(bags) == 1 else joined(f"bags in {path}", sheets, refused)


def _robot_name(path: Path) -> str:
    """`so101` of `so101` or `robots/so101`, which an installed package finds without a checkout."""
    if len(path.parts) == 1 or path.parts[:-1] == ("robots",):
        return path.name
    raise LogError(f"{path}: no such file or folder; robots: {listed(available('robots'))}")


def _store_sheet(path: Path) -> Sheet:
    store = LogStore(path)
    logs, refused = [], []
    for log_id in store.ids():
        try:
            logs.append(store.load(log_id))
        except LogError as error:
            refused.append(str(error))
    return logs_sheet(f"store {path}", sorted(logs, key=lambda log: log.name), refused)


def _raw_sheet(path: Path, spec: Path | str | None, reading: Reading) -> Sheet:
    """Every recording under a path, read by the first specification that describes any."""
    reasons = []
    for candidate in _specs(spec):
        try:
            sources, without = discover(path, candidate)
        except LogError as error:
            reasons.append(str(error).removeprefix(f"{path}: "))
            continue
        logs: list[Log] = []
        refused = [str(entry) for entry in without]
        for source in sources:
            found, without_logs = _read(source, candidate, reading)
            logs += found
            refused += without_logs
        if not logs:
            reasons += refused[:2]
            continue
        if len(logs) == 1 and not refused:
            return log_sheet(logs[0])
        return logs_sheet(f"recordings in {path}, read as set {candidate.set_name}", logs, refused)
    raise LogError(
        f"{path}: no robot, log, store or recording; expected robot.toml, log.json, or files that an "
        f"ingest.toml describes: {'; '.join(reasons)}"
    )


def _read(source: Source, spec: IngestSpec, reading: Reading) -> tuple[list[Log], list[str]]:
    """A source's logs of the robot that it fits, and why others fit none."""
    first: list[str] = []
    for name in spec.robots:
        outcomes = list(try_drafts(source, spec, load_robot(name), None, reading))
        logs = [log_of(outcome) for outcome in outcomes if not isinstance(outcome, Refused)]
        refused = [str(outcome) for outcome in outcomes if isinstance(outcome, Refused)]
        if logs or spec.select is None or not any("a log of robot" in reason for reason in refused):
            return logs, refused
        first = first or refused
    return [], first


def _specs(spec: Path | str | None) -> Iterator[IngestSpec]:
    if spec is not None:
        yield load_spec(spec)
        return
    for name in available("data"):
        try:
            yield load_spec(find("data", name))
        except SpecError:
            continue  # a set without ingest.toml, or one that its own test will complain about
