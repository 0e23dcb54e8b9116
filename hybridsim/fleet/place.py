"""Where a fleet is: fleet.toml says its robot, its database and where its logs and calibrations lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field

from hybridsim.errors import FleetError
from hybridsim.files import write_text
from hybridsim.toml import read_model

FILE = "fleet.toml"
DATABASE = "HYBRIDSIM_FLEET_DATABASE"
"""Environment variable with the database's URL, for those that hold a password."""


class Place(BaseModel):
    """The content of fleet.toml.

    Attributes:
        schema_version: version of this layout, key `schema`.
        robot: that all units are individuals of; a name, or a folder beside the file.
        database: SQLAlchemy's URL; relative paths of SQLite begin at the file's folder.
        artefacts: path or URL for logs and calibrations; relative ones begin there too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    robot: str
    database: str = "sqlite:///registry.db"
    artefacts: str = "artefacts"

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
    if (folder / FILE).is_file() and read_place(folder) != place:
        raise FleetError(f"{folder / FILE}: is of another fleet; expected a folder of its own")


def write_place(folder: Path, place: Place) -> None:
    """Say in a folder which fleet it is."""
    write_text(folder / FILE, tomli_w.dumps(place.model_dump(by_alias=True)))
