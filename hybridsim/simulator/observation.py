"""What drives measure, by signal."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.robot import Robot

WorldDrive = Float[np.ndarray, "world drive"]


def observed(
    robot: Robot, angle: WorldDrive, effort: WorldDrive, speed: WorldDrive
) -> dict[str, Float[np.ndarray, "world _column"]]:
    """Signals of the drives as `HybridSim.observe` describes them.

    Args:
        robot: the design.
        angle: as the drives' encoders read it [rad].
        effort: of drives that give efforts [N*m].
        speed: of the shafts or joints [rad/s].
    """
    names = [drive.measured for drive in robot.drives]
    found = {}
    for name in dict.fromkeys(names):
        columns = [k for k, other in enumerate(names) if other == name]
        if name == "joint_effort":
            found[name] = effort[:, columns]
            found.setdefault("joint_position", angle[:, columns])
        else:
            scale = np.array([robot.drives[k].command_scale.value for k in columns])
            offset = np.array([robot.drives[k].command_offset.value for k in columns])
            found[name] = (angle[:, columns] - offset) / scale
    angular = [k for k, name in enumerate(names) if name in ("joint_position", "joint_effort")]
    found["joint_velocity"] = speed[:, angular]
    return found
