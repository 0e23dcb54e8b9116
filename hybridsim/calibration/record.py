"""calibration.json: its model, its one way of being written, and the id that follows from its content."""

from __future__ import annotations

import hashlib
import json
from itertools import zip_longest
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError, model_validator

from hybridsim.calibration.baselines import Baselines
from hybridsim.calibration.parts import (
    CalibrationId,
    Gate,
    Intervals,
    Lineage,
    Part,
    SimulationSettings,
    Word,
)
from hybridsim.calibration.tables import TableContract
from hybridsim.calibration.variation import Variation
from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import REMEDY, NetworkContract
from hybridsim.parameters import Parameter
from hybridsim.validation import explain

SCHEMA = 1
ID_DIGITS = 12


def _named(entries: Any) -> Any:
    """Give every entry of the table its key as name, as `Parameter` wants it."""
    if not isinstance(entries, dict):
        return entries
    return {
        name: {"name": name, **entry} if isinstance(entry, dict) else entry for name, entry in entries.items()
    }


def _nameless(parameters: dict[str, Parameter]) -> dict[str, Any]:
    return {
        name: parameter.model_dump(mode="json", exclude={"name"}) for name, parameter in parameters.items()
    }


Parameters = Annotated[
    dict[Word, Parameter],
    BeforeValidator(_named),
    PlainSerializer(_nameless),
    Field(max_length=10_000),
]


class CalibrationRecord(Part):
    """The whole of calibration.json.

    Attributes:
        schema_version: version of this layout, key `schema`.
        id: first 12 digits of the hash over everything else here, network hashes included.
        robot: the design.
        serial: the individual.
        synthetic: whether its logs came from a simulated robot.
        simulation: how the worlds step.
        parameters: every parameter of the models by name, identified or held at its prior.
        gates: per signal (or signal and component) whether its residual network ships.
        intervals: numbers that turn spread into 90 % intervals, per signal and component.
        networks: contracts of the networks that ship, in the order of their names.
        baselines: what the baselines need to be replayed on other logs.
        lineage: where it came from.
        variation: what worlds of their own are drawn from; None where nothing was found out about it.
        tables: contracts of further arrays, in the order of their names.
    """

    schema_version: Literal[1] = Field(default=SCHEMA, alias="schema")
    id: CalibrationId
    robot: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$", max_length=80)]
    serial: Word
    synthetic: bool
    simulation: SimulationSettings
    parameters: Parameters
    gates: dict[Word, Gate]
    intervals: Intervals
    networks: Annotated[tuple[NetworkContract, ...], Field(max_length=100)]
    baselines: Baselines
    lineage: Lineage
    variation: Variation | None = None
    tables: Annotated[tuple[TableContract, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> CalibrationRecord:
        if wrong := [name for name, parameter in self.parameters.items() if parameter.name != name]:
            raise ValueError(f"parameters.{wrong[0]} calls itself '{self.parameters[wrong[0]].name}'")
        for what in ("name", "weights"):
            names = [getattr(contract, what) for contract in self.networks]
            if names != sorted(set(names)):
                raise ValueError(f"networks are not in the order of their {what}, each once: {names}")
        names = [contract.name for contract in self.tables]
        if names != sorted(set(names)):
            raise ValueError(f"tables are not in the order of their names, each once: {names}")
        blackbox = self.baselines.blackbox
        if blackbox and blackbox.weights in [contract.weights for contract in self.networks]:
            raise ValueError(f"baselines.blackbox shares the file {blackbox.weights} with a network")
        if self.networks and not any(gate.ships for gate in self.gates.values()):
            raise ValueError("networks are there though no gate lets one ship")
        if self.variation is not None:
            self.variation.check(self.parameters)
        return self

    def text(self) -> str:
        """The file's content; loading accepts no other spelling of it."""
        return json.dumps(self._data(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def expected_id(self) -> str:
        """The id that follows from the content."""
        return content_id(self._data())

    def _data(self) -> dict[str, Any]:
        data = self.model_dump(mode="json", by_alias=True)
        if self.variation is None:  # so that calibrations from before there was any keep their ids
            del data["variation"]
        if not self.tables:
            del data["tables"]
        return data


def content_id(data: dict[str, Any]) -> str:
    """First 12 digits of the sha256 of the canonical JSON of everything but `id`."""
    content = {key: value for key, value in data.items() if key != "id"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:ID_DIGITS]


def new_record(**content: Any) -> CalibrationRecord:
    """A record with its id, from all other fields by name.

    Raises:
        CalibrationError: a field does not fit.
    """
    try:
        draft = CalibrationRecord.model_validate({"id": "0" * ID_DIGITS, **content})
    except ValidationError as error:
        raise CalibrationError(f"calibration: {explain(error, CalibrationRecord)}") from None
    return draft.model_copy(update={"id": draft.expected_id()})


def parse_record(content: bytes, where: str) -> CalibrationRecord:
    """A record from the bytes of calibration.json, checked to the last byte.

    Raises:
        CalibrationError: not JSON, a newer schema, a field that does not fit, an id or a byte that is not
            what the content asks for; names file, field and remedy.
    """
    data = parse_json(content, where)
    version = data.get("schema") if isinstance(data, dict) else None
    if type(version) is int and version > SCHEMA:
        raise CalibrationError(
            f"{where}: schema is {version}; this hybridsim reads up to {SCHEMA}; update hybridsim"
        )
    try:
        record = CalibrationRecord.model_validate(data)
    except ValidationError as error:
        raise CalibrationError(f"{where}: {explain(error, CalibrationRecord)}; {REMEDY}") from None
    if (expected := record.expected_id()) != record.id:
        raise CalibrationError(f"{where}: id is {record.id}; its content hashes to {expected}; {REMEDY}")
    if (line := _first_difference(content, record.text().encode())) is not None:
        raise CalibrationError(f"{where}: line {line} is not spelled as hybridsim writes it; {REMEDY}")
    return record


def parse_json(content: bytes, where: str) -> Any:
    """Strict JSON, or a CalibrationError that names the file."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no finite number")

    try:
        return json.loads(content.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise CalibrationError(f"{where}: not valid JSON: {error}; {REMEDY}") from None


def _first_difference(given: bytes, expected: bytes) -> int | None:
    """The first line that differs, counted from 1."""
    if given == expected:
        return None
    pairs = zip_longest(given.split(b"\n"), expected.split(b"\n"))
    return next(number for number, (one, other) in enumerate(pairs, 1) if one != other)
