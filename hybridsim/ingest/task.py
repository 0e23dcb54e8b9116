"""What there is to do for one source, light enough to hand out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hybridsim.ingest.sources import Source
from hybridsim.ingest.spec import IngestSpec
from hybridsim.robot import Robot

Tell = Callable[[int], None]
"""Called with the bytes that were read since it was last called."""


@dataclass(frozen=True)
class Reading:
    """How bags are read.

    Attributes:
        types: of the user's `.msg` files.
        store: type store for bags that hold no types.
    """

    types: dict[str, Any] = field(default_factory=dict)
    store: str | None = None


def reading_of(msg: Sequence[Path], store: str | None) -> Reading:
    """How bags are read, with `.msg` files and a type store of the user's.

    Raises:
        SpecError: no such file or store.
    """
    if not msg and store is None:
        return Reading()
    from hybridsim.ingest.bags.types import default_types, read_msg_files

    if store is not None:
        default_types(store, "cdr")
    return Reading(read_msg_files(msg), store)


@dataclass(frozen=True)
class Job:
    """One source to read, a log or many: everything that a worker process needs."""

    source: Source
    spec: IngestSpec
    robot: Robot
    serial: str | None
    store: Path
    given: Path  # what the user gave, and this log was found in
    reading: Reading = field(default_factory=Reading)

    @property
    def name(self) -> str:
        """What an error calls it."""
        return self.source.shown

    @property
    def bytes(self) -> int:
        """Size of its share of its files; the reader complains about one that is not there any more."""
        return sum(path.stat().st_size for path in self.source.files if path.exists()) // self.source.share[1]
