"""What is asked of a registry: each question or change is one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from hybridsim.errors import FleetError, listed
from hybridsim.fleet.place import read_place
from hybridsim.fleet.registry.database import connect
from hybridsim.fleet.registry.entries import LogEntry, Standing, Step
from hybridsim.fleet.registry.promotion import before, current, next_step, require_passed, step_of, steps_of
from hybridsim.fleet.registry.standing import STANDINGS, standings
from hybridsim.fleet.registry.tables import CalibrationRow, LogRow, PromotionRow, Unit, VerdictRow
from hybridsim.fleet.registry.transaction import OutrunError, transaction

EVERY, JUDGES = 3, 1
"""Of so many logs of a unit one judges, the second first; chosen: a new unit can be judged after two."""

if TYPE_CHECKING:
    from hybridsim.fleet.registry.knowledge import Knowledge
    from hybridsim.fleet.registry.timeline import Timeline

AHEAD_S = 300.0
"""By which a log may claim the future; chosen, because clocks of robots differ."""


class Registry:
    """Units, logs, calibrations, verdicts and promotions of a fleet."""

    def __init__(self, engine: Engine) -> None:
        """Of a database that `connect` has opened."""
        self._engine = engine

    @property
    def knowledge(self) -> Knowledge:
        """What is known of units beyond their logs; its import takes numpy and scipy."""
        from hybridsim.fleet.registry.knowledge import Knowledge

        return Knowledge(self._engine)

    @property
    def timeline(self) -> Timeline:
        """What happened to all units over time."""
        from hybridsim.fleet.registry.timeline import Timeline

        return Timeline(self._engine)

    @classmethod
    def of(cls, folder: Path) -> Registry:
        """Of a fleet's folder, without its robot and artefacts."""
        return cls.open(read_place(folder).database_in(folder))

    @classmethod
    def open(cls, url: str) -> Registry:
        """Of a database by its URL; makes what is missing of its tables."""
        return cls(connect(url))

    def close(self) -> None:
        """Give the database's connections back."""
        self._engine.dispose()

    def enrol(self, serials: Sequence[str], site: str = "") -> list[str]:
        """Add units; those that are new."""
        with transaction(self._engine) as session:
            known = set(session.scalars(select(Unit.serial)))
            new = [serial for serial in dict.fromkeys(serials) if serial not in known]
            session.add_all(Unit(serial=serial, added_ns=time.time_ns(), site=site) for serial in new)
        return new

    def units(self) -> list[str]:
        """Serials, sorted."""
        with transaction(self._engine) as session:
            return list(session.scalars(select(Unit.serial).order_by(Unit.serial)))

    def require_fit(self, entry: LogEntry) -> None:
        """Refuse a log that `add_log` would refuse.

        Raises:
            FleetError: of an unknown unit, of another unit than before, or from the future.
        """
        with transaction(self._engine) as session:
            require_fit(session, entry)

    def add_log(self, entry: LogEntry) -> bool:
        """Whether the log is new.

        Raises:
            FleetError: as `require_fit`.
        """
        with transaction(self._engine) as session:
            new = require_fit(session, entry)
            if new:
                there = select(func.count()).select_from(LogRow).where(LogRow.serial == entry.serial)
                judges = (session.scalar(there) or 0) % EVERY == JUDGES
                session.add(LogRow(**{**vars(entry), "held_out": judges}, added_ns=time.time_ns()))
        return new

    def logs(self, serial: str | None = None) -> list[LogEntry]:
        """Of a unit, or of all, from old to new."""
        asked = select(LogRow).order_by(LogRow.began_ns, LogRow.log_id)
        if serial is not None:
            asked = asked.where(LogRow.serial == serial)
        names = list(LogEntry.__dataclass_fields__)
        with transaction(self._engine) as session:
            return [
                LogEntry(**{name: getattr(row, name) for name in names}) for row in session.scalars(asked)
            ]

    def add_calibration(
        self, calibration_id: str, *, serial: str | None = None, parent: str | None = None
    ) -> bool:
        """Whether the calibration is new.

        Args:
            calibration_id: of its content.
            serial: whose; None where it is for all units.
            parent: that it goes on from; one that the registry has.
        """
        with transaction(self._engine) as session:
            if serial is not None:
                known_unit(session, serial)
            if session.get(CalibrationRow, calibration_id) is not None:
                return False
            if parent is not None:
                known_calibration(session, parent)
            row = CalibrationRow(calibration_id=calibration_id, serial=serial, parent=parent)
            row.added_ns = time.time_ns()
            session.add(row)
        return True

    def add_verdict(
        self,
        serial: str,
        calibration: str,
        *,
        passed: bool,
        evidence: Mapping[str, Any],
        beside: str | None = None,
    ) -> int:
        """Number of what a gate said of a calibration against the unit's current one.

        Args:
            serial: of the unit.
            calibration: that was judged.
            passed: whether it may take over.
            evidence: for people.
            beside: calibration that it was compared with; None leaves that open.

        Raises:
            OutrunError: another calibration than that has become the current one meanwhile.
        """
        with transaction(self._engine) as session:
            known_unit(session, serial)
            known_calibration(session, calibration)
            champion = current(session, serial)
            if beside is not None and champion is not None and champion.calibration_id != beside:
                now = champion.calibration_id
                raise OutrunError(f"unit '{serial}': has {now} now; judged beside {beside}; verify again")
            row = VerdictRow(
                serial=serial,
                calibration_id=calibration,
                champion=None if champion is None else champion.calibration_id,
                passed=passed,
                evidence=dict(evidence),
                at_ns=time.time_ns(),
            )
            session.add(row)
            session.flush()
            return row.number

    def promote(
        self, serial: str, calibration: str, *, verdict: int | None = None, why: str = ""
    ) -> Step | None:
        """Make a calibration the unit's current one; None where it is that already.

        Args:
            serial: of the unit.
            calibration: that the registry has, of this unit or of all.
            verdict: that it passed, against what is current now; may be left out for a unit's first only.
            why: in words.

        Raises:
            FleetError: unknown unit, calibration or verdict, one that did not pass, or that was given against
                another champion than is current now.
        """
        with transaction(self._engine) as session:
            known_unit(session, serial)
            whose = known_calibration(session, calibration).serial
            if whose not in (None, serial):
                raise FleetError(f"calibration {calibration}: is of unit '{whose}'; given: '{serial}'")
            now = current(session, serial)
            if now is not None and now.calibration_id == calibration:
                return None
            require_passed(session, serial, calibration, verdict, now)
            return next_step(
                session, now, Step(serial=serial, number=0, calibration=calibration, verdict=verdict, why=why)
            )

    def roll_back(self, serial: str, to: str | None = None, why: str = "") -> Step:
        """Make an earlier calibration of the unit current again.

        Args:
            serial: of the unit.
            to: which; None for the one before.
            why: in words.

        Raises:
            FleetError: it was never promoted for this unit, or there is none before.
        """
        with transaction(self._engine) as session:
            known_unit(session, serial)
            steps = list(session.scalars(steps_of(serial)))
            if not steps:
                raise FleetError(f"unit '{serial}': nothing was promoted yet; nothing to go back to")
            now, earlier = steps[-1], {step.calibration_id for step in steps}
            if to is None:
                to = before(steps)
            if to not in earlier - {now.calibration_id}:
                known = listed(sorted(earlier - {now.calibration_id})) or "none"
                raise FleetError(f"unit '{serial}': {to} was never promoted before; available: {known}")
            return next_step(session, now, Step(serial=serial, number=0, calibration=to, back=True, why=why))

    def history(self, serial: str | None = None) -> list[Step]:
        """Promotions and steps back of a unit, or of all, in the order in which they came."""
        asked = select(PromotionRow).order_by(PromotionRow.at_ns, PromotionRow.serial, PromotionRow.number)
        if serial is not None:
            asked = asked.where(PromotionRow.serial == serial)
        with transaction(self._engine) as session:
            if serial is not None:
                known_unit(session, serial)
            return [step_of(row) for row in session.scalars(asked)]

    def status(self) -> list[Standing]:
        """Of every unit, in one question to the database however many there are."""
        with transaction(self._engine) as session:
            return standings([tuple(row) for row in session.execute(text(STANDINGS))])


def require_fit(session: Session, entry: LogEntry) -> bool:
    """Whether a log is new, or an error where it cannot be of this fleet."""
    known_unit(session, entry.serial)
    ahead = (entry.began_ns - time.time_ns()) / 1e9
    if ahead > AHEAD_S:
        raise FleetError(f"log {entry.log_id}: begins {ahead:.0f} s from now; expected a log of the past")
    found = session.get(LogRow, entry.log_id)
    if found is not None and found.serial != entry.serial:
        raise FleetError(f"log {entry.log_id}: is of unit '{found.serial}' already; given: '{entry.serial}'")
    return found is None


def known_unit(session: Session, serial: str) -> Unit:
    """The unit, or an error that names some."""
    found = session.get(Unit, serial)
    if found is None:
        some = list(session.scalars(select(Unit.serial).order_by(Unit.serial).limit(10)))
        raise FleetError(f"no unit '{serial}' in this fleet; available: {listed(some) or 'none'}")
    return found


def known_calibration(session: Session, calibration: str) -> CalibrationRow:
    """The calibration, or an error."""
    found = session.get(CalibrationRow, calibration)
    if found is None:
        raise FleetError(f"no calibration '{calibration}' in this fleet")
    return found
