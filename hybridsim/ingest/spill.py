"""Numbers of a topic on the disk while a bag is read: memory does not grow with the bag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64, UInt8, UInt32

from hybridsim.ingest.bags import Taken
from hybridsim.ingest.columns import SignalSpec
from hybridsim.ingest.faults import Fault, Faults, Tally
from hybridsim.ingest.stamps import StampReading, read_clock
from hybridsim.log import Block
from hybridsim.signals import signal_word

BLOCK = 1 << 15  # rows that are looked at together
# A longer topic whose stamps all increase steadily is judged by so many of them, evenly spaced; chosen,
# because clocks drift over minutes.
SAMPLE = 1 << 18
# Stamps that are late by less are put in their place, as those of two senders on one topic; chosen.
SHUFFLED_NS = 1_000_000_000
STEADY_NS = 100_000_000  # no clock jumps where header and receive stamps advance alike up to this; chosen

BROKEN = (Fault.MESSAGE_SHORT, Fault.MESSAGE_LONG, Fault.ENCODING)  # of a message as a whole
Stamps = Int64[np.ndarray, " row"]


class Spill:
    """All rows of one topic: stamps, faults and the values of each signal, appended to files.

    Args:
        folder: where the files go; theirs alone.
        widths: components of every signal.
    """

    def __init__(self, folder: Path, widths: Sequence[int]) -> None:
        self.folder = folder
        self.widths = tuple(widths)
        self.rows = 0
        self.others = 0
        self.messages = 0
        self.broken = Tally()
        folder.mkdir(parents=True)
        names = ["number", "header", "receive", "fault", *(str(signal) for signal in range(len(widths)))]
        self._files = {name: (folder / name).open("wb") for name in names}

    def add(self, taken: Taken, signals: Sequence[int]) -> None:
        """Append rows; a signal that is not among `signals` has no value in them.

        Messages that cannot be read, or hold nothing of any signal, are counted and left: their stamps are
        not this topic's.
        """
        number = np.arange(self.messages, self.messages + len(taken.receive_ns))
        self.messages += len(number)
        broken = np.isin(taken.fault[:, 0], BROKEN)
        self.broken.add(taken.fault[broken, 0], number[broken])
        others = (taken.fault == Fault.OTHERS).all(axis=1)
        self.others += int(others.sum())
        mine = np.flatnonzero(~broken & ~others)
        if len(mine) < len(number):
            taken, number = taken.rows(mine), number[mine]
        rows = len(mine)
        fault = np.full((rows, len(self.widths)), Fault.OTHERS, np.uint8)
        for place, signal in enumerate(signals):
            fault[:, signal] = taken.fault[:, place]
        blank = (
            [np.full((rows, width), np.nan) for width in self.widths]
            if len(signals) < len(self.widths)
            else []
        )
        values = dict(zip(signals, taken.values, strict=True))
        columns = {
            "number": number.astype(np.uint32),
            "header": taken.header_ns,
            "receive": taken.receive_ns,
            "fault": fault,
        }
        columns |= {str(n): values[n] if n in values else blank[n] for n in range(len(self.widths))}
        for name, column in columns.items():
            self._files[name].write(np.ascontiguousarray(column).reshape(-1).view(np.uint8).data)
        self.rows += rows

    def close(self) -> None:
        """Nothing is appended any more."""
        for file in self._files.values():
            file.close()

    def stamps(self, name: str, start: int = 0, count: int = -1, every: int = 1) -> Stamps:
        """Some stamps of `header` or `receive`."""
        if every > 1:
            return np.array(np.memmap(self.folder / name, np.int64, "r")[start::every])
        return np.fromfile(self.folder / name, np.int64, count, offset=8 * start)

    def numbers(self, start: int, count: int, places: Stamps | None) -> UInt32[np.ndarray, " row"]:
        """Which messages of the topic some rows are, from 0; those at `places` where these are given."""
        if places is not None:
            return np.memmap(self.folder / "number", np.uint32, "r")[places]
        return np.fromfile(self.folder / "number", np.uint32, count, offset=4 * start)

    def faults(self, signal: int, start: int = 0, count: int = -1) -> Faults:
        """Faults of some rows of a signal."""
        width = len(self.widths)
        size = -1 if count < 0 else count * width
        flat = np.fromfile(self.folder / "fault", np.uint8, size, offset=start * width)
        return flat.reshape(-1, width)[:, signal]

    def all_faults(self) -> UInt8[np.ndarray, "row signal"]:
        """Faults of all rows and signals, left on the disk."""
        return np.memmap(self.folder / "fault", np.uint8, "r").reshape(-1, len(self.widths))

    def values(self, signal: int, start: int, count: int) -> Float64[np.ndarray, "row component"]:
        """Values of some rows of a signal."""
        width = self.widths[signal]
        flat = np.fromfile(self.folder / str(signal), np.float64, count * width, offset=8 * start * width)
        return flat.reshape(-1, width)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """First row and number of rows of every block."""
        for start in range(0, self.rows, BLOCK):
            yield start, min(BLOCK, self.rows - start)


@dataclass(frozen=True)
class Timed:
    """The rows of a topic with the stamps that the log uses.

    Attributes:
        spill: the rows.
        reading: what was found about their clocks; its arrays are used where `steady` is False.
        steady: every row keeps the stamp of its source as it is.
        order: rows in order of time, where that is not the order of the file.
    """

    spill: Spill
    reading: StampReading
    steady: bool
    order: Stamps | None = None

    def stamps(self, start: int, count: int) -> tuple[Stamps, Faults]:
        """Stamps of some rows, and why some have none."""
        if self.steady:
            return self.spill.stamps(self.reading.source, start, count), np.zeros(count, np.uint8)
        return self.reading.stamp_ns[start : start + count], self.reading.fault[start : start + count]

    def rows(self, signal: int, start: int, count: int) -> tuple[Stamps, Faults, Stamps | None]:
        """Stamps and faults of some rows of a signal, and which rows of the file they are."""
        stamps, fault = self.stamps(start, count)
        if self.order is None:
            own, places = self.spill.faults(signal, start, count), None
        else:
            places = self.order[start : start + count]
            own = self.spill.all_faults()[places, signal]
        return (
            stamps,
            np.where(own == Fault.OTHERS, own, np.where(fault, fault, own)).astype(np.uint8),
            places,
        )


def timed(spill: Spill) -> Timed:
    """Decide on the stamps of a topic's rows."""
    source = _steady(spill)
    if source is not None and spill.rows > SAMPLE:
        every = -(-spill.rows // SAMPLE)
        reading = read_clock(spill.stamps("header", every=every), spill.stamps("receive", every=every))
        if reading.source == source and not reading.steps and not reading.fault.any():
            return Timed(spill, reading, steady=True)
    header, receive = spill.stamps("header"), spill.stamps("receive")
    order = _order(header, receive)
    if order is not None:
        header, receive = header[order], receive[order]
    reading = read_clock(header, receive)
    steady = order is None and not reading.fault.any() and not any(step.moved_ns for step in reading.steps)
    return Timed(spill, reading, steady, order)


def _steady(spill: Spill) -> str | None:
    """The source whose stamps strictly increase and that no jump disturbs; None where neither does."""
    sources = ["header", "receive"]
    last = dict.fromkeys(sources, -1)
    for start, count in spill.blocks():
        stamps = {name: spill.stamps(name, start, count) for name in ("header", "receive")}
        steps = {name: np.diff(stamps[name], prepend=last[name]) for name in stamps}
        sources = [name for name in sources if np.all(steps[name] > 0) and stamps[name][0] > 0]
        apart = np.abs(steps["header"] - steps["receive"])[1 if start == 0 else 0 :]
        if "header" in sources and np.any(apart > STEADY_NS):
            return None
        last = {name: int(stamps[name][-1]) for name in stamps}
        if not sources:
            return None
    return sources[0] if sources else None


def _order(header: Stamps, receive: Stamps) -> Stamps | None:
    """Rows in order of time, where messages of a topic only overtook each other; None where they did not."""
    stamps = header if len(header) and header.min() > 0 else receive
    if len(stamps) < 2 or stamps.min() <= 0:
        return None
    back = np.maximum.accumulate(stamps) - stamps
    return np.argsort(stamps, kind="stable") if 0 < back.max() <= SHUFFLED_NS else None


class SpilledSignal:
    """A signal whose samples are on the disk; see `hybridsim.log.Samples`.

    Attributes:
        name: a name of `hybridsim.signals`.
        unit: SI unit.
        components: names of the columns.
        frame: that a vector is given in.
        tally: what became of every row.
    """

    def __init__(self, spec: SignalSpec, timed: Timed, place: int) -> None:
        self.name, self.unit = spec.name, signal_word(spec.name).unit
        self.components, self.frame = tuple(spec.columns), spec.frame
        self.tally = timed.spill.broken.copy()
        self._timed, self._place = timed, place
        for start, count in timed.spill.blocks():
            _, fault, places = timed.rows(place, start, count)
            self.tally.add(fault, timed.spill.numbers(start, count, places))

    @property
    def rows(self) -> int:
        """How many samples are kept."""
        return self.tally.kept

    def stamps(self) -> Iterator[Stamps]:
        """All stamps, block by block [ns]."""
        for start, count in self._timed.spill.blocks():
            stamps, fault, _ = self._timed.rows(self._place, start, count)
            yield stamps if not fault.any() else stamps[fault == Fault.NONE]

    def blocks(self) -> Iterator[Block]:
        """All stamps and values, block by block."""
        spill = self._timed.spill
        for start, count in spill.blocks():
            stamps, fault, places = self._timed.rows(self._place, start, count)
            if places is None:
                values = spill.values(self._place, start, count)
            else:
                width = spill.widths[self._place]
                values = np.memmap(spill.folder / str(self._place), np.float64, "r").reshape(-1, width)[
                    places
                ]
            keep = fault == Fault.NONE
            yield (stamps, values) if keep.all() else (stamps[keep], np.asarray(values[keep]))
