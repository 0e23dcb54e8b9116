"""What drives measure, by signal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.robot import Robot

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
