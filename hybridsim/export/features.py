"""What a LeRobot dataset is made of: which signals form which feature, and which logs can give them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hybridsim.errors import LogError, listed
from hybridsim.export.chosen import Chosen
from hybridsim.export.outcome import Refused
from hybridsim.export.resample import Method, method_of
from hybridsim.log import LogHeader, SignalHeader

STATES = (("joint_position", "gripper_opening"), ("base_position", "base_orientation"))
ACTIONS = (
    ("joint_position_command", "gripper_opening_command"),
    ("joint_velocity_command",),
    ("joint_effort_command",),
)
COVERED = 0.9
"""A signal that spans less of the state and action than this in some log is left out, rather than cutting all
features short; chosen, because a slow sensor misses less."""


@dataclass(frozen=True)
class Part:
    """A signal inside a feature."""

    signal: str
    unit: str
    components: tuple[str, ...]

    @property
    def method(self) -> Method:
        """How it gets onto the common clock."""
        return method_of(self.signal, len(self.components))


@dataclass(frozen=True)
class Feature:
    """A column of the dataset: the components of one signal, or of several one after the other."""

    key: str
    parts: tuple[Part, ...]

    @property
    def names(self) -> list[str]:
        """One a component, each of them once."""
        pairs = [(part.signal, name) for part in self.parts for name in part.components]
        words = [name for _, name in pairs]
        return [name if words.count(name) == 1 else f"{signal}.{name}" for signal, name in pairs]


@dataclass(frozen=True)
class Plan:
    """Features that every episode has, the logs that give them, and what is left out.

    Attributes:
        features: the columns, apart from LeRobot's own.
        logs: one an episode.
        refused: logs that cannot give them.
        notes: what is no feature, and why.
    """

    features: tuple[Feature, ...]
    logs: tuple[Chosen, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]

    @property
    def parts(self) -> list[Part]:
        """Every signal of every feature."""
        return [part for feature in self.features for part in feature.parts]

    @property
    def clock_signal(self) -> str:
        """The signal whose rate the dataset takes when nobody asks for another: the first measured one."""
        return next((part.signal for part in self.parts if part.method != "hold"), self.parts[0].signal)

    def native_rate_hz(self, signal: str) -> float:
        """Rate of a signal, the median over the logs; 0 where no log has two samples [Hz]."""
        rates = [log.header.signals[signal].rate_hz or 0.0 for log in self.logs]
        return float(np.median(rates))


def plan(logs: Sequence[Chosen]) -> Plan:
    """Choose features that all episodes share.

    The state is the joint positions (and gripper openings), the action their commands, as far as most logs
    have them. A log that lacks one of these is refused; any other signal that some log lacks is left out.

    Raises:
        LogError: logs of several robots.
    """
    robots = {log.header.robot for log in logs}
    if len(robots) > 1:
        raise LogError(f"export to lerobot: logs of {len(robots)} robots ({listed(robots)}); expected one")
    there = {name for log in logs for name, signal in log.header.signals.items() if signal.rows}
    state, action = _state_and_action(logs)
    core = [*state, *action] or sorted(there)[:1]
    usable, refused = _with(logs, core)
    if not usable:
        return Plan((), (), tuple(refused), ())
    notes = (
        [] if state else [f"no observation.state: most logs lack {' and '.join(one[0] for one in STATES)}"]
    )
    notes += [] if action else [f"no action: most logs lack {' and '.join(one[0] for one in ACTIONS)}"]
    chosen = {"observation.state": state, "action": action}
    for name in sorted(there - {*state, *action}):
        if reason := _left_out(name, usable, core):
            notes.append(f"{name} is left out: {reason}")
        else:
            chosen[_key(name)] = [name]
    first = usable[0].header
    features = [Feature(key, _parts(names, first)) for key, names in chosen.items() if names]
    return Plan(tuple(features), tuple(usable), tuple(refused), tuple(notes))


def span(header: LogHeader, names: Iterable[str]) -> tuple[int, int]:
    """First and last stamp between which all these signals have values; the last command is held [ns].

    The end lies before the start where they do not meet.
    """
    signals = {name: header.signals[name] for name in names}
    starts = [signal.start_ns for signal in signals.values() if signal.start_ns is not None]
    held = {name: signal for name, signal in signals.items() if _needed(name, signal) == 1}
    measured = [signal for name, signal in signals.items() if name not in held] or list(held.values())
    ends = [signal.end_ns for signal in measured if signal.end_ns is not None]
    return max(starts), min(ends)


def _state_and_action(logs: Sequence[Chosen]) -> tuple[list[str], list[str]]:
    """The signals that most logs offer for both; of equally many, the more signals."""
    offers: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
    for log in logs:
        signals = log.header.signals
        there = {name for name, signal in signals.items() if signal.rows >= _needed(name, signal)}
        offers[tuple(_first(STATES, there)), tuple(_first(ACTIONS, there))] += 1
    state, action = max(offers, key=lambda offer: (offers[offer], len(offer[0]) + len(offer[1])))
    return list(state), list(action)


def _first(candidates: Iterable[tuple[str, ...]], there: set[str]) -> list[str]:
    """Those signals of the first candidate that are there."""
    return next((found for names in candidates if (found := [n for n in names if n in there])), [])


def _key(name: str) -> str:
    """A feature's name: what starts with neither observation nor action is no input of a policy."""
    return f"command.{name}" if name.partition(".")[0].endswith("_command") else f"observation.{name}"


def _parts(names: Iterable[str], header: LogHeader) -> tuple[Part, ...]:
    return tuple(Part(name, header.signals[name].unit, header.signals[name].components) for name in names)


def _with(logs: Sequence[Chosen], names: Sequence[str]) -> tuple[list[Chosen], list[Refused]]:
    """The logs that can give all these signals, with the components of the first that can."""
    usable: list[Chosen] = []
    refused = []
    for log in logs:
        model = usable[0].header if usable else log.header
        reason = next((why for name in names if (why := _lack(name, log.header, model))), None)
        if reason is None:
            start, end = span(log.header, names)
            reason = None if start <= end else f"{', '.join(names)} are never there at the same time"
        if reason is None:
            usable.append(log)
        else:
            refused.append(Refused(log.name, reason))
    return usable, refused


def _needed(name: str, signal: SignalHeader) -> int:
    return 1 if method_of(name, len(signal.components)) == "hold" else 2


def _lack(name: str, header: LogHeader, model: LogHeader) -> str | None:
    """Why a log cannot give a signal as another log gives it."""
    signal, other = header.signals.get(name), model.signals.get(name)
    if signal is None or other is None:
        return f"it has no {name}"
    if signal.rows < _needed(name, signal):
        return f"it has {signal.rows} samples of {name}; expected at least {_needed(name, signal)}"
    if set(signal.components) != set(other.components):
        return (
            f"its {name} is of {', '.join(signal.components)}; expected {', '.join(other.components)}, "
            "as in the first log"
        )
    return None


def _left_out(name: str, logs: Sequence[Chosen], core: Sequence[str]) -> str | None:
    """Why a signal cannot be a feature of every episode."""
    for log in logs:
        reason = _lack(name, log.header, logs[0].header)
        if reason is None:
            start, end = span(log.header, core)
            first, last = span(log.header, [*core, name])
            lasts = max(end - start, 1)
            if last - first < COVERED * (end - start) or last < first:
                reason = f"it spans {max(last - first, 0) / lasts:.0%} of the state and action"
        if reason is not None:
            return f"{log.name}: {reason}"
    return None
