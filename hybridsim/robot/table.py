"""What every table of robot.toml shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$", max_length=80)]


class Table(BaseModel):
    """A table of robot.toml: no unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
