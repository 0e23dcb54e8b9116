"""A servo's pendulum follows a goal angle: small enough to be learned in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.calibration import SimulationSettings
from hybridsim.physics.terrain import Terrain
from hybridsim.policy.contract import CommandRange, PolicyContract
from hybridsim.policy.observing import Memory
from hybridsim.robot import Robot
from hybridsim.simulator import HybridSim

GOAL = CommandRange(name="goal_angle", unit="rad", low=-1.2, high=1.2)


class Swing:
    """One joint that is to stand at a goal angle, against gravity and the drive's own ways."""

    name = "swing"
    gait: np.ndarray | None = None
    sources: Mapping[str, str] = {}
    constants: Mapping[str, float] = {"payload_mass": 0.1, "payload_length": 0.12}
    """Chosen: a load that bends the drive's position loop visibly [kg, m]."""

    def __init__(self, robot: Robot, *, episode_s: float = 4.0, level: float = 1.0) -> None:
        """Describe it.

        Args:
            robot: of one joint.
            episode_s: after which an episode is cut [s].
            level: share of the goal's range, 0 to 1.
        """
        self.robot, self.level = robot, level
        timestep = robot.rigid_body.timestep.value
        self.settings = SimulationSettings(physics_timestep_s=timestep, rate_hz=50.0)
        self.episode_steps = round(50.0 * episode_s)
        self.contract = PolicyContract(
            robot=robot.name,
            task=self.name,
            control_period_s=1.0 / 50.0,
            joints=robot.joint_names,
            terms=("command", "joint_position", "joint_velocity", "last_action"),
            command=(GOAL,),
            stance=(0.0,),
            action_scale=(1.5,),
            low=(-2.5,),
            high=(2.5,),
            hidden=(32, 32),
        )

    def terrains(self, randoms: Sequence[np.random.Generator]) -> list[Terrain]:
        """None: the base is fixed."""
        del randoms
        return []

    def drive_command(self, target: Float[np.ndarray, "world joint"]) -> Float[np.ndarray, "world drive"]:
        """The target itself."""
        return target

    def begin(
        self,
        sim: HybridSim,
        memory: Memory,
        command: Float[np.ndarray, "world command"],
        worlds: Int[np.ndarray, " some"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """At rest at any angle, with any goal."""
        draws = np.array([random.uniform(GOAL.low, GOAL.high, 2) for random in randoms]) * self.level
        sim.reset(draws[:, :1], worlds=worlds)
        memory.reset(worlds)
        command[worlds] = draws[:, 1:]

    def disturb(
        self,
        sim: HybridSim,
        command: Float[np.ndarray, "world command"],
        step: Int[np.ndarray, " world"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """Another goal every second."""
        for w in np.flatnonzero((step > 0) & (step % 50 == 0)).tolist():
            command[w] = self.level * randoms[w].uniform(GOAL.low, GOAL.high)

    def rewards(
        self, sim: HybridSim, memory: Memory, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """`goal` exp(-(angle - goal)^2 / 0.05), less speed and changes of the action."""
        off = sim.body.joint_position[:, 0] - command[:, 0]
        return {
            "goal": np.exp(-(off**2) / 0.05),
            "speed": -1e-3 * sim.body.joint_velocity[:, 0] ** 2,
            "action_rate": -1e-2 * ((memory.action - memory.before) ** 2).sum(axis=1),
        }

    def ended(self, sim: HybridSim) -> Bool[np.ndarray, " world"]:
        """Never."""
        return np.zeros(sim.worlds, np.bool_)

    def measures(
        self, sim: HybridSim, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """Distance from the goal."""
        return {"angle_error [rad]": np.abs(sim.body.joint_position[:, 0] - command[:, 0])}
