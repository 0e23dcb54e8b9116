"""Files to rows of cells: CSV, JSON documents, JSON lines, Parquet and MATLAB, broken ones included."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from hybridsim.errors import LogError, listed
from hybridsim.ingest.faults import Fault, Faults
from hybridsim.ingest.mat import read_variables
from hybridsim.ingest.parquet import Column, read_columns
from hybridsim.ingest.spec import TableSpec

MAX_BYTES = 2_000_000_000
MAX_JSON_BYTES = 500_000_000
MAX_COLUMNS = 10_000


@dataclass(frozen=True)
class Rows:
    """Rows of one file, column by column, before anything was taken for a number.

    Attributes:
        file: name of the file.
        numbers: where each row stands: line of the file or place in the list or table, from 1.
        cells_by_name: cells of every column; None where a row does not have it.
        fault: what is wrong with the row as a whole: cut short, or no row at all.
        document: fields beside the rows, from a JSON document or variables of a single number.
        notes: what a reader should know.
        unread: names of columns that were left in the file.
    """

    file: str
    numbers: Int64[np.ndarray, " row"]
    cells_by_name: dict[str, Column]
    fault: Faults
    document: dict[str, Any]
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names that the cells have."""
        return tuple(self.cells_by_name)

    def take(self, places: Int64[np.ndarray, " place"]) -> Rows:
        """Some of the rows."""
        chosen = places.tolist()
        columns: dict[str, Column] = {
            name: cells[places] if isinstance(cells, np.ndarray) else [cells[k] for k in chosen]
            for name, cells in self.cells_by_name.items()
        }
        return replace(self, numbers=self.numbers[places], cells_by_name=columns, fault=self.fault[places])

    def cells(self, column: str) -> Column:
        """Cells of one column, or what a dotted path leads to inside them.

        Raises:
            LogError: no such column; lists the columns there are.
        """
        if column in self.cells_by_name:
            return self.cells_by_name[column]
        base, _, path = column.partition(".")
        if base not in self.cells_by_name:
            there = ", ".join((*self.columns, *self.unread))
            raise LogError(f"{self.file}: no column '{column}'; it has {there}")
        return [dig(cell, path) for cell in self.cells_by_name[base]] if path else self.cells_by_name[base]


def read_rows(content: bytes, file: str, table: TableSpec, also: Iterable[str] = ()) -> Rows:
    """Read a file as its specification says.

    Args:
        content: of the file.
        file: its name, for messages.
        table: which columns hold the signals.
        also: other columns that are wanted.

    Raises:
        LogError: empty, another format than it should have, too large, damaged, or no list of rows where one
            should be.
    """
    if not content.strip():
        raise LogError(f"{file}: the file is empty")
    if table.format == "parquet":
        return _matching(_read_parquet(content, file, {*table.paths(), *also}), table)
    if table.format == "mat":
        return _matching(_read_mat(content, file, {*table.paths(), *also}), table)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise LogError(f"{file}: the text is UTF-16; expected UTF-8")
    most = MAX_BYTES if table.format == "csv" else MAX_JSON_BYTES
    if len(content) > most:
        raise LogError(f"{file}: {len(content)} bytes; expected at most {most}")
    text = content.decode("utf-8-sig", errors="replace")
    reader = {"csv": _read_csv, "json": _read_json, "jsonl": _read_json_lines}[table.format]
    return _matching(reader(text, file, table), table)


def dig(value: Any, path: str) -> Any:
    """What a dotted path leads to inside nested objects, or None."""
    for key in path.split("."):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    return value


def _read_csv(text: str, file: str, table: TableSpec) -> Rows:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = [(k, line) for k, line in enumerate(lines, start=1) if line.strip()]
    while kept and kept[0][1][0] == "#":  # comments above the header; below it every line is a row
        del kept[0]
    if not kept:
        raise LogError(f"{file}: no lines but comments")
    names = [name.strip() for name in _csv_line(kept[0][1], table.delimiter)]
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise LogError(f"{file}: column {listed(twice)} is there twice; it has {', '.join(names)}")
    rows = _csv_cells([line for _, line in kept[1:]], table.delimiter)
    short = [len(row) < len(names) for row in rows]
    if any(len(row) != len(names) for row in rows):
        rows = [_fitted(row, len(names)) for row in rows]
    columns = [list(cells) for cells in zip(*rows, strict=True)] or [[] for _ in names]
    return Rows(
        file,
        np.array([k for k, _ in kept[1:]], np.int64),
        dict(zip(names, columns, strict=True)),
        np.where(short, Fault.CUT, Fault.NONE).astype(np.uint8),
        {},
    )


def _fitted(row: list[str], width: int) -> list[Any]:
    """A row of just this width; of a short one the last cell goes too, because it may be cut itself."""
    if len(row) >= width:
        return list(row[:width])
    return [*row[:-1], *[None] * (width - len(row) + 1 if row else width)]


def _csv_cells(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Cells of every line; a broken quote costs its own line, never the lines after it."""
    if not any(line.count('"') % 2 for line in lines):
        try:
            cells = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            cells = []
        if len(cells) == len(lines):
            return cells
    return [_csv_line(line, delimiter) for line in lines]


def _csv_line(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell beyond the module's limit of 128 KiB
        return []


def _read_json(text: str, file: str, table: TableSpec) -> Rows:
    notes: tuple[str, ...] = ()
    try:
        document = _loads(text)
    except RecursionError:
        raise LogError(f"{file}: nested too deep") from None
    except ValueError as error:
        document, notes = _salvage(text, file, table.rows, str(error))
    rows = dig(document, table.rows) if table.rows else document
    if not isinstance(rows, list):
        keys = listed(document) if isinstance(document, dict) else type(document).__name__
        raise LogError(f"{file}: no list of rows at '{table.rows}'; the document has {keys}")
    fields = {k: v for k, v in document.items() if k != table.rows} if isinstance(document, dict) else {}
    return _from_objects(file, rows, list(range(1, len(rows) + 1)), fields, notes)


def _read_json_lines(text: str, file: str, table: TableSpec) -> Rows:
    numbered = [(k, line) for k, line in enumerate(text.split("\n"), start=1) if line.strip()]
    rows: list[Any] = []
    for _, line in numbered:
        try:
            rows.append(_loads(line))
        except (ValueError, RecursionError):
            rows.append(None)
    return _from_objects(file, rows, [k for k, _ in numbered], {}, ())


def _read_parquet(content: bytes, file: str, wanted: set[str]) -> Rows:
    columns, names = read_columns(content, file, wanted)
    count = len(next(iter(columns.values()), ()))
    unread = tuple(name for name in names if name not in columns)
    return Rows(file, np.arange(1, count + 1), columns, np.zeros(count, np.uint8), {}, unread=unread)


def _read_mat(content: bytes, file: str, wanted: set[str]) -> Rows:
    found = read_variables(content, file, wanted)
    count = len(next(iter(found.columns.values())))
    numbers, fault = np.arange(1, count + 1), np.zeros(count, np.uint8)
    return Rows(file, numbers, found.columns, fault, dict(found.fields), unread=found.unread)


def _from_objects(
    file: str, rows: list[Any], numbers: list[int], fields: dict[str, Any], notes: tuple[str, ...]
) -> Rows:
    objects = [row if isinstance(row, dict) else {} for row in rows]
    if objects and not any(objects):
        raise LogError(f"{file}: none of {len(objects)} rows is an object")
    names = dict.fromkeys(key for row in objects for key in row)
    if len(names) > MAX_COLUMNS:
        raise LogError(f"{file}: rows have {len(names)} different keys; expected at most {MAX_COLUMNS}")
    broken = [not isinstance(row, dict) for row in rows]
    return Rows(
        file,
        np.array(numbers, np.int64),
        {name: [row.get(name) for row in objects] for name in names},
        np.where(broken, Fault.NOT_AN_OBJECT, Fault.NONE).astype(np.uint8),
        fields,
        notes,
    )


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | float:
    """Stamps in ns need all their digits; a number of 5,000 digits is no reason to refuse the document."""
    return int(digits) if len(digits) < 25 else float(digits)


def _salvage(text: str, file: str, path: str, error: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The fields before a document's list of rows, and every row that is still whole."""
    start = re.search(rf'"{re.escape(path)}"\s*:\s*\[', text) if path and "." not in path else None
    if start is None:
        raise LogError(f"{file}: not valid JSON: {error}")
    rows, position, decoder = [], start.end(), json.JSONDecoder(parse_int=_integer)
    while (opening := text.find("{", position)) >= 0:
        try:
            row, position = decoder.raw_decode(text, opening)
        except (ValueError, RecursionError):
            row, position = None, opening + 1
            following = text.find("{", position)
            position = len(text) if following < 0 else following
        rows.append(row)
    head = text[: start.start()].rstrip().rstrip(",")
    try:
        document = _loads(head + "}")
    except (ValueError, RecursionError):
        raise LogError(f"{file}: not valid JSON: {error}") from None
    document[path] = rows
    return document, (f"{file}: not valid JSON ({error}): read row by row",)


def _matching(rows: Rows, table: TableSpec) -> Rows:
    """Only the rows whose columns hold the words that `where` asks for."""
    notes = list(rows.notes)
    keep = np.ones(len(rows.numbers), bool)
    for column, word in table.where.items():
        same = np.array([str(cell).strip() == word for cell in rows.cells(column)], bool)
        if not same.all():
            cells = rows.cells(column)
            others = {str(cells[k])[:40] for k in np.flatnonzero(~same).tolist()}
            count = int((~same).sum())
            notes.append(
                f"{rows.file}: {count} rows left alone: {column} is {listed(others, most=5)}, not {word}"
            )
        keep &= same
    if keep.all():
        return rows
    return replace(rows.take(np.flatnonzero(keep)), notes=tuple(notes))
