"""What LeRobot's reader relies on in a dataset of version 3.0, checked with pyarrow and json alone.

Each rule was found in huggingface/lerobot, src/lerobot/datasets (0.4.4 and main of 2026).
"""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

OWN = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
KEYS = {
    "codebase_version", "robot_type", "total_episodes", "total_frames", "total_tasks", "chunks_size",
    "data_files_size_in_mb", "video_files_size_in_mb", "fps", "splits", "data_path", "video_path", "features",
}  # fmt: skip
STATISTICS = {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}
ARROW = {"float32": pa.float32(), "int64": pa.int64()}


def check(root):
    """Refuse a dataset that LeRobot would; returns info, frames and episodes."""
    info = json.loads((root / "meta" / "info.json").read_text(encoding="utf-8"))
    frames, episodes = _table(root / "data"), _table(root / "meta" / "episodes")
    _check_info(info)
    _check_frames(info, frames)
    _check_episodes(info, frames, episodes, root)
    _check_tasks(info, frames, episodes, root)
    _check_statistics(info, frames, episodes, json.loads((root / "meta" / "stats.json").read_text()))
    return info, frames, episodes


def _table(folder):
    """All files of a table in the order that the reader puts them in."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("*/*.parquet"))])


def _check_info(info):
    assert set(info) == KEYS  # the newer reader warns of any other key
    assert info["codebase_version"] == "v3.0" and isinstance(info["fps"], int) and info["fps"] > 0
    assert info["splits"] == {"train": f"0:{info['total_episodes']}"}
    assert info["video_path"] is None
    for name, dtype in OWN.items():
        assert info["features"][name] == {"dtype": dtype, "shape": [1], "names": None}
    for name, feature in info["features"].items():
        assert "/" not in name
        if name not in OWN:
            assert feature["dtype"] == "float32" and len(feature["shape"]) == 1
            assert len(set(feature["names"])) == len(feature["names"]) == feature["shape"][0]


def _check_frames(info, frames):
    assert frames.column_names == list(info["features"])  # datasets refuses other columns
    for name, feature in info["features"].items():
        (width,), kind = feature["shape"], ARROW[feature["dtype"]]
        assert frames.schema.field(name).type == (kind if width == 1 else pa.list_(kind, width))
        assert frames[name].null_count == 0
    assert frames.num_rows == info["total_frames"]
    assert frames["index"].to_pylist() == list(range(frames.num_rows))
    steps = frames["frame_index"].to_numpy() / info["fps"]
    np.testing.assert_array_equal(frames["timestamp"].to_numpy(), steps.astype(np.float32))


def _check_episodes(info, frames, episodes, root):
    assert episodes["episode_index"].to_pylist() == list(range(info["total_episodes"]))
    end = 0
    for row in episodes.to_pylist():
        start, stop = row["dataset_from_index"], row["dataset_to_index"]
        assert start == end and stop - start == row["length"] > 0
        piece = frames.slice(start, row["length"])
        assert set(piece["episode_index"].to_pylist()) == {row["episode_index"]}
        assert piece["frame_index"].to_pylist() == list(range(row["length"]))
        path = info["data_path"].format(
            chunk_index=row["data/chunk_index"], file_index=row["data/file_index"]
        )
        inside = pq.read_table(root / path)["episode_index"].to_pylist()
        assert inside.count(row["episode_index"]) == row["length"]
        assert (row["meta/episodes/chunk_index"], row["meta/episodes/file_index"]) == (0, 0)
        end = stop
    assert end == info["total_frames"]


def _check_tasks(info, frames, episodes, root):
    tasks = pd.read_parquet(root / "meta" / "tasks.parquet")
    assert tasks.index.name == "task" and list(tasks.columns) == ["task_index"]
    assert tasks["task_index"].tolist() == list(range(info["total_tasks"]))  # the reader uses iloc
    assert all(isinstance(word, str) for word in tasks.index)
    for row in episodes.to_pylist():
        (number,) = set(frames.slice(row["dataset_from_index"], row["length"])["task_index"].to_pylist())
        assert row["tasks"] == [tasks.index[number]]


def _check_statistics(info, frames, episodes, every):
    assert set(every) == set(info["features"])
    for name, found in every.items():
        (width,) = info["features"][name]["shape"]
        assert set(found) == STATISTICS
        assert found["count"] == [info["total_frames"]]
        values = matrix(frames, name)
        assert all(len(found[key]) == width for key in STATISTICS - {"count"})
        np.testing.assert_allclose(found["min"], values.min(axis=0))
        np.testing.assert_allclose(found["max"], values.max(axis=0))
        np.testing.assert_allclose(found["mean"], values.mean(axis=0), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found["std"], values.std(axis=0), rtol=1e-6, atol=1e-9)
        assert {f"stats/{name}/{key}" for key in STATISTICS} <= set(episodes.column_names)


def matrix(frames, name):
    """A column as numbers, one row a frame."""
    return np.array(frames[name].to_pylist(), float).reshape(frames.num_rows, -1)
