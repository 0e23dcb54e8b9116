"""A bag on one page: topics, types, rates, gaps, clocks, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from jaxtyping import Int64

from hybridsim.ingest.faults import Fault
from hybridsim.ingest.find import METADATA, FoundBag
from hybridsim.ingest.inspect.sheet import Grid, Sheet, number
from hybridsim.ingest.stamps import StampReading
from hybridsim.ingest.survey import Survey, TopicSurvey
from hybridsim.log.encode import find_gaps

COLUMNS = ("topic", "type", "messages", "rate [Hz]", "lasts [s]", "gaps", "stamps", "reads")
MAX_DAMAGE = 30  # lines; chosen, because nobody reads more
USUAL = r"no header|copies of header stamps"  # notes that name no problem


def bag_sheet(bag: FoundBag, found: Survey) -> Sheet:
    """Everything about one bag."""
    size = sum(path.stat().st_size for path in bag.files)
    span = found.span_ns
    lasts = 0.0 if span is None else (span[1] - span[0]) * 1e-9
    facts = [
        ("files", f"{', '.join(path.name for path in bag.files)}, {size} bytes"),
        ("messages", f"{found.messages} of {len(found.topics)} topics"),
        ("lasts", f"{lasts:.3f} s"),
    ]
    if span is not None:
        facts.append(("begins", _date(span[0])))
    clocks = {key: topic.clock() for key, topic in found.topics.items()}
    rows = tuple(_row(topic, clocks[key]) for key, topic in found.topics.items())
    lost = [f"{METADATA} {reason}" for reason in bag.lost]
    problems = [*bag.notes, *lost, *found.notes, *_problems(found, clocks)]
    data: dict[str, Any] = {
        "kind": "bag",
        "files": [path.name for path in bag.files],
        "bytes": size,
        "messages": found.messages,
        "duration_s": lasts,
        "topics": [_data(topic, clocks[key]) for key, topic in found.topics.items()],
        "damage": [vars(damage) for damage in found.damage],
    }
    grids = (Grid("topics", COLUMNS, rows),) if rows else ()
    return Sheet(f"bag {bag.name}", tuple(facts), grids, tuple(problems), data)


def _stamps(topic: TopicSurvey, clock: StampReading | None) -> Int64[np.ndarray, " sample"]:
    """The stamps that a log would use, in order."""
    return np.sort(topic.receive_ns) if clock is None else clock.stamp_ns[clock.fault == Fault.NONE]


def _row(topic: TopicSurvey, clock: StampReading | None) -> tuple[str, ...]:
    threshold, gaps = find_gaps(_stamps(topic, clock))
    longest = max((gap.duration_s for gap in gaps), default=None)
    stamps = topic.receive_ns
    return (
        topic.connection.topic,
        topic.connection.type or "-",
        str(topic.messages),
        number(3.0 / threshold if threshold else None),
        f"{(int(stamps.max()) - int(stamps.min())) * 1e-9:.3f}" if topic.messages else "-",
        f"{len(gaps)}" + (f", longest {number(longest)} s" if longest else ""),
        "-" if clock is None else clock.source,
        "no" if topic.unreadable else "yes",
    )


def _data(topic: TopicSurvey, clock: StampReading | None) -> dict[str, Any]:
    threshold, gaps = find_gaps(_stamps(topic, clock))
    line = clock.line if clock else None
    return {
        "topic": topic.connection.topic,
        "type": topic.connection.type,
        "encoding": topic.connection.encoding,
        "messages": topic.messages,
        "rate_hz": 3.0 / threshold if threshold else None,
        "gaps": len(gaps),
        "longest_gap_s": max((gap.duration_s for gap in gaps), default=None),
        "stamps": clock.source if clock else None,
        "simulated": clock.simulated if clock else None,
        "sender_ahead_s": line.offset_s if line else None,
        "drift_ppm": line.drift_ppm if line else None,
        "unreadable": topic.unreadable or None,
    }


def _problems(found: Survey, clocks: dict[tuple[str, str], StampReading | None]) -> Iterator[str]:
    for damage in found.damage[:MAX_DAMAGE]:
        yield str(damage)
    if len(found.damage) > MAX_DAMAGE:
        yield f"and {len(found.damage) - MAX_DAMAGE} more damaged places"
    if not found.messages:
        yield "no message at all"
    names = [topic for topic, _ in found.topics]
    for name in sorted({name for name in names if names.count(name) > 1}):
        kinds = ", ".join(kind for topic, kind in found.topics if topic == name)
        yield f"{name}: has {names.count(name)} types: {kinds}; name the type in ingest.toml"
    for (name, _), topic in found.topics.items():
        if topic.unreadable:
            yield f"{name}: {topic.unreadable}"
        clock = clocks[name, topic.connection.type]
        if clock is not None and not topic.unreadable:
            yield from (f"{name}: {note}" for note in clock.notes if not re.search(USUAL, note))


def _date(stamp_ns: int) -> str:
    """A receive stamp as a date, or in seconds where it cannot be one."""
    if stamp_ns < 1_000_000_000 * 10**8:
        return f"{stamp_ns * 1e-9:.3f} s on a clock that does not show the date"
    return datetime.fromtimestamp(stamp_ns * 1e-9, UTC).isoformat(timespec="milliseconds")
