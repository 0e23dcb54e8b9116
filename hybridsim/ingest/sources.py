"""Which files on disk make up which log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from hybridsim.errors import LogError, listed
from hybridsim.ingest.find import find_bags, looks_like_bag
from hybridsim.ingest.spec import IngestSpec
from hybridsim.ingest.walk import walk_folders

# Of a Parquet file that holds many logs; chosen, because reading it takes less time than writing the logs.
SHARE_BYTES = 1_000_000
MAX_SHARES = 64


@dataclass(frozen=True)
class Source:
    """Files of one log.

    Attributes:
        name: what the log is called: the folder's name, or the file's without its ending.
        folder: where its files lie.
        files: file of every table in the specification's order, or all files of a bag.
        shown: the path as a report prints it.
        notes: what is odd about the files, before any was opened.
        lost: what metadata.yaml says of files that are not read.
        share: of a file that holds many logs, which of how many shares of them this is, from 0.
    """

    name: str
    folder: Path
    files: tuple[Path, ...]
    shown: str
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    share: tuple[int, int] = (0, 1)


@dataclass(frozen=True)
class Refused:
    """A source, or a whole log, that was not ingested, and why."""

    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


def discover(root: Path, spec: IngestSpec) -> tuple[list[Source], list[Refused]]:
    """Every log under a file or folder, and what looks like one but lacks a file.

    Raises:
        LogError: no such path, an empty folder, or nothing in it that the specification describes.
    """
    if not root.exists():
        raise LogError(f"{root}: no such file or folder")
    finder = {"folder": _folders, "file": _files, "value": _shares, "bag": _bags}[spec.one_log_per]
    found = list(finder(root, spec))
    sources = sorted((item for item in found if isinstance(item, Source)), key=lambda source: source.shown)
    refused = [item for item in found if isinstance(item, Refused)]
    if not found:
        expected = " and ".join(table.file for table in spec.tables) or "a .bag, .db3 or .mcap"
        content = listed((p.name for p in root.iterdir()), most=8) if root.is_dir() else root.name
        given = f"the folder holds {content}" if root.is_dir() else f"given {content}"
        if spec.one_log_per != "bag" and (root.is_dir() or looks_like_bag(root)) and any(find_bags(root)):
            given += (
                "; bags need --spec, which this drafts: hybridsim inspect BAG --robot R --write ingest.toml"
            )
        raise LogError(f"{root}: no log of set {spec.set_name}; expected {expected}; {given}")
    return sources, sorted(refused, key=str)


def _folders(root: Path, spec: IngestSpec) -> Iterator[Source | Refused]:
    alone = root.is_file()
    if alone:  # one of a log's files stands for its folder, and for nothing below
        if not any(fnmatchcase(root.name, table.file) for table in spec.tables):
            return
        root = root.parent
    top = root.name or root.resolve().name
    for folder, folders, files in islice(walk_folders(root), 1 if alone else None):
        matched = [_match(folder, files, table.file) for table in spec.tables]
        shown = top if folder == root else f"{top}/{folder.relative_to(root).as_posix()}"
        present = [path for path in matched if path is not None]
        if len(present) == len(matched):
            yield Source(folder.name or top, folder, tuple(present), shown)
        elif present or (folder != root and not folders):
            absent = [t.file for t, path in zip(spec.tables, matched, strict=True) if path is None]
            yield Refused(shown, f"lacks {listed(absent)}; it holds {listed(files, most=8)}")


def _files(root: Path, spec: IngestSpec) -> Iterator[Source | Refused]:
    pattern = spec.tables[0].file
    if root.is_file():
        if fnmatchcase(root.name, pattern):
            yield Source(root.stem, root.parent, (root,), root.name)
        return
    top = root.name or root.resolve().name
    for folder, _, files in walk_folders(root):
        for name in files:
            if fnmatchcase(name, pattern):
                inside = (folder / name).relative_to(root).as_posix()
                yield Source((folder / name).stem, folder, (folder / name,), f"{top}/{inside}")


def _shares(root: Path, spec: IngestSpec) -> Iterator[Source | Refused]:
    """Files that hold many logs each; of a large Parquet file several processes read a share each."""
    for source in _files(root, spec):
        assert isinstance(source, Source)
        bulk = spec.tables[0].format == "parquet"  # text has to be read from its beginning by each of them
        shares = min(MAX_SHARES, 1 + source.files[0].stat().st_size // SHARE_BYTES) if bulk else 1
        yield from (replace(source, share=(share, shares)) for share in range(shares))


def _bags(root: Path, spec: IngestSpec) -> Iterator[Source | Refused]:
    top = root.name or root.resolve().name
    for bag in find_bags(root):
        shown = top if bag.place == root else f"{top}/{bag.place.relative_to(root).as_posix()}"
        if bag.files:
            yield Source(bag.name, bag.folder, bag.files, shown, bag.notes, bag.lost)
        else:
            yield Refused(shown, bag.why_empty)


def _match(folder: Path, files: Sequence[str], pattern: str) -> Path | None:
    fitting = [name for name in files if fnmatchcase(name, pattern)]
    return folder / fitting[0] if fitting else None
