"""whole.json: what a folder in storage holds, written when all of it is there."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hybridsim.errors import FleetError

WHOLE = "whole.json"
MAX_BYTES = 1_000_000
"""Of whole.json; chosen, because a folder of a thousand files needs a tenth of it."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Listing(BaseModel):
    """The content of whole.json.

    Attributes:
        schema_version: version of this layout, key `schema`.
        files: sha256 of each, by its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    files: dict[FileName, Sha256] = Field(min_length=1)

    @property
    def version(self) -> str:
        """Name of the folder with these very bytes: first 16 digits of the hash over names and hashes."""
        lines = "".join(f"{name} {sha256}\n" for name, sha256 in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()[:16]

    def encoded(self) -> bytes:
        """As it is written."""
        return self.model_dump_json(by_alias=True, indent=1).encode()


def listing_of(folder: Path) -> Listing:
    """Of a folder on the disk; folders in it do not count."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return Listing(schema=1, files={path.name: sha256_of(path) for path in files})


def decoded(content: bytes, where: str) -> Listing | None:
    """What whole.json says; None where it is cut off, as a killed writer leaves it in storage of some kinds.

    Raises:
        FleetError: another layout.
    """
    try:
        return Listing.model_validate_json(content)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            return None
        raise FleetError(
            f"{where}: is of another layout; expected schema 1, as this version writes"
        ) from None


def sha256_of(path: Path) -> str:
    """Of a file on the disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
