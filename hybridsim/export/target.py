"""New files and folders that appear whole or not at all, and never in the place of others."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybridsim.errors import LogError


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to write into; it gets the target's name when the block ends well, and goes when it does not.

    Raises:
        LogError: the target exists and is not empty, or the disk is full or not writable.
    """
    _refuse_existing(target)
    with _staging(target) as partial:
        yield partial
        _sync(partial)
        partial.rename(target)


@contextmanager
def new_files(*targets: Path) -> Iterator[list[Path]]:
    """Files to write, which all get their targets' names when the block ends well, or none does.

    Raises:
        LogError: a target exists, or the disk is full or not writable.
    """
    for target in targets:
        _refuse_existing(target)
    with _staging(targets[0]) as partial:
        files = [partial / target.name for target in targets]
        yield files
        _sync(partial)
        _move(list(zip(files, targets, strict=True))[::-1])  # who finds the first finds the others beside it


def _refuse_existing(target: Path) -> None:
    if target.is_dir() and not target.is_symlink() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise LogError(f"{target}: exists already; expected a new file or folder, nothing is overwritten")


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A folder under a temporary name beside the target."""
    partial: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".export-", suffix=".partial", dir=target.parent))
        partial.chmod(0o755)  # mkdtemp makes private folders, an export is to be shown
        yield partial
    except OSError as error:
        raise LogError(f"{target}: not written: {error.strerror or error}") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _move(pairs: list[tuple[Path, Path]]) -> None:
    moved: list[Path] = []
    try:
        for file, target in pairs:
            file.rename(target)
            moved.append(target)
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
