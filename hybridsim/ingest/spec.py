"""The pydantic models of ingest.toml: which columns of files, or fields of topics, are which signals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from hybridsim.errors import SpecError, listed
from hybridsim.ingest.bags.paths import parse_path
from hybridsim.ingest.columns import Finite, Pattern, SignalSpec, Stamp, Table, TableStamp, found_in
from hybridsim.resources import available, find
from hybridsim.robot import Robot
from hybridsim.signals import signal_word
from hybridsim.toml import read_model


class TableSpec(Table):
    """One file of a log.

    Attributes:
        file: pattern of the file's name, such as `control.csv` or `*.json`.
        format: `csv`, `json` (one document), `jsonl` (one object a line), `parquet`, or `mat`
            (MATLAB, versions 5 to 7).
        rows: dotted path of the list of rows inside a JSON document; empty for the document itself.
        delimiter: of CSV cells.
        where: columns that must hold these words; other rows belong to somebody else and are left alone.
    """

    file: str = Field(min_length=1)
    format: Literal["csv", "json", "jsonl", "parquet", "mat"]
    rows: str = ""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    stamp: TableStamp
    where: dict[str, str] = Field(default_factory=dict)
    signals: tuple[SignalSpec, ...] = Field(alias="signal", min_length=1)

    def paths(self) -> Iterator[str]:
        """Every column that is read."""
        if self.stamp.column is not None:
            yield self.stamp.column
        yield from self.where
        for signal in self.signals:
            yield from (column.column for column in signal.columns.values())


class TopicSpec(Table):
    """One topic of a bag.

    Attributes:
        name: of the topic, or several of which a bag may have any.
        type: message type that it has to have; any where left out.
        stamp: `header` for the sender's clock, `receive` for the recorder's, or a field and its unit.
        names: field with the names that the places of other lists have, such as `name` of a JointState.
        partial: what becomes of messages that lack some of a signal's joints: `refuse` them, or `hold` the
            last value of what they lack.
    """

    name: tuple[str, ...] = Field(min_length=1)
    type: str | None = None
    stamp: Literal["header", "receive"] | Stamp = "header"
    names: str | None = None
    partial: Literal["refuse", "hold"] = "refuse"
    signals: tuple[SignalSpec, ...] = Field(alias="signal", min_length=1)

    @field_validator("name", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _paths_are_paths(self) -> TopicSpec:
        for path in self.paths():
            steps = parse_path(path)
            if any(step.word is not None and step.key is None for step in steps) and not self.names:
                raise ValueError(
                    f"topic {self.name[0]}: '{path}' names a place; expected 'names', the field with the "
                    'list of names, such as names = "name" for a JointState'
                )
        return self

    def paths(self) -> Iterator[str]:
        """Every field path."""
        for signal in self.signals:
            yield from (column.column for column in signal.columns.values())
        if isinstance(self.stamp, Stamp):
            yield self.stamp.column


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
    """A number for the whole log.

    Attributes:
        field: of the header that holds it; or
        column: of the table, the same number in all rows of a log; or
        value: that holds for the whole set.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    field: str | None = None
    column: str | None = None
    value: Finite | None = None
    unit: str
    required: bool = True

    @model_validator(mode="after")
    def _one_of_three(self) -> ConstantSpec:
        if [self.field, self.column, self.value].count(None) != 2:
            raise ValueError(f"constant {self.name}: expected either 'field', 'column' or 'value'")
        return self


class LabelSpec(Table):
    """A word for the whole log.

    Attributes:
        field: of the header that holds it; or
        column: of the table, the same word in all rows of a log; or
        pattern: regular expression over the recording's name; what it finds is the word.
        every: the word is a number, and so many numbers in a row share the label: with 20 those of 0 to 19
            have label 0, those of 20 to 39 label 1. For recordings made one after the other.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    field: str | None = None
    column: str | None = None
    pattern: Pattern | None = None
    every: int | None = Field(default=None, ge=1, le=1_000_000_000)
    required: bool = False

    @model_validator(mode="after")
    def _one_of_three(self) -> LabelSpec:
        if [self.field, self.column, self.pattern].count(None) != 2:
            raise ValueError(f"label {self.name}: expected either 'field', 'column' or 'pattern'")
        return self


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
        synthetic: whether no robot made the recordings; such a set is read only where it is named.
        session: regular expression over a recording's name; what it finds is the session.
        one_log_per: `folder` that holds every table, `file` that matches the only table, `value` of a column
            in the files that match it, or `bag`.
        value_of: that column, where one log is per `value`.
        header: file beside the tables with header fields; a JSON table's own document when left out.
    """

    schema_version: Literal[1] = Field(alias="schema")
    set_name: str = Field(alias="set", min_length=1)
    robots: tuple[str, ...] = Field(min_length=1)
    serial: str | None = None
    synthetic: bool = False
    session: Pattern | None = None
    one_log_per: Literal["folder", "file", "value", "bag"]
    value_of: str | None = Field(default=None, min_length=1)
    header: str | None = None
    select: Select | None = None
    names: Names | None = None
    constants: tuple[ConstantSpec, ...] = Field(alias="constant", default=())
    labels: tuple[LabelSpec, ...] = Field(alias="label", default=())
    tables: tuple[TableSpec, ...] = Field(alias="table", default=())
    topics: tuple[TopicSpec, ...] = Field(alias="topic", default=())

    @model_validator(mode="after")
    def _tables_fit(self) -> IngestSpec:
        wanted, other = ("topic", "table") if self.one_log_per == "bag" else ("table", "topic")
        parts = {"table": self.tables, "topic": self.topics}
        if parts[other] or not parts[wanted]:
            raise ValueError(
                f"one_log_per is '{self.one_log_per}' with {len(self.tables)} tables and {len(self.topics)} "
                f"topics; expected [[{wanted}]] and no [[{other}]]"
            )
        if self.one_log_per in ("file", "value") and len(self.tables) > 1:
            raise ValueError(
                f"one_log_per is '{self.one_log_per}' with {len(self.tables)} tables; expected one"
            )
        if (self.one_log_per == "value") != (self.value_of is not None):
            given = "without" if self.value_of is None else "with"
            raise ValueError(
                f"one_log_per is '{self.one_log_per}' {given} value_of; "
                "expected value_of = '<column>' where one_log_per is 'value', and only there"
            )
        if self.one_log_per == "bag" and (names := self.log_columns()):
            raise ValueError(
                f"column '{names[0]}' of a label or constant: a bag has none; expected 'field' or 'value'"
            )
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
        """Every signal of every table or topic."""
        for part in (*self.tables, *self.topics):
            yield from part.signals

    def log_columns(self, required: bool = False) -> list[str]:
        """Columns of labels and constants, which hold one value a log; all, or those a log has to have."""
        entries = [entry for entry in (*self.labels, *self.constants) if entry.required or not required]
        return [entry.column for entry in entries if entry.column is not None]

    def session_of(self, name: str) -> str | None:
        """The session that a recording's name tells."""
        return found_in(name, self.session)

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
    return read_model(path, IngestSpec, SpecError, where)


def specs_for(robot: Robot) -> list[IngestSpec]:
    """Every specification in data/ of a robot's real recordings, sorted by set."""
    folders = [find("data", name) for name in available("data")]
    specs = [load_spec(folder) for folder in folders if (folder / "ingest.toml").is_file()]
    return [spec for spec in specs if robot.name in spec.robots and not spec.synthetic]
