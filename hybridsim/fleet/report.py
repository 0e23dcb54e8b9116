"""What the page of a fleet shows, gathered from its registry and its population."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from hybridsim.calibration import Calibration
from hybridsim.errors import FleetError, HybridSimError, listed
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.health import Story, error_now, error_then, health, urgency
from hybridsim.fleet.outlook import Outlook
from hybridsim.fleet.registry.knowledge import Alarm
from hybridsim.fleet.registry.timeline import Judged
from hybridsim.fleet.spread import spread_of, wanted_of
from hybridsim.progress import NamedProgress
from hybridsim.report.fleet_facts import (
    Change,
    ErrorPoint,
    FleetFacts,
    StepFacts,
    StepMark,
    UnitFacts,
    VerdictFacts,
)

MOST_SHOWN = 12
"""Units whose errors are drawn, unless some are asked for; chosen, because a reader compares no more."""
MINUTE_NS = 60 * 10**9
Spans = dict[str, tuple[int, int]]


def report(
    fleet: Fleet, out: Path, serials: Sequence[str] | None = None, *, progress: NamedProgress | None = None
) -> FleetFacts:
    """Write the page; what it shows.

    Args:
        fleet: any, an empty one too.
        out: file to write.
        serials: units whose errors are drawn over time; None for those that want attention first.
        progress: called as progress(done, total, what).

    Raises:
        FleetError: no such unit.
    """
    from hybridsim.report.fleet_page import write_fleet

    facts = gathered(fleet, serials, progress)
    write_fleet(out, facts)
    return facts


def gathered(
    fleet: Fleet, serials: Sequence[str] | None = None, progress: NamedProgress | None = None
) -> FleetFacts:
    """Everything that the page shows."""
    told = progress or (lambda done, total, what: None)
    told(0, 4, "reading the registry")
    notes: list[str] = []
    common = _common(fleet, notes)
    spans = fleet.registry.timeline.spans()
    told(1, 4, "reading replays")
    stories = stories_of(fleet, None if common is None else common.population.reference, spans)
    units = sorted((_unit(story, spans) for story in stories.values()), key=_urgent)
    told(2, 4, "reading contexts")
    contexts = fleet.registry.knowledge.contexts()
    shared = fleet.registry.timeline.references()
    shared |= {s.standing.calibration for s in stories.values() if s.own is None and s.standing.calibration}
    told(3, 4, f"reading {len(shared)} shared calibrations")
    looked, synthetic = _labels(fleet, sorted(shared), notes)
    return FleetFacts(
        robot=fleet.robot.name,
        folder=str(fleet.folder),
        at_ns=time.time_ns(),
        population=None if common is None else common.population.id,
        units=units,
        shown=_shown(units, serials),
        changes=_changes(units),
        entries=[] if common is None else spread_of(common, contexts),
        wanted=[] if common is None else wanted_of(common, contexts, stories),
        verdicts=_verdicts(stories.values()),
        steps=_steps(stories.values()),
        looked=looked,
        synthetic=synthetic,
        notes=notes,
    )


def stories_of(fleet: Fleet, reference: str | None, spans: Spans) -> dict[str, Story]:
    """By serial, in a handful of questions to the database however many units there are."""
    registry, timeline = fleet.registry, fleet.registry.timeline
    stories = {
        one.serial: Story(
            standing=one,
            own=None if one.calibration is None else spans.get(one.calibration),
            beside=one.calibration or reference,
        )
        for one in registry.status()
    }
    for step in registry.history():
        stories[step.serial].steps.append(step)
    for alarm in registry.knowledge.alarms():
        stories[alarm.serial].alarms.append(alarm)
    for verdict in timeline.verdicts():
        stories[verdict.serial].verdicts.append(verdict)
    for seen in timeline.seen():
        stories[seen.serial].seen.append(seen)
    return stories


def _common(fleet: Fleet, notes: list[str]) -> Outlook | None:
    """What the units have in common; a page is made without where it cannot be read."""
    try:
        return Outlook(fleet) if fleet.registry.knowledge.population() is not None else None
    except HybridSimError as error:
        notes.append(f"what the units have in common cannot be read: {error}")
        return None


def _labels(fleet: Fleet, names: Sequence[str], notes: list[str]) -> tuple[int, int]:
    """Of calibrations: how many can be read, and how many of these are labelled synthetic."""
    looked = synthetic = 0
    for name in names:
        try:
            found = Calibration.load(fleet.artefacts.folder("calibrations", name))
        except HybridSimError as error:
            notes.append(f"calibration {name} cannot be read: {error}")
            continue
        looked, synthetic = looked + 1, synthetic + found.record.synthetic
    return looked, synthetic


def _shown(units: Sequence[UnitFacts], serials: Sequence[str] | None) -> list[UnitFacts]:
    """Those asked for, else those first that want attention and have been replayed."""
    if serials is None:
        return [one for one in units if one.points][:MOST_SHOWN]
    known = {one.serial: one for one in units}
    for serial in serials:
        if serial not in known:
            raise FleetError(f"no unit '{serial}' in this fleet; available: {listed(known, 10)}")
    return [known[serial] for serial in dict.fromkeys(serials)]


def _urgent(one: UnitFacts) -> tuple[int, float, str]:
    return urgency(one.state, one.error_now, one.error_then, one.serial)


def _unit(story: Story, spans: Spans) -> UnitFacts:
    """A unit, its logs counted by their beginnings."""
    standing, (state, why) = story.standing, health(story)
    points = _points(story, spans)
    return UnitFacts(
        serial=standing.serial,
        state=state,
        why=why,
        logs=standing.logs,
        hours=standing.seconds / 3600,
        last_ns=standing.last_ns,
        calibration=standing.calibration,
        error_now=error_now(story),
        error_then=error_then(story),
        error_gate=_gate(points, standing.calibration),
        points=points,
        marks=_marks(story, spans, points),
        changes=[_change(one, standing.calibration) for one in story.alarms],
    )


def _points(story: Story, spans: Spans) -> list[ErrorPoint]:
    """Replays, and what a gate replayed where nothing else did yet."""
    own = [step.calibration for step in story.steps if step.calibration in spans]
    ages = {name: k for k, name in enumerate(dict.fromkeys(own), start=1)}
    began = {one.log_id: one.began_ns for one in story.seen}
    numbers = {log: k for k, log in enumerate(began)}
    points = [
        ErrorPoint(
            began_ns=one.began_ns,
            number=numbers[one.log_id],
            error=one.error,
            age=ages.get(one.calibration, 0),
            calibration=one.calibration,
            log_id=one.log_id,
            odd=one.odd,
        )
        for one in story.seen
    ]
    there = {one.calibration for one in points}
    for verdict in story.verdicts:
        name = verdict.calibration
        if verdict.passed and name in ages and name not in there:
            points += [
                ErrorPoint(
                    began_ns=began[log],
                    number=numbers[log],
                    error=error,
                    age=ages[name],
                    calibration=name,
                    log_id=log,
                    gate=True,
                )
                for log, error in _judged(verdict)
                if log in began
            ]
    return points


def _gate(points: Sequence[ErrorPoint], calibration: str | None) -> float | None:
    """Mean error of a calibration that only its gate has seen."""
    return _mean(one.error for one in points if one.gate and one.calibration == calibration)


def _judged(verdict: Judged) -> list[tuple[str, float]]:
    """Logs with the challenger's errors [rad]."""
    errors = verdict.evidence.get("challenger_error_rad", ())
    return [(log, e) for log, e in zip(verdict.evidence["logs"], errors, strict=True) if e is not None]


def _marks(story: Story, spans: Spans, points: Sequence[ErrorPoint]) -> list[StepMark]:
    """Promotions where the logs end that they come from: a fleet may be fed years of logs in a minute."""
    newest = max((one.began_ns for one in points), default=None)
    marks = []
    for step in story.steps:
        known = step.at_ns if step.back or step.calibration not in spans else spans[step.calibration][1]
        if newest is not None:
            known = min(known, newest)
        marks.append(
            StepMark(
                known_ns=known,
                number=len({one.number for one in points if one.began_ns < known}) - 0.5,
                step=step.number,
                back=step.back,
                calibration=step.calibration,
                at_ns=step.at_ns,
            )
        )
    return marks


def _changes(units: Sequence[UnitFacts]) -> list[Change]:
    """Open ones first, then from new to old."""
    order = lambda one: (not one.open, -one.since_ns // MINUTE_NS, one.serial)  # noqa: E731
    return sorted((change for unit in units for change in unit.changes), key=order)


def _change(alarm: Alarm, current: str | None) -> Change:
    names = ("serial", "family", "place", "since_ns", "likelihoods", "calibration")
    given = {name: getattr(alarm, name) for name in names}
    return Change(rang=alarm.log_id, open=alarm.calibration == current, **given)


def _verdicts(stories: Iterable[Story]) -> list[VerdictFacts]:
    """Refused ones first, then from new to old."""
    found = [_verdict(one) for story in stories for one in story.verdicts]
    return sorted(found, key=lambda one: (one.passed, -one.number))


def _verdict(judged: Judged) -> VerdictFacts:
    said = judged.evidence
    interval, coverage = said.get("change_interval_95"), said.get("coverage_90") or (None, None)
    return VerdictFacts(
        number=judged.number,
        serial=judged.serial,
        at_ns=judged.at_ns,
        passed=judged.passed,
        reasons=[str(one) for one in said.get("against", ())],
        logs=len(said.get("logs", ())),
        champion=_mean(said.get("champion_error_rad", ())),
        challenger=_mean(said.get("challenger_error_rad", ())),
        change=said.get("change_mean"),
        interval=None if interval is None else (interval[0], interval[1]),
        coverage=(coverage[0], coverage[1]),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) / len(known) if known else None


def _steps(stories: Iterable[Story]) -> list[StepFacts]:
    """From new to old."""
    steps = [StepFacts(**vars(step)) for story in stories for step in story.steps]
    return sorted(steps, key=lambda one: (-one.at_ns, one.serial))
