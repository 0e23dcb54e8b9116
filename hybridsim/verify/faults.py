"""Faults between a robot's sensors and its policy: biases, noise and signals that do not come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from hybridsim.envs.task import Task

GYRO, TURN, SPEED = "imu_angular_velocity", "base_orientation", "joint_velocity"


class Faults:
    """Of some worlds; all of it is drawn beforehand, so that it follows from world and step alone."""

    def __init__(
        self, rows: Sequence[Mapping[str, float]], task: Task, randoms: Sequence[np.random.Generator]
    ) -> None:
        """Draw them.

        Args:
            rows: disturbances of each world by key.
            task: for its period and the length of its episodes.
            randoms: one a world.
        """
        self._asked = {key for row in rows for key in row}
        steps, period = task.episode_steps + 1, task.contract.control_period_s
        axes = np.array([unit(random.normal(size=3)) for random in randoms])
        ways = np.array([random.uniform(-np.pi, np.pi) for random in randoms])
        level = np.stack([np.cos(ways), np.sin(ways), 0.0 * ways], axis=1)
        self._gyro_bias = column(rows, "gyro_bias_rad_s")[:, None] * axes
        self._tilt = Rotation.from_rotvec(column(rows, "orientation_bias_rad")[:, None] * level)
        both, drives = list(zip(randoms, rows, strict=True)), len(task.robot.drives)
        self._gyro_noise = [noise(random, row, "gyro_noise_rad_s", (steps, 3)) for random, row in both]
        self._speed_noise = [
            noise(random, row, "velocity_noise_rad_s", (steps, drives)) for random, row in both
        ]
        self._lost = np.array([lost(random, row, steps, period) for random, row in both])
        self._held: dict[str, np.ndarray] = {}

    def seen(
        self, signals: Mapping[str, np.ndarray], step: Int[np.ndarray, " world"]
    ) -> Mapping[str, np.ndarray]:
        """What the policy sees of the signals after so many steps."""
        if not self._asked:
            return signals
        found, every = dict(signals), range(len(step))
        if "gyro_bias_rad_s" in self._asked or "gyro_noise_rad_s" in self._asked:
            shake = np.array([self._gyro_noise[w][step[w] % len(self._gyro_noise[w])] for w in every])
            found[GYRO] = found[GYRO] + self._gyro_bias + shake
        if "orientation_bias_rad" in self._asked:
            found[TURN] = (self._tilt * Rotation.from_quat(found[TURN])).as_quat()
        if "velocity_noise_rad_s" in self._asked:
            shake = np.array([self._speed_noise[w][step[w] % len(self._speed_noise[w])] for w in every])
            found[SPEED] = found[SPEED] + shake[:, : found[SPEED].shape[1]]
        return self._without_lost(found, step) if self._lost.any() else found

    def _without_lost(
        self, found: Mapping[str, np.ndarray], step: Int[np.ndarray, " world"]
    ) -> Mapping[str, np.ndarray]:
        """The last signals that came, where the newest ones did not; an episode's first ones always do."""
        gone = self._lost[np.arange(len(step)), step] & (step > 0)
        if self._held:
            keep = {name: value.shape[1:] for name, value in found.items()}
            found = {
                name: np.where(gone.reshape(-1, *(1,) * len(keep[name])), self._held[name], value)
                for name, value in found.items()
            }
        self._held = {name: value.copy() for name, value in found.items()}
        return found


def unit(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """Of length one."""
    return vector / np.linalg.norm(vector)


def column(rows: Sequence[Mapping[str, float]], key: str) -> Float[np.ndarray, " world"]:
    """A number of each world, 0 where it has none."""
    return np.array([row.get(key, 0.0) for row in rows])


def noise(
    random: np.random.Generator, row: Mapping[str, float], key: str, shape: tuple[int, int]
) -> Float[np.ndarray, "step axis"]:
    """Of every step; a single row of zeros where there is none."""
    return row[key] * random.standard_normal(shape) if row.get(key) else np.zeros((1, shape[1]))


def lost(random: np.random.Generator, row: Mapping[str, float], steps: int, period: float) -> np.ndarray:
    """In which control periods nothing comes [step]."""
    gone = random.random(steps) < row.get("dropout_share", 0.0)
    if row.get("dropout_ms"):
        first = round(row["dropout_at_s"] / period)
        gone[first : first + round(1e-3 * row["dropout_ms"] / period)] = True
    return gone
