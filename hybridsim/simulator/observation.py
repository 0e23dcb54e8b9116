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
    reading, found = (sim.measured_angle() - sim.drive_offset) / sim.drive_scale, {}
    for name in dict.fromkeys(names):
        columns = [k for k, other in enumerate(names) if other == name]
        if name == "joint_effort":
            found[name] = (sim.drives.effort + sim.correction.value)[:, columns]
            found.setdefault("joint_position", sim.measured_angle()[:, columns])
        else:
            found[name] = reading[:, columns]
    angular = [k for k, name in enumerate(names) if name in ("joint_position", "joint_effort")]
    found["joint_velocity"] = sim.joint_velocity()[:, angular]
    if isinstance(sim.body, BulletWorlds) and sim.body.base is not None:
        found["base_position"] = sim.body.base.position
        found["base_orientation"] = sim.body.base.orientation
    return found
