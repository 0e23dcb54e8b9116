"""Sensors' readings as signals, by the names that logs have."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from jaxtyping import Float

from hybridsim.robot import Robot
from hybridsim.sensors import Mounted, channels_in
from hybridsim.simulator.mounts import Mounts

WorldDrive = Float[np.ndarray, "world drive"]
# Per kind the signals of a sensor, with their channels; a second sensor of the kind puts its name behind.
OWN = {
    "imu": (("imu_angular_velocity", slice(0, 3)), ("imu_linear_acceleration", slice(3, 6))),
    "wrench": (("wrench", slice(0, 3)), ("wrench_torque", slice(3, 6))),
    "pose": (("base_position", slice(0, 3)), ("base_orientation", slice(3, 7))),
}
SHARED = {"current": "motor_current", "duty": "motor_duty", "force": "foot_force", "contact": "contact"}
"""Signals with one column a sensor, in robot.toml's order."""


class Measured:
    """Where each reading goes.

    `imu_angular_velocity` and `imu_linear_acceleration`, `wrench` and `wrench_torque`, `base_position` and
    `base_orientation` (of a pose or odometry) are one sensor's; several of a kind are called
    `imu_angular_velocity.<sensor>` and so on, and the first keeps the plain name too. `motor_current`,
    `motor_duty`, `foot_force` and `contact` have one column a sensor. Encoders and torque sensors stand in
    their drives' columns; a torque whose drive measures none makes a `joint_effort` of one column a sensor,
    and one that is unsigned a `joint_effort_magnitude`.
    """

    def __init__(self, robot: Robot, mounts: Mounts) -> None:
        """Look up once which channel is what."""
        mounted = mounts.sensors
        unsigned = [name for name, own in mounts.values[0].items() if own.get("unsigned", 0.0) > 0.5]
        counts = [channels_in(one.sensor.kind) for one in mounted]
        firsts = dict(zip(mounted, accumulate(counts, initial=0), strict=False))
        replaced = {
            "encoder": [one for one in mounted if one.sensor.kind == "encoder"],
            "torque": [
                one
                for one in mounted
                if one.sensor.kind == "torque"
                and one.sensor.name not in unsigned
                and robot.drives[one.source].measured == "joint_effort"
            ],
        }
        self._angle = pairs_of(replaced["encoder"], firsts, 0)
        self._speed = pairs_of(replaced["encoder"], firsts, 1)
        self._effort = pairs_of(replaced["torque"], firsts, 0)
        self._columns: dict[str, list[int]] = {}
        several = [one.sensor.kind.replace("odometry", "pose") for one in mounted]
        for one in mounted:
            kind, first = one.sensor.kind.replace("odometry", "pose"), firsts[one]
            for signal, part in OWN.get(kind, ()):
                columns = list(range(first + part.start, first + part.stop))
                if several.count(kind) > 1:
                    self._columns[f"{signal}.{one.sensor.name}"] = columns
                self._columns.setdefault(signal, columns)
            signal = SHARED.get(kind)
            if kind == "torque" and one not in replaced["torque"]:
                signal = "joint_effort_magnitude" if one.sensor.name in unsigned else "joint_effort"
            if signal is not None:
                self._columns.setdefault(signal, []).append(first)

    def joints(
        self,
        reading: Float[np.ndarray, "world channel"],
        angle: WorldDrive,
        effort: WorldDrive,
        speed: WorldDrive,
    ) -> tuple[WorldDrive, WorldDrive, WorldDrive]:
        """Angle, effort and speed with what sensors read in their drives' columns."""
        return (
            replaced(angle, reading, self._angle),
            replaced(effort, reading, self._effort),
            replaced(speed, reading, self._speed),
        )

    def signals(self, reading: Float[np.ndarray, "world channel"]) -> dict[str, np.ndarray]:
        """Signals of their own, fresh arrays."""
        return {name: reading[:, columns] for name, columns in self._columns.items()}


def pairs_of(
    mounted: Sequence[Mounted], firsts: dict[Mounted, int], channel: int
) -> tuple[list[int], list[int]]:
    """Drives, and the channels that stand in for them."""
    return [one.source for one in mounted], [firsts[one] + channel for one in mounted]


def replaced(
    values: WorldDrive, reading: Float[np.ndarray, "world channel"], pairs: tuple[list[int], list[int]]
) -> WorldDrive:
    """The values with some drives' columns taken from readings."""
    if not pairs[0]:
        return values
    found = values.copy()
    found[:, pairs[0]] = reading[:, pairs[1]]
    return found
