"""A message type and the fields that are wanted of it, as a list of steps that a compiled loop can follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from hybridsim.errors import LogError
from hybridsim.ingest.bags.paths import Step
from hybridsim.ingest.bags.tree import Many, Node, Number, Struct, Text, Unknown

SKIP, READ, TEXT, NUMBERS, TEXTS, LOOP, AGAIN, STOP = range(8)
"""What a step does: SKIP `b` bytes aligned to `a`; READ one number of `a` bytes; a TEXT; a list of NUMBERS of
`a` bytes or of TEXTS; LOOP over a list of structures and go round AGAIN; STOP before what cannot be read.
Column `c` holds the fixed length of a list, or -1."""
DYNAMIC = -1
MAX_LOOPS = 4  # lists of structures inside each other; chosen
ANY = -1
MAX_NAMES = 40  # of fields in an error; chosen


class Program(NamedTuple):
    """Arrays that the compiled loop reads.

    Attributes:
        steps: operation, a, b, c, and which of `serves` are recorded here, from and to.
        serves: slots, or keys of TEXT steps as -1 - key.
        want: per slot, the element of each enclosing loop: a place, ANY, or -2 - key.
        key_words: bytes that the keys look for, one after the other.
        key_ends: where each of them ends.
        key_loop: depth of the loop whose element a key chooses.
    """

    steps: Int64[np.ndarray, "step 6"]
    serves: Int64[np.ndarray, " entry"]
    want: Int64[np.ndarray, "slot loop"]
    key_words: UInt8[np.ndarray, " byte"]
    key_ends: Int64[np.ndarray, " key"]
    key_loop: Int64[np.ndarray, " key"]


@dataclass(frozen=True)
class Found:
    """Where a path leads.

    Attributes:
        slot: what the program records its bytes as.
        node: the number or text, or the item of a list of these.
        index: place in that list, None where there is none or a name says it.
        word: that name.
        many: whether it is a list.
    """

    slot: int
    node: Number | Text | Struct
    index: int | None
    word: str | None
    many: bool


@dataclass
class Compiler:
    """Collects paths of one message type, then writes the program."""

    tree: Struct
    slots: dict[tuple[tuple[str, ...], tuple[int, ...]], int] = field(default_factory=dict)
    keys: dict[tuple[tuple[str, ...], str, int], int] = field(default_factory=dict)

    def find(self, path: Sequence[Step]) -> Found:
        """Where a path leads, remembered as a slot of the program.

        Raises:
            LogError: no such field, or one that is no number, text or list of these.
        """
        node: Node = self.tree
        names: list[str] = []
        want: list[int] = []
        for step in path:
            name, node = self._field(node, step.name, names)
            names.append(name)
            if isinstance(node, Many) and isinstance(node.item, Struct):
                want.append(self._element(node.item, step, names, len(want)))
                node = node.item
            elif step.key is not None:
                raise LogError(f"field {'.'.join(names)} is no list of structures")
            elif not isinstance(node, Many) and (step.index is not None or step.word is not None):
                raise LogError(f"field {'.'.join(names)} is no list")
        return self._leaf(node, path[-1], names, want)

    def _field(self, node: Node, wanted: str, names: list[str]) -> tuple[str, Node]:
        """A field by its name, or with the underscore that rosbags appends to Python's own words."""
        here = ".".join(names) or "the message"
        if not isinstance(node, Struct):
            raise LogError(f"{here} has no field '{wanted}': it is no structure")
        for name, child in node.fields:
            if name in (wanted, wanted + "_"):
                return name, child
            if isinstance(child, Unknown):
                raise LogError(f"field '{wanted}' cannot be reached: {name}: {child.reason}")
        raise LogError(f"{here} has no field '{wanted}'; it has {_names(node)}")

    def _element(self, item: Node, step: Step, names: list[str], loop: int) -> int:
        """Which element of a list of structures: a place, or the code of a key."""
        if loop >= MAX_LOOPS:
            raise LogError(f"field {'.'.join(names)}: more than {MAX_LOOPS} lists inside each other")
        if step.index is not None:
            return step.index
        if step.word is None or step.key is None:
            raise LogError(
                f"field {'.'.join(names)} is a list; expected {step.name}[0] or {step.name}[field=word]"
            )
        if loop:
            raise LogError(f"field {'.'.join(names)} lies in another list; expected {step.name}[0]")
        node, inside = item, list(names)
        for word in step.key.split("."):
            name, node = self._field(node, word, inside)
            inside.append(name)
        if not isinstance(node, Text):
            raise LogError(f"field {'.'.join(inside)} is no text: it cannot tell elements apart")
        key = (tuple(inside), step.word, loop)
        return -2 - self.keys.setdefault(key, len(self.keys))

    def _leaf(self, node: Node, step: Step, names: list[str], want: list[int]) -> Found:
        many = isinstance(node, Many)
        item = node.item if isinstance(node, Many) else node
        if isinstance(item, Unknown | Many):
            raise LogError(f"field {'.'.join(names)} cannot be read")
        if isinstance(item, Struct) and not item.time:
            raise LogError(f"field {'.'.join(names)} is a structure; it has {_names(item)}")
        if many and isinstance(item, Number) and step.index is None and step.word is None:
            raise LogError(f"field {'.'.join(names)} is a list; expected {step.name}[0] or {step.name}[name]")
        slot = self.slots.setdefault((tuple(names), tuple(want)), len(self.slots))
        return Found(slot, item, step.index, step.word, many)

    def program(self) -> Program:
        """The program that records every slot asked for so far."""
        writer = _Writer(self)
        writer.node(self.tree, (), 0)
        want = np.full((max(len(self.slots), 1), MAX_LOOPS), ANY, np.int64)
        for (_, chosen), slot in self.slots.items():
            want[slot, : len(chosen)] = chosen
        words = [word.encode() for _, word, _ in self.keys]
        return Program(
            np.array(writer.steps or [[STOP, 0, 0, 0, 0, 0]], np.int64),
            np.array(writer.serves or [0], np.int64),
            want,
            np.frombuffer(b"".join(words) or b"\0", np.uint8).copy(),
            np.cumsum([len(word) for word in words] or [0]).astype(np.int64),
            np.array([loop for _, _, loop in self.keys] or [0], np.int64),
        )


def _names(node: Struct) -> str:
    """Its fields, in their order."""
    more = ", ..." if len(node.fields) > MAX_NAMES else ""
    return ", ".join(name for name, _ in node.fields[:MAX_NAMES]) + more


@dataclass
class _Writer:
    """Writes steps, field after field."""

    compiler: Compiler
    steps: list[list[int]] = field(default_factory=list)
    serves: list[int] = field(default_factory=list)
    stopped: bool = False

    def node(self, node: Node, names: tuple[str, ...], loops: int) -> None:
        if self.stopped:
            return
        served = self._served(names)
        if isinstance(node, Unknown):
            self._step(STOP)
            self.stopped = True
        elif isinstance(node, Number):
            self._number(node, served)
        elif isinstance(node, Text):
            self._step(TEXT, served=served)
        elif isinstance(node, Struct):
            if served and node.time:  # its seconds; the nanoseconds follow four bytes behind
                self._step(READ, 4, 0, served=served)
            for name, child in node.fields:
                self.node(child, (*names, name), loops)
        else:
            self._many(node, names, loops, served)

    def _number(self, node: Number, served: list[int]) -> None:
        last = self.steps[-1] if self.steps else None
        if served:
            self._step(READ, node.size, node.size, served=served)
        elif last and last[0] == SKIP and last[1] == node.size:
            last[2] += node.size
        else:
            self._step(SKIP, node.size, node.size)

    def _many(self, node: Many, names: tuple[str, ...], loops: int, served: list[int]) -> None:
        count = DYNAMIC if node.count is None else node.count
        if isinstance(node.item, Number):
            self._step(NUMBERS, node.item.size, 0, count, served)
        elif isinstance(node.item, Text):
            self._step(TEXTS, 0, 0, count, served)
        elif isinstance(node.item, Struct) and loops < MAX_LOOPS:
            start = len(self.steps)
            self._step(LOOP, 0, loops, count)
            self.node(node.item, names, loops + 1)
            self._step(AGAIN, start, loops)
            self.steps[start][1] = len(self.steps)
        else:
            self._step(STOP)
            self.stopped = True

    def _served(self, names: tuple[str, ...]) -> list[int]:
        slots = [slot for (path, _), slot in self.compiler.slots.items() if path == names]
        return slots + [-1 - key for (path, _, _), key in self.compiler.keys.items() if path == names]

    def _step(self, kind: int, a: int = 0, b: int = 0, c: int = 0, served: Sequence[int] = ()) -> None:
        first = len(self.serves)
        self.serves += served
        self.steps.append([kind, a, b, c, first, len(self.serves)])
