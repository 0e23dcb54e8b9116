"""Where robots, data manifests and calibrations live: beside a source checkout, or inside the wheel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from hybridsim.errors import ResourceError, listed

Kind = Literal["robots", "data", "calibration"]

PACKAGE = Path(__file__).resolve().parent
# A source checkout comes first: somebody who edits robots/ wants to see the edit.
ROOTS = (PACKAGE.parent, PACKAGE / "_resources")


def folder(kind: Kind) -> Path:
    """The folder that holds everything of one kind: the checkout's, else the wheel's.

    Raises:
        ResourceError: neither exists, which means a damaged installation.
    """
    for root in ROOTS:
        # The README tells our folder from a stranger's that happens to lie beside an installed package.
        if (root / kind / "README.md").is_file():
            return root / kind
    raise ResourceError(f"resources: no folder '{kind}'; looked in {listed(ROOTS)}; reinstall hybridsim")


def available(kind: Kind) -> list[str]:
    """Names that `find` accepts for this kind, sorted."""
    return sorted(path.name for path in folder(kind).iterdir() if path.is_dir() and path.name[0] not in "._")


def find(kind: Kind, name: str | Path) -> Path:
    """The folder (or file) of a robot, data set or calibration.

    Args:
        kind: which of the three folders to look in.
        name: a path of the user's, which wins when it exists, or a name such as `so101`.

    Returns:
        An existing path.

    Raises:
        ResourceError: no such path and no such name; lists the names there are.
    """
    given = Path(name).expanduser()
    if given.exists() and str(name):
        return given
    root = folder(kind)
    inside = (root / given).resolve()
    if str(name) and inside != root and inside.is_relative_to(root) and inside.exists():
        return inside
    raise ResourceError(
        f"{kind}: no '{name}'; expected a path that exists or a name; available: {listed(available(kind))}"
    )


def data_roots() -> list[Path]:
    """Folders that may hold real logs: $HYBRIDSIM_DATA first, then ../shared/data beside a checkout."""
    given = os.environ.get("HYBRIDSIM_DATA")
    candidates = [Path(given).expanduser()] if given else []
    candidates.append(PACKAGE.parent.parent / "shared" / "data")
    return [path for path in candidates if path.is_dir()]
