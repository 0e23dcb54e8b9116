"""Where a fleet is: fleet.toml says its robot, its database and where its logs and calibrations lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hybridsim.errors import FleetError
from hybridsim.files import write_text
from hybridsim.toml import read_model

FILE = "fleet.toml"
DATABASE = "HYBRIDSIM_FLEET_DATABASE"
"""Environment variable with the database's URL, for those that hold a password."""


class GateRule(BaseModel):
    """Table `[gate]` of fleet.toml: when units ring, and what lets their challengers pass.

    Attributes:
        false_alarms: that are put up with, per log of a unit that has not changed.
        tolerance: share by which a unit's error on held-out logs may grow.
        policy: folder of a policy, beside the file or absolute, that has to go on working; with `battery`.
        battery: of its scenarios; a file beside the file, or as hybridsim verify takes them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    false_alarms: float = Field(default=1e-3, gt=0, le=0.5)
    tolerance: float = Field(default=0.02, ge=0, le=1)
    policy: str | None = None
    battery: str | None = None

    @model_validator(mode="after")
    def _both(self) -> GateRule:
        if (self.policy is None) != (self.battery is None):
            raise ValueError("policy and battery go together: one runs the other")
        return self


class Place(BaseModel):
    """The content of fleet.toml.

    Attributes:
        schema_version: version of this layout, key `schema`.
        robot: that all units are individuals of; a name, or a folder beside the file.
        database: SQLAlchemy's URL; relative paths of SQLite begin at the file's folder.
        artefacts: path or URL for logs and calibrations; relative ones begin there too.
        gate: when units ring, and what lets their challengers pass.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    robot: str
    database: str = "sqlite:///registry.db"
    artefacts: str = "artefacts"
    gate: GateRule = GateRule()

    def database_in(self, folder: Path) -> str:
        """The URL to connect to; the environment's counts more."""
        if given := os.environ.get(DATABASE):
            return given
        head, mark, path = self.database.partition("sqlite:///")
        if mark and not head and not path.startswith("/"):
            return f"sqlite:///{(folder / path).resolve()}"
        return self.database

    def artefacts_in(self, folder: Path) -> str:
        """The root of the artefacts."""
        return self.artefacts if "://" in self.artefacts else str((folder / self.artefacts).resolve())


def read_place(folder: Path) -> Place:
    """What a fleet's folder says.

    Raises:
        FleetError: no fleet there, or a file that does not fit; names what is wrong.
    """
    if not (folder / FILE).is_file():
        raise FleetError(f"{folder}: no fleet there; expected a folder that hybridsim fleet init made")
    return read_model(folder / FILE, Place, FleetError)


def require_own(folder: Path, place: Place) -> None:
    """Refuse a folder that holds another fleet, before anything is made for this one."""
    if (folder / FILE).is_file() and read_place(folder).model_copy(update={"gate": place.gate}) != place:
        raise FleetError(f"{folder / FILE}: is of another fleet; expected a folder of its own")


def write_place(folder: Path, place: Place) -> None:
    """Say in a folder which fleet it is; one that says so keeps what was written into its file by hand."""
    if not (folder / FILE).is_file():
        write_text(folder / FILE, tomli_w.dumps(place.model_dump(by_alias=True, exclude_none=True)))
