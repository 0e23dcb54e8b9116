"""What a fleet wants to know of a log before it takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridsim.errors import FleetError
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.log import Log, is_log
from hybridsim.robot import Robot


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A log that is in the fleet now; `new` where it was not before."""

    log_id: str
    serial: str
    new: bool


@dataclass(frozen=True, kw_only=True)
class Turned:
    """A log that was turned away."""

    folder: Path
    why: str


def folders_of(stores: Sequence[Path]) -> list[Path]:
    """Folders of logs, in the order of their names.

    Raises:
        FleetError: neither a log nor a store.
    """
    found: list[Path] = []
    for store in stores:
        if is_log(store):
            found.append(store)
            continue
        inside = sorted(path for path in store.glob("[!.]*") if is_log(path)) if store.is_dir() else []
        if not inside:
            raise FleetError(f"{store}: holds no logs; expected a folder that hybridsim ingest wrote")
        found += inside
    return found


SITE = "site"  # label of a log that says where its unit was


def entry_of(log: Log, robot: Robot) -> LogEntry:
    """What the registry keeps of a log of a robot; one without dates begins when it says, near 1970.

    Raises:
        FleetError: without a sample, or without a serial.
    """
    ends = [(s.stamp_ns[0], s.stamp_ns[-1]) for s in log.signals.values() if len(s.stamp_ns)]
    if not ends:
        raise FleetError(f"log {log.log_id}: has no samples")
    if not log.serial:
        raise FleetError(f"log {log.log_id}: does not say of which unit it is; ingest it with --serial")
    first, last = min(int(one[0]) for one in ends), max(int(one[1]) for one in ends)
    return LogEntry(
        log_id=log.log_id,
        serial=log.serial,
        began_ns=first,
        ended_ns=last,
        session=log.session or "",
        payload=_payload(log, robot),
        site=log.labels.get(SITE),
    )


def _payload(log: Log, robot: Robot) -> dict[str, float] | None:
    """What the unit carried; None where the robot carries something and the log does not say what."""
    names = [name for one in robot.payloads for name in (one.mass_constant, one.length_constant)]
    if any(name not in log.constants for name in names):
        return None
    return {name: log.constant(name) for name in names}
