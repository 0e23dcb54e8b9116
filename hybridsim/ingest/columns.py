"""The parts of ingest.toml that tables and topics share: columns, signals, stamps."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from hybridsim.errors import SpecError
from hybridsim.signals import si_conversion, signal_word

Finite = Annotated[float, Field(allow_inf_nan=False)]
PLACE = re.compile(r"^(?P<base>.+)\[(?P<place>[^\[\]]+)\]$")  # of a column: `positions[2]`
QUATERNION = ("x", "y", "z", "w")
MAX_RATE_HZ = 1e9  # a row each nanosecond: stamps of more would coincide
Decoding = Literal["twos_complement_8", "twos_complement_16", "twos_complement_32"]


def _checked(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_checked)]


def found_in(name: str, pattern: str | None) -> str | None:
    """The part of a recording's name that a regular expression finds, or None."""
    found = re.search(pattern, name) if pattern else None
    return (found.group() or None) if found else None


class Table(BaseModel):
    """Part of ingest.toml: no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Column(Table):
    """Where a component's numbers stand, and how they become SI.

    value [SI] = sign * scale * decoded number, converted from `unit`.

    Attributes:
        column: name of a CSV or Parquet column, dotted path inside a JSON row, or name of a MATLAB variable;
            `positions[2]` takes a place of a list or the third column of a variable, `positions[Elbow]` the
            place of a list that `[names]` gives to Elbow.
        unit: of the source; the signal's own `unit` where this is missing.
        scale: multiplies the number before its unit is converted.
        sign: -1 where the source counts the other way.
        decode: for numbers that a tool wrote without their sign.
    """

    column: str = Field(min_length=1)
    unit: str | None = None
    scale: Finite = 1.0
    sign: Literal[1, -1] = 1
    decode: Decoding | None = None


class SignalSpec(Table):
    """One signal, component by component.

    Attributes:
        robots: robots whose logs have it; all when left out.
        required: whether a log without it is refused.
        columns: component to column, a name or a table; of a quaternion x, y, z and w, in any order.
    """

    name: str
    unit: str | None = None
    frame: str | None = None
    robots: tuple[str, ...] | None = None
    required: bool = True
    columns: dict[str, Column] = Field(min_length=1)

    @field_validator("columns", mode="before")
    @classmethod
    def _names_are_columns(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        keys = (
            QUATERNION if set(value) == set(QUATERNION) else value
        )  # a log has w last, whatever the source has
        return {key: {"column": value[key]} if isinstance(value[key], str) else value[key] for key in keys}

    @model_validator(mode="after")
    def _units_are_given(self) -> SignalSpec:
        word = signal_word(self.name)
        for component, column in self.columns.items():
            self.conversion(component)
            if column.scale == 0:
                raise ValueError(f"signal {self.name}: scale of column '{column.column}' is 0")
        if word.kind == "quaternion" and tuple(self.columns) != QUATERNION:
            raise ValueError(
                f"signal {self.name}: components {', '.join(self.columns)}; expected {', '.join(QUATERNION)}"
            )
        return self

    def conversion(self, component: str) -> tuple[float, float]:
        """Factor and offset from the column's numbers to SI.

        Raises:
            SpecError: the unit is missing, or not one of this signal.
        """
        column = self.columns[component]
        unit = column.unit or self.unit
        expected = signal_word(self.name).unit
        if unit is None:
            raise SpecError(
                f"signal {self.name}: the unit of column '{column.column}' is missing; expected {expected}"
            )
        try:
            factor, offset = si_conversion(unit, expected)
        except SpecError as error:
            raise SpecError(f"signal {self.name}, column '{column.column}': {error}") from None
        return factor * column.scale * column.sign, offset


class TableStamp(Table):
    """When the rows of a table were taken: a column says so, or they are evenly spaced from 0 on.

    Attributes:
        column: that holds the time; or
        rate: rows a second, as a number or as the field that holds it: of a JSON document, or a MATLAB
            variable of a single number.
        unit: of the column, `iso8601` for dates; of the rate `Hz`.
    """

    column: str | None = Field(default=None, min_length=1)
    rate: Finite | str | None = None
    unit: Literal["s", "ms", "us", "ns", "iso8601", "Hz"]

    @model_validator(mode="after")
    def _one_of_both(self) -> TableStamp:
        if (self.column is None) == (self.rate is None):
            raise ValueError("expected either 'column' or 'rate'")
        if (self.rate is None) == (self.unit == "Hz"):
            raise ValueError(f"unit is '{self.unit}'; expected a unit of time for 'column', Hz for 'rate'")
        if isinstance(self.rate, float) and not 0 < self.rate <= MAX_RATE_HZ:
            raise ValueError(f"rate is {self.rate:g} Hz; expected above 0, at most {MAX_RATE_HZ:g}")
        return self


class Stamp(Table):
    """Where a message's time stands: a column and its unit, or `iso8601` for dates."""

    column: str = Field(min_length=1)
    unit: Literal["s", "ms", "us", "ns", "iso8601"]
