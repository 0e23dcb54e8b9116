"""Which logs are fitted, which select, which are scored once: by whole groups, the same for the same logs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from hybridsim.errors import StudyError, listed
from hybridsim.study.model import Study
from hybridsim.study.sections import SplitRule

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")
COPIES = "group"  # label of logs that are copies of one recording


class LogLike(Protocol):
    """What a split looks at; `hybridsim.log.Log` has it."""

    @property
    def log_id(self) -> str:
        """Derived from the content."""
        ...

    @property
    def name(self) -> str:
        """The source's own name."""
        ...

    @property
    def session(self) -> str | None:
        """Recordings made without a change of set-up share one."""
        ...

    @property
    def serial(self) -> str:
        """The individual."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Words that hold for the whole log; `group` marks copies of one recording."""
        ...


@dataclass(frozen=True, kw_only=True)
class Split:
    """Ids of the logs of each side, sorted."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def side(self, log_id: str) -> Side:
        """Where a log went."""
        for side in SIDES:
            if log_id in getattr(self, side):
                return side
        known = self.train + self.validation + self.test
        raise StudyError(f"split: no log '{log_id}'; available: {listed(known)}")


def split_logs(study: Study, logs: Sequence[LogLike]) -> Split:
    """Divide logs as the study says, whatever order they come in; a log that comes twice counts once.

    Groups are drawn in the order of the hash of seed and group name, so that a new log moves few others.

    Raises:
        StudyError: too few groups, a named log that is not there, one group named for two sides, copies of
            one recording on two sides, or a log without what the study splits by.
    """
    groups = groups_of(study, logs)
    sides = _named(study, logs, groups)
    sides |= _drawn(study, sides, groups)
    ids: dict[str, list[str]] = {side: [] for side in SIDES}
    for group, members in groups.items():
        ids[sides.get(group, "train")] += members
    split = Split(**{side: tuple(sorted(members)) for side, members in ids.items()})
    _check_copies(study, logs, split)
    return split


def groups_of(study: Study, logs: Sequence[LogLike]) -> dict[str, set[str]]:
    """Ids of the logs that stay together, by the group's name.

    Where a study splits by several things, two logs are together that share one of them, and so is whatever
    shares one with either: the connected components.

    Raises:
        StudyError: a log without what the study splits by.
    """
    keys = study.split.keys
    assert keys != ("time",), "logs divided by time are not drawn"
    together: dict[str, set[str]] = {}
    for log in logs:
        for key in keys:
            word = _shared(study, key, log)
            together.setdefault(word if len(keys) == 1 else f"{key} {word}", set()).add(log.log_id)
    return together if len(keys) == 1 else _joined(together)


def _joined(together: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Sets that meet as one, under the first of their names."""
    groups: dict[str, set[str]] = {}
    owner: dict[str, str] = {}
    for word, members in sorted(together.items()):
        meeting = {owner[log_id] for log_id in members if log_id in owner}
        name = min(meeting, default=word)
        groups[name] = members.union(*(groups.pop(other) for other in meeting))
        owner |= dict.fromkeys(groups[name], name)
    return groups


def _shared(study: Study, key: str, log: LogLike) -> str:
    """What a log shares with others of its group."""
    if key == "log":
        return log.log_id
    if key == "serial":
        return log.serial
    value = log.session if key == "session" else log.labels.get(key)
    if value is None:
        raise StudyError(
            f"{study.where}: split.by is '{key}', but log {log.name} has no {key}; use by = 'log', "
            f"or one of its labels: {listed(log.labels)}"
        )
    return f"{log.serial}/{value}"  # two individuals may both have a session called 1


def _check_copies(study: Study, logs: Sequence[LogLike], split: Split) -> None:
    """Refuse a split that fits one copy of a recording and scores another: label `group` marks copies."""
    first: dict[str, LogLike] = {}
    side_of = {log_id: side for side in SIDES for log_id in getattr(split, side)}
    for log in logs:
        if COPIES in log.labels:
            other = first.setdefault(f"{log.serial}/{log.labels[COPIES]}", log)
            sides = side_of[other.log_id], side_of[log.log_id]
            if sides[0] != sides[1]:
                raise StudyError(
                    f"{study.where}: split.by is {_said(study.split)}, which puts copies of one recording on "
                    f"different sides: of {COPIES} {log.labels[COPIES]}, {other.name} is in {sides[0]} and "
                    f"{log.name} in {sides[1]}; expected by = '{COPIES}', or a list with it"
                )


def _said(rule: SplitRule) -> str:
    return " and ".join(f"'{key}'" for key in rule.keys)


def _named(study: Study, logs: Sequence[LogLike], groups: Mapping[str, set[str]]) -> dict[str, Side]:
    """Sides of the groups whose logs the study names."""
    named: dict[str, Side] = {}
    for side in SIDES[1:]:
        for wanted in getattr(study.split, side):
            ids = {log.log_id for log in logs if wanted in (log.log_id, log.name)}
            if not ids:
                names = listed(log.name for log in logs)
                raise StudyError(f"{study.where}: split.{side}: no log '{wanted}'; available: {names}")
            for group in (name for name, members in groups.items() if members & ids):
                if named.setdefault(group, side) != side:
                    raise StudyError(
                        f"{study.where}: split.{side}: '{wanted}' is in a group that split.{named[group]} "
                        f"names too ({group}); expected one side for a group"
                    )
    return named


def _drawn(study: Study, named: Mapping[str, Side], groups: Mapping[str, set[str]]) -> dict[str, Side]:
    """Sides of the groups that are drawn for test and validation, at least one each and one left to fit."""
    rule = study.split
    free = sorted(set(groups) - set(named), key=lambda name: _rank(rule.seed, name))
    fractions = _fractions(rule)
    if len(free) <= len(fractions):
        raise StudyError(
            f"{study.where}: {len(groups)} groups of logs (split by {' and '.join(rule.keys)}), "
            f"{len(named)} of them named for validation or test; expected {len(fractions) + 1} others, "
            "one of them to fit; give more logs"
        )
    drawn: dict[str, Side] = {}
    for later, (side, fraction) in zip(range(len(fractions))[::-1], fractions.items(), strict=True):
        count = min(max(1, math.floor(fraction * len(groups) + 0.5)), len(free) - 1 - later)
        drawn |= dict.fromkeys(free[:count], side)
        free = free[count:]
    return drawn


def _fractions(rule: SplitRule) -> dict[Side, float]:
    """Shares of the sides that are drawn because no log is named for them."""
    fractions: dict[Side, float] = {}
    if rule.test_fraction > 0 and not rule.test:
        fractions["test"] = rule.test_fraction
    if not rule.validation:
        fractions["validation"] = rule.validation_fraction
    return fractions


def _rank(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
