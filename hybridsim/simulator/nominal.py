"""A calibration's parameters at robot.toml's and the URDF's own values."""

from __future__ import annotations

from collections.abc import Mapping

from hybridsim.actuators import offered
from hybridsim.errors import SimulationError, listed
from hybridsim.robot import Robot
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.signs import offered_signs


def nominal_values(robot: Robot, values: Mapping[str, float]) -> dict[str, float]:
    """The same names, but ideal drives and nominal masses; the world stays as it was found."""
    prior = {p.name: p.value for p in [*offered(robot), *offered_inertials(robot), *offered_signs(robot)]}
    missing = [name for name in values if name not in prior and not name.startswith(("world.", "joint."))]
    if missing:
        raise SimulationError(f"robots/{robot.name}: parameters {listed(missing)} are not of this robot")
    return {**values, **prior}
