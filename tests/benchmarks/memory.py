"""Memory of worlds that are stepped for long, and of a training: flat, or does it grow?

    .venv/bin/python -m tests.benchmarks.memory [--steps 1000000] [--training 0]

24 worlds of ANYmal C on flat ground in two blocks, drives with friction, lag and one member of a residual
ensemble (untrained: synthetic), an IMU and encoders as tests.benchmarks.environments has them, actions drawn
around the trot, so that some episodes end early and others with their time. `--steps` counts steps of all
worlds together, `--training` those of `hybridsim train walk_flat` instead. The process's own memory (RssAnon,
without files that the system pages out and in) is read a hundred times, or after each rollout; growth is that
of the largest reading after the first tenth over the reading there.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from hybridsim.train import Settings, train
from tests.benchmarks.environments import worlds

WORLDS, BLOCKS, READINGS, WARM = 24, 2, 100, 10


def resident() -> float:
    """Of this process [MB]."""
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("RssAnon:") + 1]) * 1024 / 1e6


def stepped(steps: int) -> list[float]:
    """Readings [MB] while worlds are stepped."""
    envs, random = worlds(WORLDS, BLOCKS), np.random.default_rng(0)
    readings, ended, fallen = [], 0, 0
    for n in range(steps // WORLDS):
        _, _, terminated, truncated, _ = envs.step(random.normal(0.0, 0.5, (WORLDS, 12)))
        ended, fallen = ended + int(truncated.sum()), fallen + int(terminated.sum())
        if (n + 1) % max(1, steps // WORLDS // READINGS) == 0:
            readings.append(resident())
            if len(readings) % 10 == 0:
                print(f"{(n + 1) * WORLDS:9d} steps: {readings[-1]:7.1f} MB", flush=True)
    envs.close()
    print(f"{ended} episodes ended with their time, {fallen} early")
    return readings


def trained(steps: int) -> list[float]:
    """Readings [MB] after each rollout of a training."""
    readings = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(task="walk_flat", steps=steps, worlds=WORLDS, judged=WORLDS)
        train(settings, Path(folder), progress=lambda done, steps, note: readings.append(resident()))
    return readings


def main() -> None:
    """Print the readings and their growth."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--training", type=int, default=0)
    given = parser.parse_args()
    readings = trained(given.training) if given.training else stepped(given.steps)
    warm = readings[len(readings) * WARM // 100]
    print(f"after the first tenth {warm:.1f} MB, at most {max(readings):.1f}, at the end {readings[-1]:.1f}")
    print(f"growth {100 * (max(readings) / warm - 1):.2f} %")


if __name__ == "__main__":
    main()
