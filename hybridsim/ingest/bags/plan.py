"""What a topic's messages become: the program that walks them and the numbers that are taken from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from hybridsim.errors import LogError
from hybridsim.ingest.bags.batch import Batch, Connection
from hybridsim.ingest.bags.decode import CDR, NO_STAMP, REAL, ROS1, TIME, WHOLE, Columns, decode
from hybridsim.ingest.bags.paths import parse_path
from hybridsim.ingest.bags.program import Compiler, Found, Program
from hybridsim.ingest.bags.tree import KINDS, Number, Struct, Text, tree_of
from hybridsim.ingest.bags.types import Types, types_of

ENCODINGS = {"ros1": ROS1, "ros1msg": ROS1, "cdr": CDR}
NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
REALS = (8, 9)  # kinds of number


@dataclass(frozen=True)
class Wanted:
    """A number that is wanted of a message; value = factor * number + offset, absurd beyond low and high."""

    path: str
    factor: float = 1.0
    offset: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    span: float = 0.0


@dataclass(frozen=True)
class Taken:
    """Numbers of many messages, a row each.

    Attributes:
        header_ns: the messages' own stamps, ABSENT where they have none.
        receive_ns: the recorder's.
        fault: a code of `Fault` a signal.
        values: of each signal.
    """

    header_ns: Int64[np.ndarray, " message"]
    receive_ns: Int64[np.ndarray, " message"]
    fault: UInt8[np.ndarray, "message signal"]
    values: tuple[Float64[np.ndarray, "message _"], ...]

    def rows(self, chosen: Int64[np.ndarray, " row"]) -> Taken:
        """Some of the messages."""
        values = tuple(part[chosen] for part in self.values)
        return Taken(self.header_ns[chosen], self.receive_ns[chosen], self.fault[chosen], values)

    @staticmethod
    def joined(parts: Sequence[Taken]) -> Taken:
        """The messages of several, one after the other."""
        return Taken(
            np.concatenate([part.header_ns for part in parts]),
            np.concatenate([part.receive_ns for part in parts]),
            np.concatenate([part.fault for part in parts]),
            tuple(np.concatenate(values) for values in zip(*(part.values for part in parts), strict=True)),
        )


class Plan:
    """How the messages of one connection are read.

    Args:
        connection: whose messages.
        signals: numbers of every signal.
        names: path of the list of names, if places are named.
        stamp: `header`, `receive`, or a path and a unit.
        hold: whether a number that a message lacks keeps its last value.
        types: of the user's `.msg` files.
        store: type store to fall back on.

    Raises:
        LogError: an encoding or type that cannot be read, or a field that the type lacks.
    """

    def __init__(
        self,
        connection: Connection,
        signals: Sequence[Sequence[Wanted]],
        *,
        names: str | None = None,
        stamp: str | tuple[str, str] = "header",
        hold: bool = False,
        types: Types | None = None,
        store: str | None = None,
    ) -> None:
        if connection.encoding not in ENCODINGS:
            raise LogError(f"messages are encoded as '{connection.encoding}'; expected cdr or ros1")
        self.encoding = ENCODINGS[connection.encoding]
        known = types_of(connection, types or {}, store)
        self.tree = tree_of(connection.type, known, self.encoding == ROS1)
        compiler = Compiler(self.tree)
        self.ends = np.cumsum([len(signal) for signal in signals]).astype(np.int64)
        self.columns = _columns(compiler, signals, names, stamp, hold)
        self.program: Program = compiler.program()
        self.held = np.full(int(self.ends[-1]) if len(self.ends) else 0, np.nan)

    def take(self, batch: Batch, rows: Int64[np.ndarray, " message"]) -> Taken:
        """The numbers of some messages of a batch."""
        count, widths = len(rows), np.diff(self.ends, prepend=0)
        header = np.empty(count, np.int64)
        fault = np.empty((count, len(widths)), np.uint8)
        values = np.empty(count * int(widths.sum()))
        decode(
            batch.data, batch.start[rows], batch.length[rows], self.encoding, self.program, self.columns,
            self.ends, self.held, header, fault, values,
        )  # fmt: skip
        ends = np.cumsum(widths * count)
        parts = zip(ends - widths * count, ends, widths, strict=True)
        shaped = tuple(values[start:end].reshape(count, width) for start, end, width in parts)
        return Taken(header, batch.receive_ns[rows], fault, shaped)


def _columns(
    compiler: Compiler,
    signals: Sequence[Sequence[Wanted]],
    names: str | None,
    stamp: str | tuple[str, str],
    hold: bool,
) -> Columns:
    wanted = [entry for signal in signals for entry in signal]
    found = [_number(compiler, entry.path) for entry in wanted]
    words = list(dict.fromkeys(entry.word for entry in found if entry.word is not None))
    encoded = [word.encode() for word in words]
    kinds = [entry.node for entry in found if isinstance(entry.node, Number)]
    return Columns(
        slot=_whole(entry.slot for entry in found),
        kind=_whole(node.kind for node in kinds),
        place=_whole(entry.index or 0 for entry in found),
        word=_whole(-1 if entry.word is None else words.index(entry.word) for entry in found),
        size=_whole(node.size for node in kinds),
        factor=_real(entry.factor for entry in wanted),
        offset=_real(entry.offset or -0.0 for entry in wanted),  # adding 0.0 would make 0.0 of -0.0
        low=_real(entry.low for entry in wanted),
        high=_real(entry.high for entry in wanted),
        span=_real(entry.span for entry in wanted),
        names=_names(compiler, names) if words else -1,
        words=np.frombuffer(b"".join(encoded) or b"\0", np.uint8).copy(),
        word_ends=np.cumsum([len(word) for word in encoded] or [0]).astype(np.int64),
        hold=hold,
        plain=np.array([not hold and _plain(compiler, signal) for signal in signals], np.bool_),
        **_stamp(compiler, stamp),
    )


def _names(compiler: Compiler, path: str | None) -> int:
    """Slot of the list of names."""
    assert path is not None  # a specification with named places says where the names stand
    found = compiler.find(parse_path(path))
    if not (found.many and isinstance(found.node, Text)):
        raise LogError(f"names: field {path} is no list of texts")
    return found.slot


def _plain(compiler: Compiler, signal: Sequence[Wanted]) -> bool:
    return all(not w.span and _number(compiler, w.path).node == Number(*KINDS["float64"]) for w in signal)


def _number(compiler: Compiler, path: str) -> Found:
    found = compiler.find(parse_path(path))
    if not isinstance(found.node, Number):
        raise LogError(f"field {path} is no number")
    return found


def _stamp(compiler: Compiler, stamp: str | tuple[str, str]) -> dict[str, int]:
    """Where a message's own time stands; nowhere where its type has no header."""
    none = {"stamp": NO_STAMP, "stamp_slot": 0, "stamp_kind": 0, "stamp_factor": 1}
    if stamp == "receive" or (stamp == "header" and not _has_header(compiler.tree)):
        return none
    path, unit = ("header.stamp", "s") if isinstance(stamp, str) else stamp
    found = compiler.find(parse_path(path))
    if isinstance(found.node, Struct):
        return {**none, "stamp": TIME, "stamp_slot": found.slot}
    if not isinstance(found.node, Number) or unit not in NS:
        raise LogError(f"stamp {path}: no time in {unit}")
    way = REAL if found.node.kind in REALS else WHOLE
    return {"stamp": way, "stamp_slot": found.slot, "stamp_kind": found.node.kind, "stamp_factor": NS[unit]}


def _has_header(tree: Struct) -> bool:
    header = dict(tree.fields).get("header")
    stamp = dict(header.fields).get("stamp") if isinstance(header, Struct) else None
    return isinstance(stamp, Struct) and stamp.time


def _whole(values: object) -> Int64[np.ndarray, " column"]:
    return np.array(list(values), np.int64)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _real(values: object) -> Float64[np.ndarray, " column"]:
    return np.array(list(values), np.float64)  # pyright: ignore[reportCallIssue, reportArgumentType]
