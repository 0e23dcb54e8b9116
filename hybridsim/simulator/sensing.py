"""A robot's sensors in its worlds: reset with them, and watching each of their physics steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from hybridsim.actuators.drive import ANGLE, DUTY, MOTOR, SPEED
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import Robot
from hybridsim.sensors import TABLES, Sensors, Sources
from hybridsim.sensors import fronts as front
from hybridsim.sensors.suite import Suite, sense
from hybridsim.simulator.feeling import feeling_of
from hybridsim.simulator.ground_contact import GroundContacts
from hybridsim.simulator.link_frames import (
    Carried,
    Limbs,
    Root,
    carried_of,
    find_frames,
    limbs_of,
    resting_root,
)
from hybridsim.simulator.mounts import FORCED, FRAMED, Mounts
from hybridsim.simulator.stepping import Carrying, Pushing

KEPT = ("gain", "unsigned", "supply")
"""Parameters that say what is read, not how it errs."""
ROOM = 25.0
"""Temperature until somebody says otherwise [degC]."""


class Shafts(NamedTuple):
    """Joints and their drives; numba reads the arrays that others advance."""

    motion: bool
    """Whether drives carry their joints."""
    parameters: np.ndarray
    state: np.ndarray
    effort: np.ndarray
    """[world drive] on the joint [N*m]."""
    correction: np.ndarray
    """[world drive] of the residual: an angle where drives carry, else an effort."""
    order: np.ndarray
    sign: np.ndarray
    zero: np.ndarray
    position: np.ndarray
    """[world joint]."""
    velocity: np.ndarray


class Sensing:
    """Sensors beside a simulator's worlds."""

    def __init__(
        self,
        robot: Robot,
        mounts: Mounts,
        stepping: Carrying | Pushing,
        ground: GroundContacts | None,
        seed: int,
    ) -> None:
        """Mount the sensors; `reset` comes before the first step.

        Args:
            robot: the design.
            mounts: its sensors.
            stepping: the worlds, and what drives them.
            ground: theirs, where it is that of an identified law.
            seed: of everything that is left to chance.
        """
        self.mounts, self._body = mounts, stepping.body
        sensors, worlds = mounts.sensors, len(mounts.values)
        self.sensors = Sensors(sensors, mounts.values, self._body.settings.timestep, seed)
        urdf = load_urdf(robot.urdf_path()) if any(one.sensor.link for one in sensors) else None
        links = [one.sensor.link or "" for one in sensors if one.sensor.kind in FRAMED]
        self._carried: Carried | None = None
        self._limbs: Limbs | None = None
        if links and urdf is not None:
            self._carried = carried_of(urdf, links)
            self._limbs = limbs_of(urdf, self._body.joints, self._carried)
        self._root = resting_root(worlds)
        self._feeling = feeling_of(robot, urdf, sensors, self._body, ground)
        kinds = [one.sensor.kind for one in sensors]
        self.sources = Sources(
            frames=np.zeros((worlds, len(links), front.FRAME)),
            drives=np.zeros((worlds, len(robot.drives), 5)),
            force=np.zeros((worlds, sum(kind in FORCED for kind in kinds))),
            wrench=np.zeros((worlds, kinds.count("wrench"), 6)),
            temperature=np.full(worlds, ROOM),
            gravity=np.array(self._body.settings.gravity, float),
        )
        self._before = np.zeros_like(self.sources.frames)
        self._all = np.arange(worlds)
        self._shafts = shafts_of(stepping)

    def reset(self, worlds: Int[np.ndarray, " some"]) -> None:
        """Forget everything in some worlds and read them as they are; nothing touches there yet."""
        self.sensors.begin(worlds)
        self.sources.force[worlds] = 0.0
        self.sources.wrench[worlds] = 0.0
        self._look(worlds)
        self._before[worlds] = self.sources.frames[worlds]

    def step(self) -> None:
        """Look at all worlds after a physics step."""
        self._feeling.read(self._all, self.sources.force, self.sources.wrench)
        self._look(self._all)

    def _look(self, worlds: Int[np.ndarray, " some"]) -> None:
        """One compiled step of everything."""
        body, frames = self._body, None
        if self._carried is not None:
            if isinstance(body, BulletWorlds) and body.base is not None:
                self._root = Root(*body.base.raw())
            frames = (self._carried, self._limbs, self._root)
        used = watch(
            self.sensors.arrays,
            self.sources,
            self._shafts,
            frames,
            self._before,
            worlds,
            self.sensors.timestep,
        )
        self.sensors.spend(used)

    def age(self) -> dict[str, Float[np.ndarray, " world"]]:
        """Time since each sensor's reading was sampled, by its name [s]."""
        names = [one.sensor.name for one in self.mounts.sensors]
        return dict(zip(names, self.sensors.age.T, strict=True))

    def truth(self) -> Sensors:
        """The same sensors as they would read now without errors, in the same unit and sign."""
        kinds = {one.sensor.name: one.sensor.kind for one in self.mounts.sensors}
        known = {id(values): values for values in self.mounts.values}
        ideal = {
            key: {
                name: {p.name: values[name][p.name] if p.name in KEPT else p.value for p in TABLES[kind]}
                for name, kind in kinds.items()
            }
            for key, values in known.items()
        }
        twin = Sensors(
            self.mounts.sensors, [ideal[id(one)] for one in self.mounts.values], self.sensors.timestep
        )
        twin.begin(self._all)
        twin.sense(self.sources._replace(frames=self._before), self._all)
        twin.sense(self.sources, self._all)
        return twin


def sensing_of(
    robot: Robot,
    mounts: Mounts,
    stepping: Carrying | Pushing,
    ground: GroundContacts | None,
    seed: int,
) -> Sensing | None:
    """The sensors, where there are any."""
    return Sensing(robot, mounts, stepping, ground, seed) if mounts.sensors else None


def shafts_of(stepping: Carrying | Pushing) -> Shafts:
    """The very arrays of what moves."""
    drives, mounting, body = stepping.drives, stepping.mounting, stepping.body
    return Shafts(
        motion=isinstance(stepping, Carrying),
        parameters=drives.parameters,
        state=drives.state,
        effort=drives.effort,
        correction=stepping.correction.value,
        order=mounting.order,
        sign=mounting.sign,
        zero=mounting.zero,
        position=body.joint_position,
        velocity=body.joint_velocity,
    )


@njit(cache=True, nogil=True)
def watch(
    suite: Suite,
    sources: Sources,
    shafts: Shafts,
    frames: tuple[Carried, Limbs | None, Root] | None,
    before: np.ndarray,
    worlds: np.ndarray,
    h: float,
) -> int:
    """See how some worlds are now, and let their sensors read it.

    Args:
        suite: of sensors, advanced.
        sources: forces, temperature and gravity are read, frames and drives written.
        shafts: joints and drives.
        frames: links that carry sensors, or None.
        before: [world frame 18] written: frames of the step before.
        worlds: which.
        h: timestep [s].

    Returns:
        See `suite.sense`.
    """
    if frames is not None:
        for w in worlds:
            before[w] = sources.frames[w]
        find_frames(frames[0], frames[1], frames[2], shafts.position, shafts.velocity, sources.frames, worlds)
    read_drives(shafts, sources.drives, worlds)
    return sense(suite, sources, worlds, h)


@njit(cache=True, nogil=True)
def read_drives(shafts: Shafts, drives: np.ndarray, worlds: np.ndarray) -> None:
    """Angle as an ideal encoder reads it, speed, efforts of motor and joint, duty, see `sensors.Sources`.

    A drive that carries its joint has no effort on it but its motor's.
    """
    parameters, state, effort, correction = shafts.parameters, shafts.state, shafts.effort, shafts.correction
    position, velocity, order = shafts.position, shafts.velocity, shafts.order
    sign, zero = shafts.sign, shafts.zero
    for w in worlds:
        for d in range(len(order)):
            j, motor = order[d], state[w, d, MOTOR]
            drives[w, d, front.MOTOR] = motor
            if shafts.motion:
                angle, speed, joint = state[w, d, ANGLE], state[w, d, SPEED], motor
                angle += parameters[w, d, ENCODER_OFFSET]
                angle += correction[w, d]
            else:
                angle, speed = (position[w, j] - zero[j]) * sign[j], velocity[w, j] * sign[j]
                angle += parameters[w, d, ENCODER_OFFSET]
                joint = effort[w, d] + correction[w, d]
            drives[w, d, front.ANGLE], drives[w, d, front.SPEED] = angle, speed
            drives[w, d, front.JOINT], drives[w, d, front.DUTY] = joint, state[w, d, DUTY]
