"""A scenario's disturbances on the worlds of one block."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from hybridsim.actuators.parameters import ENCODER_OFFSET, RATED_VOLTAGE
from hybridsim.envs.task import Task
from hybridsim.envs.walk import base_of
from hybridsim.envs.worlds import Source
from hybridsim.physics.terrain import Terrain
from hybridsim.simulator import HybridSim
from hybridsim.verify.battery import Scenario
from hybridsim.verify.disturbances import DISTURBANCES, span_of
from hybridsim.verify.faults import Faults
from hybridsim.verify.payload import loaded_link

BORDER_M = 0.7
"""Of the second friction; chosen, so that every robot starts on the first."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What one episode of a scenario goes through.

    Attributes:
        disturbances: by key [their units].
        values: parameters by name, in the place of what was drawn [their units].
        seed: of what else is left to chance.
    """

    disturbances: Mapping[str, float]
    values: Mapping[str, float]
    seed: tuple[int, ...]


def drawn(scenario: Scenario, names: Sequence[str], episode_s: float, seed: int, episode: int) -> Drawn:
    """Numbers of one episode; each follows from the seed, the scenario's name, its key and the episode.

    Args:
        scenario: whose.
        names: of the parameters that there are.
        episode_s: length of an episode [s].
        seed: of the verification.
        episode: its number.
    """
    root = (seed, zlib.crc32(scenario.name.encode()), episode)
    shares = dict(zip(DISTURBANCES, np.random.default_rng(root).random(len(DISTURBANCES)), strict=True))
    given = scenario.disturbances
    free = {name for key in given for name in DISTURBANCES[key].free if name in DISTURBANCES}
    found = {}
    for key, share in shares.items():
        if key in given or key in free:
            value = given.get(key, span_of(key, episode_s))
            low, high = value if isinstance(value, tuple) else (value, value)
            found[key] = float(low + share * (high - low))
    random, values = np.random.default_rng((*root, 1)), {}
    for pattern, value in scenario.values.items():
        low, high = value if isinstance(value, tuple) else (value, value)
        values |= {n: random.uniform(low, high) for n in names if fnmatchcase(n, pattern)}
    return Drawn(disturbances=found, values=values, seed=(*root, 2))


class Imposed:
    """Conditions of some worlds, see `envs.conditions`; a row an episode."""

    def __init__(self, source: Source, task: Task, scenario: Scenario, rows: Sequence[Drawn]) -> None:
        """Look at them.

        Args:
            source: of the worlds.
            task: that they run.
            scenario: whose.
            rows: what each world goes through.
        """
        self._source, self._task, self._scenario, self._rows = source, task, scenario, tuple(rows)
        randoms = [np.random.default_rng(row.seed) for row in rows]
        joints = len(source.robot.drives)
        self._zero = np.array([random.uniform(-1.0, 1.0, joints) for random in randoms])
        self._start = np.array([random.uniform(-1.0, 1.0, joints) for random in randoms])
        self._ground = [int(random.integers(2**31)) for random in randoms]
        self._faults = Faults([row.disturbances for row in rows], task, randoms)
        moves = set(task.contract.joints)
        self._moves = np.array([drive.joint in moves for drive in source.robot.drives])
        self._push, self._push_step = self._pushes(task.contract.control_period_s)

    def _pushes(self, period: float) -> tuple[Float[np.ndarray, "world 3"], Int[np.ndarray, " world"]]:
        """Changes of speed [m/s], and before which control period; -1 for never."""
        strength, way = self._each("push_m_s"), self._each("push_direction_rad")
        push = np.stack([strength * np.cos(way), strength * np.sin(way), 0.0 * way], axis=1)
        at = np.round(self._each("push_at_s") / period).astype(np.int64)
        return push, np.where(strength > 0.0, at, -1)

    def _each(self, key: str, otherwise: float = 0.0) -> Float[np.ndarray, " world"]:
        return np.array([row.disturbances.get(key, otherwise) for row in self._rows])

    def own(self, world: int, drawn: Mapping[str, float]) -> dict[str, float]:
        """Drives, bodies and friction of one world."""
        row, found = self._rows[world], {**drawn, **self._rows[world].values}
        given = row.disturbances
        if {"friction", "friction_beyond"} & set(given):
            found.pop("world.plane_friction", None)  # that of the terrain counts
        for k, drive in enumerate(self._source.robot.drives):
            found |= self._drive(given, f"drive.{drive.joint}.", found, self._zero[world, k])
            if "derating_share" in given and fnmatchcase(drive.joint, self._scenario.derating_joints):
                found |= self._derated(given["derating_share"], f"drive.{drive.joint}.", found)
        if "payload_kg" in given and self._source.robot.urdf.base == "floating":
            found |= loaded_link(self._source, self._scenario, given["payload_kg"], found)
        return found

    def _drive(
        self, given: Mapping[str, float], drive: str, own: Mapping[str, float], sign: float
    ) -> dict[str, float]:
        """Delay and zero of one drive."""
        found = {}
        if "delay_ms" in given:
            found[f"{drive}delay"] = self._value(f"{drive}delay", own) + 1e-3 * given["delay_ms"]
        if "encoder_bias_rad" in given:
            name = f"{drive}encoder_offset"
            found[name] = self._value(name, own) + sign * given["encoder_bias_rad"]
        return found

    def _derated(self, share: float, drive: str, own: Mapping[str, float]) -> dict[str, float]:
        """A largest effort of so much less: that of its current limit, or of all its voltage at rest."""
        limit, stall, duty = (
            self._value(f"{drive}{name}", own) for name in ("effort_limit", "stall_effort", "duty_limit")
        )
        return {f"{drive}effort_limit": max((1.0 - share) * min(limit, stall * duty), 1e-3)}

    def _value(self, name: str, own: Mapping[str, float]) -> float:
        return own.get(name, self._source.values[name])

    def terrains(self, terrains: Sequence[Terrain]) -> list[Terrain]:
        """The task's ground, with what the scenario changes."""
        names = {"slope_rad": "slope", "slope_heading_rad": "heading", "roughness_m": "roughness"}
        names |= {"friction": "friction", "friction_beyond": "other_friction"}
        found = []
        for terrain, row, seed in zip(terrains, self._rows, self._ground, strict=False):
            changes = {names[key]: value for key, value in row.disturbances.items() if key in names}
            if "friction_beyond" in row.disturbances:
                changes["border"] = BORDER_M
            if "roughness_m" in row.disturbances:
                changes["seed"] = seed
            found.append(replace(terrain, **changes))
        return found

    def begin(self, sim: HybridSim, worlds: Int[np.ndarray, " some"]) -> None:
        """Put robots off the posture in which the task begins, and set their supply's voltage."""
        asked = {key for row in self._rows for key in row.disturbances}
        if asked & {"tilt_rad", "joint_offset_rad", "slope_rad"}:
            self._displace(sim, worlds)
        if "battery_voltage_share" in asked:
            rated = sim.drives.parameters[worlds, :, RATED_VOLTAGE]
            sim.drives.voltage[worlds] = self._each("battery_voltage_share", 1.0)[worlds, None] * rated

    def _displace(self, sim: HybridSim, worlds: Int[np.ndarray, " some"]) -> None:
        """Turn bases, lift them clear of the ground, and bend joints."""
        angle = sim.drives.shaft_angle + sim.drives.parameters[..., ENCODER_OFFSET]
        angle += self._each("joint_offset_rad")[:, None] * self._start * self._moves
        position = ((angle - sim.drive_offset) / sim.drive_scale)[worlds]
        if sim.robot.urdf.base != "floating":
            sim.reset(position, worlds=worlds)
            return
        base, tilt, slope = base_of(sim), self._each("tilt_rad"), self._each("slope_rad")
        place, turn = base.pose()
        place[:, 2] *= 1.0 + np.sin(tilt) + np.tan(slope)  # legs reach about as far aside as down
        way = self._each("tilt_direction_rad")
        axis = np.stack([np.cos(way), np.sin(way), 0.0 * way], axis=1)
        tilted = (Rotation.from_rotvec(tilt[:, None] * axis) * Rotation.from_quat(turn)).as_quat()
        sim.reset(
            position,
            worlds=worlds,
            base_position=place[worlds],
            base_orientation=tilted[worlds],
            base_linear_velocity=base.linear_velocity[worlds],
            base_angular_velocity=base.angular_velocity[worlds],
        )

    def disturb(self, sim: HybridSim, step: Int[np.ndarray, " world"]) -> None:
        """Push bases whose moment has come."""
        for world in np.flatnonzero(step == self._push_step).tolist():
            base_of(sim).kick(world, self._push[world])

    def seen(
        self, signals: Mapping[str, np.ndarray], step: Int[np.ndarray, " world"]
    ) -> Mapping[str, np.ndarray]:
        """With the faults of sensors and of their way to the policy."""
        return self._faults.seen(signals, step)
