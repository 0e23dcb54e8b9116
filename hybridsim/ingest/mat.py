"""MATLAB files to columns of cells: only those asked for, plain numbers, one row a sample."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from hybridsim.errors import LogError, listed
from hybridsim.ingest.columns import PLACE
from hybridsim.ingest.mat5 import Variable, damaged, read_mat5
from hybridsim.ingest.parquet import Column

MAX_ROWS = 20_000_000  # chosen, because these cells fit into memory; far more than recordings hold


@dataclass(frozen=True)
class Variables:
    """What a file holds.

    Attributes:
        columns: cells of the columns that were asked for, by the name they were asked for with.
        fields: variables of a single number.
        unread: names of the others: `t`, `info`, `q[0..3]` for q[0] to q[3].
    """

    columns: dict[str, Column]
    fields: dict[str, float]
    unread: tuple[str, ...]


def read_variables(content: bytes, file: str, wanted: Collection[str]) -> Variables:
    """The columns that some names lead to, and every variable of a single number.

    `q[2]` is the third column of variable q, `t` the only one of t. A row vector counts as a column.

    Args:
        content: of the file, versions 5 to 7.
        file: its name, for messages.
        wanted: names of columns; those that the file lacks are left out.

    Raises:
        LogError: no such file, a damaged one, more than memory should hold, or variables that are asked for
            and are no rows of plain numbers, or not as many as the others.
    """
    there = _by_name(read_mat5(content, file), file)
    asked = {path: _base(path) for path in sorted(wanted) if _base(path)[0] in there}
    matrices = {name: _matrix(there[name], file) for name in sorted({name for name, _ in asked.values()})}
    if len({len(matrix) for matrix in matrices.values()}) > 1:
        counts = ", ".join(f"{name} {len(matrix)}" for name, matrix in matrices.items())
        raise LogError(f"{file}: variables of one recording differ in their rows: {counts}")
    columns = {
        path: _cells(matrices[name][:, place])
        for path, (name, place) in asked.items()
        if place < matrices[name].shape[1] and (path != name or matrices[name].shape[1] == 1)
    }
    if not columns:
        raise LogError(f"{file}: no column of it is asked for; it has {listed(map(_shown, there.values()))}")
    read = {asked[path][0] for path in columns}
    return Variables(
        columns,
        {name: _array(one, file).item() for name, one in there.items() if _is_single(one)},
        tuple(_shown(one) for name, one in there.items() if name not in read),
    )


def _by_name(variables: Collection[Variable], file: str) -> dict[str, Variable]:
    """Variables that have a name; MATLAB's own bookkeeping has none."""
    named = [one for one in variables if one.name]
    if twice := [name for name, count in Counter(one.name for one in named).items() if count > 1]:
        raise LogError(f"{file}: variable {listed(twice)} is there twice")
    return {one.name: one for one in named}


def _base(path: str) -> tuple[str, int]:
    """Variable and column that a name leads to."""
    match = PLACE.match(path)
    return (match["base"], int(match["place"])) if match and match["place"].isdecimal() else (path, 0)


def _shown(one: Variable) -> str:
    columns = one.shape[1] if len(one.shape) == 2 and min(one.shape) > 1 else 1
    return f"{one.name}[0..{columns - 1}]" if columns > 1 else one.name


def _is_single(one: Variable) -> bool:
    return one.kind == "numbers" and one.shape == (1, 1)


def _matrix(one: Variable, file: str) -> Shaped[np.ndarray, "row column"]:
    """A variable with a row for every sample."""
    if one.kind != "numbers":
        raise LogError(f"{file}: variable '{one.name}' holds {one.kind}; expected plain numbers")
    size = " x ".join(map(str, one.shape))
    rows, columns = one.shape if len(one.shape) == 2 else (0, 1)
    if columns > rows != 1:
        raise LogError(f"{file}: variable '{one.name}' is {size}; expected a row for every sample")
    if max(rows, columns) > MAX_ROWS:
        raise LogError(f"{file}: variable '{one.name}' is {size}; expected at most {MAX_ROWS} rows")
    array = _array(one, file)
    return array.T if rows == 1 else array


def _array(one: Variable, file: str) -> np.ndarray:
    try:
        return one.array()
    except (ValueError, struct.error) as error:
        raise damaged(file, error) from None


def _cells(column: np.ndarray) -> Column:
    return column.astype(np.int64 if np.can_cast(column.dtype, np.int64) else np.float64)
