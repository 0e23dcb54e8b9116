"""TOML files that people write: read, bounded and validated, with one clear line for whatever is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hybridsim.errors import HybridSimError
from hybridsim.validation import explain

Read = TypeVar("Read", bound=BaseModel)
MOST_BYTES = 4_000_000  # chosen, because a hundred times the longest of ours


def read_model(file: Path, model: type[Read], error: type[HybridSimError], where: str | None = None) -> Read:
    """What a TOML file says, validated.

    Args:
        file: the TOML.
        model: of its content.
        error: raised as; whoever asks has one of their own.
        where: the file, for messages; None for its path.

    Raises:
        HybridSimError: as `error`; no file, too large, not TOML, an unknown key, or a value that cannot be.
    """
    where = where or str(file)
    found = table(text_of(file, error, where), error, where)
    try:
        return model.model_validate(found)
    except ValidationError as wrong:
        raise error(f"{where}: {explain(wrong, model)}") from None
    except error as wrong:
        raise error(f"{where}: {wrong}") from None


def text_of(file: Path, error: type[HybridSimError], where: str | None = None) -> str:
    """The text of a file that is not absurdly large."""
    where = where or str(file)
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as wrong:
        raise error(f"{where}: cannot be read: {wrong.strerror}; expected a TOML file") from None
    if len(content) > MOST_BYTES:
        raise error(f"{where}: larger than {MOST_BYTES} bytes; expected a TOML file, is this a log?")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise error(f"{where}: not UTF-8 text: {wrong.reason} at byte {wrong.start}") from None


def table(text: str, error: type[HybridSimError], where: str) -> dict[str, Any]:
    """The table that TOML text holds; every integer fits 64 bits."""
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:  # TOMLDecodeError, or int() on too many digits
        raise error(f"{where}: is not valid TOML: {wrong}") from None
    if key := _oversized(found):
        raise error(f"{where}: {key}: an integer of more than 64 bits; expected a number that fits")
    return found


def _oversized(value: Any, key: str = "") -> str:
    """The key of an integer that no 64-bit number holds; pydantic and messages choke on such."""
    if isinstance(value, dict):
        found = (_oversized(entry, f"{key}.{name}".strip(".")) for name, entry in value.items())
    elif isinstance(value, list):
        found = (_oversized(entry, f"{key}[{index}]") for index, entry in enumerate(value))
    else:
        return key if isinstance(value, int) and abs(value) >= 2**63 else ""
    return next((text for text in found if text), "")
