"""A motion by file or name: DeepMimic's clips, our own tables, logs of the store."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hybridsim.errors import MotionError, listed
from hybridsim.log.store import is_log
from hybridsim.motion import deepmimic, recorded, table
from hybridsim.motion.model import Motion
from hybridsim.physics.clips import clips

MOST_BYTES = 200_000_000
JSON, TABLES = (".txt", ".json"), (".csv", ".parquet")
TABLE = "table"
"""Skeleton of a table: its columns are named by whoever wrote it."""


def read_motion(given: str | Path) -> Motion:
    """A motion.

    Args:
        given: a clip of the pybullet package by name, or the path of a clip (.txt, .json), a table (.csv,
            .parquet) or a log's folder.

    Raises:
        MotionError: there is none, or it is damaged; names what is wrong. LogError: a damaged log.
    """
    path = path_of(given)
    if path.is_dir():
        return recorded.motion_of(path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise MotionError(f"{path}: has {size} bytes; expected at most {MOST_BYTES}")
    return parsed(path.read_bytes(), path.suffix.lower(), path.name)


def path_of(given: str | Path) -> Path:
    """Where a motion is; a path that exists goes before a name."""
    path = Path(given).expanduser()
    if not path.exists():
        known = clips()
        if str(given) not in known:
            raise MotionError(
                f"motion '{given}': no such file, log or clip; clips of the pybullet package:"
                f" {listed(known, 30)}"
            )
        path = known[str(given)]
    if path.is_dir() and not is_log(path):
        raise MotionError(f"{path}: is no log; expected a log's folder, or a file")
    if path.is_file() and path.suffix.lower() not in (*JSON, *TABLES):
        raise MotionError(f"{path}: ends in '{path.suffix}'; expected one of {', '.join((*JSON, *TABLES))}")
    return path


def parsed(content: bytes, suffix: str, name: str) -> Motion:
    """A motion from a file's content; `suffix` says its form."""
    sha256 = hashlib.sha256(content).hexdigest()
    if suffix in TABLES:
        parquet = suffix == ".parquet"
        return table.motion_of(content, parquet=parquet, skeleton=TABLE, name=name, sha256=sha256)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MotionError(f"{name}: is not valid JSON: {error}") from None
    return deepmimic.motion_of(document, name, sha256)
