"""How well a policy walks in the simulator it learned in: 200 varied episodes that no training has seen.

    .venv/bin/python -m tests.benchmarks.walking RUN/best [--calibration C] [--variant V]
    .venv/bin/python -m tests.benchmarks.walking --untrained walk_flat      the trot alone

SYNTHETIC: nothing here is a robot. Four times 50 worlds, 10 s each, commands ahead of -0.3 to 0.8 m/s, aside
and about the vertical, changed after 5 s, on the task's ground. Speeds are means over the last 3 s of each
command; `share` is the slope of speed on command through zero, of commands of at least 0.2 m/s or 0.2 rad/s,
with a 95 % interval bootstrapped over worlds.
"""

import argparse
import time

import numpy as np

from hybridsim.envs import Origin, Size, make_vector
from hybridsim.policy import Policy

WORLDS, SEEDS, SETTLED = 50, range(900, 904), 100
"""Worlds, seeds and the steps after a change of command that are not counted."""
LEAST = 0.2


class Untrained:
    """Adds nothing to the gait."""

    def __init__(self, shape):
        self._shape = shape

    def action(self, observation):
        return np.zeros((len(observation), *self._shape))


def episodes(policy, envs, seed):
    """Falls, and mean speeds beside the commands under which they were [world segment 2 2]."""
    observation, _ = envs.reset(seed=seed)
    count, running = envs.num_envs, np.ones(envs.num_envs, bool)
    fell, sums, steps = np.zeros(count, bool), np.zeros((count, 2, 2)), np.zeros((count, 2))
    asked = np.zeros((count, 2, 2))
    for step in range(500):
        observation, _, terminated, truncated, _ = envs.step(policy.action(observation))
        command = np.concatenate([block.command for block in envs.blocks])
        fell |= running & terminated
        running &= ~(terminated | truncated)
        part = step // 250
        if step % 250 >= SETTLED:
            found = envs.last.measures
            speed = np.stack([found["forward_velocity [m/s]"], found["yaw_rate [rad/s]"]], axis=1)
            sums[running, part] += speed[running]
            steps[running, part] += 1
            asked[running, part] = command[running][:, [0, 2]]
    return fell, np.stack([sums / np.maximum(steps, 1)[:, :, None], asked], axis=-1), steps > 100


def share(pairs):
    """Slope of speed on command, and its interval."""
    chosen = pairs[np.abs(pairs[:, 1]) >= LEAST]
    rows = np.random.default_rng(0).integers(0, len(chosen), (2000, len(chosen)))
    slopes = [(one[:, 0] * one[:, 1]).sum() / (one[:, 1] ** 2).sum() for one in chosen[rows]]
    whole = (chosen[:, 0] * chosen[:, 1]).sum() / (chosen[:, 1] ** 2).sum()
    return whole, *np.percentile(slopes, [2.5, 97.5])


def main() -> None:
    """Print falls and shares."""
    parser = argparse.ArgumentParser()
    parser.add_argument("policy", nargs="?")
    parser.add_argument("--untrained", metavar="TASK")
    parser.add_argument("--calibration")
    parser.add_argument("--variant", default="hybrid")
    words = parser.parse_args()
    start = time.perf_counter()
    origin = Origin(calibration=words.calibration, variant=words.variant)
    trained = None if words.untrained else Policy.load(words.policy)
    task = words.untrained or trained.contract.task
    envs = make_vector(task, origin, size=Size(worlds=WORLDS, blocks=2))
    policy = trained or Untrained(envs.single_action_space.shape)
    found = [episodes(policy, envs, seed) for seed in SEEDS]
    envs.close()
    fell = np.concatenate([one[0] for one in found])
    speeds = np.concatenate([one[1] for one in found])
    whole = np.concatenate([one[2] for one in found])
    print(f"falls: {fell.sum()} of {len(fell)} episodes of 10 s")
    for n, name in enumerate(("forward velocity", "yaw rate")):
        slope, low, high = share(speeds[:, :, n][whole])
        print(f"{name}: share of the command {slope:.3f} [{low:.3f}, {high:.3f}]")
    steps = trained.contract.lineage.steps if trained else 0
    print(f"trained for {steps} steps; judged in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
