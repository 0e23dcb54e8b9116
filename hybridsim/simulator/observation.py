"""What drives and sensors measure, by signal, and what is true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.physics.bullet import BulletWorlds
from hybridsim.robot import Robot
from hybridsim.simulator.measured import Measured
from hybridsim.simulator.sensing import Sensing
from hybridsim.simulator.stepping import Carrying, Pushing

WorldDrive = Float[np.ndarray, "world drive"]


class Column(NamedTuple):
    """Where a signal comes from."""

    name: str
    drives: slice | list[int]
    scale: np.ndarray | None
    """From drive units to joint angles; None where they are the same."""
    offset: np.ndarray


class Readout:
    """Turns what drives know into signals as `HybridSim.observe` describes them."""

    def __init__(self, robot: Robot) -> None:
        """Look up once which drive measures what."""
        names = [drive.measured for drive in robot.drives]
        self._signals = []
        for name in dict.fromkeys(names):
            chosen = [k for k, other in enumerate(names) if other == name]
            scale = np.array([robot.drives[k].command_scale.value for k in chosen])
            offset = np.array([robot.drives[k].command_offset.value for k in chosen])
            plain = bool((scale == 1.0).all() and (offset == 0.0).all())
            self._signals.append(Column(name, _columns(chosen, names), None if plain else scale, offset))
        angular = [k for k, name in enumerate(names) if name in ("joint_position", "joint_effort")]
        self._angular = _columns(angular, names)

    def signals(
        self, angle: WorldDrive, effort: WorldDrive, speed: WorldDrive
    ) -> dict[str, Float[np.ndarray, "world _column"]]:
        """Fresh arrays by signal.

        Args:
            angle: as the drives' encoders read it [rad].
            effort: of drives that give efforts [N*m].
            speed: of the shafts or joints [rad/s].
        """
        found = {}
        for name, drives, scale, offset in self._signals:
            if name == "joint_effort":
                found[name] = effort[:, drives].copy()
                found.setdefault("joint_position", angle[:, drives].copy())
            elif scale is None:
                found[name] = angle[:, drives].copy()
            else:
                found[name] = (angle[:, drives] - offset) / scale
        found["joint_velocity"] = speed[:, self._angular].copy()
        return found


def _columns(chosen: list[int], names: list[str]) -> slice | list[int]:
    return slice(None) if len(chosen) == len(names) else chosen


class Observer:
    """What a simulator's worlds show, measured or true."""

    def __init__(self, robot: Robot, stepping: Carrying | Pushing, sensing: Sensing | None) -> None:
        """Look up what there is to see."""
        self._readout, self._stepping, self._sensing = Readout(robot), stepping, sensing
        self._placed = None if sensing is None else Measured(robot, sensing.mounts)

    def measured(self, angle: WorldDrive) -> dict[str, Float[np.ndarray, "world _column"]]:
        """As `HybridSim.observe` describes it; `angle` is what the drives' own encoders read [rad]."""
        joints = (angle, self._effort(), self._stepping.speed())
        if self._placed is None or self._sensing is None:
            return self._signals(*joints)
        reading = self._sensing.sensors.reading
        return self._signals(*self._placed.joints(reading, *joints)) | self._placed.signals(reading)

    def true(self) -> dict[str, Float[np.ndarray, "world _column"]]:
        """As `HybridSim.truth` describes it."""
        body, mounting = self._stepping.body, self._stepping.mounting
        angle = ((body.joint_position - mounting.zero) * mounting.sign)[:, mounting.order]
        speed = (body.joint_velocity * mounting.sign)[:, mounting.order]
        found = self._signals(angle, self._effort(), speed)
        if self._placed is None or self._sensing is None:
            return found
        return found | self._placed.signals(self._sensing.truth().reading)

    def _effort(self) -> WorldDrive:
        """Of drives that give efforts, their residual included [N*m]."""
        return self._stepping.drives.effort + self._stepping.correction.value

    def _signals(
        self, angle: WorldDrive, effort: WorldDrive, speed: WorldDrive
    ) -> dict[str, Float[np.ndarray, "world _column"]]:
        """By name, from the joints' arrays and a floating base's pose."""
        found, body = self._readout.signals(angle, effort, speed), self._stepping.body
        if isinstance(body, BulletWorlds) and body.base is not None:
            found["base_position"], found["base_orientation"] = body.base.pose()
        return found
