"""What a search was told, number by number: a killed one goes on where it was."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.files import write_text
from hybridsim.progress import Progress

Cost = Callable[[Float[np.ndarray, " entry"]], float]


class Told:
    """Costs of a search that asks the same in the same order whenever it runs, counted and kept in a file."""

    def __init__(
        self, total: int, progress: Progress | None = None, folder: Path | None = None, name: str = "search"
    ) -> None:
        """Read what an earlier run was told.

        What a kill has cut short, and all after it, is asked again.

        Args:
            total: how many costs there will be.
            progress: called as progress(done, total).
            folder: holds the file; None keeps nothing.
            name: of the search, which no other has in that folder.
        """
        self.total, self._progress, self._done = total, progress, 0
        self._path = None if folder is None else folder / f"{name}.txt"
        known = [] if self._path is None else _read(self._path)
        self._known = deque(known)
        if self._path is not None:
            write_text(self._path, "".join(_line(cost) for cost in known))

    def count(self) -> None:
        """One more is done."""
        self._done += 1
        if self._progress is not None:
            self._progress(min(self._done, self.total), self.total)

    def costs(self, cost: Cost) -> Cost:
        """The same costs: remembered as long as there are any, else reckoned and remembered."""

        def known(point: Float[np.ndarray, " entry"]) -> float:
            found = self._known.popleft() if self._known else self._keep(cost(point))
            self.count()
            return found

        return known

    def _keep(self, cost: float) -> float:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(cost))
        return cost


def _line(cost: float) -> str:
    return f"{float(cost)!r}\n"


def _read(path: Path) -> list[float]:
    """Whole lines up to the first that is no finite number."""
    try:
        *lines, _ = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        return []
    found = []
    for line in lines:
        try:
            cost = float(line)
        except ValueError:
            break
        if not math.isfinite(cost):
            break
        found.append(cost)
    return found
