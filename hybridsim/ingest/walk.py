"""Folders below a folder, in a fixed order and within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hybridsim.errors import LogError

MAX_DEPTH = 8
MAX_ENTRIES = 200_000


def walk_folders(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Folders below a root with their sorted content; links are followed, but no folder twice."""
    seen: set[Path] = set()
    entries = 0
    for path, folders, files in os.walk(root, followlinks=True):
        folder = Path(path)
        folders[:] = sorted(
            name for name in folders if name[0] != "." and (folder / name).resolve() not in seen
        )
        seen.update((folder / name).resolve() for name in folders)
        if len(folder.relative_to(root).parts) >= MAX_DEPTH:
            folders.clear()
        entries += len(files) + len(folders)
        if entries > MAX_ENTRIES:
            raise LogError(f"{root}: more than {MAX_ENTRIES} files; give a smaller folder")
        yield folder, folders, sorted(name for name in files if name[0] != ".")
