"""What the page of a fleet is made from: plain numbers and words, gathered by whoever has the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float

State = Literal[
    "verdict refused",
    "changed and not yet relearned",
    "logs set aside",
    "new",
    "changed and relearned",
    "healthy",
]


@dataclass(frozen=True, kw_only=True)
class ErrorPoint:
    """A log's replay by one of its unit's calibrations.

    Attributes:
        began_ns: of the log [ns since 1970].
        number: of the log among the unit's, from 0, where stamps say no date.
        error: mean absolute [rad].
        age: of the calibration: 0 before one of the unit's own, then 1 for the first promoted, and so on.
        calibration: its id.
        log_id: of the log.
        odd: why nothing explains the log; empty for all others.
        gate: whether a gate replayed it, the hybrid with its networks, where nothing else did yet.
    """

    began_ns: int
    number: int
    error: float
    age: int
    calibration: str
    log_id: str
    odd: str = ""
    gate: bool = False


@dataclass(frozen=True, kw_only=True)
class StepMark:
    """A promotion or a step back on the axis of a unit's logs.

    Attributes:
        known_ns: end of the newest log that the calibration comes from; of the step itself for steps back.
        number: of the first log after it.
        step: of the unit's history, from 1.
        back: whether it was a step back.
        calibration: from then on.
        at_ns: when it was done.
    """

    known_ns: int
    number: float
    step: int
    back: bool
    calibration: str
    at_ns: int


@dataclass(frozen=True, kw_only=True)
class Change:
    """A unit that no longer did what its calibration said.

    Attributes:
        serial: of the unit.
        family: that most likely changed.
        place: joint or link; empty for all.
        since_ns: first log after the change.
        rang: its newest log then.
        calibration: beside which it rang.
        likelihoods: of every family, adding up to 1.
        open: whether that calibration is still the unit's.
    """

    serial: str
    family: str
    place: str
    since_ns: int
    rang: str
    calibration: str
    likelihoods: Mapping[str, float]
    open: bool


@dataclass(frozen=True, kw_only=True)
class UnitFacts:
    """A unit.

    Attributes:
        serial: of the unit.
        state: how it stands.
        why: in words, where the state alone does not say it.
        logs: how many.
        hours: of all of them.
        last_ns: end of the newest; None without logs.
        calibration: current; None without.
        error_now: mean of the newest logs beside it [rad]; None before the first.
        error_then: the same of the logs that judged it, or of the first beside it [rad].
        error_gate: what the gate found that let it in, where nothing else was replayed by it yet [rad].
        points: replays, from old to new.
        marks: promotions and steps back.
        changes: alarms, from old to new.
    """

    serial: str
    state: State
    why: str
    logs: int
    hours: float
    last_ns: int | None
    calibration: str | None
    error_now: float | None
    error_then: float | None
    error_gate: float | None
    points: Sequence[ErrorPoint]
    marks: Sequence[StepMark]
    changes: Sequence[Change]


@dataclass(frozen=True, kw_only=True)
class EntrySpread:
    """Where the units lie in one entry of their contexts, in the parameter's unit.

    Attributes:
        name: of the parameter.
        unit: its unit.
        mean: the population's.
        deviation: standard deviation between units.
        low, high: bounds that it stays within.
        values: of every unit that has a context of its own.
    """

    name: str
    unit: str
    mean: float
    deviation: float
    low: float
    high: float
    values: Float[np.ndarray, " unit"]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A unit that more logs would tell something about.

    Attributes:
        serial: of the unit.
        log_det: of its belief's covariance, in units of typical changes.
        typical: deviation of which every entry would give the same [typical changes].
        why: in words.
        worst: entries known worst: name, standard deviation, its unit, and over the typical change.
        others: units of which the same is known, nothing of their own.
    """

    serial: str
    log_det: float
    typical: float
    why: str
    worst: Sequence[tuple[str, float, str, float]]
    others: int = 0


@dataclass(frozen=True, kw_only=True)
class VerdictFacts:
    """What a gate said; errors are means over the logs that judged.

    Attributes:
        number: of the verdict.
        serial: for which unit.
        at_ns: when.
        passed: whether the challenger may take over.
        reasons: against it.
        logs: that judged.
        champion: its error [rad]; None where nothing was replayed.
        challenger: its error [rad].
        change: mean relative change of the error.
        interval: 95 % of it.
        coverage: share of samples in the 90 % intervals, champion's and challenger's.
    """

    number: int
    serial: str
    at_ns: int
    passed: bool
    reasons: Sequence[str]
    logs: int
    champion: float | None
    challenger: float | None
    change: float | None
    interval: tuple[float, float] | None
    coverage: tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """A line of the history.

    Attributes:
        serial: of the unit.
        number: of its step.
        calibration: from then on.
        verdict: that let it; None without.
        back: whether it was a step back.
        why: in words.
        at_ns: when.
    """

    serial: str
    number: int
    calibration: str
    verdict: int | None
    back: bool
    why: str
    at_ns: int


@dataclass(frozen=True, kw_only=True)
class FleetFacts:
    """All of it.

    Attributes:
        robot: that all units are.
        folder: of the fleet, for commands.
        at_ns: when it was asked.
        population: id of what is known of the units in common; None before the first.
        units: those first that want attention.
        shown: whose errors are drawn over time.
        changes: open ones first, then from new to old.
        entries: of the contexts; none without a population.
        wanted: those first of which least is known.
        verdicts: refused ones first, then from new to old.
        steps: from new to old.
        looked, synthetic: shared calibrations that were read, and how many are labelled synthetic.
        notes: what could not be read.
    """

    robot: str
    folder: str
    at_ns: int
    population: str | None
    units: Sequence[UnitFacts]
    shown: Sequence[UnitFacts]
    changes: Sequence[Change]
    entries: Sequence[EntrySpread]
    wanted: Sequence[Wanted]
    verdicts: Sequence[VerdictFacts]
    steps: Sequence[StepFacts]
    looked: int
    synthetic: int
    notes: Sequence[str] = field(default=())
