"""The files of a LeRobot dataset of version 3.0, written episode by episode.

Source: the layout that huggingface/lerobot reads, src/lerobot/datasets. Its reader wants
- info.json's keys as below; feature shapes as lists, names without a slash;
- one row a frame in data/, in the order of `index`, the columns of `features` and no others: a scalar where a
  feature has one number, else a list of fixed length;
- one row an episode in meta/episodes/, `dataset_from_index` to `dataset_to_index` counting rows of data/;
- tasks.parquet as pandas writes it, the task's words as index, in the order of `task_index`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

VERSION = "v3.0"
CHUNK_FILES = 1000
FILE_MB = 100
VIDEO_FILE_MB = 200  # never used: there are no videos here
FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
OWN: dict[str, str] = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
"""Columns that every dataset has."""


class TableFiles:
    """A table in as many Parquet files as its size asks for; an episode stays in one file, as a row group."""

    def __init__(self, folder: Path, file_bytes: int = FILE_MB * 2**20) -> None:
        self._folder = folder
        self._file_bytes = file_bytes
        self._number = -1
        self._file: Any = None
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> tuple[int, int]:
        """Add rows; returns the chunk and the file they went to."""
        if self._writer is None or self._file.tell() >= self._file_bytes:
            self.close()
            self._open(table.schema)
        assert self._writer is not None
        self._writer.write_table(table, row_group_size=max(len(table), 1))
        return divmod(self._number, CHUNK_FILES)

    def close(self) -> None:
        """Finish the file that is open."""
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
        finally:
            if self._file is not None:
                self._file.close()

    def _open(self, schema: pa.Schema) -> None:
        self._number += 1
        chunk, file = divmod(self._number, CHUNK_FILES)
        path = self._folder / FILE.format(chunk_index=chunk, file_index=file)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb")  # Python's own file, because its errors say what the system said
        self._writer = pq.ParquetWriter(self._file, schema, compression="snappy")


def frames_table(columns: Mapping[str, np.ndarray]) -> pa.Table:
    """Columns of one number or of a list of fixed length."""
    arrays = {}
    for name, values in columns.items():
        flat = pa.array(np.ascontiguousarray(values).reshape(-1))
        wide = 1 if values.ndim == 1 else values.shape[1]
        arrays[name] = flat if wide == 1 else pa.FixedSizeListArray.from_arrays(flat, wide)
    return pa.table(arrays)


def write_tasks(path: Path, tasks: Sequence[str]) -> None:
    """Write tasks.parquet: number and words of each task."""
    index = pd.Index(tasks, dtype=object, name="task")
    frame = pd.DataFrame({"task_index": np.arange(len(tasks), dtype=np.int64)}, index=index)
    with path.open("xb") as file:
        pq.write_table(pa.Table.from_pandas(frame), file)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a JSON file that a person can read."""
    text = json.dumps(data, indent=4, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def info(
    robot: str, rate_hz: int, totals: Mapping[str, int], features: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The content of info.json; `totals` counts episodes, frames and tasks."""
    own = {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in OWN.items()}
    return {
        "codebase_version": VERSION,
        "robot_type": robot,
        **{f"total_{name}": count for name, count in totals.items()},
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": FILE_MB,
        "video_files_size_in_mb": VIDEO_FILE_MB,
        "fps": rate_hz,
        "splits": {"train": f"0:{totals['episodes']}"},
        "data_path": f"data/{FILE}",
        "video_path": None,
        "features": {**features, **own},
    }
