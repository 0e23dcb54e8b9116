"""A robot imitates a reference motion: its joints, its ends and, where it floats, its base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.calibration import SimulationSettings
from hybridsim.envs.walk import TERMS, base_of
from hybridsim.envs.wanted import Wanted
from hybridsim.errors import MotionError
from hybridsim.motion import reference_of
from hybridsim.physics.terrain import Terrain
from hybridsim.physics.urdf import load_urdf
from hybridsim.policy.contract import CommandRange, PolicyContract
from hybridsim.policy.observing import Memory, last
from hybridsim.robot import Robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.link_frames import rotation_in_root
from hybridsim.walking.tool import Tips

SPEEDS = (("forward_velocity", "m/s"), ("lateral_velocity", "m/s"), ("yaw_rate", "rad/s"))
SEEN = tuple(term for term in TERMS if term != "command")
"""What a floating robot sees, beside the phase."""
SEEN_FIXED = ("joint_position", "joint_velocity", "last_action", "joint_error")
FRICTION = 0.5
"""Of the ground; chosen, because feet that follow a clip drag, and catch on more."""
WEIGHTS = {"pose": 0.4, "speed": 0.05, "ends": 0.2, "base": 0.15, "base_speed": 0.2}
"""Of the terms; those of Peng et al. 2020, more for the base's speed, since its place is not asked for."""
LEAD = 0.5
"""Share of the effort that holds a posture by which targets lead; chosen: all of it lets ANYmal C bounce
until it falls, none lets it sink."""
REACH = 0.8
"""How far a target may lie beyond the reference's own range [rad]; chosen."""
FALLEN, LOW = 0.8, 0.6
"""Tilt off the reference [rad], and share of its height, at which a robot has lost it; chosen."""


class Imitate:
    """Reference-state initialisation, phase in the observation, actions added to the reference.

    Source: Peng et al. 2018, "DeepMimic"; 2020, "Learning Agile Robotic Locomotion Skills by Imitating
    Animals".
    """

    name = "imitate"

    def __init__(
        self,
        robot: Robot,
        *,
        motion: str = "laikago_walk",
        retarget: str | None = None,
        prior: bool = True,
        payload_mass: float = 0.1,
        payload_length: float = 0.12,
        table: bool = False,
        episode_s: float = 8.0,
        level: float = 1.0,
    ) -> None:
        """Read the motion.

        Args:
            robot: whose drives take positions.
            motion: file, log or clip, see `motion.read_motion`.
            retarget: file that says which joint is which; None where names agree or robots/ has one.
            prior: whether actions are added to the reference, or to its mean posture.
            payload_mass: of what a robot with a [[payload]] carries; as in the task `swing` [kg].
            payload_length: where [m].
            table: whether a fixed base stands on level ground; without, its links touch and show nothing.
            episode_s: after which an episode is cut [s].
            level: has no meaning here.
        """
        self.robot, self.level = robot, level
        self.reference = reference = reference_of(robot, motion, retarget)
        self.sources = reference.sources
        carried = {one.mass_constant: payload_mass for one in robot.payloads}
        carried |= {one.length_constant: payload_length for one in robot.payloads}
        self.constants: Mapping[str, float] = carried
        self.floating = reference.base is not None
        self._drives = [n for n, one in enumerate(robot.drives) if one.command == "joint_position_command"]
        self._joints = [robot.joint_names.index(robot.drives[n].joint) for n in self._drives]
        self._check()
        self._tips = Tips(
            load_urdf(robot.urdf_path()), [joint.urdf_joint for joint in robot.joints], self._ends()
        )
        self._sign = np.array([joint.sign for joint in robot.joints])
        self._zero = np.array([joint.offset.value for joint in robot.joints])
        self.wanted = Wanted(reference, self._tips.places(self._sign * reference.position + self._zero))
        self.settings = SimulationSettings(
            physics_timestep_s=robot.rigid_body.timestep.value, rate_hz=50.0, plane=self.floating or table
        )
        self.episode_steps = round(50.0 * episode_s)
        self.contract = self._contract(prior)
        offsets = self._targets()[:, self._joints] - np.array(self.contract.stance)
        still = np.zeros((len(self.contract.command), *offsets.shape))
        self.gait: np.ndarray | None = np.concatenate([(offsets if prior else 0.0 * offsets)[None], still])
        self._now = self.wanted.at(np.zeros(1))

    def _check(self) -> None:
        """Refuse a robot that could only watch."""
        moved = np.ptp(self.reference.position, axis=0) > 1e-6
        names = [name for name, moves in zip(self.robot.joint_names, moved, strict=True) if moves]
        driven = {self.robot.joint_names[n] for n in self._joints}
        if not driven or not set(names) <= driven:
            raise MotionError(
                f"robots/{self.robot.name}: the motion moves {', '.join(names)}; its drives take positions of"
                f" {', '.join(sorted(driven)) or 'none'}"
            )

    def _targets(self) -> Float[np.ndarray, "row joint"]:
        """Joint angles to ask for: drives that give way or lag lead by what holds and damps them."""
        base, target = self.reference.base, self.reference.position.copy()
        for n, k in zip(self._drives, self._joints, strict=True):
            if base is not None and (stiffness := self.robot.drives[n].stiffness) is not None:
                target[:, k] += (
                    LEAD * base.effort[:, k] + self.robot.drives[n].damping * self.reference.velocity[:, k]
                ) / stiffness
        return target

    def _ends(self) -> tuple[str, ...]:
        """Links at the ends: what touches ground, else those that carry no other."""
        if self.robot.touch is not None:
            return self.robot.touch.links
        model = load_urdf(self.robot.urdf_path())
        parents = {joint.parent for joint in model.joints}
        return tuple(link.name for link in model.links if link.name not in parents)

    def _contract(self, prior: bool) -> PolicyContract:
        reference, joints = self.reference, [self.robot.joints[n] for n in self._joints]
        own = reference.position[:, self._joints]
        stance = own.mean(axis=0)
        lower = np.array([joint.lower.value for joint in joints])
        upper = np.array([joint.upper.value for joint in joints])
        turn = rotation_in_root(self.robot, "imu") if self.floating else np.eye(3)
        mean = reference.base.mean if reference.base is not None else np.zeros(0)
        return PolicyContract(
            robot=self.robot.name,
            task=self.name,
            control_period_s=1.0 / 50.0,
            joints=tuple(joint.name for joint in joints),
            terms=(*(SEEN if self.floating else SEEN_FIXED), "phase"),
            command=tuple(
                CommandRange(name=name, unit=unit, low=speed, high=speed)
                for (name, unit), speed in zip(SPEEDS, mean.tolist(), strict=False)
            ),
            stance=tuple(stance.tolist()),
            action_scale=(0.25,) * len(joints) if prior else (0.5,) * len(joints),
            low=tuple(np.maximum(lower, own.min(axis=0) - REACH).tolist()),
            high=tuple(np.minimum(upper, own.max(axis=0) + REACH).tolist()),
            rotation_base_from_imu=tuple(turn.ravel().tolist()),
            gait_period_s=reference.period_s,
            gait_rows=reference.rows,
            gait_loops=reference.motion.loop,
        )

    def terrains(self, randoms: Sequence[np.random.Generator]) -> list[Terrain]:
        """Level ground."""
        return [Terrain(friction=FRICTION) for _ in randoms] if self.floating else []

    def drive_command(self, target: Float[np.ndarray, "world joint"]) -> Float[np.ndarray, "world drive"]:
        """The targets; what takes no positions stays at zero."""
        command = np.zeros((len(target), len(self.robot.drives)))
        command[:, self._drives] = target
        return command

    def begin(
        self,
        sim: HybridSim,
        memory: Memory,
        command: Float[np.ndarray, "world command"],
        worlds: Int[np.ndarray, " some"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """In the reference's state at any phase, a little off, in any direction."""
        noise = np.array([random.uniform(-1.0, 1.0, 4 + len(self._joints)) for random in randoms])
        phase = 0.5 * (noise[:, 0] + 1.0)
        memory.reset(worlds, phase if self.contract.gait_loops else last(phase, self.reference.rows))
        self.put(sim, worlds, memory.phase[worlds], noise)
        command[worlds] = [one.low for one in self.contract.command]

    def put(
        self,
        sim: HybridSim,
        worlds: Int[np.ndarray, " some"],
        phase: Float[np.ndarray, " some"],
        noise: Float[np.ndarray, "some _number"],
    ) -> None:
        """Into the reference's states at phases [turns]; `noise` turns them and puts them a little off."""
        state = self.wanted.at(phase)
        start = state.position[:, self._joints] + 0.03 * noise[:, 4:]
        speed = np.zeros((len(worlds), len(self.robot.drives)))
        speed[:, self._drives] = state.velocity[:, self._joints]
        held = np.clip(start, self.contract.low, self.contract.high)
        sim.reset(self.drive_command(held), speed, worlds=worlds, **state.placed(noise))

    def disturb(
        self,
        sim: HybridSim,
        command: Float[np.ndarray, "world command"],
        step: Int[np.ndarray, " world"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """Nothing."""

    def rewards(
        self, sim: HybridSim, memory: Memory, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """Of a control period, from differences to the reference in rad, m and s.

            pose        exp(-5 sum |angle|^2)           speed   exp(-0.1 sum |joint speed|^2)
            ends        exp(-40 sum |place in the base's frame|^2)
            base        exp(-20 height^2 - 10 tilt^2)
            base_speed  exp(-10 |velocity|^2 - 0.2 |angular velocity|^2 - 2 (turning about the body's z)^2)

        less changes of the action. Place and heading are not asked for, their rates are.
        """
        wanted = self._now = self.wanted.at(memory.phase)
        angle, speed = sim.joint_motion
        ends = self._tips.places(sim.body.joint_position) - wanted.ends
        found = {
            "pose": -5.0 * ((angle - wanted.position)[:, self._joints] ** 2).sum(axis=1),
            "speed": -0.1 * ((speed - wanted.velocity)[:, self._joints] ** 2).sum(axis=1),
            "ends": -40.0 * (ends**2).sum(axis=(1, 2)),
        }
        if self.floating:
            base = base_of(sim)
            motion = base.motion()
            height = base.position[:, 2] - wanted.height
            found["base"] = -20.0 * height**2 - 10.0 * wanted.tilt_from(motion.rotation) ** 2
            slip = ((motion.own_linear - wanted.base_velocity) ** 2).sum(axis=1)
            turn = (motion.own_angular - wanted.spin) ** 2
            found["base_speed"] = -10.0 * slip - 0.2 * turn.sum(axis=1) - 2.0 * turn[:, 2]
        share = sum(WEIGHTS[name] for name in found)
        terms = {name: WEIGHTS[name] / share * np.exp(values) for name, values in found.items()}
        return terms | {"action_rate": -0.005 * ((memory.action - memory.before) ** 2).sum(axis=1)}

    def ended(self, sim: HybridSim) -> Bool[np.ndarray, " world"]:
        """Which robots have lost the reference: tilted away from it, or sunk below it."""
        if not self.floating:
            return np.zeros(sim.worlds, np.bool_)
        base, wanted = base_of(sim), self._now
        tilted = wanted.tilt_from(base.motion().rotation) > FALLEN
        return tilted | (base.position[:, 2] < LOW * wanted.height)

    def measures(
        self, sim: HybridSim, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """Mean distance of the joints from the reference; the base's speed, and how far it is off."""
        wanted = self._now
        angle, _ = sim.joint_motion
        found = {"joint_error [rad]": np.abs(angle - wanted.position)[:, self._joints].mean(axis=1)}
        if self.floating:
            base = base_of(sim)
            velocity, spin = base.motion().own_linear, base.motion().own_angular
            found["speed_error [m/s]"] = np.hypot(*(velocity[:, :2] - command[:, :2]).T)
            found["forward_velocity [m/s]"] = velocity[:, 0]
            found["yaw_rate [rad/s]"] = spin[:, 2]
            found["height_error [m]"] = np.abs(base.position[:, 2] - wanted.height)
        return found
