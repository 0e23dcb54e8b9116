"""The pydantic models of ingest.toml: which columns of which files are which signals, in which units."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hybridsim.errors import SpecError, listed
from hybridsim.resources import available, find
from hybridsim.robot import Robot
from hybridsim.signals import si_conversion, signal_word
from hybridsim.validation import explain

MAX_BYTES = 1_000_000
Finite = Annotated[float, Field(allow_inf_nan=False)]
Decoding = Literal["twos_complement_8", "twos_complement_16", "twos_complement_32"]


class Table(BaseModel):
    """Part of ingest.toml: no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Column(Table):
    """Where a component's numbers stand, and how they become SI.

    value [SI] = sign * scale * decoded number, converted from `unit`.

    Attributes:
        column: name of a CSV column or dotted path inside a JSON row; `positions[2]` takes a place of a list,
            `positions[Elbow]` the place that `[names]` gives to Elbow.
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
        columns: component to column, a name or a table.
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
        return {key: {"column": entry} if isinstance(entry, str) else entry for key, entry in value.items()}

    @model_validator(mode="after")
    def _units_are_given(self) -> SignalSpec:
        word = signal_word(self.name)
        for component, column in self.columns.items():
            self.conversion(component)
            if column.scale == 0:
                raise ValueError(f"signal {self.name}: scale of column '{column.column}' is 0")
        if word.kind == "quaternion" and len(self.columns) != 4:
            raise ValueError(f"signal {self.name}: {len(self.columns)} components; expected x, y, z, w")
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


class TableSpec(Table):
    """One file of a log.

    Attributes:
        file: pattern of the file's name, such as `control.csv` or `*.json`.
        format: `csv`, `json` (one document) or `jsonl` (one object a line).
        rows: dotted path of the list of rows inside a JSON document; empty for the document itself.
        delimiter: of CSV cells.
        where: columns that must hold these words; other rows belong to somebody else and are left alone.
    """

    file: str = Field(min_length=1)
    format: Literal["csv", "json", "jsonl"]
    rows: str = ""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    stamp: Stamp
    where: dict[str, str] = Field(default_factory=dict)
    signals: tuple[SignalSpec, ...] = Field(alias="signal", min_length=1)


class Names(Table):
    """What the places of a list cell are called: lines of a file beside the tables, or words given here."""

    file: str | None = None
    words: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Names:
        if (self.file is None) == (self.words is None):
            raise ValueError("expected either 'file' or 'words'")
        return self


class ConstantSpec(Table):
    """A number for the whole log: `field` of the header, or a `value` that holds for the whole set."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    field: str | None = None
    value: Finite | None = None
    unit: str
    required: bool = True

    @model_validator(mode="after")
    def _one_of_both(self) -> ConstantSpec:
        if (self.field is None) == (self.value is None):
            raise ValueError(f"constant {self.name}: expected either 'field' or 'value'")
        return self


class LabelSpec(Table):
    """A word for the whole log, from a field of the header."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    field: str
    required: bool = False


class Select(Table):
    """Which robot a log belongs to: the header's `field` against a table from its words to robots."""

    field: str
    robots: dict[str, str] = Field(min_length=1)


class IngestSpec(Table):
    """The whole of ingest.toml.

    Attributes:
        set_name: key `set`: name of the data set.
        robots: robots whose logs this describes.
        serial: the individual, where the set holds one only.
        session: regular expression over a recording's name; what it finds is the session.
        one_log_per: `folder` that holds every table, or `file` that matches the only table.
        header: file beside the tables with header fields; a JSON table's own document when left out.
    """

    schema_version: Literal[1] = Field(alias="schema")
    set_name: str = Field(alias="set", min_length=1)
    robots: tuple[str, ...] = Field(min_length=1)
    serial: str | None = None
    session: str | None = None
    one_log_per: Literal["folder", "file"]
    header: str | None = None
    select: Select | None = None
    names: Names | None = None
    constants: tuple[ConstantSpec, ...] = Field(alias="constant", default=())
    labels: tuple[LabelSpec, ...] = Field(alias="label", default=())
    tables: tuple[TableSpec, ...] = Field(alias="table", min_length=1)

    @field_validator("session")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _tables_fit(self) -> IngestSpec:
        if self.one_log_per == "file" and len(self.tables) > 1:
            raise ValueError(f"one_log_per is 'file' with {len(self.tables)} tables; expected one")
        names = [(signal.name, robot) for signal in self.signals() for robot in signal.robots or self.robots]
        twice = sorted({name for name, robot in names if names.count((name, robot)) > 1})
        if twice:
            raise ValueError(f"signal {', '.join(twice)} is given twice")
        for signal in self.signals():
            unknown = set(signal.robots or ()) - set(self.robots)
            if unknown:
                raise ValueError(
                    f"signal {signal.name}: robots {listed(unknown)} are not among {listed(self.robots)}"
                )
        return self

    def signals(self) -> Iterator[SignalSpec]:
        """Every signal of every table."""
        for table in self.tables:
            yield from table.signals

    def check(self, robot: Robot) -> None:
        """Refuse a robot that this set does not serve, or components that are not its joints.

        Raises:
            SpecError: names what was given and what there is.
        """
        if robot.name not in self.robots:
            raise SpecError(
                f"set {self.set_name}: robot '{robot.name}' is not served; available: {listed(self.robots)}"
            )
        for signal in self.signals():
            if robot.name not in (signal.robots or self.robots) or not signal_word(signal.name).per_joint:
                continue
            for component in signal.columns:
                if component not in robot.joint_names:
                    raise SpecError(
                        f"set {self.set_name}, signal {signal.name}: '{component}' is not a joint of "
                        f"{robot.name}; available: {', '.join(robot.joint_names)}"
                    )


def load_spec(name: str | Path) -> IngestSpec:
    """Read an ingest.toml by path, folder, or name of a set in data/.

    Raises:
        SpecError: no such file, not TOML, an unknown key or signal, a unit that is missing or does not fit.
    """
    found = find("data", name)
    path = found / "ingest.toml" if found.is_dir() else found
    where = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        raise SpecError(f"{path}: no such file; it describes which columns are which signals")
    if path.stat().st_size > MAX_BYTES:
        raise SpecError(f"{where}: {path.stat().st_size} bytes; expected at most {MAX_BYTES}")
    try:
        return IngestSpec.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise SpecError(f"{where}: {explain(error, IngestSpec)}") from None
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SpecError(f"{where}: not valid TOML: {error}") from None


def specs_for(robot: Robot) -> list[IngestSpec]:
    """Every specification in data/ that serves a robot, sorted by set."""
    folders = [find("data", name) for name in available("data")]
    specs = [load_spec(folder) for folder in folders if (folder / "ingest.toml").is_file()]
    return [spec for spec in specs if robot.name in spec.robots]
