"""A LeRobot dataset that grows by one episode at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hybridsim import __version__
from hybridsim.export.features import Feature, Plan
from hybridsim.export.frames import Episode
from hybridsim.export.lerobot_files import TableFiles, frames_table, info, write_json, write_tasks
from hybridsim.export.resample import METHODS
from hybridsim.export.summary import Statistics, merged, statistics

SIDECAR = "meta/hybridsim.json"
"""Every log.json, and how its samples became frames; LeRobot's reader does not look at it."""


class Dataset:
    """Episodes go to data/ one by one; `finish` writes what describes them."""

    def __init__(self, folder: Path, plan: Plan, rate_hz: int) -> None:
        self._folder, self._plan, self._rate_hz = folder, plan, rate_hz
        self._data = TableFiles(folder / "data")
        self._frames = 0
        self._rows: list[dict[str, Any]] = []
        self._statistics: list[dict[str, Statistics]] = []
        self._tasks: dict[str, int] = {}
        self._logs: list[dict[str, Any]] = []

    def add(self, episode: Episode, task: str) -> None:
        """Write an episode's frames."""
        count, number = len(episode.stamp_ns), len(self._rows)
        frames = np.arange(count, dtype=np.int64)
        columns = {
            **episode.columns,
            "timestamp": (frames / self._rate_hz).astype(np.float32),
            "frame_index": frames,
            "episode_index": np.full(count, number, np.int64),
            "index": frames + self._frames,
            "task_index": np.full(count, self._tasks.setdefault(task, len(self._tasks)), np.int64),
        }
        chunk, file = self._data.write(frames_table(columns))
        self._statistics.append({name: statistics(values) for name, values in columns.items()})
        self._rows.append(
            {
                "episode_index": number,
                "tasks": [task],
                "length": count,
                "data/chunk_index": chunk,
                "data/file_index": file,
                "dataset_from_index": self._frames,
                "dataset_to_index": self._frames + count,
            }
        )
        self._logs.append(_origin(episode, number))
        self._frames += count

    def finish(self) -> None:
        """Write everything in meta/."""
        self._data.close()
        meta = self._folder / "meta"
        self._write_episodes()
        write_tasks(meta / "tasks.parquet", list(self._tasks))
        every = {name: merged([one[name] for one in self._statistics]) for name in self._statistics[0]}
        write_json(meta / "stats.json", every)
        totals = {"episodes": len(self._rows), "frames": self._frames, "tasks": len(self._tasks)}
        features = {feature.key: self._described(feature) for feature in self._plan.features}
        robot = self._plan.logs[0].header.robot
        write_json(meta / "info.json", info(robot, self._rate_hz, totals, features))
        about = {"schema": 1, "hybridsim": __version__, "left_out": self._plan.notes, "episodes": self._logs}
        write_json(self._folder / SIDECAR, about)

    def close(self) -> None:
        """Let go of the file that is open."""
        self._data.close()

    def _write_episodes(self) -> None:
        files = TableFiles(self._folder / "meta" / "episodes")
        rows = [
            {
                **row,
                **{
                    f"stats/{name}/{key}": value
                    for name, found in each.items()
                    for key, value in found.items()
                },
                "meta/episodes/chunk_index": 0,
                "meta/episodes/file_index": 0,
            }
            for row, each in zip(self._rows, self._statistics, strict=True)
        ]
        files.write(pa.Table.from_pylist(rows))
        files.close()

    def _described(self, feature: Feature) -> dict[str, Any]:
        """A feature as info.json states it; `info` says where its numbers come from."""
        signals = {
            part.signal: {
                "unit": part.unit,
                "components": part.components,
                "resampled": METHODS[part.method],
                "native_rate_hz": self._plan.native_rate_hz(part.signal),
            }
            for part in feature.parts
        }
        names = feature.names
        about = {"resampled_to_hz": self._rate_hz, "signals": signals}
        return {"dtype": "float32", "shape": [len(names)], "names": names, "info": about}


def _origin(episode: Episode, number: int) -> dict[str, Any]:
    return {
        "episode_index": number,
        "start_ns": int(episode.stamp_ns[0]),
        "gaps_interpolated": episode.gaps,
        "log": episode.log.header.model_dump(mode="json"),
    }
