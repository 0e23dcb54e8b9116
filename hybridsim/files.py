"""Put files in place whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name beside it, flush it to disk, rename it.

    A full disk or Ctrl-C leaves the file that was there before, and no temporary one.
    """
    write_files(path.parent, {path.name: text.encode()})


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """The same for files that belong together: none is put in place before all are written."""
    folder.mkdir(parents=True, exist_ok=True)
    partial: dict[str, Path] = {}
    try:
        for name, content in contents.items():
            partial[name] = _written(folder, name, content)
        for name, path in partial.items():
            path.replace(folder / name)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)


def _written(folder: Path, name: str, content: bytes) -> Path:
    """A temporary file with this content; an error names the file that was asked for."""
    handle, path = tempfile.mkstemp(dir=folder, prefix=f".{name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(path).chmod(0o644)  # mkstemp makes private files, a report is to be shown
    except BaseException as error:
        Path(path).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(folder / name)) from error
        raise
    return Path(path)
