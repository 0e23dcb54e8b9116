"""Logs and calibrations of a fleet as folders named by their content: on a disk, or in a bucket by URL.

On a disk a folder gets its name when all of it is there. A bucket cannot rename, so there

    logs/<id>/<version>/...    holds a folder's files, where `version` is the hash of these very bytes, and
    logs/<id>/whole.json       says, last of all, which version is whole and what each file hashes to.

Who puts the same log at the same time writes the same bytes to the same keys, or, where the bytes differ as
after another ingestion, to a folder of its own; whichever whole.json comes last, what it names is there. A
writer that is killed leaves files that nothing names.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem

from hybridsim.errors import FleetError
from hybridsim.fleet.listing import MAX_BYTES, WHOLE, Listing, decoded, listing_of, sha256_of
from hybridsim.fleet.storage import clear, reach

Kind = Literal["logs", "calibrations", "populations"]
LAST = {"logs": "log.json", "calibrations": "calibration.json", "populations": "population.json"}
"""A folder on a disk that has it is whole."""
ABOUT = "ABOUT.txt"
TEXT = (
    b"Logs and calibrations of a fleet, kept by hybridsim fleet. Folders that have a whole.json are whole.\n"
)


class Artefacts:
    """Folders under a root, each by kind and id; what is there is never changed."""

    def __init__(self, root: str, cache: Path) -> None:
        """Reach for them; no server is asked yet.

        Args:
            root: a path, or a URL that fsspec knows, such as s3://bucket/fleet.
            cache: folder for what is brought here from afar.

        Raises:
            FleetError: no such kind of URL here.
        """
        self.root = root
        files, path = reach(root)
        self._local = Path(path) if isinstance(files, LocalFileSystem) else None
        self._files, self._cache = DirFileSystem(path, files), cache

    def prepare(self) -> None:
        """Find out that they can be kept there: a note in the bucket says what it is for.

        Raises:
            FleetError: no such bucket, no server, or not allowed.
        """
        if self._local is None:
            with clear(self.root):
                if not self._files.exists(ABOUT):
                    self._files.pipe_file(ABOUT, TEXT)

    def has(self, kind: Kind, name: str) -> bool:
        """Whether it is there, whole.

        Raises:
            FleetError: storage does not answer.
        """
        if self._local is not None:
            with clear(f"{self.root}: {kind}/{name}"):
                return (self._local / kind / name / LAST[kind]).is_file()
        return self._listing(kind, name) is not None

    def put(self, kind: Kind, name: str, folder: Path) -> None:
        """Keep a copy of a folder; one that is there already stays as it is.

        Raises:
            FleetError: it cannot be written; then it counts as not there.
        """
        if self.has(kind, name):
            return
        with clear(f"{self.root}: {kind}/{name}"):
            if self._local is not None:
                _copy(folder, self._local / kind / name)
                return
            listing = listing_of(folder)
            for one in listing.files:
                self._files.put_file(str(folder / one), f"{kind}/{name}/{listing.version}/{one}")
            self._files.pipe_file(f"{kind}/{name}/{WHOLE}", listing.encoded())

    def folder(self, kind: Kind, name: str) -> Path:
        """A local folder of that name; what lies elsewhere is copied here first, and its hashes checked.

        Raises:
            FleetError: there is none, or it is damaged.
        """
        found = (self._cache if self._local is None else self._local) / kind / name
        if self._local is None and not (found / LAST[kind]).is_file():
            self._fetch(kind, name, found)
        if not (found / LAST[kind]).is_file():
            raise FleetError(f"artefacts: {self.root}: no {kind}/{name}; was it removed?")
        return found

    def _fetch(self, kind: Kind, name: str, target: Path) -> None:
        listing = self._listing(kind, name)
        if listing is None:
            return
        where = f"{kind}/{name}/{listing.version}"
        with clear(f"{self.root}: {where}"), _arriving(target) as scratch:
            for one, sha256 in listing.files.items():
                self._files.get_file(f"{where}/{one}", str(scratch / one))
                if sha256_of(scratch / one) != sha256:
                    said = f"is damaged: its sha256 is not the one in {WHOLE}"
                    remedy = f"delete {kind}/{name} there and add it again"
                    raise FleetError(f"artefacts: {self.root}: {where}/{one}: {said}; {remedy}")

    def _listing(self, kind: Kind, name: str) -> Listing | None:
        """What whole.json says; None where there is none."""
        where = f"{kind}/{name}/{WHOLE}"
        with clear(f"{self.root}: {where}"):
            try:
                content = self._files.cat_file(where, end=MAX_BYTES)
            except FileNotFoundError:
                return None
        return decoded(content, f"artefacts: {self.root}: {where}")


def _copy(folder: Path, target: Path) -> None:
    """All of a folder's files at once."""
    with _arriving(target) as scratch:
        for path in folder.iterdir():
            if path.is_file():
                shutil.copyfile(path, scratch / path.name)


@contextmanager
def _arriving(target: Path) -> Iterator[Path]:
    """A folder to fill, the target once all of it is on the disk; who comes second changes nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        scratch.chmod(0o755)
        yield scratch
        for path in scratch.iterdir():
            with path.open("rb") as written:
                os.fsync(written.fileno())
        if not target.exists():
            scratch.rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
