"""One file that holds many logs: rows apart by the value of a column, and columns that must hold only one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Int64

from hybridsim.errors import LogError, listed
from hybridsim.ingest.faults import Fault
from hybridsim.ingest.tables import Rows

MAX_LOGS = 100_000  # in one file; chosen, because a column with more values tells rows apart, not logs
WHOLE = 2.0**53  # floats below this count whole numbers one by one

Places = Int64[np.ndarray, "_"]


def rows_by_value(rows: Rows, column: str) -> tuple[dict[str, Places], Places]:
    """Places of the rows of every value of a column, first come first, and of the rows that have none.

    Raises:
        LogError: no such column, or more values than a file may hold logs.
    """
    cells = rows.cells(column)
    if isinstance(cells, np.ndarray):
        different, first, inverse = np.unique(cells, return_index=True, return_inverse=True)
        words = [word_of(cell) for cell in different.tolist()]
        parts = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
        found = {words[k]: parts[k].astype(np.int64) for k in np.argsort(first)} if len(cells) else {}
    else:
        lists: dict[str | None, list[int]] = {}
        for place, cell in enumerate(cells):
            lists.setdefault(word_of(cell), []).append(place)
        found = {word: np.array(places, np.int64) for word, places in lists.items()}
    without = found.pop(None, np.zeros(0, np.int64))
    if len(found) > MAX_LOGS:
        raise LogError(
            f"{rows.file}: column '{column}' holds {len(found)} values; expected at most {MAX_LOGS}"
        )
    return {word: places for word, places in found.items() if word is not None}, without


def only_words(rows: Rows, columns: Iterable[str]) -> dict[str, str]:
    """The one value of each of the columns that the rows have; rows that are cut short do not count.

    Raises:
        LogError: a column holds several values, or none in some rows.
    """
    whole = np.flatnonzero(rows.fault == Fault.NONE).tolist()
    found = {}
    for column in columns:
        if column in rows.columns:
            cells = rows.cells(column)
            words = {word_of(_plain(cells[place])) for place in whole}
            if len(words) > 1 or None in words:
                said = listed(("no value" if word is None else word[:40] for word in words), most=4)
                raise LogError(
                    f"{rows.file}: column '{column}' holds {said}; expected one value in all rows of a log"
                )
            found |= dict.fromkeys([column], next(iter(words), None))
    return {column: word for column, word in found.items() if word is not None}


def word_of(cell: Any) -> str | None:
    """A cell as a word: 7 for 7.0 of a column that was written as real numbers; None for no value."""
    if cell is None or isinstance(cell, list | dict):
        return None
    if isinstance(cell, float):
        if not math.isfinite(cell):
            return None
        return str(int(cell)) if cell == int(cell) and abs(cell) < WHOLE else repr(cell)
    word = str(cell).strip()
    return None if word.lower() in ("", "nan") else word


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell
