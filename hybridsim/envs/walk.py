"""Velocity tracking on four legs: commands ahead, aside and about the vertical, over different grounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from hybridsim.calibration import SimulationSettings
from hybridsim.errors import SimulationError, listed
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.floating import FloatingBase
from hybridsim.physics.terrain import Terrain
from hybridsim.policy.contract import GAIT_ROWS, CommandRange, PolicyContract
from hybridsim.policy.observing import Memory
from hybridsim.robot import Robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.bodies import GRAVITY
from hybridsim.simulator.link_frames import rotation_in_root
from hybridsim.walking.legs import Legs
from hybridsim.walking.trot import Trot

STANCE = {"HAA": 0.0, "F_HFE": 0.4, "F_KFE": -0.8, "H_HFE": -0.4, "H_KFE": 0.8}
"""Standing joint positions by the end of a joint's name [rad]; chosen, as ANYmal commonly stands."""
COMMANDS = (
    CommandRange(name="forward_velocity", unit="m/s", low=-0.3, high=0.8),
    CommandRange(name="lateral_velocity", unit="m/s", low=-0.3, high=0.3),
    CommandRange(name="yaw_rate", unit="rad/s", low=-0.6, high=0.6),
)
GROUNDS = ("flat", "sloped", "rough", "two_surface")
TERMS = ("gravity", "angular_velocity", "command", "joint_position", "joint_velocity", "last_action")
TERMS += ("joint_error", "action_before")
"""Also what shows how late drives are; chosen, because policies for late drives fall without."""
FALLEN = 0.8
"""Tilt from upright at which a robot has fallen [rad]."""
LOW = 0.5
"""Share of its standing height over even ground at which it has fallen."""
FRICTION = (0.4, 1.0)
"""Between ground and feet, each world's own; chosen, for wet tiles to dry concrete under rubber."""
TROT = Trot(period=0.5, lift=0.14, air=0.45, crouch=0.06, stride=(1.4, 1.4, 1.7))
GIVES, LAGS = 3.2, 2.0
"""How much stiffer than the drives the trot takes them to be, and how much later than by their gains alone.
All chosen by how well the trot alone goes, with ideal drives and with late ones:
`tests.benchmarks.walking --untrained walk_flat`, without and with `--calibration`."""
STANDS = 0.25
"""Share of the episodes that begin standing; chosen, because it is but the first moment of a walk."""
SUNK = 0.5
"""Share of the way to rest that a trot lets the base sink; chosen, half-way."""
ROUNDS = 20
"""Of the search for a posture at rest; chosen, because each divides the error by two and more."""
EVERY_S = 5.0
"""Between changes of the command, and between pushes [s]."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Of the reward's terms; chosen by what walks within minutes, see `Walk.rewards`."""

    linear: float = 1.0
    turning: float = 1.0
    upright: float = 1.0
    bounce: float = 1.0
    rocking: float = 0.05
    effort: float = 2e-5
    action_rate: float = 0.02
    action: float = 0.01
    fallen: float = 2.0


class Walk:
    """ANYmal-like robots that follow a commanded velocity."""

    sources: Mapping[str, str] = {}
    constants: Mapping[str, float] = {}

    def __init__(
        self,
        robot: Robot,
        *,
        ground: str = "flat",
        prior: bool = True,
        pushes: float = 0.0,
        weights: Weights | None = None,
        episode_s: float = 10.0,
        level: float = 1.0,
        stands: float = STANDS,
    ) -> None:
        """Describe it.

        Args:
            robot: whose drives take positions.
            ground: one of `GROUNDS`.
            prior: whether actions are added to a trot.
            pushes: largest change of the base's velocity by a push [m/s].
            weights: of the reward.
            episode_s: after which an episode is cut [s].
            level: share of the commands' and grounds' range that is asked for, 0 to 1; curricula raise it.
            stands: share of the episodes that begin with a robot that stands and waits, as robots do.
        """
        if ground not in GROUNDS:
            raise SimulationError(f"walk: no ground '{ground}'; available: {listed(GROUNDS)}")
        self.name, self.robot, self.ground = f"walk_{ground}", robot, ground
        self.pushes, self.weights, self.level = pushes, weights or Weights(), level
        self.stands = stands
        self.settings = SimulationSettings(
            physics_timestep_s=robot.rigid_body.timestep.value, rate_hz=50.0, plane=True
        )
        self.episode_steps = round(episode_s * 50.0)
        self.legs = Legs(robot)
        names = robot.joint_names
        self.stance = np.array([next(v for k, v in STANCE.items() if n.endswith(k)) for n in names])
        self.height = float(-self.legs.places(self.stance)[:, 2].min())
        lags = LAGS * self.damping / self.stiffness
        trot = replace(TROT, stiffness=GIVES * self.stiffness, ahead=lags)
        self.gait = trot.table(self.legs, self.stance, GAIT_ROWS) if prior else None
        self.contract = self._contract(trot.period if prior else None)
        self._waiting = self.stance + self._leads(self.stance)
        self._stepping = self.stance + (0.0 if self.gait is None else self.gait[0, 0])
        self._rest = self._settled(self._stepping)
        self._low = np.array([one.low for one in COMMANDS])
        self._high = np.array([one.high for one in COMMANDS])

    def _leads(self, posture: Float[np.ndarray, " joint"]) -> Float[np.ndarray, " joint"]:
        """By how much targets are off a posture that bears the robot's weight on all feet [rad]."""
        load = np.full(len(self.legs.feet), GRAVITY * self.legs.mass / len(self.legs.feet))
        return self.legs.holding(posture, load) / self.stiffness

    def _settled(self, target: Float[np.ndarray, " joint"]) -> Float[np.ndarray, " joint"]:
        """Where a target lets the robot sink to [rad]."""
        found = target
        for _ in range(ROUNDS):
            found = target - self._leads(found)
        return found

    @cached_property
    def stiffness(self) -> float:
        """Of the drives' position loops [N*m/rad]."""
        drive = self.robot.drives[0]
        gain = drive.position_gain_per_register
        return (1.0 if gain is None else gain.value) * drive.stall_effort.value

    @cached_property
    def damping(self) -> float:
        """Of the same loops; 0 for those that do not see speed [N*m*s/rad]."""
        drive = self.robot.drives[0]
        return 0.0 if drive.velocity_gain is None else drive.velocity_gain.value * drive.stall_effort.value

    def _contract(self, period: float | None) -> PolicyContract:
        joints = self.robot.joint_names
        turn = rotation_in_root(self.robot, "imu")
        return PolicyContract(
            robot=self.robot.name,
            task=self.name,
            control_period_s=1.0 / 50.0,
            joints=joints,
            terms=TERMS if period is None else (*TERMS, "phase"),
            command=COMMANDS,
            stance=tuple(self.stance.tolist()),
            action_scale=(0.25,) * len(joints),
            low=tuple((self.stance - 1.5).tolist()),
            high=tuple((self.stance + 1.5).tolist()),
            rotation_base_from_imu=tuple(turn.ravel().tolist()),
            gait_period_s=period,
        )

    def terrains(self, randoms: Sequence[np.random.Generator]) -> list[Terrain]:
        """Of each world its own: friction, slopes up to 0.15 rad, bumps of up to 3 cm, a second friction."""
        return [self._terrain(random) for random in randoms]

    def _terrain(self, random: np.random.Generator) -> Terrain:
        heading, share = random.uniform(-np.pi, np.pi), random.random()
        friction, other = random.uniform(*FRICTION, 2)
        if self.ground == "sloped":
            return Terrain(friction=friction, slope=0.15 * self.level * share, heading=heading)
        if self.ground == "rough":
            bumps, seed = 1e-3 + 0.03 * self.level * share, int(random.integers(2**31))
            return Terrain(friction=friction, roughness=bumps, seed=seed)
        if self.ground == "two_surface":
            other = friction + self.level * (other - friction)
            return Terrain(friction=friction, other_friction=other, heading=heading, border=0.7)
        return Terrain(friction=friction)

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
        """Before a step of either pair of feet: standing as a robot that waits, or lower as in the gait."""
        draws = [random.uniform(-1.0, 1.0, 6 + len(self.stance)) for random in randoms]
        noise = np.array(draws)
        yaw, stands = np.pi * noise[:, 0], noise[:, 4:5] < 2.0 * self.stands - 1.0
        turn = np.stack([0.0 * yaw, 0.0 * yaw, np.sin(0.5 * yaw), np.cos(0.5 * yaw)], axis=1)
        sunk = np.where(stands, 0.0, SUNK + 0.25 * noise[:, 5:6])
        posture = self.stance + sunk * (self._rest - self.stance) + 0.05 * noise[:, 6:]
        low = np.array([-self.legs.places(one)[:, 2].min() for one in posture])
        place = np.column_stack([0.0 * yaw, 0.0 * yaw, low + 0.005 + 0.005 * noise[:, 1]])
        speed = np.column_stack([0.1 * noise[:, 2:4], 0.0 * yaw])
        sim.reset(
            posture,
            worlds=worlds,
            base_position=place,
            base_orientation=turn,
            base_linear_velocity=speed,
            told=np.where(stands, self._waiting, self._stepping),
        )
        memory.reset(worlds, np.array([0.5 * random.integers(2) for random in randoms]))
        command[worlds] = [self.asked(random) for random in randoms]

    def asked(self, random: np.random.Generator) -> Float[np.ndarray, " command"]:
        """A command: mostly ahead or turning, sometimes standing."""
        wanted = self.level * random.uniform(self._low, self._high)
        kind = random.random()
        if kind < 0.1:
            return np.zeros(3)
        if kind < 0.5:
            wanted[1] = 0.0
        return wanted

    def disturb(
        self,
        sim: HybridSim,
        command: Float[np.ndarray, "world command"],
        step: Int[np.ndarray, " world"],
        randoms: Sequence[np.random.Generator],
    ) -> None:
        """Every five seconds another command, and half-way between a push."""
        every = round(EVERY_S / self.contract.control_period_s)
        for w in np.flatnonzero((step > 0) & (step % every == 0)).tolist():
            command[w] = self.asked(randoms[w])
        if self.pushes > 0.0:
            for w in np.flatnonzero(step % every == every // 2).tolist():
                kick = self.pushes * randoms[w].uniform(-1.0, 1.0, 2)
                base_of(sim).kick(w, np.array([*kick, 0.0]))

    def rewards(
        self, sim: HybridSim, memory: Memory, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """Of a control period.

            linear  exp(-|velocity - command|^2 / 0.1)     turning  exp(-(yaw rate - command)^2 / 0.1)

        less squares of tilt, vertical speed, rolling and pitching, effort, action and its change.
        """
        weights, motion = self.weights, base_of(sim).motion()
        velocity, spin = motion.own_linear, motion.own_angular
        off = ((velocity[:, :2] - command[:, :2]) ** 2).sum(axis=1)
        found = {
            "linear": weights.linear * np.exp(-off / 0.1),
            "turning": weights.turning * np.exp(-((spin[:, 2] - command[:, 2]) ** 2) / 0.1),
            "upright": -weights.upright * (motion.rotation[:, 2, :2] ** 2).sum(axis=1),
            "bounce": -weights.bounce * velocity[:, 2] ** 2,
            "rocking": -weights.rocking * (spin[:, :2] ** 2).sum(axis=1),
            "effort": -weights.effort * (sim.drives.effort**2).sum(axis=1),
            "action_rate": -weights.action_rate * ((memory.action - memory.before) ** 2).sum(axis=1),
            "action": -weights.action * (memory.action**2).sum(axis=1),
            "fallen": -weights.fallen * self.ended(sim),
        }
        return found

    def ended(self, sim: HybridSim) -> Bool[np.ndarray, " world"]:
        """Which robots have fallen."""
        base = base_of(sim)
        place, upright = base.position, base.motion().rotation[:, 2, 2]
        even = 0.0
        if any(one.slope for one in sim.terrains):
            even = np.array(
                [one.height(row[None, :2])[0] for one, row in zip(sim.terrains, place, strict=True)]
            )
        return (upright < np.cos(FALLEN)) | (place[:, 2] - even < LOW * self.height)

    def measures(
        self, sim: HybridSim, command: Float[np.ndarray, "world command"]
    ) -> Mapping[str, Float[np.ndarray, " world"]]:
        """Speed along the command and what was asked, and their distance."""
        motion = base_of(sim).motion()
        velocity, spin = motion.own_linear, motion.own_angular
        return {
            "speed_error [m/s]": np.hypot(*(velocity[:, :2] - command[:, :2]).T),
            "yaw_error [rad/s]": np.abs(spin[:, 2] - command[:, 2]),
            "forward_velocity [m/s]": velocity[:, 0],
            "yaw_rate [rad/s]": spin[:, 2],
        }


def base_of(sim: HybridSim) -> FloatingBase:
    """The floating bases of a simulator."""
    if not isinstance(sim.body, BulletWorlds) or sim.body.base is None:
        raise SimulationError(f"robots/{sim.robot.name}: base is fixed; expected one that walks")
    return sim.body.base
