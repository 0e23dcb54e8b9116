"""Open a dataset with LeRobot's own reader, offline, and print what it found as JSON.

usage: python read_lerobot.py DATASET     (a Python that has lerobot; hybridsim is not needed)
"""

import json
import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("HF_HOME", tempfile.mkdtemp())

import torch
from lerobot.datasets.lerobot_dataset import LeRobotDataset


def main(root):
    whole = LeRobotDataset("local/export", root=root)
    last = LeRobotDataset("local/export", root=root, episodes=[whole.meta.total_episodes - 1])
    around = LeRobotDataset("local/export", root=root, delta_timestamps={"action": [0.0, 1 / whole.fps]})
    batch = next(iter(torch.utils.data.DataLoader(whole, batch_size=4)))
    items = [whole[k] for k in range(len(whole))]
    print(
        json.dumps(
            {
                "frames": len(whole),
                "episodes": whole.num_episodes,
                "fps": whole.fps,
                "robot": whole.meta.robot_type,
                "names": whole.meta.names,
                "state": [item["observation.state"].tolist() for item in items],
                "tasks": [item["task"] for item in items],
                "mean": whole.meta.stats["observation.state"]["mean"].tolist(),
                "last": [last[k]["index"].item() for k in range(len(last))],
                "next_action": around[0]["action"][1].tolist(),
                "batch": list(batch["observation.state"].shape),
            }
        )
    )


main(sys.argv[1])
