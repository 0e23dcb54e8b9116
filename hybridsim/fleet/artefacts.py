"""Logs and calibrations of a fleet as folders named by their content: on a disk, or in a bucket by URL."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import fsspec
from fsspec.implementations.dirfs import DirFileSystem

from hybridsim.errors import FleetError

Kind = Literal["logs", "calibrations", "populations"]
LAST = {"logs": "log.json", "calibrations": "calibration.json", "populations": "population.json"}
"""Written after all others: a folder that has it is whole."""


class Artefacts:
    """Folders under a root, each by kind and id; what is there is never changed."""

    def __init__(self, root: str, cache: Path) -> None:
        """Reach for them.

        Args:
            root: a path, or a URL that fsspec knows, such as s3://bucket/fleet.
            cache: folder for what is brought here from afar.

        Raises:
            FleetError: no such kind of URL here.
        """
        self.root = root
        try:
            files, path = fsspec.url_to_fs(root)
        except (ValueError, ImportError) as error:
            raise FleetError(f"artefacts: {root}: {error}") from None
        self._local = Path(path) if "file" in files.protocol else None
        self._files, self._cache = DirFileSystem(path, files), cache

    def has(self, kind: Kind, name: str) -> bool:
        """Whether it is there, whole."""
        with self._clear(kind, name):
            return self._files.exists(f"{kind}/{name}/{LAST[kind]}")

    def put(self, kind: Kind, name: str, folder: Path) -> None:
        """Keep a copy of a folder; one that is there already stays as it is.

        Raises:
            FleetError: it cannot be written; then it counts as not there.
        """
        with self._clear(kind, name):
            if self.has(kind, name):
                return
            if self._local is not None:
                _copy(folder, self._local / kind / name)
                return
            names = sorted(path.name for path in folder.iterdir() if path.is_file())
            for one in [*(n for n in names if n != LAST[kind]), LAST[kind]]:
                self._files.put_file(str(folder / one), f"{kind}/{name}/{one}")

    def folder(self, kind: Kind, name: str) -> Path:
        """A local folder of that name; what lies elsewhere is copied here first.

        Raises:
            FleetError: there is none.
        """
        if self._local is not None:
            found = self._local / kind / name
        else:
            found = self._cache / kind / name
            if not (found / LAST[kind]).is_file():
                self._fetch(kind, name, found)
        if not (found / LAST[kind]).is_file():
            raise FleetError(f"artefacts: {self.root}: no {kind}/{name}; was it removed?")
        return found

    def _fetch(self, kind: Kind, name: str, target: Path) -> None:
        with self._clear(kind, name):
            if not self.has(kind, name):
                return
            with tempfile.TemporaryDirectory() as scratch:
                for one in map(str, self._files.ls(f"{kind}/{name}", detail=False)):
                    self._files.get_file(one, str(Path(scratch) / Path(one).name))
                _copy(Path(scratch), target)

    @contextmanager
    def _clear(self, kind: Kind, name: str) -> Iterator[None]:
        """What storage says, on one line."""
        try:
            yield
        except OSError as error:
            said = error.strerror or str(error)
            raise FleetError(f"artefacts: {self.root}: {kind}/{name}: {said}") from None


def _copy(folder: Path, target: Path) -> None:
    """All of a folder's files at once, on the disk before they are seen; who comes second changes nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        scratch.chmod(0o755)
        for path in sorted(folder.iterdir()):
            if path.is_file():
                shutil.copyfile(path, scratch / path.name)
                with (scratch / path.name).open("rb") as written:
                    os.fsync(written.fileno())
        if not target.exists():
            scratch.rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
