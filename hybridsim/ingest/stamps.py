"""Which of a message's two stamps a log uses, and what to say about the two clocks behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int64

from hybridsim.ingest.clocks import FEW_ROWS, LIMIT_NS
from hybridsim.ingest.faults import Fault, Faults
from hybridsim.ingest.order import stamp_faults
from hybridsim.ingest.skew import ClockLine, clock_line
from hybridsim.ingest.steps import ClockStep, Jumps, find_jumps, find_restarts

ABSENT = -1  # header stamp of a message whose type has no header
# With fewer header stamps than this share of messages, all go by the recorder's clock; chosen: a topic should
# have one clock, and refusing more than half of it would lose more than the transport's jitter does.
HEADERS_NEEDED = 0.5
RATE_APART = 0.01  # two clocks that differ by more do not both show real time; quartz keeps 0.0001
STEPS_NAMED = 5  # in the notes; chosen
BACKWARD_NAMED = 0.1  # chosen, as `order_faults` gives up looking for single misplaced rows there
OFFSET_NAMED_S = 0.1  # chosen, as the smallest step
DRIFT_NAMED_PPM = 500.0  # what NTP slews at most; quartz keeps 100

Stamps = Int64[np.ndarray, " row"]


@dataclass(frozen=True, kw_only=True)
class StampReading:
    """The stamps of one topic, and how they were found.

    Attributes:
        stamp_ns: one a message; those without a fault strictly increase.
        fault: why a message has no place in time, `Fault.NONE` where it has.
        source: the clock that the stamps come from.
        empty: messages whose header stamp is zero or absent.
        rate: seconds of the sender's clock in one of the recorder's; None where it cannot be told.
        simulated: the sender's clock stands still, or runs at another rate than real time.
        line: the sender's clock against the recorder's, steps taken out; None without it, or simulated.
        steps: where a clock was set anew; stamps were moved by `moved_ns` from there on, and nowhere else.
        notes: all that a reader should know, in plain sentences.
    """

    stamp_ns: Stamps
    fault: Faults
    source: Literal["header", "receive"]
    empty: int = 0
    rate: float | None = None
    simulated: bool = False
    line: ClockLine | None = None
    steps: tuple[ClockStep, ...] = ()
    notes: tuple[str, ...] = ()


def read_clock(header_ns: Stamps, receive_ns: Stamps) -> StampReading:
    """Stamps of a topic's messages: the sender's where they are sane, else the recorder's.

    A constant offset and drift between the clocks is measured and left in. Where the sender's clock restarts,
    later stamps are moved so that messages stay as late as they were before. Where the recorder's is set, the
    sender's stamps stay as they are. Single stamps that are empty, misplaced or absurd are refused.

    Args:
        header_ns: the sender's stamps in order of the file; 0 where empty, -1 where there is no header.
        receive_ns: the recorder's stamps.
    """
    empty = int(np.count_nonzero((header_ns == 0) | (header_ns == ABSENT)))
    fault = _insane(header_ns)
    if np.count_nonzero(fault) > (1 - HEADERS_NEEDED) * len(fault):
        return _by_receive(receive_ns, empty, _why_receive(empty, header_ns))
    sane = fault == Fault.NONE
    if len(fault) > FEW_ROWS and _constant(header_ns[sane] if fault.any() else header_ns):
        return _by_receive(receive_ns, empty, f"all header stamps are {int(header_ns[sane][0])} ns", True)
    return _by_header(header_ns, receive_ns, fault, empty)


def _insane(stamp_ns: Stamps) -> Faults:
    """Stamps that a header cannot mean; zero and -1 say that there is none."""
    fault = np.zeros(len(stamp_ns), np.uint8)
    if len(stamp_ns) and (stamp_ns.min() <= 0 or stamp_ns.max() >= LIMIT_NS):
        fault[(stamp_ns < 0) | (stamp_ns >= LIMIT_NS)] = Fault.STAMP_ABSURD
        fault[(stamp_ns == 0) | (stamp_ns == ABSENT)] = Fault.STAMP_UNREADABLE
    return fault


def _constant(stamp_ns: Stamps) -> bool:
    return len(stamp_ns) > 0 and bool(stamp_ns.min() == stamp_ns.max())


def _why_receive(empty: int, header_ns: Stamps) -> str:
    if empty and np.all(header_ns == ABSENT):
        return "messages have no header"
    return f"{empty} of {len(header_ns)} header stamps are empty" if empty else "header stamps are absurd"


def _by_receive(receive_ns: Stamps, empty: int, why: str, simulated: bool = False) -> StampReading:
    fault = np.zeros(len(receive_ns), np.uint8)
    fault[_unreceived(receive_ns)] = Fault.STAMP_ABSURD
    stamp_ns = np.where(fault == Fault.NONE, receive_ns, 0)
    _put_in_order(stamp_ns, fault)
    notes = [f"{why}: the recorder's stamps are used, transport delay included"] if len(fault) else []
    return StampReading(
        stamp_ns=stamp_ns, fault=fault, source="receive", empty=empty, simulated=simulated, notes=tuple(notes)
    )


def _unreceived(receive_ns: Stamps) -> Bool[np.ndarray, " row"]:
    return (receive_ns < 0) | (receive_ns >= LIMIT_NS)


def _put_in_order(stamp_ns: Stamps, fault: Faults) -> None:
    """Add the faults of stamps that do not increase."""
    if not fault.any():
        fault[:] = stamp_faults(stamp_ns)
        return
    left = np.flatnonzero(fault == Fault.NONE)
    fault[left] = stamp_faults(stamp_ns[left])


def _by_header(header_ns: Stamps, receive_ns: Stamps, fault: Faults, empty: int) -> StampReading:
    received = ~_unreceived(receive_ns)
    rate, simulated, jumps = _compare(header_ns, receive_ns, received & (fault == Fault.NONE))
    stamp_ns = np.where(fault == Fault.NONE, header_ns, 0)
    steps = _moved(stamp_ns, fault, jumps.steps)
    fault[list(jumps.misplaced)] = Fault.STAMP_FAR
    _put_in_order(stamp_ns, fault)
    kept = received & (fault == Fault.NONE)
    comparable = rate is not None or len(steps) or not _constant(receive_ns)
    line = None if simulated or not comparable else _line(stamp_ns, receive_ns, kept, steps)
    reading = StampReading(
        stamp_ns=stamp_ns,
        fault=fault,
        source="header",
        empty=empty,
        rate=rate,
        simulated=simulated,
        line=line,
        steps=steps,
    )
    return replace(reading, notes=tuple(_notes(reading)))


def _compare(
    header_ns: Stamps, receive_ns: Stamps, both: Bool[np.ndarray, " row"]
) -> tuple[float | None, bool, Jumps]:
    """Rate of the sender's clock, whether it is simulated, and jumps, from messages with both stamps."""
    if both.all():
        return _compare_pairs(header_ns, receive_ns)
    rate, simulated, jumps = _compare_pairs(header_ns[both], receive_ns[both])
    row = np.flatnonzero(both)
    steps = tuple(replace(step, row=int(row[step.row])) for step in jumps.steps)
    return rate, simulated, Jumps(steps, tuple(int(row[place]) for place in jumps.misplaced))


def _compare_pairs(header_ns: Stamps, receive_ns: Stamps) -> tuple[float | None, bool, Jumps]:
    rate, simulated = clock_rate(header_ns, receive_ns)
    if simulated:
        return rate, simulated, find_restarts(header_ns, receive_ns)
    return rate, simulated, find_jumps(header_ns, receive_ns, receive_ns - header_ns)


def clock_rate(header_ns: Stamps, receive_ns: Stamps) -> tuple[float | None, bool]:
    """Rate of the sender's clock by the recorder's, None where delays blur it; whether it is not real time's.

    Over an eighth of the recording, half of the rates say the same side of one, and so does the median over
    a 32nd: messages that are late now and then cannot do the former, steps of a clock not the latter.
    """
    rates, short = _rates(header_ns, receive_ns, 8), _rates(header_ns, receive_ns, 32)
    if len(short) < FEW_ROWS or len(rates) < FEW_ROWS:
        return None, False
    low, rate, high = (float(value) for value in np.quantile(rates, [0.25, 0.5, 0.75]))
    slow = high < 1.0 - RATE_APART and np.median(short) < 1.0 - RATE_APART
    fast = low > 1.0 + RATE_APART and np.median(short) > 1.0 + RATE_APART
    simulated = bool(slow or fast)
    return (rate if simulated or high - low < RATE_APART else None), simulated


def _rates(header_ns: Stamps, receive_ns: Stamps, parts: int) -> Float[np.ndarray, " stretch"]:
    """Rates over stretches of one part of the recording, as many as fit, half overlapping."""
    length = max(len(header_ns) // parts, 1)
    start = np.arange(0, max(len(header_ns) - length, 0), max(length // 2, 1))
    sent = (header_ns[start + length] - header_ns[start]).astype(float)
    received = (receive_ns[start + length] - receive_ns[start]).astype(float)
    return sent[received > 0] / received[received > 0]


def _moved(stamp_ns: Stamps, fault: Faults, steps: tuple[ClockStep, ...]) -> tuple[ClockStep, ...]:
    """The steps with what they move; the stamps are moved in place."""
    moved, done = 0, []
    for step in steps:
        moved -= step.size_ns if step.whose == "sender" else 0
        if abs(moved) >= LIMIT_NS:
            break  # stamps that jump about by centuries: what is left of them will not be in order
        done.append(replace(step, moved_ns=moved))
    for start, end, shift in _segments(done, len(stamp_ns), [step.moved_ns for step in done]):
        stamp_ns[start:end] += shift
    if any(step.moved_ns for step in done):
        lost = (stamp_ns <= -LIMIT_NS) | (stamp_ns >= LIMIT_NS)
        stamp_ns[lost | (fault != Fault.NONE)] = 0
        fault[lost & (fault == Fault.NONE)] = Fault.STAMP_ABSURD
    return tuple(done)


def _segments(steps: Sequence[ClockStep], rows: int, shifts: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """First row, end and shift of what follows each step."""
    edges = [step.row for step in steps] + [rows]
    return ((start, end, shift) for (start, end), shift in zip(pairwise(edges), shifts, strict=True) if shift)


def _line(
    stamp_ns: Stamps, receive_ns: Stamps, kept: Bool[np.ndarray, " row"], steps: Sequence[ClockStep]
) -> ClockLine | None:
    late_ns = receive_ns - stamp_ns
    recorders = [step for step in steps if step.whose == "recorder"]
    for start, end, shift in _segments(recorders, len(late_ns), accumulate(s.size_ns for s in recorders)):
        late_ns[start:end] -= shift
    return clock_line(stamp_ns, late_ns) if kept.all() else clock_line(stamp_ns[kept], late_ns[kept])


def _notes(reading: StampReading) -> Iterator[str]:
    if reading.empty:
        total = len(reading.fault)
        yield f"{reading.empty} of {total} header stamps are empty: these messages have no place in time"
    if reading.simulated:
        speed = f"{reading.rate:.3g} times as fast as the recorder's"
        yield f"the sender's clock runs {speed}, simulated or replayed: its stamps are used"
    if (backward := np.count_nonzero(reading.fault == Fault.BACKWARD)) > BACKWARD_NAMED * len(reading.fault):
        yield f"{backward} of {len(reading.fault)} stamps run backward: two senders may share the topic"
    for step in reading.steps[:STEPS_NAMED]:
        yield _step_note(step)
    if len(reading.steps) > STEPS_NAMED:
        yield f"and {len(reading.steps) - STEPS_NAMED} more such steps"
    if reading.line is not None:
        yield from _line_notes(reading.line)


def _step_note(step: ClockStep) -> str:
    jump = f"the {step.whose}'s clock jumps by {step.size_ns * 1e-9:+.6g} s after message {step.row}"
    if step.whose == "sender":
        return f"{jump} (restart?): stamps from there on were moved by {step.moved_ns * 1e-9:+.6g} s"
    return f"{jump} (set anew, or messages began to queue): the sender's stamps were left as they are"


def _line_notes(line: ClockLine) -> Iterator[str]:
    if line.offset_s == 0.0 and line.jitter_95_s == 0.0:
        yield "receive stamps are copies of header stamps: the clocks' offset cannot be told"
    elif abs(line.offset_s) > OFFSET_NAMED_S:
        side = "ahead of" if line.offset_s > 0 else "behind"
        yield f"the sender's clock is {abs(line.offset_s):.6g} s {side} the recorder's: recorded, not applied"
    if line.drift_interval_95_ppm is not None:
        slow, fast = line.drift_interval_95_ppm
        if max(slow, -fast) > DRIFT_NAMED_PPM:
            yield f"the clocks drift apart by {line.drift_ppm:.0f} ppm, quartz does not; or delays grew"
