"""One bag to the draft of a log: topics to signals, clocks read, damage named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hybridsim.errors import LogError, listed
from hybridsim.ingest.bags import Connection, Plan, Taken, Wanted
from hybridsim.ingest.bags.batch import ros2_type
from hybridsim.ingest.bags.open import STRAY, alike, batches, open_bag
from hybridsim.ingest.columns import SignalSpec, Stamp
from hybridsim.ingest.faults import Fault
from hybridsim.ingest.fields import constants_of, labels_of
from hybridsim.ingest.find import METADATA
from hybridsim.ingest.lag import lags_of
from hybridsim.ingest.limits import bounds
from hybridsim.ingest.outcome import said
from hybridsim.ingest.quaternions import unit_signals
from hybridsim.ingest.sources import Source
from hybridsim.ingest.spec import TopicSpec
from hybridsim.ingest.spill import Spill, SpilledSignal, Timed, timed
from hybridsim.ingest.stamps import StampReading
from hybridsim.ingest.task import Job, Reading, Tell
from hybridsim.log import Clock, Damage, LogDraft, SignalFacts, SourceFile
from hybridsim.robot import Robot
from hybridsim.signals import is_quaternion

MAX_NOTES = 50  # chosen, because nobody reads more
MAX_DAMAGE = 200  # places of one file, the same
MAX_TOLD = 3  # of what was found, in the line that refuses a bag; chosen


class Topic:
    """One topic of the specification while a bag is read."""

    def __init__(self, spec: TopicSpec, robot: Robot, folder: Path) -> None:
        self.spec = spec
        self.signals = [s for s in spec.signals if s.robots is None or robot.name in s.robots]
        self.wanted = [_wanted(signal, robot) for signal in self.signals]
        self.spill = Spill(folder, [len(signal.columns) for signal in self.signals])
        self.names: set[str] = set()
        self.absent: dict[str, str] = {}
        self.left: dict[str, None] = {}  # why connections of this name were left alone, each once

    def fits(self, connection: Connection) -> bool:
        """Whether a connection is of this topic."""
        return connection.topic.strip("/") in {name.strip("/") for name in self.spec.name}

    def plan(self, connection: Connection, reading: Reading) -> tuple[Plan, list[int]]:
        """How a connection's messages are read, and the signals that it has.

        Raises:
            LogError: its type is another one, or lacks every signal.
        """
        if self.spec.type is not None and connection.type != ros2_type(self.spec.type):
            raise LogError(f"has type {connection.type}; expected {ros2_type(self.spec.type)}")
        self.names.add(connection.topic)
        places = list(range(len(self.signals)))
        try:
            return self._plan(connection, reading, places), places
        except LogError as error:
            reason = error
        for place in list(places):
            try:
                self._plan(connection, reading, [place])
            except LogError as error:
                places.remove(place)
                self.absent[self.signals[place].name] = str(error)
        if not places:
            raise reason
        return self._plan(connection, reading, places), places

    def add(self, taken: Taken, places: Sequence[int]) -> None:
        """Keep the numbers of messages that have the signals at some places."""
        turned = [n for n, place in enumerate(places) if is_quaternion(self.signals[place].name)]
        if turned:
            values, fault = unit_signals(taken.values, taken.fault, turned)
            taken = replace(taken, values=values, fault=fault)
        self.spill.add(taken, places)

    def _plan(self, connection: Connection, reading: Reading, places: Sequence[int]) -> Plan:
        stamp = self.spec.stamp
        return Plan(
            connection,
            [self.wanted[place] for place in places],
            names=self.spec.names,
            stamp=(stamp.column, stamp.unit) if isinstance(stamp, Stamp) else stamp,
            hold=self.spec.partial == "hold",
            types=reading.types,
            store=reading.store,
        )


Route = tuple[Topic, Plan, list[int]]
"""Where messages go, how they are read, and the places of the signals that they have."""


class Recorder:
    """Takes the batches of a recording's files to their topics."""

    def __init__(self, topics: Sequence[Topic], reading: Reading, tell: Tell | None) -> None:
        self.topics = topics
        self.reading = reading
        self.tell = tell
        self.notes: list[str] = []
        self.others: set[str] = set()
        self._routes: dict[tuple[str, ...], list[Route]] = {}

    def read(self, path: Path) -> tuple[Damage, ...]:
        """Every message of a file; returns what could not be read.

        Raises:
            LogError: not a bag.
        """
        bag = open_bag(path)
        stray = 0
        for batch in batches(bag):
            if self.tell is not None:
                self.tell(len(batch.data))
            for connection, rows in alike(bag, batch):
                if connection is STRAY:
                    stray += len(rows)
                for topic, plan, signals in self._routes_of(connection):
                    topic.add(plan.take(batch, rows), signals)
        if stray:
            self.notes.append(f"{path.name}: {stray} messages belong to no topic that the file describes")
        self.notes += bag.notes
        if len(bag.damage) > MAX_DAMAGE:
            self.notes.append(
                f"{path.name}: {len(bag.damage)} damaged places, the first {MAX_DAMAGE} are listed"
            )
        self.others |= {c.topic for c in bag.connections.values() if not self._routes.get(c.likeness)}
        return tuple(
            Damage(file=d.file, start=d.start, end=d.end, reason=d.reason) for d in bag.damage[:MAX_DAMAGE]
        )

    def _routes_of(self, connection: Connection) -> list[Route]:
        if connection.likeness not in self._routes:
            self._routes[connection.likeness] = list(self._ways(connection))
        return self._routes[connection.likeness]

    def _ways(self, connection: Connection) -> Iterator[Route]:
        """Where the messages of a connection go; two entries of the specification may read one topic."""
        for topic in self.topics:
            if topic.fits(connection):
                try:
                    yield topic, *topic.plan(connection, self.reading)
                except LogError as error:
                    topic.left[f"topic {connection.topic} left alone: {error}"] = None


def draft_of_bag(
    job: Job,
    sources: tuple[SourceFile, ...],
    folder: Path,
    tell: Tell | None = None,
) -> LogDraft:
    """Read one bag; the draft's signals stay in `folder`.

    Args:
        job: the bag and how it is read.
        sources: its files with their hashes.
        folder: an empty one.
        tell: told how many bytes were read since it was last told.

    Raises:
        LogError: says what is wrong with it, without the source's name.
    """
    source, spec = job.source, job.spec
    topics = [Topic(topic, job.robot, folder / str(n)) for n, topic in enumerate(spec.topics)]
    recorder = Recorder(topics, job.reading, tell)
    damage = tuple(Damage(file=METADATA, start=0, end=0, reason=reason) for reason in source.lost)
    damage += _read(source, recorder)
    found = [*recorder.notes, *(f"{d.file}: {said(d)}" for d in damage)]
    for topic in topics:
        topic.spill.close()
        recorder.notes += topic.left
        if len(topic.names) > 1:
            recorder.notes.append(f"{' and '.join(sorted(topic.names))} were read as one topic")
    signals: dict[str, SpilledSignal] = {}
    facts: dict[str, SignalFacts] = {}
    for topic in topics:
        if topic.spill.rows:
            for signal, fact in _signals(topic, recorder.notes):
                signals[signal.name], facts[signal.name] = signal, fact
    _check(topics, signals, recorder, found)
    return LogDraft(
        robot=job.robot.name,
        serial=job.serial or spec.serial or "unknown",
        session=spec.session_of(source.name),
        name=source.name,
        signals=signals,
        facts=facts,
        constants=constants_of({}, spec),
        labels=labels_of({}, spec, source.name),
        sources=sources,
        spec=spec.set_name,
        notes=_some([*source.notes, *recorder.notes]),
        damage=damage,
        lags=lags_of(signals),
    )


def _some(notes: list[str]) -> tuple[str, ...]:
    """As many notes as somebody may read."""
    if len(notes) <= MAX_NOTES:
        return tuple(notes)
    return (*notes[:MAX_NOTES], f"and {len(notes) - MAX_NOTES} more such notes")


def _read(source: Source, recorder: Recorder) -> tuple[Damage, ...]:
    """Every file of a bag; one that is no bag is named, unless it is the only one."""
    damage: list[Damage] = []
    for path in source.files:
        try:
            damage += recorder.read(path)
        except LogError as error:
            if len(source.files) == 1:
                raise
            size = path.stat().st_size if path.exists() else 0
            damage.append(Damage(file=path.name, start=0, end=size, reason=str(error)))
    return tuple(damage)


def _signals(topic: Topic, notes: list[str]) -> Iterator[tuple[SpilledSignal, SignalFacts]]:
    """Signals of a topic of which two rows or more can be used."""
    rows = timed(topic.spill)
    name = listed(topic.names)
    notes += [f"{name}: {note}" for note in rows.reading.notes]
    if topic.spill.others:
        notes.append(f"{name}: {topic.spill.others} messages hold nothing that is asked for: left alone")
    for place, spec in enumerate(topic.signals):
        signal = SpilledSignal(spec, rows, place)
        tally = signal.tally
        if others := tally.count(Fault.OTHERS):
            notes.append(f"{name}: {others} messages hold nothing of {spec.name}: left alone")
        if tally.kept < 2:
            reasons = "; ".join(f"{r.count} {r.reason}" for r in tally.refusals(name)) or "no message of it"
            topic.absent.setdefault(
                spec.name, f"fewer than two of {tally.read} messages can be used: {reasons}"
            )
            continue
        yield (
            signal,
            SignalFacts(
                rows_read=tally.read,
                duplicates_dropped=tally.count(Fault.DUPLICATE),
                refused=tally.refusals(name),
                clock=_clock(rows, topic),
            ),
        )


def _clock(rows: Timed, topic: Topic) -> Clock:
    reading: StampReading = rows.reading
    line = reading.line
    source = "header" if reading.source == "header" else "receive"
    moved = [step for step in reading.steps if step.moved_ns]
    method = {"header": "the sender's stamps", "receive": "the recorder's stamps"}[source]
    if isinstance(topic.spec.stamp, Stamp) and source == "header":
        method = f"field {topic.spec.stamp.column}"
    if moved:
        method += f", moved at {len(moved)} restarts of the clock"
    if rows.order is not None:
        method += ", put in order of time"
    return Clock(
        method=method,
        source=source,
        simulated=reading.simulated,
        sender_ahead_s=None if line is None else line.offset_s,
        sender_ahead_interval_95_s=None if line is None else line.offset_interval_95_s,
        drift_ppm=None if line is None else line.drift_ppm,
        drift_interval_95_ppm=None if line is None else line.drift_interval_95_ppm,
        jitter_95_s=None if line is None else line.jitter_95_s,
        steps_s=tuple((step.receive_ns, step.size_ns * 1e-9, step.moved_ns * 1e-9) for step in reading.steps),
    )


def _check(
    topics: Sequence[Topic], signals: dict[str, SpilledSignal], recorder: Recorder, found: Sequence[str]
) -> None:
    """Refuse a bag that lacks a required signal; note the optional ones that it lacks.

    Args:
        topics: of the specification.
        signals: that were read.
        recorder: knows the other topics, and gets the notes.
        found: what was odd or damaged in the files.
    """
    there = recorder.others | {name for topic in topics for name in topic.names}
    holds = f"the bag has {listed(there)}"
    told = f" ({'; '.join(found[:MAX_TOLD])})" if found else ""
    lacking: dict[str, str] = {}
    for topic in topics:
        for signal in topic.signals:
            if signal.name not in signals:
                lacking[signal.name] = reason = _reason(topic, signal.name, there)
                if signal.required:
                    raise LogError(f"{signal.name}: {reason}; {holds}{told}")
    if not signals:
        reasons = list(dict.fromkeys(lacking.values()))[:MAX_TOLD]
        raise LogError(f"no signal can be read: {'; '.join(reasons)}; {holds}{told}")
    recorder.notes += [f"{name} left out: {reason}" for name, reason in lacking.items()]
    if lacking:
        recorder.notes.append(holds)


def _reason(topic: Topic, signal: str, there: set[str]) -> str:
    """Why a signal is not in a bag with these topics."""
    names = " or ".join(topic.spec.name)
    if signal in topic.absent:
        return f"topic {names}: {topic.absent[signal]}"
    if topic.left:
        return "; ".join(topic.left)
    if {name.strip("/") for name in there} & {name.strip("/") for name in topic.spec.name}:
        return f"topic {names}: no message of it can be read"
    return f"no topic {names}"


def _wanted(signal: SignalSpec, robot: Robot) -> list[Wanted]:
    found = []
    for component, column in signal.columns.items():
        factor, offset = signal.conversion(component)
        low, high = bounds(signal.name, component, robot)
        span = 2.0 ** int(column.decode.rsplit("_", 1)[1]) if column.decode else 0.0
        found.append(Wanted(column.column, factor, offset, low, high, span))
    return found
