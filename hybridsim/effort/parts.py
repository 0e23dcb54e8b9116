"""Which rows of a log are fitted, which select, which are scored once, where logs are divided by time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from hybridsim.effort.kinematics import low_pass
from hybridsim.effort.motion import Motion
from hybridsim.study import SplitRule
from hybridsim.study.split import Side

NAME = re.compile(r"^(?P<log>.+)@(?P<start>\d+(\.\d+)?)-(?P<end>\d+(\.\d+)?)s$")
SLOWEST = 60.0  # rows a second that thinning keeps; chosen, because arms reverse within a few of them


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of a log, or all of it; its motion is the whole log's, so that filters see both sides.

    Attributes:
        log_id: the log's id, or `<log id>@<start>-<end>s`.
        motion: of the whole log.
        rows: those that are meant.
    """

    log_id: str
    motion: Motion
    rows: Bool[np.ndarray, " row"]


def whole(motion: Motion) -> Part:
    """All of a log."""
    return Part(log_id=motion.log_id, motion=motion, rows=np.ones(len(motion.time_s), bool))


def between(motion: Motion, start: float, end: float) -> Part:
    """A stretch of time of a log [s]."""
    rows = (motion.time_s >= start - 1e-9) & (motion.time_s < end - 1e-9)
    return Part(log_id=f"{motion.log_id}@{start:.3f}-{end:.3f}s", motion=motion, rows=rows)


def divided(motion: Motion, rule: SplitRule) -> dict[Side, Part]:
    """A log's parts in time: the last share is the test part, the share before it validates.

    `gap_s` comes off the end of the part before, so that no filter carries one part into the next. The test
    part keeps its whole share.
    """
    end = motion.time_s[-1] + motion.period
    test = end * (1 - rule.test_fraction)
    validation = test * (1 - rule.validation_fraction)
    return {
        "train": between(motion, 0.0, validation - rule.gap_s),
        "validation": between(motion, validation, test - rule.gap_s),
        "test": between(motion, test, end),
    }


def thinned(parts: Sequence[Part], most: int) -> list[Part]:
    """The parts at a lower rate, where together they have more rows than that; never below SLOWEST.

    Filtered first, without a shift, so that nothing folds down; a stretch with a missing effort is bridged
    for the filter and left out again.
    """
    used = sum(int(part.rows.sum()) for part in parts)
    return [_thinned(part, min(-(-used // most), int(1 / (SLOWEST * part.motion.period)))) for part in parts]


def _thinned(part: Part, every: int) -> Part:
    motion = part.motion
    if every <= 1:
        return part
    period = every * motion.period
    known = np.asarray(np.isfinite(motion.effort).all(axis=1))
    bridged = [np.interp(motion.time_s, motion.time_s[known], column[known]) for column in motion.effort.T]

    def slower(values: np.ndarray) -> np.ndarray:
        return low_pass(values, 0.4 / period, motion.period, order=4)[::every]

    effort = slower(np.stack(bridged, 1))
    effort[~known[::every]] = np.nan
    slow = replace(
        motion,
        time_s=motion.time_s[::every],
        period=period,
        position=slower(motion.position),
        velocity=None if motion.velocity is None else slower(motion.velocity),
        effort=effort,
    )
    return Part(log_id=part.log_id, motion=slow, rows=part.rows[::every])


def log_of(part: str) -> str:
    """The id of a part's log."""
    found = NAME.match(part)
    return part if found is None else found["log"]


def scored_part(motion: Motion, parts: Sequence[str]) -> Part:
    """The part of a log that a calibration left to be scored; the whole log where it names none."""
    for part in parts:
        found = NAME.match(part)
        if found is not None and found["log"] == motion.log_id:
            return between(motion, float(found["start"]), float(found["end"]))
    return whole(motion)


def blocks_of(parts: Sequence[Part], count: int) -> list[Int[np.ndarray, " row"]]:
    """The block of every row, -1 outside the parts: logs dealt whole where there are enough of them.

    Else every part is cut into `count` stretches of time.
    """
    found = []
    for n, part in enumerate(parts):
        block = np.full(len(part.rows), -1)
        inside = np.flatnonzero(part.rows & np.isfinite(part.motion.effort).all(axis=1))
        block[inside] = n % count if len(parts) >= count else (np.arange(len(inside)) * count) // len(inside)
        found.append(block)
    return found
