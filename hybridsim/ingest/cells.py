"""Cells of a column to numbers: fast while all is well, cell by cell where something is not."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Float64

from hybridsim.ingest.faults import Fault, Faults

REPLACEMENT = "\ufffd"  # stands where bytes were not UTF-8


@dataclass(frozen=True)
class Cells:
    """Numbers of one column, one row a source row; rows with a fault hold NaN."""

    values: Float64[np.ndarray, "row place"]
    fault: Faults


def numbers(cells: Sequence[object] | np.ndarray) -> Cells:
    """One number a cell: text, JSON number or boolean; or numbers that are an array already."""
    try:
        if isinstance(cells, np.ndarray):
            values = cells.astype(np.float64)
        elif any(isinstance(cell, str) and "_" in cell for cell in cells):
            raise ValueError  # Python reads 1_0 as ten, nobody else does
        else:
            values = np.array([float(cell) for cell in cells], np.float64)  # pyright: ignore[reportArgumentType]
        fault = np.where(np.isfinite(values), Fault.NONE, Fault.NOT_FINITE).astype(np.uint8)
    except (ValueError, TypeError, OverflowError):
        pairs = [number(cell) for cell in cells]
        values = np.array([value for value, _ in pairs], np.float64)
        fault = np.array([reason for _, reason in pairs], np.uint8)
    values[fault != Fault.NONE] = np.nan
    return Cells(values[:, None], fault)


def number(cell: object) -> tuple[float, Fault]:
    """A single cell, and what is wrong with it."""
    if cell is None:
        return math.nan, Fault.MISSING
    if isinstance(cell, str):
        text = cell.strip()
        if not text:
            return math.nan, Fault.MISSING
        if REPLACEMENT in text:
            return math.nan, Fault.NOT_UTF8
        if text.lower() in ("true", "false"):
            return float(text.lower() == "true"), Fault.NONE
        if "_" in text:
            return math.nan, Fault.NOT_A_NUMBER
        cell = text
    if not isinstance(cell, str | int | float):
        return math.nan, Fault.NOT_A_NUMBER
    try:
        value = float(cell)
    except ValueError:
        return math.nan, Fault.NOT_A_NUMBER
    except OverflowError:
        return math.nan, Fault.NOT_FINITE
    return (value, Fault.NONE) if math.isfinite(value) else (math.nan, Fault.NOT_FINITE)


def lists(cells: Sequence[object], length: int | None) -> Cells:
    """A list of numbers a cell: JSON text such as `[0.1, 0.2]`, or a list that JSON gave already.

    Args:
        cells: one a row.
        length: how many numbers a list has to hold; the most common length where None.
    """
    if cells and all(isinstance(cell, str) for cell in cells):
        values = _parse_joined([str(cell) for cell in cells], length)
        if values is not None:
            return Cells(values, np.zeros(len(values), np.uint8))
    parsed = [_list(cell) for cell in cells]
    if length is None:
        sizes = Counter(len(values) for values, fault in parsed if fault == Fault.NONE)
        length = sizes.most_common(1)[0][0] if sizes else 1
    values = np.full((len(parsed), length), np.nan)
    fault = np.zeros(len(parsed), np.uint8)
    for row, (found, reason) in enumerate(parsed):
        if reason == Fault.NONE and len(found) != length:
            reason = Fault.WRONG_LENGTH
        fault[row] = reason
        if reason == Fault.NONE:
            values[row] = found
    return Cells(values, fault)


def _parse_joined(cells: list[str], length: int | None) -> Float64[np.ndarray, "row place"] | None:
    """All cells in one call of a fast parser; None unless every cell is one flat list of finite numbers.

    Written as lines of a table, a cell cannot lend a number to its neighbour: the parser counts each line's.
    """
    length = length or cells[0].count(",") + 1
    joined = "\n".join(cells)
    flat = joined.count("[") == len(cells) == joined.count("]")
    if not flat or '"' in joined or not all(cell[:1] == "[" and cell[-1:] == "]" for cell in cells):
        return None
    names = [str(place) for place in range(length)]
    lines = joined.replace("[", "").replace("]", "").encode()
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(lines),
            pyarrow.csv.ReadOptions(use_threads=False, column_names=names, block_size=max(len(lines), 1)),
            pyarrow.csv.ParseOptions(quote_char=False),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float64()), null_values=[]),
        )
    except pa.ArrowException:
        return None
    values = np.stack([column.to_numpy() for column in table.columns], axis=1)
    return values if len(values) == len(cells) and np.isfinite(values).all() else None


def _split(text: str) -> list[str]:
    """Items of a flat list that is no JSON, such as Python's `[nan, 0.1]`."""
    inside = text.strip()
    if inside[:1] != "[" or inside[-1:] != "]" or "[" in inside[1:]:
        return [text]
    return inside[1:-1].split(",")


def _list(cell: object) -> tuple[list[float], Fault]:
    if isinstance(cell, str):
        if not cell.strip():
            return [], Fault.MISSING
        if REPLACEMENT in cell:
            return [], Fault.NOT_UTF8
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            cell = _split(cell)
    if cell is None or cell == []:
        return [], Fault.MISSING
    if not isinstance(cell, list):
        return [], Fault.NOT_A_NUMBER
    pairs = [number(item) for item in cell]
    worst = next((fault for _, fault in pairs if fault != Fault.NONE), Fault.NONE)
    return [value for value, _ in pairs], worst
