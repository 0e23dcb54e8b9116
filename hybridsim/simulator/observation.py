"""What a simulator's worlds measure, by signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from hybridsim.physics.bullet import BulletWorlds

if TYPE_CHECKING:
    from hybridsim.simulator.sim import HybridSim


def observed(sim: HybridSim) -> dict[str, Float[np.ndarray, "world column"]]:
    """Signals as `HybridSim.observe` describes them."""
    names = [drive.measured for drive in sim.robot.drives]
    angle = sim.measured_angle()
    reading = (angle - sim.drive_offset) / sim.drive_scale
    found = {}
    for name in dict.fromkeys(names):
        columns = [k for k, other in enumerate(names) if other == name]
        if name == "joint_effort":
            found[name] = (sim.drives.effort + sim.correction.value)[:, columns]
            found.setdefault("joint_position", angle[:, columns])
        else:
            found[name] = reading[:, columns]
    angular = [k for k, name in enumerate(names) if name in ("joint_position", "joint_effort")]
    found["joint_velocity"] = sim.joint_velocity()[:, angular]
    if isinstance(sim.body, BulletWorlds) and sim.body.base is not None:
        found["base_position"], found["base_orientation"] = sim.body.base.pose()
    return found
