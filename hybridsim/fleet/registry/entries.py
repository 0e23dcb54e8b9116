"""What a registry takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

FIRST_DATE_NS = 946_684_800 * 10**9
"""2000-01-01; stamps before it count from the start of something, and say no date."""


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """A log as the registry knows it.

    Attributes:
        log_id: of its content.
        serial: whose.
        began_ns: first stamp [ns since 1970]; see `dated`.
        ended_ns: last stamp, the same way.
        session: that it was recorded in.
        held_out: whether it judges and never teaches; decided when it comes in.
        payload: constants of what the unit carried, by their names [kg, m]; empty for a robot that carries
            nothing, None where nobody knows.
        site: where it was; None where the log does not say.
    """

    log_id: str
    serial: str
    began_ns: int
    ended_ns: int
    session: str
    held_out: bool = False
    payload: Mapping[str, float] | None = None
    site: str | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a unit stands.

    Attributes:
        serial: of the unit.
        logs: how many.
        seconds: of all of them [s].
        last_ns: end of the newest one; None without logs.
        calibration: current; None where nothing was promoted yet.
        since_ns: when it was promoted.
        alarms: open ones, those of the current calibration.
    """

    serial: str
    logs: int
    seconds: float
    last_ns: int | None
    calibration: str | None
    since_ns: int | None
    alarms: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One promotion or step back.

    Attributes:
        serial: of the unit.
        number: counts the unit's steps from 1.
        calibration: from then on.
        verdict: of the gate; None for a first calibration and for steps back.
        back: whether it was a step back.
        why: in words.
        at_ns: when.
    """

    serial: str
    number: int
    calibration: str
    verdict: int | None = None
    back: bool = False
    why: str = ""
    at_ns: int = field(default=0)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a unit carried and where it was, from a log on.

    Attributes:
        serial: of the unit.
        since_ns: beginning of that log.
        log_id: of it.
        payload: as in `LogEntry`.
        site: the same.
    """

    serial: str
    since_ns: int
    log_id: str
    payload: Mapping[str, float] | None
    site: str | None

    def then(self, log: Setting) -> Setting:
        """After another log, which may not say all of it; the same one where nothing has changed."""
        payload = self.payload if log.payload is None else log.payload
        site = self.site if log.site is None else log.site
        if (payload, site) == (self.payload, self.site):
            return self
        return replace(log, payload=payload, site=site)


def dated(stamp_ns: int) -> bool:
    """Whether a stamp says a date."""
    return stamp_ns >= FIRST_DATE_NS
