"""Which calibration is a unit's current one, and which may become it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hybridsim.errors import FleetError
from hybridsim.fleet.registry.entries import Step
from hybridsim.fleet.registry.tables import PromotionRow, VerdictRow


def current(session: Session, serial: str) -> PromotionRow | None:
    """What was promoted last for a unit."""
    asked = select(PromotionRow).where(PromotionRow.serial == serial)
    return session.scalars(asked.order_by(PromotionRow.number.desc()).limit(1)).first()


def require_passed(
    session: Session, serial: str, calibration: str, number: int | None, now: PromotionRow | None
) -> None:
    """Refuse a promotion that no gate let through."""
    if number is None:
        if now is not None:
            raise FleetError(f"unit '{serial}': has {now.calibration_id}; expected a verdict that lets it go")
        return
    found = session.get(VerdictRow, number)
    if found is None or (found.serial, found.calibration_id) != (serial, calibration):
        raise FleetError(f"verdict {number}: is not of calibration {calibration} for unit '{serial}'")
    if not found.passed:
        raise FleetError(f"verdict {number}: calibration {calibration} did not pass for unit '{serial}'")
    if found.champion != (None if now is None else now.calibration_id):
        raise FleetError(
            f"verdict {number}: was given against {found.champion}; unit '{serial}' has"
            f" {None if now is None else now.calibration_id} now; verify again"
        )


def steps_of(serial: str) -> Any:
    """A unit's promotions and steps back, from first to last."""
    return select(PromotionRow).where(PromotionRow.serial == serial).order_by(PromotionRow.number)


def before(steps: Sequence[PromotionRow]) -> str:
    """What was current before the last promotion that still stands; steps back undo one each."""
    stack: list[str] = []
    for step in steps:
        if step.back and step.calibration_id in stack:
            while stack[-1] != step.calibration_id:
                stack.pop()
        else:
            stack.append(step.calibration_id)
    if len(stack) < 2:
        raise FleetError(f"unit '{steps[0].serial}': nothing was promoted before {steps[-1].calibration_id}")
    return stack[-2]


def next_step(session: Session, now: PromotionRow | None, step: Step) -> Step:
    """Write the unit's next step; a writer that was first makes this one fail, not double."""
    row = PromotionRow(
        serial=step.serial,
        number=1 if now is None else now.number + 1,
        calibration_id=step.calibration,
        verdict=step.verdict,
        back=step.back,
        why=step.why,
        at_ns=time.time_ns(),
    )
    session.add(row)
    session.flush()
    return step_of(row)


def step_of(row: PromotionRow) -> Step:
    """As others see it."""
    return Step(
        serial=row.serial,
        number=row.number,
        calibration=row.calibration_id,
        verdict=row.verdict,
        back=row.back,
        why=row.why,
        at_ns=row.at_ns,
    )
