"""Which of a robot's sensors a simulator needs, what each reads, and its parameters in every world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.actuators import Drives, drive_matrix
from hybridsim.actuators.parameters import ENCODER_RESOLUTION
from hybridsim.errors import SimulationError, listed
from hybridsim.robot import Robot
from hybridsim.sensors import TABLES, Described, Mounted, in_order, sensor_values, sensors_of
from hybridsim.sensors.parameters import PREFIX

SensorValues = Mapping[str, Mapping[str, float]]
FRAMED = ("imu", "pose", "odometry")
FORCED = ("force", "contact")
DRIVEN = ("encoder", "current", "torque", "duty")


class Mounts(NamedTuple):
    """Sensors of a simulator."""

    sensors: list[Mounted]
    values: list[SensorValues]
    """Per world every sensor's parameters by its name; worlds that are alike share one object."""


def mounts_of(
    robot: Robot, values: Mapping[str, float], own: Sequence[Mapping[str, float]], drives: Drives
) -> Mounts:
    """All sensors but encoders that add nothing to what the drives' own counts say anyway."""
    known = sensors_of(robot)
    counts = drives.parameters[0, :, ENCODER_RESOLUTION].tolist()
    resolution = {f"encoder_{d.joint}": c for d, c in zip(robot.drives, counts, strict=True)}
    each = _each_world(robot, values, own, len(drives.effort))
    chosen = [one for one in known if one.kind != "encoder" or _errs(one, each)]
    counted = {id(one): _counted(one, resolution) for one in each}
    return Mounts(in_order(_mounted(robot, chosen)), [counted[id(one)] for one in each])


def own_bodies(own: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """What worlds have of their own beside drives and sensors; nothing where that is all."""
    others = (PREFIX, "drive.")
    found = [{name: v for name, v in one.items() if not name.startswith(others)} for one in own]
    return found if any(found) else []


def own_drives(
    joints: Sequence[str], values: Mapping[str, float], own: Sequence[Mapping[str, float]]
) -> Float[np.ndarray, "*world joint parameter"]:
    """Drives' parameters, one set for all worlds where none has its own."""
    if not any(name.startswith("drive.") for one in own for name in one):
        return drive_matrix(joints, values)
    return np.stack([drive_matrix(joints, {**values, **one}) for one in own])


def _each_world(
    robot: Robot, values: Mapping[str, float], own: Sequence[Mapping[str, float]], worlds: int
) -> list[SensorValues]:
    """Per world; the calibration's values where the world has none of its own."""
    mine = [{name: v for name, v in one.items() if name.startswith(PREFIX)} for one in own]
    if not any(mine):
        return [sensor_values(robot, values)] * worlds
    return [sensor_values(robot, {**values, **one}) for one in mine] * (worlds // len(mine))


def _errs(one: Described, each: Sequence[SensorValues]) -> bool:
    """Whether any parameter differs from its neutral value in any world."""
    return any(own[one.name][p.name] != p.value for own in each for p in TABLES[one.kind])


def _counted(values: SensorValues, resolution: Mapping[str, float]) -> SensorValues:
    """The same, with the drive's own counts where an encoder's sensor has none."""
    return {
        name: {**own, "resolution": own["resolution"] or resolution[name]} if name in resolution else own
        for name, own in values.items()
    }


def _mounted(robot: Robot, chosen: Sequence[Described]) -> list[Mounted]:
    """Every sensor with its place among the frames, drives, links that touch, or wrenches."""
    driven = [drive.joint for drive in robot.drives]
    found, taken = [], dict.fromkeys(("frame", "force", "wrench"), 0)
    for one in chosen:
        if one.kind in DRIVEN:
            if one.joint not in driven:
                raise SimulationError(
                    f"robots/{robot.name}: sensor {one.name} at joint '{one.joint}', which has no drive;"
                    f" joints with one: {listed(driven)}"
                )
            at = driven.index(one.joint or "")
            found.append(Mounted(one, at, robot.drives[at].gear_ratio.value))
            continue
        word = "frame" if one.kind in FRAMED else "force" if one.kind in FORCED else "wrench"
        found.append(Mounted(one, taken[word]))
        taken[word] += 1
    return found
