"""A HybridSim whose joints are moved by imported actuator networks instead of drives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from hybridsim.actuators import DRIVE_PARAMETERS
from hybridsim.actuators.loop import EFFORT_LOOP
from hybridsim.calibration import SimulationSettings
from hybridsim.errors import SimulationError, listed
from hybridsim.exchange.torchscript import ImportedActuator
from hybridsim.robot import Robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.command import command_rows

WorldDrive = Float[np.ndarray, "world drive"]
# Of a drive that stands in nobody's way, beside neutral values; the network has limits of its own.
UNLIMITED = {"stall_effort": 1e4, "effort_limit": 1e4, "back_emf": 0.0}


class ActuatedSim:
    """Worlds of a robot whose drives give just what networks say, asked at every physics step.

    Slower than drives of our own: torch is called at every step, with all worlds and joints of a network at
    once.
    """

    def __init__(self, sim: HybridSim, actuators: Sequence[ImportedActuator]) -> None:
        """Put networks on the drives of a simulator.

        Args:
            sim: with drives that take efforts; see `of` for ideal ones.
            actuators: that together move every driven joint once.

        Raises:
            SimulationError: drives take something else, a joint is moved twice or not at all, or a network's
                sample period is not the simulator's timestep.
        """
        self.sim, self.actuators = sim, tuple(actuators)
        if sim.motion or (sim.drives.modes != EFFORT_LOOP).any():
            raise SimulationError(
                f"robots/{sim.robot.name}: drives take {listed({d.command for d in sim.robot.drives})};"
                " expected joint_effort_command for actuator networks"
            )
        self._require_joints()
        for one in self.actuators:
            one.require_period(sim.timestep)
            if one.worlds != sim.worlds:
                raise SimulationError(f"{one.name}: made for {one.worlds} worlds; expected {sim.worlds}")
        self._columns = [[sim.joints.index(name) for name in one.joints] for one in self.actuators]

    @classmethod
    def of(
        cls,
        robot: Robot,
        values: Mapping[str, float],
        settings: SimulationSettings,
        actuators: Sequence[ImportedActuator],
        **more: Any,
    ) -> ActuatedSim:
        """A simulator of the robot with ideal drives, and networks on them.

        Args:
            robot: the design; what commands its drives does not matter, as long as they push by effort.
            values: parameters of everything but the drives, by name; those of the drives are left out.
            settings: timestep, rate and ground.
            actuators: as above.
            more: what else HybridSim takes, but no networks of drives.
        """
        pushed = robot.commanded("joint_effort_command")
        ideal = {**values, **ideal_drives([drive.joint for drive in robot.drives], actuators)}
        worlds = max((one.worlds for one in actuators), default=1)
        sim = HybridSim(pushed, ideal, settings, worlds=worlds, **more)
        try:
            return cls(sim, actuators)
        except SimulationError:
            sim.close()
            raise

    def reset(
        self,
        position: Float[np.ndarray, "*some drive"] | float | None = None,
        *,
        worlds: Int[np.ndarray, " some"] | Sequence[int] | None = None,
        **more: Any,
    ) -> dict[str, Float[np.ndarray, "world _column"]]:
        """As `HybridSim.reset`; the networks forget those worlds as well."""
        observed = self.sim.reset(position, worlds=worlds, **more)
        for one in self.actuators:
            one.reset(worlds)
        return observed

    def step(
        self, target: Float[np.ndarray, "*world drive"] | Sequence[float]
    ) -> dict[str, Float[np.ndarray, "world _column"]]:
        """Hold target positions [rad] for one control period; gives what `HybridSim.observe` gives."""
        wanted = command_rows(target, self.sim.worlds, self.sim.joints)
        for _ in range(self.sim.steps_per_command):
            self.sim.advance(self.effort(wanted))
        return self.sim.observe()

    def effort(self, target: WorldDrive) -> WorldDrive:
        """What the networks say now [N*m]; to be called once a physics step."""
        position, velocity = self.sim.encoder_angle(), self.sim.stepping.speed()
        effort = np.zeros_like(position)
        for one, columns in zip(self.actuators, self._columns, strict=True):
            effort[:, columns] = one.effort(target[:, columns], position[:, columns], velocity[:, columns])
        return effort

    def close(self) -> None:
        """Free the worlds."""
        self.sim.close()

    def __enter__(self) -> ActuatedSim:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _require_joints(self) -> None:
        moved = [name for one in self.actuators for name in one.joints]
        twice = {name for name in moved if moved.count(name) > 1}
        wrong = set(moved) ^ set(self.sim.joints)
        if twice or wrong:
            raise SimulationError(
                f"actuator networks move {listed(moved)}; expected each joint with a drive once:"
                f" {', '.join(self.sim.joints)}"
            )


def ideal_drives(joints: Sequence[str], actuators: Sequence[ImportedActuator]) -> dict[str, float]:
    """Parameters of drives that pass efforts on, with friction and armature of the networks' contracts."""
    found = {}
    of = {name: one.contract for one in actuators for name in one.joints}
    for joint in joints:
        values = {p.name: p.value for p in DRIVE_PARAMETERS} | UNLIMITED
        if joint in of:
            terms = of[joint]
            values |= {
                "armature": max(terms.armature_kgm2, 1e-6),
                "motor_coulomb": terms.dry_friction_Nm,
                "stiction": terms.rest_friction_Nm,
                "motor_viscous": terms.viscous_friction_Nms_rad,
            }
        found |= {f"drive.{joint}.{name}": value for name, value in values.items()}
    return found
