"""What holds for a whole recording: constants, labels, its robot, and what places of a list are called."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hybridsim.errors import LogError, SpecError, listed
from hybridsim.ingest.cells import number
from hybridsim.ingest.columns import found_in
from hybridsim.ingest.faults import WORDS, Fault
from hybridsim.ingest.spec import ConstantSpec, IngestSpec, LabelSpec
from hybridsim.ingest.tables import dig
from hybridsim.log import Constant
from hybridsim.robot import Robot
from hybridsim.signals import SIGNALS, UNITS, si_conversion

MAX_BYTES = 10_000_000
MAX_LABEL = 200
ABSURD = 1e9  # no constant of a robot is larger in SI units; chosen


def list_names(folder: Path, spec: IngestSpec) -> tuple[str, ...] | None:
    """What the places of a list cell are called, or None where the specification does not say."""
    if spec.names is None:
        return None
    if spec.names.words is not None:
        return spec.names.words
    assert spec.names.file is not None
    text = read_small(folder, spec.names.file).decode("utf-8-sig", errors="replace")
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not names or len(set(names)) != len(names):
        raise LogError(f"{spec.names.file}: expected one name a line, each once; it has {listed(names)}")
    return names


def header_fields(folder: Path, spec: IngestSpec, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields of the header file, or of the document that holds the rows."""
    if spec.header is None:
        return document
    try:
        fields = json.loads(read_small(folder, spec.header), parse_int=float)
    except (ValueError, RecursionError) as error:
        raise LogError(f"{spec.header}: not valid JSON: {error}") from None
    if not isinstance(fields, dict):
        raise LogError(f"{spec.header}: expected an object of fields")
    return fields


def read_small(folder: Path, name: str) -> bytes:
    """A file beside the tables; it may not lie elsewhere.

    Raises:
        LogError: no such file, too large, or a path that leaves the folder.
    """
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise LogError(f"'{name}' leaves the log's folder")
    if not path.is_file():
        raise LogError(f"no {name}; it holds {listed((p.name for p in folder.iterdir()), most=8)}")
    if path.stat().st_size > MAX_BYTES:
        raise LogError(f"{name}: {path.stat().st_size} bytes; expected at most {MAX_BYTES}")
    return path.read_bytes()


def check_robot(fields: Mapping[str, Any], spec: IngestSpec, robot: Robot) -> None:
    """Refuse a log of another robot.

    Raises:
        LogError: says whose log it is.
    """
    if spec.select is None:
        return
    word = dig(fields, spec.select.field)
    owner = spec.select.robots.get(str(word))
    if owner == robot.name:
        return
    known = ", ".join(f"{key} ({name})" for key, name in sorted(spec.select.robots.items()))
    if word is None:
        raise LogError(f"header field '{spec.select.field}' is missing; expected one of {known}")
    whose = f"a log of robot {owner}" if owner else f"not one of {known}"
    raise LogError(f"{spec.select.field} is '{word!s:.60}', {whose}; expected {robot.name}")


def constants_of(
    fields: Mapping[str, Any], spec: IngestSpec, columns: Mapping[str, str] | None = None
) -> dict[str, Constant]:
    """Every constant in SI units.

    Args:
        fields: of the header.
        spec: says which constants there are.
        columns: the one value of every column that has to have only one.

    Raises:
        LogError: a required field or column is missing, no number, or absurd.
    """
    found = {}
    for entry in spec.constants:
        raw = entry.value if entry.value is not None else _given(entry, fields, columns)
        if raw is None and not entry.required:
            continue
        value, fault = number(raw)
        if fault != Fault.NONE:
            raise LogError(f"{_place(entry)} {WORDS[fault]}: {raw!r:.60}; {_there(entry, fields)}")
        si = si_unit(entry.name, entry.unit)
        factor, offset = si_conversion(entry.unit, si)
        if abs(value * factor + offset) > ABSURD:
            raise LogError(f"{_place(entry)} is absurd: {value:g} {entry.unit}")
        found[entry.name] = Constant(value=value * factor + offset, unit=si)
    return found


def _given(
    entry: ConstantSpec | LabelSpec, fields: Mapping[str, Any], columns: Mapping[str, str] | None
) -> Any:
    """What the header or the table says."""
    if entry.column is not None:
        return (columns or {}).get(entry.column)
    return dig(fields, entry.field or "")


def _place(entry: ConstantSpec | LabelSpec) -> str:
    if isinstance(entry, LabelSpec) and entry.pattern is not None:
        return f"label {entry.name}: pattern '{entry.pattern}'"
    return f"header field '{entry.field}'" if entry.column is None else f"column '{entry.column}'"


def _there(entry: ConstantSpec | LabelSpec, fields: Mapping[str, Any]) -> str:
    if entry.column is not None:
        return f"expected a value for {entry.name} in all rows"
    return (
        f"the header has {listed(key for key, item in fields.items() if not isinstance(item, list | dict))}"
    )


def si_unit(name: str, unit: str) -> str:
    """SI unit of a constant: the signal's of the same name, else the one its unit converts to.

    Raises:
        SpecError: an unknown unit.
    """
    if name in SIGNALS:
        return SIGNALS[name].unit
    if unit not in UNITS:
        raise SpecError(f"constant {name}: unit '{unit}' is unknown; available: {listed(UNITS, most=40)}")
    return UNITS[unit][0]


def labels_of(
    fields: Mapping[str, Any], spec: IngestSpec, name: str, columns: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Every label that the header, the one value of a column, or the recording's name gives.

    Raises:
        LogError: a required one is missing, or one that counts is no number.
    """
    found = {}
    for entry in spec.labels:
        by_name = entry.pattern is not None
        word = found_in(name, entry.pattern) if by_name else _given(entry, fields, columns)
        if word is None and entry.required and by_name:
            raise LogError(f"{_place(entry)} finds nothing in the name '{name}'")
        if word is None and entry.required:
            raise LogError(f"{_place(entry)} is missing; {_there(entry, fields)}")
        if word is not None and not isinstance(word, dict | list):
            found[entry.name] = (str(word) if entry.every is None else _stretch(entry, word))[:MAX_LABEL]
    return found


def _stretch(entry: LabelSpec, word: Any) -> str:
    """Which stretch of `every` numbers a number is in."""
    value, fault = number(word)
    if fault != Fault.NONE:
        raise LogError(
            f"{_place(entry)} {WORDS[fault]}: {word!r:.60}; expected one to count by {entry.every}"
        )
    return str(math.floor(value / (entry.every or 1)))
