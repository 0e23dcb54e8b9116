"""TensorBoard's files, written at once and whole.

TensorBoard's own writer has a thread, whose errors come as a traceback.
"""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, Logger
from tensorboard.compat.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue]
from tensorboard.summary.writer.record_writer import RecordWriter


class Events(KVWriter):
    """Numbers by name and step."""

    def __init__(self, folder: Path) -> None:
        """Begin a file in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"events.out.tfevents.{time.time_ns() // 10**6}.hybridsim.{os.getpid()}"
        self._append(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def write(
        self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0
    ) -> None:
        """All numbers of a step.

        Raises:
            OSError: the disk is full; the file is as it was before.
        """
        numbers = {name: n for name, n in key_values.items() if isinstance(n, (int, float, np.number))}
        values = [Summary.Value(tag=name, simple_value=float(n)) for name, n in sorted(numbers.items())]
        self._append(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def _append(self, event: Event) -> None:
        """A record, or nothing."""
        record = io.BytesIO()
        RecordWriter(record).write(event.SerializeToString())
        size = self._path.stat().st_size if self._path.exists() else 0
        try:
            with self._path.open("ab", buffering=0) as file:
                if file.write(record.getvalue()) != len(record.getvalue()):
                    file.write(b"\0")  # fails, and says why the rest found no room
        except OSError as error:
            os.truncate(self._path, size)
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    def close(self) -> None:
        """Nothing is open."""


def logger(folder: Path) -> Logger:
    """stable-baselines3's logger that writes there."""
    return Logger(None, [Events(folder)])
