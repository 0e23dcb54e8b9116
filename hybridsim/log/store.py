"""A folder of logs: written all or nothing, never changed, checked when read."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hybridsim.errors import LogError, listed
from hybridsim.files import write_text
from hybridsim.log.codec import decode_header, decode_signal
from hybridsim.log.encode import content_sha256, encode
from hybridsim.log.header import LogHeader
from hybridsim.log.model import Log, LogDraft, Samples, Signal

PARTIAL = ".partial-"
SOURCES = ".sources"  # folder of notes that say which log was made of what
# Older partial folders were left by a killed ingestion; chosen, because writing a log takes seconds.
STALE_S = 3600.0
MAX_FILE_BYTES = 4_000_000_000


class LogStore:
    """Logs under `root`, one folder each.

    Names that start with a dot are not logs: a killed ingestion leaves at most such a folder, which the next
    `add` an hour later removes.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def add(self, draft: LogDraft, spent: Callable[[], object] | None = None) -> tuple[str, bool]:
        """Write a log unless the store has it already.

        Args:
            draft: what it holds.
            spent: called once all samples are in the log's files, before these are flushed to the disk: files
                that the samples came from need not be flushed along if they are gone by then.

        Returns:
            The log's id, and whether it is new.

        Raises:
            LogError: impossible samples, or the disk is full or not writable; then nothing is left behind.
        """
        with self.workplace(draft.name) as folder:
            header = encode(draft, lambda name: (folder / name).open("xb"))
            if spent is not None:
                spent()
            target = self.root / header.log_id
            if is_log(target):
                return header.log_id, False
            for path in sorted(folder.iterdir()):
                _sync(path)
            _sync(folder)
            created = _rename(folder, target)
            _sync(self.root)
        return header.log_id, created

    @contextlib.contextmanager
    def workplace(self, name: str) -> Iterator[Path]:
        """A folder inside the store that is no log and goes at the end of the block.

        Raises:
            LogError: the disk is full or not writable; says that log `name` was not written.
        """
        folder: Path | None = None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self.root))
            folder.chmod(0o755)
            yield folder
        except OSError as error:
            raise LogError(f"{self.root}: log {name} was not written: {error.strerror}") from error
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def ids(self) -> list[str]:
        """Ids of all logs, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if path.name[0] != "." and is_log(path))

    def load(self, log_id: str) -> Log:
        """Read a log and check it; see `read_log`."""
        if log_id not in self.ids():
            raise LogError(f"{self.root}: no log '{log_id}'; available: {listed(self.ids())}")
        return read_log(self.root / log_id)

    def header(self, log_id: str) -> LogHeader:
        """Read only log.json of a log."""
        return read_header(self.root / log_id)

    def recall(self, key: str) -> LogHeader | None:
        """The log that was made under this key, while the store has it."""
        try:
            log_id = (self.root / SOURCES / key).read_text(encoding="ascii").strip()
            return self.header(log_id) if is_log(self.root / log_id) else None
        except (OSError, ValueError, LogError):
            return None

    def remember(self, key: str, log_id: str) -> None:
        """Note which log was made under a key, so that it need not be made again; a full disk is no error."""
        with contextlib.suppress(OSError):
            write_text(self.root / SOURCES / key, log_id + "\n")

    def _sweep(self) -> None:
        """Remove what killed ingestions left."""
        for path in self.root.glob(PARTIAL + "*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_S:
                    shutil.rmtree(path, ignore_errors=True)


def is_log(folder: Path) -> bool:
    """Whether a folder is a log of a store."""
    return (folder / "log.json").is_file()


def is_store(folder: Path) -> bool:
    """Whether a folder holds logs of a store."""
    return folder.is_dir() and any(path.name[0] != "." and is_log(path) for path in folder.iterdir())


def read_header(folder: Path) -> LogHeader:
    """Read log.json alone.

    Raises:
        LogError: no such log, a newer schema, or not the layout of one.
    """
    return decode_header(_read(folder / "log.json"), where=str(folder))


def read_log(folder: Path) -> Log:
    """Read one log and check every byte of it.

    Raises:
        LogError: a damaged file, a newer schema, or content that is not what the log's id was derived from.
    """
    header = read_header(folder)
    signals = {
        name: decode_signal(name, _read(folder / f"{name}.parquet"), entry, str(folder))
        for name, entry in header.signals.items()
    }
    content = content_sha256(header.robot, header.serial, header.constants, header.labels, signals)
    if content != header.content_sha256 or header.log_id != content[:16]:
        raise LogError(
            f"{folder}: log.json is damaged: it does not fit the samples; delete the log and ingest again"
        )
    return _log(header, signals)


def log_of(draft: LogDraft) -> Log:
    """The log that a store would keep of this draft, without writing it."""
    header = encode(draft, lambda _: io.BytesIO())
    return _log(header, {name: in_memory(signal) for name, signal in draft.signals.items()})


def in_memory(signal: Samples) -> Signal:
    """A signal with all its samples at once."""
    if isinstance(signal, Signal):
        return signal
    stamps, values = zip(*signal.blocks(), strict=True)
    joined = np.concatenate(stamps), np.concatenate(values)
    return Signal(signal.name, signal.unit, signal.components, *joined, signal.frame)


def _log(header: LogHeader, signals: dict[str, Signal]) -> Log:
    return Log(header.log_id, header.robot, header.serial, header.session, signals, header.constants, header)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise LogError(f"{path}: {path.stat().st_size} bytes; expected at most {MAX_FILE_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise LogError(f"{path}: cannot be read: {error.strerror}") from None


def _sync(path: Path) -> None:
    """Put a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename(partial: Path, target: Path) -> bool:
    """Give a finished folder its name; False when another process was first."""
    try:
        partial.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True
