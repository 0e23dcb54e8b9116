"""Logs that one ingest.toml can read back, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hybridsim.errors import LogError
from hybridsim.export.chosen import Chosen, safe_name
from hybridsim.export.messages import STAMP_NS
from hybridsim.export.outcome import Refused
from hybridsim.export.topics import Company, Seat, apart_of, companies_of, seats
from hybridsim.log import Log
from hybridsim.progress import NamedProgress


@dataclass
class Batch:
    """Logs of one individual that agree on the components of every signal.

    Attributes:
        logs: at least one.
        companies: per log which of its signals can share messages.
    """

    logs: list[Chosen] = field(default_factory=list)
    companies: list[dict[str, Company]] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The individual, as the name of a folder."""
        header = self.logs[0].header
        return safe_name(f"{header.robot}_{header.serial}") or "robot"

    @property
    def seats(self) -> dict[str, Seat]:
        """Where each signal of any of these logs goes."""
        signals = {name: signal for log in self.logs for name, signal in log.header.signals.items()}
        return seats(signals, apart_of(self.companies))


def batched(
    logs: Sequence[Chosen], progress: NamedProgress | None = None
) -> tuple[list[Batch], list[Refused]]:
    """Read every log once to see which signals share stamps, and sort the logs into batches.

    Args:
        logs: to export.
        progress: called as progress(done, total, what) before each log.

    Returns:
        The batches, and the logs that cannot be read or have stamps that no ROS message holds.
    """
    found: list[Batch] = []
    refused = []
    total = sum(log.samples for log in logs)
    for log in logs:
        if progress is not None:
            progress(0, total, f"reading {log.name}")
        try:
            read = log.load()
            _check_stamps(read)
        except LogError as error:
            refused.append(Refused(log.name, str(error)))
            continue
        batch = next((one for one in found if _alike(log, one.logs)), None)
        if batch is None:
            batch = Batch()
            found.append(batch)
        batch.logs.append(log)
        batch.companies.append(companies_of(read))
    return found, refused


def labels(batches: Sequence[Batch]) -> list[str]:
    """A folder for each batch; none where there is one batch only."""
    if len(batches) == 1:
        return [""]
    names = [batch.label for batch in batches]
    return [
        name if names.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(names, start=1)
    ]


def _alike(log: Chosen, others: Iterable[Chosen]) -> bool:
    mine = log.header
    for other in (one.header for one in others):
        if (mine.robot, mine.serial) != (other.robot, other.serial):
            return False
        for name in mine.signals.keys() & other.signals.keys():
            a, b = mine.signals[name], other.signals[name]
            if (a.components, a.unit, a.frame) != (b.components, b.unit, b.frame):
                return False
    return True


def _check_stamps(log: Log) -> None:
    low, high = STAMP_NS
    for name, signal in log.signals.items():
        stamps = signal.stamp_ns
        if len(stamps) and not low <= stamps[0] <= stamps[-1] <= high:
            raise LogError(
                f"{name}: stamps go from {stamps[0]} to {stamps[-1]} ns; expected {low} to {high}, "
                "which is what a ROS message holds"
            )
