"""Read study.toml, and say in one line what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hybridsim.errors import StudyError, listed
from hybridsim.resources import available
from hybridsim.study.model import SCHEMA, Study
from hybridsim.toml import table, text_of
from hybridsim.validation import explain


def load_study(path: str | Path) -> Study:
    """Read a study.

    Args:
        path: of the TOML file, or of a folder that holds a study.toml.

    Raises:
        StudyError: no such file, not TOML, an unknown key, signal or robot, a value that contradicts another;
            the message names the file, the key and what is expected there.
    """
    file = Path(path)
    file = file / "study.toml" if file.is_dir() else file
    if not file.is_file():
        raise StudyError(f"{file}: no such study; expected a TOML file or a folder with a study.toml")
    return parse_study(text_of(file, StudyError), str(file), file.parent)


def parse_study(
    text: str, where: str = "study", folder: Path | None = None, *, robot: Path | None = None
) -> Study:
    """A study from TOML text.

    Args:
        text: the TOML.
        where: its file, for messages.
        folder: what a relative path of a robot starts from.
        robot: its folder, where that is known already.

    Raises:
        StudyError: as `load_study`.
    """
    study = _validated(_parsed(text, where), where)
    study._text = text
    study._robot_path = str(robot) if robot is not None else _robot_path(study.robot, where, folder)
    return study


def _parsed(text: str, where: str) -> dict[str, Any]:
    data = table(text, StudyError, where)
    version = data.get("schema")
    if type(version) is int and version > SCHEMA:
        raise StudyError(
            f"{where}: schema is {version}; this hybridsim reads up to {SCHEMA}; update hybridsim"
        )
    return data


def _validated(data: dict[str, Any], where: str) -> Study:
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        raise StudyError(f"{where}: {explain(error, Study)}") from None
    study._where = where
    study.quick()  # its overrides are wrong now or never
    return study


def _robot_path(robot: str, where: str, folder: Path | None) -> str:
    """A name under robots/, or the folder of a robot of the user's own."""
    if robot in available("robots"):
        return robot
    own = (folder or Path()) / robot
    if (own / "robot.toml").is_file():
        return str(own)
    raise StudyError(
        f"{where}: robot: unknown robot '{robot}'; expected a folder with a robot.toml, or one of: "
        f"{listed(available('robots'))}"
    )
