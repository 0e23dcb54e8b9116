"""A calibration's folder on disk: put there whole or not at all, read within bounds, never outside itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import REMEDY

PARTIAL = ".partial-"
# A partial folder older than this was left by a killed process; chosen, because saving takes seconds.
STALE_S = 3600.0


def read_bounded(folder: Path, name: str, most: int) -> bytes:
    """A file of a calibration's folder.

    Raises:
        CalibrationError: it is missing, too large, no plain file, or a link that leads out of the folder.
    """
    path = folder / name
    try:
        check_inside(folder, name, most)
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {error.strerror}; check its permissions") from None
    if len(content) > most:
        raise CalibrationError(f"{path}: larger than {most} bytes; {REMEDY}")
    return content


def check_inside(folder: Path, name: str, most: int) -> None:
    """Refuse a file that is missing, too large, no plain file, or a link that leads out of the folder."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise CalibrationError(f"{path}: is a link that leads out of {folder}; {REMEDY}")
    if not path.is_file():
        raise CalibrationError(f"{path}: is not there or no plain file; {REMEDY}")
    if (size := path.stat().st_size) > most:
        raise CalibrationError(f"{path}: has {size} bytes; expected at most {most}; {REMEDY}")


def place(target: Path, write: Callable[[Path], None]) -> None:
    """Put a folder in place in one step; into one that is there already, file by file.

    The second is safe because the name follows from the content: what is replaced was the same, or damaged.

    Args:
        target: where it goes.
        write: fills an empty folder; what it writes is flushed to disk here.

    Raises:
        CalibrationError: the disk is full or not writable; then nothing is left of the attempt.
    """
    root, partial = target.parent, None
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        partial = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=root))
        partial.chmod(0o755)
        write(partial)
        for path in (*sorted(partial.iterdir()), partial):
            _sync(path)
        if target.exists():
            for path in sorted(partial.iterdir()):
                path.replace(target / path.name)
            _sync(target)
        else:
            partial.rename(target)
        _sync(root)
    except OSError as error:
        raise CalibrationError(
            f"{target}: was not written: {error.strerror}; make room, or give another folder, and try again"
        ) from None
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def write_texts(folder: Path, texts: Mapping[str, str | None]) -> None:
    """Write the texts that there are under their names."""
    for name, text in texts.items():
        if text is not None:
            (folder / name).write_bytes(text.encode())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(root: Path) -> None:
    for path in root.glob(f"{PARTIAL}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_S:
                shutil.rmtree(path)
