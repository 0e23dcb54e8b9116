"""A new folder of exported files, put in place whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hybridsim.calibration.files import place
from hybridsim.errors import CalibrationError


def new_folder(target: Path, write: Callable[[Path], None]) -> Path:
    """Make a folder with what `write` puts into it.

    Raises:
        CalibrationError: it is there already, or cannot be written; then nothing is left behind.
    """
    if target.exists():
        raise CalibrationError(f"{target}: exists already; expected a new folder, nothing is overwritten")
    place(target, write)
    return target
