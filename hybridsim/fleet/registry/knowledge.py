"""What a registry knows of units beyond their logs: populations, contexts, evidence and alarms."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from hybridsim.context.belief import Belief
from hybridsim.context.evidence import Evidence
from hybridsim.fleet.registry.packed import packed, packed_matrix, unpacked, unpacked_matrix
from hybridsim.fleet.registry.tables import (
    AlarmRow,
    ContextRow,
    EvidenceRow,
    LogRow,
    PopulationRow,
    PromotionRow,
    VerdictRow,
)
from hybridsim.fleet.registry.transaction import transaction


@dataclass(frozen=True, kw_only=True)
class Context:
    """What was believed of a unit when a calibration of its own was made.

    Attributes:
        calibration: of the unit's own.
        serial: of the unit.
        population: that it is a context of.
        belief: about it.
        from_ns: beginning of the first log that it comes from.
        to_ns: end of the last one.
    """

    calibration: str
    serial: str
    population: str
    belief: Belief
    from_ns: int
    to_ns: int


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a log says beside a calibration.

    Attributes:
        evidence: of the log.
        odd: why nothing explains it, in words; empty for all others.
        began_ns: of the log.
        held_out: whether the log judges.
    """

    evidence: Evidence
    odd: str
    began_ns: int
    held_out: bool


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A unit no longer does what its calibration says.

    Attributes:
        log_id: of the log that rang it.
        calibration: beside which.
        serial: of the unit.
        since_ns: beginning of the first log after the change.
        family: that most likely changed.
        place: joint or link; empty for all.
        statistic: of the change.
        likelihoods: of every family.
    """

    log_id: str
    calibration: str
    serial: str
    since_ns: int
    family: str
    place: str
    statistic: float
    likelihoods: Mapping[str, float]


class Knowledge:
    """Of a registry's database; who writes second what is there already changes nothing."""

    def __init__(self, engine: Engine) -> None:
        """Of a database that `connect` has opened."""
        self._engine = engine

    def add_population(self, population: str, reference: str) -> None:
        """From now on the newest."""
        with transaction(self._engine) as session:
            last = session.scalar(select(func.max(PopulationRow.at_ns))) or 0
            now = max(time.time_ns(), last + 1)
            found = session.scalars(select(PopulationRow).where(PopulationRow.population_id == population))
            if (row := found.first()) is None:
                session.add(PopulationRow(population_id=population, reference=reference, at_ns=now))
            elif row.at_ns < last:  # learned again after another one
                row.at_ns = now

    def population(self) -> str | None:
        """Id of the newest; None before the first."""
        with transaction(self._engine) as session:
            newest = select(PopulationRow.population_id).order_by(PopulationRow.at_ns.desc()).limit(1)
            return session.scalars(newest).first()

    def references(self) -> dict[str, str]:
        """Calibration that contexts are differences from, of every population by its id."""
        with transaction(self._engine) as session:
            found = session.execute(select(PopulationRow.population_id, PopulationRow.reference))
            return {row[0]: row[1] for row in found}

    def add_context(self, context: Context) -> None:
        """What a calibration of a unit's own comes from."""
        with transaction(self._engine) as session:
            if session.get(ContextRow, context.calibration) is not None:
                return
            session.add(
                ContextRow(
                    calibration_id=context.calibration,
                    serial=context.serial,
                    population_id=context.population,
                    mean=packed(context.belief.mean),
                    covariance=packed_matrix(context.belief.covariance),
                    from_ns=context.from_ns,
                    to_ns=context.to_ns,
                    at_ns=time.time_ns(),
                )
            )

    def context(self, calibration: str) -> Context | None:
        """Of a calibration; None where it is no unit's own."""
        with transaction(self._engine) as session:
            row = session.get(ContextRow, calibration)
            return None if row is None else _context(row)

    def newest(self, serial: str) -> Context | None:
        """The one that a unit's newest calibration of its own comes from."""
        asked = select(ContextRow).where(ContextRow.serial == serial)
        asked = asked.order_by(ContextRow.at_ns.desc(), ContextRow.calibration_id).limit(1)
        with transaction(self._engine) as session:
            row = session.scalars(asked).first()
            return None if row is None else _context(row)

    def contexts(self, serials: Sequence[str] | None = None) -> dict[str, Context]:
        """Of all units whose current calibration is their own, or of a few."""
        last = select(PromotionRow.serial, func.max(PromotionRow.number).label("number"))
        newest = last.group_by(PromotionRow.serial)
        if serials is not None:
            newest = newest.where(PromotionRow.serial.in_(serials))
        now = newest.subquery()
        asked = (
            select(ContextRow)
            .join(PromotionRow, PromotionRow.calibration_id == ContextRow.calibration_id)
            .join(now, (PromotionRow.serial == now.c.serial) & (PromotionRow.number == now.c.number))
            .where(PromotionRow.serial == ContextRow.serial)
        )
        with transaction(self._engine) as session:
            return {row.serial: _context(row) for row in session.scalars(asked)}

    def add_evidence(self, serial: str, calibration: str, evidence: Evidence, odd: str = "") -> None:
        """Of one log."""
        with transaction(self._engine) as session:
            if session.get(EvidenceRow, (evidence.log_id, calibration)) is not None:
                return
            session.add(
                EvidenceRow(
                    log_id=evidence.log_id,
                    calibration_id=calibration,
                    serial=serial,
                    pull=packed(evidence.pull),
                    information=packed_matrix(evidence.information),
                    misfit=evidence.misfit,
                    error=float(evidence.error.mean()),
                    odd=odd,
                    at_ns=time.time_ns(),
                )
            )

    def evidence(self, serial: str, calibration: str) -> list[Said]:
        """Of a unit's logs beside a calibration, from old to new."""
        asked = (
            select(EvidenceRow, LogRow.began_ns, LogRow.held_out)
            .join(LogRow, LogRow.log_id == EvidenceRow.log_id)
            .where(EvidenceRow.serial == serial, EvidenceRow.calibration_id == calibration)
            .order_by(LogRow.began_ns, LogRow.log_id)
        )
        with transaction(self._engine) as session:
            return [_said(*row) for row in session.execute(asked)]

    def odd(self, serial: str) -> set[str]:
        """Logs of a unit that nothing explained beside any of its calibrations."""
        asked = select(EvidenceRow.log_id).where(EvidenceRow.serial == serial, EvidenceRow.odd != "")
        with transaction(self._engine) as session:
            return set(session.scalars(asked))

    def add_alarm(self, alarm: Alarm) -> bool:
        """Whether it is new; a calibration rings once."""
        with transaction(self._engine) as session:
            if _alarm_of(session, alarm.serial, alarm.calibration) is not None:
                return False
            names = ("log_id", "serial", "since_ns", "family", "place", "statistic")
            session.add(
                AlarmRow(
                    calibration_id=alarm.calibration,
                    likelihoods=dict(alarm.likelihoods),
                    at_ns=time.time_ns(),
                    **{name: getattr(alarm, name) for name in names},
                )
            )
        return True

    def alarm(self, serial: str, calibration: str) -> Alarm | None:
        """That a unit's calibration has rung."""
        with transaction(self._engine) as session:
            row = _alarm_of(session, serial, calibration)
            return None if row is None else _alarm(row)

    def alarms(self) -> list[Alarm]:
        """All that ever rang, from old to new."""
        with transaction(self._engine) as session:
            return [_alarm(row) for row in session.scalars(select(AlarmRow).order_by(AlarmRow.at_ns))]

    def verdict(self, serial: str, calibration: str, champion: str | None) -> tuple[int, bool, Any] | None:
        """Number, whether it passed, and evidence of the last verdict on a calibration against a champion."""
        asked = (
            select(VerdictRow)
            .where(VerdictRow.serial == serial, VerdictRow.calibration_id == calibration)
            .where(VerdictRow.champion == champion if champion else VerdictRow.champion.is_(None))
            .order_by(VerdictRow.number.desc())
            .limit(1)
        )
        with transaction(self._engine) as session:
            row = session.scalars(asked).first()
            return None if row is None else (row.number, row.passed, row.evidence)


def quiet(said: Sequence[Said]) -> list[Said]:
    """Without those that nothing explains."""
    return [one for one in said if not one.odd]


def _alarm_of(session: Session, serial: str, calibration: str) -> AlarmRow | None:
    asked = select(AlarmRow).where(AlarmRow.serial == serial, AlarmRow.calibration_id == calibration)
    return session.scalars(asked).first()


def _alarm(row: AlarmRow) -> Alarm:
    names = ("log_id", "serial", "since_ns", "family", "place", "statistic", "likelihoods")
    return Alarm(calibration=row.calibration_id, **{name: getattr(row, name) for name in names})


def _context(row: ContextRow) -> Context:
    precision = np.linalg.inv(unpacked_matrix(row.covariance))
    return Context(
        calibration=row.calibration_id,
        serial=row.serial,
        population=row.population_id,
        belief=Belief(mean=unpacked(row.mean), precision=precision),
        from_ns=row.from_ns,
        to_ns=row.to_ns,
    )


def _said(row: EvidenceRow, began_ns: int, held_out: bool) -> Said:
    evidence = Evidence(
        log_id=row.log_id,
        pull=unpacked(row.pull),
        information=unpacked_matrix(row.information),
        misfit=row.misfit,
        error=np.array([row.error]),
    )
    return Said(evidence=evidence, odd=row.odd, began_ns=began_ns, held_out=held_out)
