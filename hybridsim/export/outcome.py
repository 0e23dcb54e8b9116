"""What an export wrote, what it refused, and what its reader should know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Exported:
    """A log that was written.

    Attributes:
        log_id: of the log.
        name: of the log.
        path: the file that holds it.
        count: messages of a bag, or frames of a dataset.
    """

    log_id: str
    name: str
    path: Path
    count: int


@dataclass(frozen=True)
class Refused:
    """A log that could not be written, and why."""

    log: str
    reason: str

    def __str__(self) -> str:
        return f"{self.log}: refused: {self.reason}"


@dataclass(frozen=True)
class ExportReport:
    """The whole of an export.

    Attributes:
        out: file or folder that was made.
        logs: what was written.
        refused: what was not.
        notes: what differs from the logs, one line each.
        specs: the ingest.toml files that read a bag back.
        rate_hz: the common clock of a dataset; None for bags, which keep every stamp.
    """

    out: Path
    logs: tuple[Exported, ...]
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
    specs: tuple[Path, ...] = ()
    rate_hz: int | None = None
