"""The logs that an export was asked for: folders of logs, whole stores, or logs in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridsim.errors import LogError, listed
from hybridsim.export.outcome import Refused
from hybridsim.log import Log, LogHeader, LogStore, is_log, is_store, read_header, read_log

MAX_STEM = 60  # characters of a file name; chosen, because 255 bytes have to hold them and a log's id


@dataclass(frozen=True)
class Chosen:
    """A log to export; its samples are read when they are asked for.

    Attributes:
        header: everything in log.json.
        source: where its samples are.
    """

    header: LogHeader
    source: Path | Log

    @property
    def name(self) -> str:
        """What messages call it: the source's own name, or the id where that is empty."""
        return self.header.name or self.header.log_id

    @property
    def samples(self) -> int:
        """How many samples all its signals have."""
        return sum(signal.rows for signal in self.header.signals.values())

    def load(self) -> Log:
        """The log with its samples.

        Raises:
            LogError: a file is damaged.
        """
        return self.source if isinstance(self.source, Log) else read_log(self.source)


def choose(given: Iterable[Path | Log]) -> tuple[list[Chosen], list[Refused]]:
    """Every log that was asked for, once, and those whose header cannot be read.

    Raises:
        LogError: a path is neither a log nor a store.
    """
    found: dict[str, Chosen] = {}
    refused = []
    for source in [one for entry in given for one in _sources(entry)]:
        try:
            header = source.header if isinstance(source, Log) else read_header(source)
        except LogError as error:
            refused.append(Refused(str(source), str(error).removeprefix(f"{source}: ")))
            continue
        found.setdefault(header.log_id, Chosen(header, source))
    return list(found.values()), refused


def _sources(given: Path | Log) -> list[Path] | list[Log]:
    if isinstance(given, Log):
        return [given]
    path = Path(given)
    path = path.parent if path.name == "log.json" else path
    if is_log(path):
        return [path]
    if is_store(path):
        return [path / log_id for log_id in LogStore(path).ids()]
    raise LogError(f"{given}: no log here; expected a log's folder (it holds log.json), or a store of such")


def file_stems(logs: Sequence[Chosen]) -> list[str]:
    """A file name for each log, without suffix: its own name made safe, with its id where two are alike."""
    plain = [safe_name(log.name) or log.header.log_id for log in logs]
    folded = [name.casefold() for name in plain]  # some disks take Wave and wave for the same file
    return [
        name if folded.count(name.casefold()) == 1 else f"{name}_{log.header.log_id}"
        for name, log in zip(plain, logs, strict=True)
    ]


def safe_name(words: str) -> str:
    """Letters, digits, dots, dashes and underscores of any script; nothing that leads out of a folder."""
    return re.sub(r"[^\w.-]+", "_", words)[:MAX_STEM].strip("._-")


def nothing_left(what: str, refused: Sequence[Refused]) -> LogError:
    """The error of an export that has no log to write."""
    if not refused:
        return LogError(f"export to {what}: no log; expected at least one")
    return LogError(
        f"export to {what}: none of {len(refused)} logs can be written: {listed(refused, most=3)}"
    )
