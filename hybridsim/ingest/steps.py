"""Where one of two clocks was set anew within a topic, told from messages that are late or misplaced."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Int64

from hybridsim.ingest.clocks import FEW_ROWS

# ntpd slews what is below 128 ms and steps what is above (ntpd manual, option -x); chosen a little lower.
STEP_NS = 100_000_000
STEP_OVER_USUAL = 10  # a step is at least this many usual changes of the distance between stamps; chosen
DRIFT = 100  # one part in so many is no step during a pause; chosen, quartz keeps 10,000
REACH_NS = 10_000_000_000  # beside a step; chosen: a queue drains meanwhile, a clock drifts by 1 ms at most
CLOSE_ROWS = 2 * FEW_ROWS + 1  # jumps so near to each other are one event; misplaced stamps come in few
MAX_EVENTS = 1000  # the first ones are looked at; chosen
BLOCK = 1 << 18
SAMPLE = 100_000

Rows = Int64[np.ndarray, "_"]
Stamps = Int64[np.ndarray, " row"]


@dataclass(frozen=True, kw_only=True)
class ClockStep:
    """A clock that jumped and stayed.

    Attributes:
        row: first message after it, counted from 0.
        receive_ns: recorder's stamp of that message.
        whose: the clock whose interval between the two messages is odd. The recorder's may also be a queue
            on the way that filled for good.
        size_ns: by how much that clock jumped; negative when it was set back. As sure as messages are prompt.
        moved_ns: what stamps from here on were moved by, earlier steps included.
    """

    row: int
    receive_ns: int
    whose: Literal["sender", "recorder"]
    size_ns: int
    moved_ns: int = 0


@dataclass(frozen=True)
class Jumps:
    """What was found where the distance between two stamps jumps: lasting steps, and misplaced rows."""

    steps: tuple[ClockStep, ...] = ()
    misplaced: tuple[int, ...] = ()


def find_jumps(header_ns: Stamps, receive_ns: Stamps, late_ns: Stamps) -> Jumps:
    """Steps of either of two clocks that run at the same rate.

    A step changes how late messages are, at once and for good: the lower quarter over `REACH_NS` after it is
    another than that before. A late message, a queue that drains, or a few misplaced stamps do not change it.

    Args:
        header_ns: the sender's stamps, in order of the file.
        receive_ns: the recorder's.
        late_ns: the recorder's minus the sender's.
    """
    if len(header_ns) < 2 * FEW_ROWS:
        return Jumps()
    some = np.arange(1, len(late_ns), 1 + len(late_ns) // SAMPLE)
    usual_ns = int(np.median(np.abs(late_ns[some] - late_ns[some - 1]).astype(float)))
    limit_ns = min(max(STEP_NS, STEP_OVER_USUAL * usual_ns), 2**61)
    events = _events(_jumping(receive_ns, late_ns, limit_ns))
    if not events:
        return Jumps()
    interval_ns = int(np.median((receive_ns[some] - receive_ns[some - 1]).astype(float)))
    topic = _Topic(header_ns, receive_ns, late_ns, limit_ns, interval_ns)
    rows = {topic.split(event): event for event in events}
    lasting = topic.lasting(topic.lasting(list(rows), apart=False), apart=True)
    steps = tuple(topic.step(row, change, rows[row]) for row, change in lasting.items())
    passing = [event for row, event in rows.items() if row not in lasting]
    return Jumps(steps, tuple(row for event in passing for row in topic.misplaced(event)))


def find_restarts(header_ns: Stamps, receive_ns: Stamps) -> Jumps:
    """Where a simulated clock starts again: it runs backward and stays there.

    Nothing tells how long the restart took; the first message after it is taken for one interval later.
    """
    steps = []
    intervals = np.diff(header_ns[:: 1 + len(header_ns) // SAMPLE])
    interval_ns = int(np.median(intervals[intervals > 0])) if np.any(intervals > 0) else 0
    interval_ns //= 1 + len(header_ns) // SAMPLE
    for event in _events(_falling(header_ns)):
        row = int(event[np.argmin(header_ns[event] - header_ns[event - 1])])
        before, after = header_ns[max(row - CLOSE_ROWS, 0) : row], header_ns[row : row + CLOSE_ROWS]
        if min(len(before), len(after)) > FEW_ROWS and _middle(after) < _middle(before):
            size_ns = int(header_ns[row]) - int(header_ns[row - 1]) - interval_ns
            steps.append(ClockStep(row=row, receive_ns=int(receive_ns[row]), whose="sender", size_ns=size_ns))
    return Jumps(tuple(steps))


def _jumping(receive_ns: Stamps, late_ns: Stamps, limit_ns: int) -> Rows:
    found = []
    for start in range(1, len(late_ns), BLOCK):
        change = np.abs(np.diff(late_ns[start - 1 : start + BLOCK]))
        pause = np.abs(np.diff(receive_ns[start - 1 : start + BLOCK]))
        found.append(np.flatnonzero(change - pause // DRIFT > limit_ns) + start)
    return np.concatenate(found)


def _falling(stamp_ns: Stamps) -> Rows:
    found = [np.zeros(0, np.int64)]
    for start in range(1, len(stamp_ns), BLOCK):
        found.append(np.flatnonzero(np.diff(stamp_ns[start - 1 : start + BLOCK]) < 0) + start)
    return np.concatenate(found)


def _events(jumps: Rows) -> list[Rows]:
    """Jumps that lie close together, in one group each."""
    if not len(jumps):
        return []
    edges = [0, *(np.flatnonzero(np.diff(jumps) > CLOSE_ROWS)[: MAX_EVENTS - 1] + 1), len(jumps)]
    return [jumps[start:end] for start, end in pairwise(edges)]


def _middle(values: Rows) -> float:
    return float(np.median(values.astype(float)))


@dataclass(frozen=True)
class _Topic:
    """A topic's stamps, with what a step must exceed and the usual interval between messages."""

    header_ns: Stamps
    receive_ns: Stamps
    late_ns: Stamps
    limit_ns: int
    interval_ns: int

    def split(self, event: Rows) -> int:
        """The jump with the least spread on its two sides."""
        if len(event) > CLOSE_ROWS:
            return int(event[0])
        start, end = max(int(event[0]) - CLOSE_ROWS, 0), int(event[-1]) + CLOSE_ROWS
        near = self.late_ns[start:end].astype(float)
        spreads = [
            sum(np.sum(np.abs(s - np.median(s))) for s in np.split(near, [row])) for row in event - start
        ]
        return int(event[int(np.argmin(spreads))])

    def lasting(self, rows: list[int] | dict[int, int], apart: bool) -> dict[int, int]:
        """How much later messages are from each row on, where that is a step [ns].

        Args:
            rows: places to compare the two sides of.
            apart: whether to compare no further than to the next of the rows.
        """
        found = {}
        for before, row, after in zip([0, *rows], rows, [*list(rows)[1:], len(self.late_ns)], strict=False):
            start, end = (before, after) if apart else (0, len(self.late_ns))
            change = self._change(row, start, end)
            if abs(change) > self.limit_ns:
                found[row] = change
        return found

    def _change(self, row: int, start: int, end: int) -> int:
        before, after = self._beside(row, row, start, end)
        return _quarter(after) - _quarter(before) if min(len(before), len(after)) > FEW_ROWS else 0

    def _beside(self, first: int, last: int, start: int, end: int) -> tuple[Rows, Rows]:
        """How late messages are before and after some rows, as far as it can be compared [ns]."""
        reach = int(np.clip(REACH_NS // max(self.interval_ns, 1), CLOSE_ROWS, BLOCK))
        return self.late_ns[max(start, first - reach) : first], self.late_ns[last : min(end, last + reach)]

    def step(self, row: int, change: int, event: Rows) -> ClockStep:
        """A sender's clock that jumps ahead makes messages less late, a recorder's more."""
        senders = len(event) <= CLOSE_ROWS and self._sender_is_odd(row)
        return ClockStep(
            row=row,
            receive_ns=int(self.receive_ns[row]),
            whose="sender" if senders else "recorder",
            size_ns=-change if senders else change,
        )

    def _sender_is_odd(self, row: int) -> bool:
        sent, received = (int(ns[row]) - int(ns[row - 1]) for ns in (self.header_ns, self.receive_ns))
        return abs(sent - self.interval_ns) > abs(received - self.interval_ns)

    def misplaced(self, event: Rows) -> list[int]:
        """Rows of a passing event whose stamps are ahead of what messages before and after it allow."""
        first, last = int(event[0]), int(event[-1])
        sides = [side for side in self._beside(first, last, 0, len(self.late_ns)) if len(side) > FEW_ROWS]
        if len(event) > CLOSE_ROWS or not sides:
            return []
        prompt = min(_quarter(side) for side in sides)
        ahead = np.flatnonzero(prompt - self.late_ns[first : last + FEW_ROWS] > self.limit_ns) + first
        return [row for row in ahead.tolist() if self._sender_is_odd(row)] if len(ahead) <= FEW_ROWS else []


def _quarter(values: Rows) -> int:
    return int(np.partition(values, len(values) // 4)[len(values) // 4])
