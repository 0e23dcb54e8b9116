"""An arm brings its tool to a goal, or follows one that moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.calibration import SimulationSettings
from hybridsim.physics.terrain import Terrain
from hybridsim.physics.urdf import load_urdf
from hybridsim.policy.contract import CommandRange, PolicyContract
from hybridsim.policy.observing import Memory
from hybridsim.robot import Robot
from hybridsim.simulator import HybridSim
from hybridsim.walking.tool import Tool

TOOL = "gripper_frame_link"
COMMANDS = tuple(
    CommandRange(name=f"goal_{axis}", unit="m", low=low, high=high)
    for axis, low, high in (("x", -0.1, 0.45), ("y", -0.3, 0.3), ("z", 0.0, 0.4))
)
AMONG = 1.0
"""How far goals' postures lie from the stance [rad]; chosen: the arm stays clear of the table."""
ROUND_S, RADIUS = 4.0, 0.05
"""Of the circle on which a moving goal goes [s, m]."""


class Reach:
    """Tool to a goal in the base's frame; the goal is the tool's place in a posture drawn at random."""

    gait: np.ndarray | None = None
    sources: Mapping[str, str] = {}
    constants: Mapping[str, float] = {}

    def __init__(
        self, robot: Robot, *, moving: bool = False, episode_s: float = 5.0, level: float = 1.0
    ) -> None:
        """Describe it.

        Args:
            robot: an arm whose first joints carry the tool, and whose last one is its jaw.
            moving: whether the goal goes round in a circle.
            episode_s: after which an episode is cut [s].
            level: share of the goals' range, 0 to 1.
        """
        self.name = "track" if moving else "reach"
        self.robot, self.level, self.moving = robot, level, moving
        arm = [n for n, drive in enumerate(robot.drives) if drive.measured == "joint_position"]
        self._arm, joints = arm, [robot.joint(robot.drives[n].joint) for n in arm]
        self.tool = Tool(load_urdf(robot.urdf_path()), [joint.urdf_joint for joint in robot.joints], TOOL)
        timestep = robot.rigid_body.timestep.value
        self.settings = SimulationSettings(physics_timestep_s=timestep, rate_hz=50.0, plane=True)
        self.episode_steps = round(50.0 * episode_s)
        self.contract = PolicyContract(
            robot=robot.name,
            task=self.name,
            control_period_s=1.0 / 50.0,
            joints=tuple(joint.name for joint in joints),
            terms=("command", "joint_position", "joint_velocity", "joint_error", "last_action"),
            command=COMMANDS,
            stance=tuple(0.0 for _ in joints),
            action_scale=tuple(0.7 for _ in joints),
            low=tuple(joint.lower.value for joint in joints),
            high=tuple(joint.upper.value for joint in joints),
        )
        self._centre = np.zeros((0, 3))

    def terrains(self, randoms: Sequence[np.random.Generator]) -> list[Terrain]:
        """None: the base is fixed."""
        del randoms
        return []

    def drive_command(self, target: Float[np.ndarray, "world joint"]) -> Float[np.ndarray, "world drive"]:
        """The arm's targets; the jaw stays closed."""
        command = np.zeros((len(target), len(self.robot.drives)))
        command[:, self._arm] = target
        return command

    def begin(
        self,
        sim: HybridSim,
        memory: Memory,
        command: Float[np.ndarray, "world command"],
        worlds: Int[np.ndarray, " some"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """At rest near the stance, with any goal."""
        if len(self._centre) != sim.worlds:
            self._centre = np.zeros((sim.worlds, 3))
        start = np.array([random.uniform(-0.3, 0.3, len(self._arm)) for random in randoms])
        sim.reset(self.drive_command(start), worlds=worlds)
        memory.reset(worlds)
        self._centre[worlds] = [self._goal(random) for random in randoms]
        command[worlds] = self._centre[worlds]

    def _goal(self, random: np.random.Generator) -> Float[np.ndarray, "3"]:
        """The tool's place in a random posture above the table."""
        for _ in range(20):
            posture = np.zeros((1, len(self.robot.joints)))
            posture[0, self._arm] = AMONG * self.level * random.uniform(-1.0, 1.0, len(self._arm))
            place = self.tool.places(posture)[0]
            if place[2] > 0.03:
                return place
        return self.tool.places(np.zeros((1, len(self.robot.joints))))[0]

    def disturb(
        self,
        sim: HybridSim,
        command: Float[np.ndarray, "world command"],
        step: Int[np.ndarray, " world"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """Let moving goals move."""
        if self.moving:
            turn = 2.0 * np.pi * step * self.contract.control_period_s / ROUND_S
            circle = np.stack([np.zeros_like(turn), np.sin(turn), 1.0 - np.cos(turn)], axis=1)
            command[:] = self._centre + RADIUS * circle

    def distance(
        self, sim: HybridSim, command: Float[np.ndarray, "world command"]
    ) -> Float[np.ndarray, " world"]:
        """Between the true tool and its goal [m]."""
        return np.linalg.norm(self.tool.places(sim.body.joint_position) - command, axis=1)

    def rewards(
        self, sim: HybridSim, memory: Memory, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """`near` 1 - tanh(distance / 0.1 m), `there` exp(-(distance / 0.02 m)^2), less changes of action."""
        distance = self.distance(sim, command)
        return {
            "near": 1.0 - np.tanh(distance / 0.1),
            "there": np.exp(-((distance / 0.02) ** 2)),
            "action_rate": -0.02 * ((memory.action - memory.before) ** 2).sum(axis=1),
        }

    def ended(self, sim: HybridSim) -> Bool[np.ndarray, " world"]:
        """Never."""
        return np.zeros(sim.worlds, np.bool_)

    def measures(
        self, sim: HybridSim, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """Distance from the goal."""
        return {"distance [m]": self.distance(sim, command)}
