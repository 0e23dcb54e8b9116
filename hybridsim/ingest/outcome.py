"""What became of every source: logs that were read, and everything that was refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hybridsim.ingest.sources import Refused
from hybridsim.log import Refusal


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
            f"{self.source}: {file}: {count} rows refused in {', '.join(signals)}: {reason} "
            f"(row {_first(rows, count)})"
            for (file, reason, count, rows), signals in merged.items()
        ]
        if self.duplicates_dropped:
            lines.append(
                f"{self.source}: {self.duplicates_dropped} samples dropped: their stamp was there already"
            )
        return [*lines, *(f"{self.source}: {note}" for note in self.notes)]


@dataclass(frozen=True)
class IngestReport:
    """What became of every source.

    Attributes:
        store: where the logs are.
        logs: one entry a log that was read, new or not.
        refused: logs and sources that were not.
        failed: sources, as they were given, that gave no log at all.
    """

    store: Path
    logs: tuple[Ingested, ...]
    refused: tuple[Refused, ...]
    failed: tuple[Path, ...]

    @property
    def created(self) -> int:
        """How many logs are new."""
        return sum(log.created for log in self.logs)

    def lines(self) -> list[str]:
        """One line a refused source or class of rows; empty when nothing was refused."""
        rows = [line for log in self.logs for line in log.lines()]
        return [*(f"refused {entry}" for entry in self.refused), *rows]

    def __str__(self) -> str:
        known = len(self.logs) - self.created
        summary = (
            f"{self.created} new logs in {self.store}, {known} known already, {len(self.refused)} refused"
        )
        return "\n".join([*self.lines(), summary])


def _first(rows: tuple[int, ...], count: int) -> str:
    shown = ", ".join(str(row) for row in rows[:3])
    return shown + (", ..." if count > 3 else "")
