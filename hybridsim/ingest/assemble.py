"""Rows of cells to signals in SI units, row by row refused where they must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from hybridsim.errors import LogError, listed
from hybridsim.ingest.cells import Cells, lists, number, numbers
from hybridsim.ingest.clocks import LIMIT_NS, even_stamps, order_faults, parse_stamps
from hybridsim.ingest.columns import MAX_RATE_HZ, PLACE, Column, Decoding, SignalSpec, TableStamp
from hybridsim.ingest.faults import Fault, Faults, refusals
from hybridsim.ingest.limits import bounds
from hybridsim.ingest.quaternions import unit_quaternions
from hybridsim.ingest.spec import TableSpec
from hybridsim.ingest.tables import Rows, dig
from hybridsim.log import Clock, Signal, SignalFacts
from hybridsim.robot import Robot
from hybridsim.signals import is_quaternion, signal_word


@dataclass(frozen=True)
class Place:
    """Where a column's numbers stand: a cell, or a place in the list inside a cell."""

    base: str
    index: int | None


@dataclass(frozen=True)
class Stamps:
    """Nanoseconds of every row, what is wrong with them, and where they come from."""

    ns: Int64[np.ndarray, " row"]
    fault: Faults
    clock: Clock


def signals_of(
    rows: Rows, table: TableSpec, robot: Robot, names: Sequence[str] | None
) -> dict[str, tuple[Signal, SignalFacts]]:
    """Every signal of one table that this robot has; an optional one that the file lacks is left out.

    Raises:
        LogError: a file without rows, or a required signal of which it lacks a column or a joint, or every
            row was refused.
    """
    if not len(rows.numbers):
        raise LogError(f"{rows.file}: no rows")
    specs = [spec for spec in table.signals if spec.robots is None or robot.name in spec.robots]
    for spec in specs:  # a joint that the file lacks is a clearer refusal than the rows it spoils
        for column in spec.columns.values() if spec.required else ():
            place_of(column.column, rows.columns, names, rows.file)
    stamps = _stamps(rows, table.stamp)
    parsed: dict[str, Cells] = {}
    found = {}
    for spec in specs:
        try:
            values, fault = _values(rows, spec, robot, names, parsed)
        except LogError:  # no such column, or no such place in it
            if spec.required:
                raise
            continue
        fault = np.where(stamps.fault != Fault.NONE, stamps.fault, fault).astype(np.uint8)
        fault = _with_structure(rows, fault)
        good = np.flatnonzero(fault == Fault.NONE)
        fault[good] = order_faults(stamps.ns[good])
        if (fault == Fault.NONE).sum() >= 2:
            found[spec.name] = _kept(rows, spec, stamps, values, fault)
        elif spec.required:
            raise LogError(_nothing_left(rows, spec, fault))
    return found


def _stamps(rows: Rows, stamp: TableStamp) -> Stamps:
    """Stamps from their column, or of rows that are evenly spaced."""
    if stamp.rate is None:
        assert stamp.column is not None and stamp.unit != "Hz"
        return Stamps(*parse_stamps(rows.cells(stamp.column), stamp.unit), Clock())
    count, rate = len(rows.numbers), _rate_hz(rows, stamp.rate)
    clock = Clock(method=f"rows evenly spaced at {rate:.9g} Hz, the first at 0")
    return Stamps(even_stamps(count, rate), np.zeros(count, np.uint8), clock)


def _rate_hz(rows: Rows, rate: float | str) -> float:
    """Rows a second, as the specification or a field of the file says."""
    value, fault = number(dig(rows.document, rate)) if isinstance(rate, str) else (rate, Fault.NONE)
    if fault == Fault.MISSING:
        raise LogError(f"{rows.file}: no field '{rate}' for the rate; it has {listed(rows.document)}")
    least = len(rows.numbers) * 1e9 / LIMIT_NS
    if fault != Fault.NONE or not least < value <= MAX_RATE_HZ:
        raise LogError(
            f"{rows.file}: the rate is {value:g} Hz; expected above {least:.1g}, at most {MAX_RATE_HZ:g}"
        )
    return value


def _kept(
    rows: Rows,
    spec: SignalSpec,
    stamps: Stamps,
    values: Float64[np.ndarray, "row component"],
    fault: Faults,
) -> tuple[Signal, SignalFacts]:
    """The signal of the rows without a fault, and what is to be said of the others."""
    keep = fault == Fault.NONE
    unit = signal_word(spec.name).unit
    signal = Signal(spec.name, unit, tuple(spec.columns), stamps.ns[keep], values[keep], spec.frame)
    return signal, SignalFacts(
        rows_read=len(fault),
        duplicates_dropped=int((fault == Fault.DUPLICATE).sum()),
        refused=refusals(fault, rows.numbers, rows.file),
        clock=stamps.clock,
    )


def place_of(column: str, columns: Sequence[str], names: Sequence[str] | None, file: str) -> Place:
    """Split `positions[Elbow]` into a column and a place; a column with just this name comes first.

    Raises:
        LogError: no such name among those the file gives.
    """
    match = PLACE.match(column)
    if column in columns or match is None:
        return Place(column, None)
    place = match["place"]
    if names and place in names:
        return Place(match["base"], list(names).index(place))
    if place.isdigit():
        return Place(match["base"], int(place))
    raise LogError(
        f"{file}: no joint '{place}' for column '{column}'; available: {', '.join(names or ()) or 'none'}"
    )


def _values(
    rows: Rows, spec: SignalSpec, robot: Robot, names: Sequence[str] | None, parsed: dict[str, Cells]
) -> tuple[Float64[np.ndarray, "row component"], Faults]:
    columns = []
    fault = np.zeros(len(rows.numbers), np.uint8)
    for component, column in spec.columns.items():
        place = place_of(column.column, rows.columns, names, rows.file)
        cells = _cells(rows, place, names, parsed)
        index = place.index or 0
        if index >= cells.values.shape[1]:
            raise LogError(
                f"{rows.file}: column '{place.base}' holds {cells.values.shape[1]} numbers; '{column.column}'"
            )
        values, strange = _converted(cells.values[:, index], spec, component, column)
        low, high = bounds(spec.name, component, robot)
        with np.errstate(invalid="ignore"):
            strange |= (values < low) | (values > high)
        strange = np.where(strange, Fault.IMPLAUSIBLE, Fault.NONE)
        own = np.where(cells.fault != Fault.NONE, cells.fault, strange)
        fault = np.where(fault != Fault.NONE, fault, own).astype(np.uint8)
        columns.append(values)
    stacked = np.stack(columns, axis=1)
    return unit_quaternions(stacked, fault) if is_quaternion(spec.name) else (stacked, fault)


def _cells(rows: Rows, place: Place, names: Sequence[str] | None, parsed: dict[str, Cells]) -> Cells:
    key = place.base if place.index is not None else f"{place.base}\n"
    if key not in parsed:
        cells = rows.cells(place.base)
        length = len(names) if names else None
        parsed[key] = numbers(cells) if place.index is None else lists(list(cells), length)
    return parsed[key]


def _with_structure(rows: Rows, fault: Faults) -> Faults:
    """Say that a row was cut, or is no object, where a missing value is only the consequence."""
    missing = (fault == Fault.MISSING) | (fault == Fault.STAMP_UNREADABLE)
    return np.where(missing & (rows.fault != Fault.NONE), rows.fault, fault).astype(np.uint8)


def _converted(
    raw: Float64[np.ndarray, " row"], spec: SignalSpec, component: str, column: Column
) -> tuple[Float64[np.ndarray, " row"], np.ndarray]:
    decoded, strange = decode(raw, column.decode) if column.decode else (raw, np.zeros(len(raw), bool))
    factor, offset = spec.conversion(component)
    with np.errstate(over="ignore", invalid="ignore"):
        return decoded * factor + offset, strange


def decode(
    raw: Float64[np.ndarray, " row"], decoding: Decoding
) -> tuple[Float64[np.ndarray, " row"], np.ndarray]:
    """Numbers with their sign, and which of them no register of this width can hold."""
    span = 2.0 ** int(decoding.rsplit("_", 1)[1])
    with np.errstate(invalid="ignore"):
        strange = (raw < -span / 2) | (raw >= span)
        return np.where(raw >= span / 2, raw - span, raw), strange


def _nothing_left(rows: Rows, spec: SignalSpec, fault: np.ndarray) -> str:
    reasons = "; ".join(
        f"{entry.count} rows: {entry.reason}" for entry in refusals(fault, rows.numbers, rows.file)
    )
    reasons = reasons or f"the file has {len(fault)} rows"
    return f"{rows.file}: fewer than two rows of {spec.name} can be used: {reasons}"
