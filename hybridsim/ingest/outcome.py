"""What became of every source: logs that were read, and everything that was refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hybridsim.ingest.sources import Refused
from hybridsim.log import Damage, Refusal

MAX_LINES = 20  # on damage of one log; chosen, because nobody reads more


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
        damage: bytes of its files that gave nothing.
    """

    source: str
    log_id: str
    created: bool
    rows: int
    refused: tuple[tuple[str, Refusal], ...]
    duplicates_dropped: int
    notes: tuple[str, ...]
    damage: tuple[Damage, ...] = ()

    def lines(self) -> list[str]:
        """What was refused in this log, one line a reason and file."""
        merged: dict[tuple[str, str, int, tuple[int, ...]], list[str]] = {}
        for signal, entry in self.refused:
            merged.setdefault((entry.file, entry.reason, entry.count, entry.rows), []).append(signal)
        lines = [
            f"{self._place(file)}: {count} rows refused in {', '.join(signals)}: {reason} "
            f"(row {_first(rows, count)})"
            for (file, reason, count, rows), signals in merged.items()
        ]
        if self.duplicates_dropped:
            lines.append(
                f"{self.source}: {self.duplicates_dropped} samples dropped: their stamp was there already"
            )
        lines += [f"{self._place(d.file)}: {said(d)}" for d in self.damage[:MAX_LINES]]
        if len(self.damage) > MAX_LINES:
            lines.append(
                f"{self.source}: and {len(self.damage) - MAX_LINES} more damaged places, see log.json"
            )
        return [*lines, *(f"{self.source}: {note}" for note in self.notes)]

    def _place(self, file: str) -> str:
        """The source and a file of it, which for a bag, or a file of many logs, is the source itself."""
        named = self.source.endswith(file) or f"{file} " in self.source
        return self.source if named else f"{self.source}: {file}"


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

    @property
    def partial(self) -> bool:
        """Whether a source, a log, or a row of one was refused."""
        return bool(self.refused) or any(log.damage or log.refused for log in self.logs)

    def summary(self) -> str:
        """One line."""
        known = len(self.logs) - self.created
        return f"{self.created} new logs in {self.store}, {known} known already, {len(self.refused)} refused"

    def json(self) -> str:
        """One JSON object with everything."""
        logs = [
            {
                "source": log.source,
                "log_id": log.log_id,
                "created": log.created,
                "samples": log.rows,
                "duplicates_dropped": log.duplicates_dropped,
                "refused": [{"signal": name, **entry.model_dump()} for name, entry in log.refused],
                "damage": [entry.model_dump() for entry in log.damage],
                "notes": list(log.notes),
            }
            for log in self.logs
        ]
        refused = [{"source": entry.source, "reason": entry.reason} for entry in self.refused]
        data = {"schema": 1, "store": str(self.store), "logs": logs, "refused": refused}
        return json.dumps(data, indent=1, allow_nan=False)

    def __str__(self) -> str:
        return "\n".join([*self.lines(), self.summary()])


def said(damage: Damage) -> str:
    """What is wrong with a file, and where in it unless it is not there at all."""
    where = f"bytes {damage.start} to {damage.end}: " if damage.end > damage.start else ""
    return where + damage.reason


def _first(rows: tuple[int, ...], count: int) -> str:
    shown = ", ".join(str(row) for row in rows[:3])
    return shown + (", ..." if count > 3 else "")
