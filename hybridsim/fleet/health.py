"""How a unit stands, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

from hybridsim.fleet.registry.entries import Standing, Step
from hybridsim.fleet.registry.knowledge import Alarm
from hybridsim.fleet.registry.timeline import Judged, Seen
from hybridsim.report.fleet_facts import State

STATES: tuple[State, ...] = get_args(State)
NEWEST = 3
"""Logs whose mean is a unit's error; chosen, because one log differs from the next by a third."""


@dataclass(kw_only=True)
class Story:
    """All that the registry has of one unit, but for matrices.

    Attributes:
        standing: as `hybridsim fleet status` has it.
        own: first and last moment of the logs behind its current calibration; None where that is shared.
        beside: calibration that its logs are replayed by now; None without a population.
        steps: promotions and steps back, from old to new.
        alarms: from old to new.
        verdicts: from old to new.
        seen: replays, from old to new.
    """

    standing: Standing
    own: tuple[int, int] | None
    beside: str | None
    steps: list[Step] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    verdicts: list[Judged] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def quiet(self) -> list[Seen]:
        """Replays by the current calibration of logs that something explains."""
        return [one for one in self.seen if one.calibration == self.beside and not one.odd]

    @property
    def alarm(self) -> Alarm | None:
        """That the current calibration has rung."""
        own = [one for one in self.alarms if one.calibration == self.standing.calibration]
        return own[-1] if own else None

    @property
    def newest(self) -> Judged | None:
        """The last verdict, where it was given against what is current now."""
        last = self.verdicts[-1] if self.verdicts else None
        return last if last is not None and last.champion == self.standing.calibration else None


def health(story: Story) -> tuple[State, str]:
    """State and why, the one that wants most attention first."""
    alarm, newest = story.alarm, story.newest
    if newest is not None and not newest.passed:
        return "verdict refused", "; ".join(map(str, newest.evidence.get("against", ())))
    if alarm is not None:
        return "changed and not yet relearned", _since(story, alarm)
    odd = [one for one in story.seen if one.odd and one.calibration == story.beside]
    if odd:
        return "logs set aside", f"{len(odd)} of them: {odd[-1].odd}"
    if story.own is None:
        return "new", _missing(story)
    earlier = [one for one in story.alarms if one.since_ns <= story.own[1]]
    if earlier:
        return "changed and relearned", _what(earlier[-1])
    return "healthy", _back(story.steps)


def error_now(story: Story) -> float | None:
    """Of the newest logs [rad]; None before the first."""
    newest = story.quiet[-NEWEST:]
    return sum(one.error for one in newest) / len(newest) if newest else None


def error_then(story: Story) -> float | None:
    """The same of the logs that judged the current calibration, or of the first ones beside it [rad]."""
    verdicts = {one.number: one for one in story.verdicts}
    verdict = verdicts.get(story.steps[-1].verdict or 0) if story.steps else None
    judges = set() if verdict is None else set(verdict.evidence.get("logs", ()))
    then = [one for one in story.quiet if one.log_id in judges] or story.quiet[:NEWEST]
    return sum(one.error for one in then) / len(then) if then else None


def urgency(state: State, now: float | None, then: float | None, serial: str) -> tuple[int, float, str]:
    """Sorts units, those first that want attention: by state, then by how much their error grew."""
    grown = now / then if now is not None and then else 0.0
    return STATES.index(state), -grown, serial


def _since(story: Story, alarm: Alarm) -> str:
    newest = story.newest
    ready = f"; verdict {newest.number} lets a challenger go on" if newest is not None else ""
    return _what(alarm) + ready + ("; " + back if (back := _back(story.steps)) else "")


def _what(alarm: Alarm) -> str:
    return alarm.family + (f" of {alarm.place}" if alarm.place else "")


def _back(steps: Sequence[Step]) -> str:
    """That somebody stepped back last."""
    if not steps or not steps[-1].back:
        return ""
    return "stepped back" + (f": {steps[-1].why}" if steps[-1].why else "")


def _missing(story: Story) -> str:
    """Why a unit is still new."""
    if story.standing.logs == 0:
        return "no log yet"
    shared = "no calibration yet" if story.standing.calibration is None else "has a shared calibration"
    if story.standing.logs < 2:
        return f"{shared}; one of its own wants a log that teaches and one that judges"
    return f"{shared}; hybridsim fleet watch makes one of its own"
