"""What drives a walk: joint postures and efforts from its script, and position loops around the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.demo.gait import Script
from hybridsim.progress import Progress
from hybridsim.robot import Robot
from hybridsim.simulator.bodies import GRAVITY
from hybridsim.simulator.feet import FootRecorder, FootTrace
from hybridsim.simulator.sim import HybridSim
from hybridsim.simulator.surfaces import Surface
from hybridsim.walking.legs import Legs, shared_load

HEIGHT = 0.48
"""Of the base's origin above the feet [m]; chosen, because legs then reach a stride ahead and behind."""
KNEES = {"HAA": 0.0, "F_HFE": 0.6, "F_KFE": -1.2, "H_HFE": -0.6, "H_KFE": 1.2}
"""By the end of a joint's name: where the search for postures starts, so that knees point inwards [rad]."""
STIFFNESS, DAMPING = 600.0, 8.0
"""Of the position loops [N·m/rad, N·m·s/rad]; chosen: at 400 Hz a damping above 11 shakes the shanks."""
FALLEN = np.radians(30.0)
"""Tilt of the base that counts as a fall [rad]."""
TOLD = 200
"""Steps between reports of progress."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Commands:
    """What the joints are to do, one row a physics step.

    Attributes:
        base: where the base is planned to be [m].
        posture: joint positions [rad].
        speed: their rates [rad/s].
        effort: that holds the posture without any error of position [N·m].
    """

    base: Float[np.ndarray, "time 3"]
    posture: Float[np.ndarray, "time joint"]
    speed: Float[np.ndarray, "time joint"]
    effort: Float[np.ndarray, "time joint"]

    @classmethod
    def of(cls, legs: Legs, script: Script) -> Commands:
        """Postures that keep the centre of mass where the script wants it, above the feet.

        The centre of mass is taken as fixed to the base, where it is in the first posture.
        """
        near = np.array(
            [next(x for end, x in KNEES.items() if joint.name.endswith(end)) for joint in legs.robot.joints]
        )
        base = script.centre + np.array([0.0, 0.0, HEIGHT]) - legs.centre_of_mass(near) * [1.0, 1.0, 0.0]
        posture = legs.postures(script.feet - base[:, None], near)
        loads = [shared_load(*row) for row in zip(script.centre, script.feet, script.bearing, strict=True)]
        weight = GRAVITY * legs.mass
        effort = [legs.holding(one, weight * load) for one, load in zip(posture, loads, strict=True)]
        return cls(
            base=base,
            posture=posture,
            speed=np.gradient(posture, script.period, axis=0),
            effort=np.array(effort),
        )

    def every(self, given: float, wanted: float) -> Commands:
        """The same with another time between rows, linear in between [s]."""
        old = given * np.arange(len(self.posture))
        new = np.arange(0.0, old[-1], wanted)
        return Commands(
            **{
                one.name: np.stack([np.interp(new, old, column) for column in getattr(self, one.name).T], 1)
                for one in fields(self)
            }
        )


def run(
    robot: Robot, surfaces: Sequence[Surface], commands: Commands, progress: Progress | None = None
) -> tuple[FootTrace, Float[np.ndarray, "time 3"], Float[np.ndarray, "time 4"]]:
    """Follow commands in one world, until they or the robot's upright posture end.

    Args:
        robot: whose drives take efforts.
        surfaces: of the ground.
        commands: one row a physics step.
        progress: called as progress(done, total).

    Returns:
        What each foot saw, and the base's path [m] and orientation, one row a step.
    """
    values = {parameter.name: parameter.value for parameter in offered(robot)}
    timestep = robot.rigid_body.timestep.value
    settings = SimulationSettings(physics_timestep_s=timestep, rate_hz=1.0 / timestep)
    path, turns = [], []
    with HybridSim(robot, values, settings, surfaces=surfaces) as sim:
        sim.reset(commands.posture[0], base_position=commands.base[0])
        feet = FootRecorder(sim)
        for k in range(len(commands.posture)):
            seen = sim.step(commands.effort[k] + corrected(sim, commands.posture[k], commands.speed[k]))
            feet.read()
            path.append(seen["base_position"][0])
            turns.append(seen["base_orientation"][0])
            if progress is not None and k % TOLD == 0:
                progress(k, len(commands.posture))
            if tilt(seen["base_orientation"])[0] > FALLEN:
                break
    return feet.trace(), np.array(path), np.array(turns)


def corrected(
    sim: HybridSim, posture: Float[np.ndarray, " joint"], speed: Float[np.ndarray, " joint"]
) -> Float[np.ndarray, " joint"]:
    """Effort of the position loops, on true angles and speeds [N·m]; drives limit it as they can."""
    return STIFFNESS * (posture - sim.encoder_angle()[0]) + DAMPING * (speed - sim.stepping.speed()[0])


def tilt(orientation: Float[np.ndarray, "*row 4"]) -> Float[np.ndarray, "*row"]:
    """Angle between the base's vertical axis and the world's, from a quaternion xyzw [rad]."""
    return 2.0 * np.arcsin(np.minimum(np.hypot(orientation[..., 0], orientation[..., 1]), 1.0))
