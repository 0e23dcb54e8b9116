"""Public data sets named in data/: found where they already are, else fetched and checked by sha256."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, field_validator

from hybridsim import resources
from hybridsim.errors import ResourceError, listed
from hybridsim.progress import Progress
from hybridsim.toml import read_model

# One manifest entry may not be larger than this; the largest real log so far is 2 MB.
MOST_BYTES = 2**30


class Entry(BaseModel):
    """One file of a set: its size [bytes], its hash, and its address where the set's does not fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int = Field(ge=0, le=MOST_BYTES)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    url: str | None = Field(default=None, pattern="^https://")


class Manifest(BaseModel):
    """data/<set>/manifest.toml: where a set comes from, under what licence, and what each file must be.

    `folder` says where it lies under $HYBRIDSIM_DATA or ../shared/data when that is not its name. A set
    without `url` is nowhere in this form: a conversion of what the repository holds, which a mirror may have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: int = Field(alias="schema", ge=1, le=1)
    name: str = Field(pattern="^[a-z0-9_]+$")
    description: str
    robot: str
    serial: str
    repository: HttpUrl
    commit: str = Field(pattern="^[0-9a-f]{40}$")
    url: str | None = Field(default=None, pattern="^https://")
    licence: str
    verified: str
    folder: str | None = Field(default=None, pattern=r"^[a-z0-9_]+(/[a-z0-9_]+)*$")
    files: dict[str, Entry] = Field(min_length=1)

    @field_validator("files")
    @classmethod
    def _inside(cls, files: dict[str, Entry]) -> dict[str, Entry]:
        for name in files:
            path = PurePosixPath(name)
            plain = name.isprintable() and "\\" not in name and str(path) == name and path.name
            if not plain or path.is_absolute() or ".." in path.parts:
                raise ValueError(f"'{name}' leaves the set; expected a plain relative path")
        return files

    @property
    def place(self) -> str:
        """Its folder under a root of data."""
        return self.folder or self.name


def load_manifest(name: str) -> Manifest:
    """The manifest of a set named in data/.

    Raises:
        ResourceError: no such set, nothing to fetch for it, or a manifest that does not fit.
    """
    if name not in resources.available("data"):
        raise ResourceError(f"data: no set '{name}'; available: {listed(_sets())}")
    path = resources.find("data", resources.folder("data") / name) / "manifest.toml"
    if not path.is_file():
        raise ResourceError(
            f"data: set '{name}' has no manifest.toml to fetch by; available: {listed(_sets())}"
        )
    return read_model(path, Manifest, ResourceError)


def problems(manifest: Manifest, folder: Path) -> list[str]:
    """Which of the set's files are missing or different in a folder; empty when it holds the set."""
    return [name for name, entry in manifest.files.items() if not _same(folder / name, entry)]


def fetch(name: str, *, progress: Progress | None = None) -> Path:
    """A folder that holds the whole set, every file checked.

    Looks in $HYBRIDSIM_DATA and ../shared/data first, then in the cache ($HYBRIDSIM_CACHE, else the user's
    cache folder), and only then on the network. $HYBRIDSIM_MIRROR replaces the manifest's base address.
    What arrived whole is kept apart for the next attempt; the set's folder appears when it is complete.

    Args:
        name: a set named in data/, such as `so101`.
        progress: called as progress(files there, files in all).

    Raises:
        ResourceError: unknown set, no connection, no address, or a file that is not what the manifest says.
    """
    manifest = load_manifest(name)
    for root in resources.data_roots():
        if not problems(manifest, root / manifest.place):
            return root / manifest.place
    final = _cache() / f"{name}-{manifest.commit[:12]}"
    if not problems(manifest, final):
        return final
    partial = final.with_name(final.name + ".partial")
    if final.exists() and not partial.exists():  # damaged since: keep what is still right
        final.rename(partial)
    for done, (file, entry) in enumerate(manifest.files.items(), start=1):
        if not _same(partial / file, entry):
            _download(manifest, file, partial)
        if progress is not None:
            progress(done, len(manifest.files))
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    return final


def _download(manifest: Manifest, file: str, folder: Path) -> None:
    """Fetch one file; it gets its name only after its hash was checked."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    mirror, entry, target = os.environ.get("HYBRIDSIM_MIRROR"), manifest.files[file], folder / file
    base = mirror or (manifest.url or "").replace("{commit}", manifest.commit)
    url = f"{base.rstrip('/')}/{file}" if mirror or not entry.url else entry.url
    if not mirror and not manifest.url and not entry.url:
        raise ResourceError(
            f"data get {manifest.name}: {file} has no public address: it is a conversion of what "
            f"{manifest.repository} holds; expected it in $HYBRIDSIM_DATA/{manifest.place}, or a "
            "$HYBRIDSIM_MIRROR that has it"
        )
    target.unlink(missing_ok=True)
    try:
        pooch.retrieve(
            url,
            f"sha256:{entry.sha256}",
            fname=target.name,
            path=target.parent,
            downloader=_bounded(entry.bytes),
        )
    except requests.RequestException as error:
        raise ResourceError(
            f"data get {manifest.name}: {url}: {_why(error)}; run it again to go on"
        ) from error
    except ValueError as error:
        raise ResourceError(
            f"data get {manifest.name}: {url} is not what the manifest says; "
            f"expected {entry.bytes} bytes with sha256 {entry.sha256}; the file was not kept"
        ) from error


def _bounded(most: int) -> Any:
    """A downloader for pooch that stops a server which sends more than the manifest promised [bytes]."""

    def download(url: str, output_file: str, pooch: object) -> None:
        import requests

        with requests.get(url, stream=True, timeout=30) as response, Path(output_file).open("wb") as out:
            response.raise_for_status()
            for chunk in response.iter_content(2**16):
                out.write(chunk)
                if out.tell() > most:
                    raise ValueError(f"more than {most} bytes")

    return download


def _why(error: Exception) -> str:
    """The reason at the bottom of requests' nested exceptions, in a few words."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code} {response.reason}"
    return f"no connection ({type(error).__name__})"


def _same(path: Path, entry: Entry) -> bool:
    if not path.is_file() or path.stat().st_size != entry.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256


def _cache() -> Path:
    given = os.environ.get("HYBRIDSIM_CACHE")
    if given:
        return Path(given).expanduser()
    import pooch

    return Path(pooch.os_cache("hybridsim"))


def _sets() -> list[str]:
    root = resources.folder("data")
    return [name for name in resources.available("data") if (root / name / "manifest.toml").is_file()]
