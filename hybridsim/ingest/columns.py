"""The parts of ingest.toml that tables and topics share: columns, signals, stamps."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hybridsim.errors import SpecError
from hybridsim.signals import si_conversion, signal_word

Finite = Annotated[float, Field(allow_inf_nan=False)]
PLACE = re.compile(r"^(?P<base>.+)\[(?P<place>[^\[\]]+)\]$")  # of a column: `positions[2]`
QUATERNION = ("x", "y", "z", "w")
Decoding = Literal["twos_complement_8", "twos_complement_16", "twos_complement_32"]


class Table(BaseModel):
    """Part of ingest.toml: no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Column(Table):
    """Where a component's numbers stand, and how they become SI.

    value [SI] = sign * scale * decoded number, converted from `unit`.

    Attributes:
        column: name of a CSV or Parquet column or dotted path inside a JSON row; `positions[2]` takes a place
            of a list, `positions[Elbow]` the place that `[names]` gives to Elbow.
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


class Stamp(Table):
    """Where a row's time stands: a column and its unit, or `iso8601` for dates."""

    column: str = Field(min_length=1)
    unit: Literal["s", "ms", "us", "ns", "iso8601"]
