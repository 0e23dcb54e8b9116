"""What happened to all units over time, each question answered at once and without matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from hybridsim.fleet.registry.entries import Setting
from hybridsim.fleet.registry.tables import ContextRow, EvidenceRow, LogRow, PopulationRow, VerdictRow
from hybridsim.fleet.registry.transaction import transaction

FEW = 500
"""Units that are asked for by name; chosen, because databases bound how many names a question may hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """How far the replay of a log by one of its unit's calibrations was off.

    Attributes:
        serial: of the unit.
        log_id: of the log.
        calibration: beside which.
        began_ns: of the log.
        held_out: whether the log judges.
        error: mean absolute error [rad].
        misfit: mean square of the errors over what is usual.
        odd: why nothing explains it; empty for all others.
    """

    serial: str
    log_id: str
    calibration: str
    began_ns: int
    held_out: bool
    error: float
    misfit: float
    odd: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A gate's verdict.

    Attributes:
        number: of the verdict.
        serial: for which unit.
        calibration: the challenger.
        champion: that was current then; None where nothing was.
        passed: whether it may take over.
        evidence: as `gate.Verdict` has it.
        at_ns: when.
    """

    number: int
    serial: str
    calibration: str
    champion: str | None
    passed: bool
    evidence: dict[str, Any]
    at_ns: int


@dataclass(frozen=True)
class Timeline:
    """Of a registry's database; only asks."""

    engine: Engine

    def seen(self, serials: Sequence[str] | None = None) -> list[Seen]:
        """Of some units, or of all, from old to new logs, each by its first calibration first."""
        order = (EvidenceRow.serial, LogRow.began_ns, LogRow.log_id, EvidenceRow.at_ns)
        columns = (EvidenceRow.serial, EvidenceRow.log_id, EvidenceRow.calibration_id, LogRow.began_ns)
        columns += (LogRow.held_out, EvidenceRow.error, EvidenceRow.misfit, EvidenceRow.odd)
        asked = select(*columns).join(LogRow, LogRow.log_id == EvidenceRow.log_id).order_by(*order)
        if serials is not None and len(serials) <= FEW:
            asked = asked.where(EvidenceRow.serial.in_(serials))
        with transaction(self.engine) as session:
            found = [_seen(tuple(row)) for row in session.execute(asked)]
        wanted = None if serials is None else set(serials)
        return [one for one in found if wanted is None or one.serial in wanted]

    def verdicts(self) -> list[Judged]:
        """All that were ever given, from old to new."""
        names = ("number", "serial", "champion", "passed", "evidence", "at_ns")
        with transaction(self.engine) as session:
            return [
                Judged(calibration=row.calibration_id, **{name: getattr(row, name) for name in names})
                for row in session.scalars(select(VerdictRow).order_by(VerdictRow.number))
            ]

    def spans(self) -> dict[str, tuple[int, int]]:
        """From when to when the logs are that units' own calibrations come from [ns since 1970]."""
        asked = select(ContextRow.calibration_id, ContextRow.from_ns, ContextRow.to_ns)
        with transaction(self.engine) as session:
            return {row[0]: (row[1], row[2]) for row in session.execute(asked)}

    def settings(self, serial: str | None = None) -> list[Setting]:
        """What a unit, or each, carried and where: at first, and from each log on that says otherwise."""
        asked = select(LogRow).order_by(LogRow.began_ns, LogRow.log_id)
        if serial is not None:
            asked = asked.where(LogRow.serial == serial)
        with transaction(self.engine) as session:
            logs = [_setting(row) for row in session.scalars(asked)]
        found, now = [], dict[str, Setting]()
        for log in logs:
            before = now.get(log.serial)
            now[log.serial] = log if before is None else before.then(log)
            if now[log.serial] is not before:
                found.append(now[log.serial])
        return [one for one in found if one.payload or one.site]

    def references(self) -> set[str]:
        """Calibrations that any population's contexts are differences from."""
        with transaction(self.engine) as session:
            return set(session.scalars(select(PopulationRow.reference)))


def _seen(row: tuple[Any, ...]) -> Seen:
    names = tuple(Seen.__dataclass_fields__)
    return Seen(**dict(zip(names, row, strict=True)))


def _setting(row: LogRow) -> Setting:
    return Setting(
        serial=row.serial,
        since_ns=row.began_ns,
        log_id=row.log_id,
        payload=row.payload,
        site=row.site,
    )
