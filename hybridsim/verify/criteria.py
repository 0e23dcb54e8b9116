"""What a scenario has to keep, and what its episodes say about that so far."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from hybridsim.errors import BatteryError
from hybridsim.verify.sequence import mean_interval, share_interval

State = Literal["passed", "failed", "undecided"]
SHARES = ("falls", "failures")
"""Of episodes: that ended early, and those together with what `[episode]` calls a failure."""
Columns = Mapping[str, Float[np.ndarray, " episode"]]


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One limit.

    Attributes:
        most: whether the limit is the largest value, else the smallest.
        measure: what it limits: a share, `return`, or one of the task's measures, with its unit.
        limit: of it.
    """

    most: bool
    measure: str
    limit: float

    @property
    def key(self) -> str:
        """As files have it."""
        return f"{'most' if self.most else 'least'}_{self.measure}"

    def state(self, low: float, high: float) -> State:
        """What an interval says."""
        if self.most:
            return "passed" if high <= self.limit else "failed" if low > self.limit else "undecided"
        return "passed" if low >= self.limit else "failed" if high < self.limit else "undecided"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A criterion after some episodes.

    Attributes:
        criterion: which.
        value: over the episodes; a share, or a mean.
        low: of its interval, which holds at all looks together; -inf where there is none yet.
        high: the same; inf.
        state: what that says.
    """

    criterion: Criterion
    value: float
    low: float
    high: float
    state: State


def slug(measure: str) -> str:
    """A measure's name as a key: `speed_error [m/s]` is `speed_error_m_s`."""
    return re.sub(r"[^a-z0-9]+", "_", measure.lower()).strip("_")


def criteria_of(given: Mapping[str, float], measures: Sequence[str], where: str) -> list[Criterion]:
    """Limits by key, checked against what there is to limit.

    Args:
        given: by `most_` or `least_` and the measure.
        measures: that the task has, as keys.
        where: for errors.

    Raises:
        BatteryError: there is no such measure, or its limit can never be shown.
    """
    known = [*SHARES, "return", *measures]
    found = []
    for key, limit in given.items():
        word, _, measure = key.partition("_")
        if word not in ("most", "least") or measure not in known:
            keys = [f"most_{name}" for name in SHARES]
            keys += [f"{one}_{name}" for name in ("return", *measures) for one in ("most", "least")]
            raise BatteryError(f"{where}: no limit '{key}'; available: {', '.join(keys)}")
        if measure in SHARES and (word == "least" or not 0.0 < limit < 1.0):
            raise BatteryError(
                f"{where}: {key} = {limit:g}; expected most_{measure} above 0 and below 1, which a number of"
                " episodes can show"
            )
        found.append(Criterion(most=word == "most", measure=measure, limit=limit))
    return found


def judged(criterion: Criterion, columns: Columns, confidence: float, planned: int) -> Judged:
    """What the episodes so far say about a criterion.

    Args:
        criterion: which.
        columns: of all episodes, by measure.
        confidence: of the interval, at all looks together.
        planned: most episodes.
    """
    values = columns[criterion.measure]
    if criterion.measure in SHARES:
        interval = share_interval(int(values.sum()), len(values), confidence, criterion.limit)
    else:
        interval = mean_interval(values, confidence, planned)
    value = float(values.mean()) if len(values) else math.nan
    return Judged(
        criterion=criterion, value=value, low=interval[0], high=interval[1], state=criterion.state(*interval)
    )


def together(parts: Sequence[Judged]) -> State:
    """Passed where all have, failed where one has."""
    states = [part.state for part in parts]
    if "failed" in states:
        return "failed"
    return "undecided" if "undecided" in states else "passed"


def failures(columns: Columns, limits: Sequence[Criterion]) -> Float[np.ndarray, " episode"]:
    """1 for episodes that ended early or went beyond a limit of single episodes."""
    failed = columns["falls"] > 0.0
    for one in limits:
        beyond = columns[one.measure] > one.limit if one.most else columns[one.measure] < one.limit
        failed = failed | beyond
    return failed.astype(float)
