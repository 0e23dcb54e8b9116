"""Read robot.toml, and find the URDF it names."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from pathlib import Path

from hybridsim.errors import RobotError, listed
from hybridsim.resources import find
from hybridsim.robot.model import Robot
from hybridsim.toml import read_model


def load_robot(name: str | Path) -> Robot:
    """Read a robot by name (`so101`), folder, or path of a robot.toml.

    Raises:
        RobotError: no such file, not TOML, an unknown key, a missing value or a wrong unit; the message names
            the place and what is expected there.
    """
    found = find("robots", name)
    path = found / "robot.toml" if found.is_dir() else found
    where = f"robots/{path.parent.name}"
    if not path.is_file():
        raise RobotError(f"{where}: no robot.toml in {path.parent}; it holds {_content(path.parent)}")
    robot = read_model(path, Robot, RobotError, where)
    robot._folder = path.parent.resolve()
    return robot


def find_urdf(robot: Robot) -> Path:
    """The robot's URDF: beside robot.toml, or inside the package that robot.toml names.

    Raises:
        RobotError: the package is missing (with the command that installs it), or the file is, or the path
            leaves the folder it belongs to.
    """
    root = _package_robots() if robot.urdf.package else robot.folder
    path = (root / robot.urdf.path).resolve()
    if not path.is_relative_to(root.resolve()):
        raise RobotError(f"robots/{robot.name}: urdf path '{robot.urdf.path}' leaves its folder")
    if not path.is_file():
        raise RobotError(
            f"robots/{robot.name}: no URDF '{robot.urdf.path}' in {root}; {_content(path.parent)}"
        )
    return path


@cache
def _package_robots() -> Path:
    """The folder of robots in the installed `example-robot-data` package; its list of files is long."""
    remedy = "install it with: pip install 'hybridsim[robots]'"
    try:
        files = importlib.metadata.files("example-robot-data") or []
    except importlib.metadata.PackageNotFoundError:
        raise RobotError(
            f"the URDF comes from the package example-robot-data, not installed; {remedy}"
        ) from None
    for file in files:
        parts = file.parts
        if "robots" in parts and "share" in parts:
            inside = Path(*parts[: parts.index("robots") + 1])
            return Path(str(file.locate())).parents[len(parts) - len(inside.parts) - 1]
    raise RobotError(f"the installed example-robot-data holds no robots; {remedy}")


def _content(folder: Path) -> str:
    if not folder.is_dir():
        return "no such folder"
    return listed(path.name for path in folder.iterdir())
