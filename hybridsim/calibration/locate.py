"""From what a person types to the folder of one calibration."""

from __future__ import annotations

import re
from pathlib import Path

from hybridsim.errors import CalibrationError, ResourceError, listed
from hybridsim.resources import folder as resource_folder

FILE = "calibration.json"
CURRENT = "current"
MOST_CURRENT = 100  # bytes; chosen, because an id has 12


def locate(path: str | Path) -> Path:
    """The folder of a calibration.

    Args:
        path: that folder, its calibration.json, a folder of calibrations (its file `current` names one, or
            there is only one), or the same under calibration/: `so101/0123456789ab`, `so101`.

    Raises:
        CalibrationError: nothing there, or several and none named; lists what there is.
    """
    given = Path(path).expanduser()
    try:
        if given.is_file() and given.name != FILE:
            raise CalibrationError(f"{given}: is no calibration; expected a folder or its {FILE}")
        asked = given.parent if given.name == FILE else given
        for candidate in (asked, *_published(asked)):
            if candidate.is_dir() and (found := _chosen(candidate)):
                return found
    except OSError as error:
        raise CalibrationError(f"{given}: cannot be read: {error.strerror}; check its permissions") from None
    raise CalibrationError(
        f"{given}: no calibration there; expected a path, or one of: {listed(available())}"
    )


def available() -> list[str]:
    """Published calibrations as `<robot>/<id>`, sorted."""
    try:
        root = resource_folder("calibration")
    except ResourceError:
        return []
    return sorted(
        f"{file.parent.parent.name}/{file.parent.name}" for file in root.glob(f"[!.]*/[!.]*/{FILE}")
    )


def _published(asked: Path) -> list[Path]:
    """The same path under calibration/, wherever the user stands; never one that leaves it."""
    parts = asked.parts[1:] if asked.parts[:1] == ("calibration",) else asked.parts
    if not parts or asked.is_absolute() or ".." in parts:
        return []
    try:
        return [resource_folder("calibration").joinpath(*parts)]
    except ResourceError:
        return []


def _chosen(folder: Path) -> Path | None:
    """The folder itself, or the one of its calibrations that is meant; None where it holds none."""
    if (folder / FILE).is_file():
        return folder
    held = sorted(file.parent.name for file in folder.glob(f"[!.]*/{FILE}"))
    if (folder / CURRENT).is_file():
        name = _current(folder / CURRENT)
        if name not in held:
            raise CalibrationError(
                f"{folder / CURRENT}: names '{name}', which is not there; available: {listed(held)}"
            )
        return folder / name
    if len(held) > 1:
        raise CalibrationError(
            f"{folder}: holds {len(held)} calibrations and no file '{CURRENT}'; name one of: {listed(held)}"
        )
    return folder / held[0] if held else None


def _current(file: Path) -> str:
    with file.open("rb") as opened:
        text = opened.read(MOST_CURRENT).decode("utf-8", "replace").strip()
    if not re.fullmatch(r"[0-9a-f]{12}", text):
        raise CalibrationError(f"{file}: holds '{text[:40]}'; expected one line with the id of a calibration")
    return text
