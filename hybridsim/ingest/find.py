"""Which files make up which bag: single files, split recordings, rosbag2 folders with their metadata.yaml."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from hybridsim.errors import LogError, listed
from hybridsim.ingest.bags.batch import ENDINGS
from hybridsim.ingest.walk import walk_folders

MAGICS = (b"#ROS", b"\x89MCA", b"SQLite format 3\x00", b"\x28\xb5\x2f\xfd")
METADATA = "metadata.yaml"
MAX_METADATA = 2_000_000
MAX_NESTING = 40  # of YAML; chosen, rosbag2's nests to 5
MAX_FILES = 10_000
PART = re.compile(r"^(?P<name>.+)_(?P<number>\d+)\.(?P<ending>[A-Za-z0-9.]+)$")


@dataclass(frozen=True)
class FoundBag:
    """The files of one recording, in order.

    Attributes:
        folder: where they lie.
        name: of the recording.
        files: those that are there.
        described: whether a metadata.yaml lies beside them.
        notes: what is odd about them.
        lost: what metadata.yaml says of files that are not read.
    """

    folder: Path
    name: str
    files: tuple[Path, ...]
    described: bool = False
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def why_empty(self) -> str:
        """Why there is no file."""
        return (
            "; ".join([*self.notes, *(f"{METADATA} {reason}" for reason in self.lost)]) or "no file of a bag"
        )

    @property
    def place(self) -> Path:
        """What a user would point at: the only file, or the folder."""
        return self.files[0] if len(self.files) == 1 and not self.described else self.folder


def expand(pattern: Path) -> list[Path]:
    """A path itself, or what a pattern such as `day*/*.bag` finds where no file has this name."""
    if pattern.exists() or not glob.has_magic(str(pattern)):
        return [pattern]
    top = Path(pattern.anchor or ".")
    try:
        found = sorted(top.glob(str(pattern.relative_to(top)) if pattern.anchor else str(pattern)))
    except (ValueError, IndexError, OSError) as error:
        raise LogError(f"{pattern}: not a pattern: {error}") from None
    if not found:
        raise LogError(f"{pattern}: nothing matches this pattern")
    return found


def looks_like_bag(path: Path) -> bool:
    """Whether a file calls itself a bag, by its name or its first bytes."""
    if path.name.lower().endswith(ENDINGS) or path.name == METADATA:
        return True
    with path.open("rb") as file:
        return file.read(16).startswith(MAGICS)


def find_bags(root: Path) -> Iterator[FoundBag]:
    """Every bag under a file or folder, whatever the file is called that is given itself."""
    if root.is_file():
        if root.name == METADATA:
            yield from (replace(bag, folder=root) for bag in _described(root.parent))
        else:
            yield FoundBag(root.parent, _stem(root), (root,))
        return
    for folder, _, files in walk_folders(root):
        yield from _described(folder) if METADATA in files else _parts(folder, _bag_files(folder))


def _parts(folder: Path, bags: list[Path]) -> Iterator[FoundBag]:
    """Bags of a folder without metadata.yaml.

    `walk/walk_0.mcap` and `walk/walk_1.mcap` are parts of one, as rosbag2 names them; `runs/walk_0.mcap` and
    `runs/walk_1.mcap` may be two walks.
    """
    groups: dict[tuple[str, str], list[tuple[int, Path]]] = {}
    for path in bags:
        match = PART.match(path.name)
        part = match is not None and match["name"] == folder.resolve().name
        key = (match["name"], match["ending"]) if match and part else (path.name, "")
        groups.setdefault(key, []).append((int(match["number"]) if match and part else 0, path))
    for (name, _), parts in sorted(groups.items()):
        numbered = sorted(parts)
        if len(parts) > 1 and [number for number, _ in numbered] == list(range(len(parts))):
            yield FoundBag(folder, name, tuple(path for _, path in numbered))
        else:
            yield from (FoundBag(folder, _stem(path), (path,)) for _, path in numbered)


def _described(folder: Path) -> Iterator[FoundBag]:
    """The bag of a folder with metadata.yaml; where that is of no use, the bags of the files beside it."""
    notes: list[str] = []
    lost: list[str] = []
    try:
        names = _file_names(folder / METADATA)
    except LogError as error:
        notes.append(str(error))
        names = []
    files = tuple(dict.fromkeys(path for name in names if (path := _inside(folder, name, lost)) is not None))
    others = [path for path in _bag_files(folder) if path not in files]
    if not files and others:
        notes += [f"{METADATA} {reason}" for reason in lost]
        if names or not notes:
            said = listed(path.name for path in others)
            notes.append(f"{METADATA} names none of the files that are here: {said}")
        yield from (replace(bag, notes=tuple(notes)) for bag in _parts(folder, others))
        return
    if others:
        notes.append(f"{METADATA} does not name {listed(path.name for path in others)}: not read")
    name = folder.resolve().name
    yield FoundBag(folder, name, files, described=True, notes=tuple(notes), lost=tuple(lost))


def _bag_files(folder: Path) -> list[Path]:
    """Files of a folder that are called like bags, but for hidden ones."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.name[0] != "." and path.name.lower().endswith(ENDINGS) and not path.is_dir()
    )


def _file_names(path: Path) -> list[str]:
    """Files that metadata.yaml names.

    Raises:
        LogError: no YAML, or not that of a bag.
    """
    try:
        if path.stat().st_size > MAX_METADATA:
            raise LogError(f"{METADATA}: {path.stat().st_size} bytes; expected at most {MAX_METADATA}")
        document = _yaml(path.read_text("utf-8", "replace"))
    except OSError as error:
        raise LogError(f"{METADATA}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LogError(f"{METADATA}: not valid YAML: {str(error).splitlines()[0][:80]}") from None
    about = document.get("rosbag2_bagfile_information") if isinstance(document, dict) else None
    names = about.get("relative_file_paths") if isinstance(about, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise LogError(f"{METADATA}: no list of files at rosbag2_bagfile_information.relative_file_paths")
    return names[:MAX_FILES]


def _yaml(text: str) -> Any:
    """A document without aliases, a few of which can stand for billions of values, and not too deep.

    Raises:
        YAMLError: not YAML, or not so harmless.
    """
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    for event in yaml.parse(text, loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("it holds aliases")
        if depth > MAX_NESTING:
            raise yaml.YAMLError(f"it nests deeper than {MAX_NESTING}")
    return yaml.load(text, loader)  # noqa: S506 a safe loader


def _inside(folder: Path, name: str, lost: list[str]) -> Path | None:
    """A file that metadata.yaml names; None where it is not there or lies elsewhere."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        lost.append(f"names {name!r:.100}, which lies outside the folder: not read")
        return None
    # Old versions write the folder's own name in front; compressed files may have been renamed since.
    for path in (folder / name, folder / Path(name).name):
        for ending in ("", ".zstd", ".zst"):
            candidate = path.parent / (path.name + ending)
            if path.name and _is_file(candidate) and candidate.name != METADATA:
                return candidate
    lost.append(f"names {name!r:.100}, which is not there")
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name longer than a name may be
        return False


def _stem(path: Path) -> str:
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)] or path.name
    return path.name
