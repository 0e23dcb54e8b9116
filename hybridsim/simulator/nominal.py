"""A calibration's parameters as the simulator wants them: complete, or at the prior's own values."""

from __future__ import annotations

from collections.abc import Mapping

from hybridsim.actuators import offered
from hybridsim.calibration import Calibration, SimulationSettings
from hybridsim.contacts.parameters import has_law
from hybridsim.effort.settings import effort_signal
from hybridsim.errors import SimulationError, listed
from hybridsim.robot import Robot
from hybridsim.sensors import neutral
from hybridsim.sensors.parameters import PREFIX
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.pushed import READING
from hybridsim.simulator.signs import offered_signs

VARIANTS = ("hybrid", "identified", "nominal")


def variant_of(robot: Robot, found: Calibration, variant: str) -> tuple[dict[str, float], SimulationSettings]:
    """Parameters and world of a calibration's variant, networks left out.

    Raises:
        SimulationError: there is no such variant, or the calibration is of another robot.
    """
    if variant not in VARIANTS:
        raise SimulationError(f"HybridSim: variant '{variant}'; available: {', '.join(VARIANTS)}")
    settings = found.record.simulation
    if variant != "nominal":
        return simulated_values(robot, found.values()), settings
    if has_law(found.values()):
        settings = settings.model_copy(update={"plane": True})
    return nominal_values(robot, found.values()), settings


def nominal_values(robot: Robot, values: Mapping[str, float]) -> dict[str, float]:
    """The same names, but ideal drives and sensors, and nominal masses; the world stays as it was found."""
    prior = _prior(robot) | neutral(robot)
    if effort_signal(values) is not None or has_law(values):
        return prior
    missing = [
        name
        for name in values
        if name not in prior and not name.startswith(("world.", "joint.", PREFIX, READING))
    ]
    if missing:
        raise SimulationError(f"robots/{robot.name}: parameters {listed(missing)} are not of this robot")
    return {**values, **prior}


def simulated_values(robot: Robot, values: Mapping[str, float]) -> dict[str, float]:
    """A calibration's parameters, completed for the simulator where they were found from efforts alone.

    Such a calibration knows bodies, rotors, dry and viscous friction; its drives take robot.toml's own loop.
    """
    return {**_prior(robot), **values} if effort_signal(values) is not None else dict(values)


def _prior(robot: Robot) -> dict[str, float]:
    return {p.name: p.value for p in [*offered(robot), *offered_inertials(robot), *offered_signs(robot)]}
