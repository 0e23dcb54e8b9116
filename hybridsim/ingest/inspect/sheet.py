"""A page of findings: tables for people, one JSON object for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Grid:
    """A table with a title; every cell is text already."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (self.columns, *self.rows)
        ]
        return "\n".join([f"{self.title}:", *(f"  {line}" for line in lines)])


@dataclass(frozen=True)
class Sheet:
    """What was found.

    Attributes:
        title: what was looked at.
        facts: name and value, one line each.
        grids: tables.
        problems: what looks wrong, one line each.
        data: the same for scripts, JSON types only.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    problems: tuple[str, ...]
    data: dict[str, Any]

    def json(self) -> str:
        """One JSON object: `data` with the problems."""
        return json.dumps({**self.data, "problems": list(self.problems)}, indent=1, allow_nan=False)

    def __str__(self) -> str:
        width = max((len(name) for name, _ in self.facts), default=0)
        facts = [f"  {name.ljust(width)}  {value}" for name, value in self.facts]
        found = [f"  {line}" for line in self.problems] or ["  nothing found"]
        return "\n".join([self.title, *facts, *map(str, self.grids), "what looks wrong:", *found])


def joined(title: str, sheets: Sequence[Sheet], refused: Sequence[str]) -> Sheet:
    """Several sheets as one."""
    grids = tuple(replace(grid, title=f"{s.title}: {grid.title}") for s in sheets for grid in s.grids)
    problems = [f"refused {line}" for line in refused]
    problems += [f"{sheet.title}: {line}" for sheet in sheets for line in sheet.problems]
    data = {"kind": "bags", "bags": [sheet.data for sheet in sheets], "refused": list(refused)}
    facts = (("bags", str(len(sheets))), ("refused", str(len(refused))))
    return Sheet(title, facts, grids, tuple(problems), data)


def number(value: float | None, digits: int = 4) -> str:
    """A number for a table; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}g}"
