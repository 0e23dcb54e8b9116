"""What is in a bag, read once: topics, rates, clocks, damage, and some messages of each topic."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from hybridsim.errors import LogError
from hybridsim.ingest.bags import Batch, Connection, Damage, Plan, open_bag
from hybridsim.ingest.bags.decode import ABSENT, ROS1
from hybridsim.ingest.bags.open import alike, batches
from hybridsim.ingest.bags.peek import peek
from hybridsim.ingest.bags.types import Types
from hybridsim.ingest.stamps import StampReading, read_clock
from hybridsim.progress import Progress

PEEKS = 5  # messages of a connection that are looked at, evenly spread over its first ones; chosen


@dataclass
class TopicSurvey:
    """One topic and type of a bag.

    Attributes:
        connection: its first writer's.
        messages: how many.
        unreadable: why its messages cannot be decoded; empty where they can.
        first: some messages as Python values.
    """

    connection: Connection
    messages: int = 0
    unreadable: str = ""
    first: list[dict[str, Any]] = field(default_factory=list)
    _plan: Plan | None = None
    _header: list[Int64[np.ndarray, " message"]] = field(default_factory=list)
    _receive: list[Int64[np.ndarray, " message"]] = field(default_factory=list)

    @property
    def receive_ns(self) -> Int64[np.ndarray, " message"]:
        """Stamps of the recorder [ns]."""
        return np.concatenate(self._receive) if self._receive else np.empty(0, np.int64)

    @property
    def header_ns(self) -> Int64[np.ndarray, " message"]:
        """Stamps of the sender [ns], ABSENT where there are none."""
        return np.concatenate(self._header) if self._header else np.full(self.messages, ABSENT)

    def clock(self) -> StampReading | None:
        """What is found about its clocks; None without messages."""
        if not self.messages:
            return None
        header = self.header_ns
        order = np.argsort(header, kind="stable") if header.min() > 0 else slice(None)
        return read_clock(header[order], self.receive_ns[order])

    def add(self, batch: Batch, rows: Int64[np.ndarray, " message"]) -> None:
        """Count some messages."""
        self._receive.append(batch.receive_ns[rows])
        self.messages += len(rows)
        if self._plan is not None:
            self._header.append(self._plan.take(batch, rows).header_ns)


@dataclass
class Survey:
    """A bag at a glance.

    Attributes:
        files: what was read.
        topics: by name and type, in the order in which they appear.
        damage: bytes that gave nothing.
        notes: anything else.
    """

    files: tuple[Path, ...]
    topics: dict[tuple[str, str], TopicSurvey] = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def messages(self) -> int:
        """Of all topics."""
        return sum(topic.messages for topic in self.topics.values())

    @property
    def span_ns(self) -> tuple[int, int] | None:
        """First and last receive stamp; None without messages."""
        stamps = [topic.receive_ns for topic in self.topics.values() if topic.messages]
        return (min(int(s.min()) for s in stamps), max(int(s.max()) for s in stamps)) if stamps else None


def survey(
    files: tuple[Path, ...],
    types: Types | None = None,
    store: str | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Read a bag once.

    Args:
        files: of one recording, in order.
        types: of the user's `.msg` files.
        store: type store for bags that hold no types.
        progress: called as progress(done, total) after each file.

    Raises:
        LogError: none of the files is a bag.
    """
    found = Survey(files)
    for done, path in enumerate(files):
        try:
            _read(path, found, types or {}, store)
        except LogError as error:
            if len(files) == 1:
                raise
            found.notes.append(str(error))
        if progress:
            progress(done + 1, len(files))
    return found


def _read(path: Path, found: Survey, types: Types, store: str | None) -> None:
    bag = open_bag(path)
    for batch in batches(bag):
        for connection, rows in alike(bag, batch):
            topic = _topic(found, connection, types, store)
            topic.add(batch, rows)
            _peek(topic, batch, rows)
    for connection in bag.connections.values():
        _topic(found, connection, types, store)
    found.damage += bag.damage
    found.notes += bag.notes


def _topic(found: Survey, connection: Connection, types: Types, store: str | None) -> TopicSurvey:
    key = connection.topic, connection.type
    if key not in found.topics:
        topic = found.topics[key] = TopicSurvey(connection)
        try:
            topic._plan = Plan(connection, [], types=types, store=store)
        except LogError as error:
            topic.unreadable = str(error)
    return found.topics[key]


def _peek(topic: TopicSurvey, batch: Batch, rows: Int64[np.ndarray, " message"]) -> None:
    plan = topic._plan
    if plan is None or len(topic.first) >= PEEKS:
        return
    for row in rows[:: max(1, len(rows) // PEEKS)][: PEEKS - len(topic.first)]:
        content = batch.data[batch.start[row] : batch.start[row] + batch.length[row]].tobytes()
        try:
            topic.first.append(peek(content, plan.tree, plan.encoding == ROS1))
        except LogError as error:
            topic.unreadable = str(error)
            return
