"""A robot's sensors in its worlds: reset with them, and watching each of their physics steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from hybridsim.lending import Places
from hybridsim.networks.inference import Networks
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.urdf import load_urdf
from hybridsim.robot import Robot
from hybridsim.sensors import TABLES, Sensors, Sources
from hybridsim.sensors import fronts as front
from hybridsim.simulator.feeling import feeling_of
from hybridsim.simulator.ground_contact import GroundContacts
from hybridsim.simulator.link_frames import (
    Root,
    carried_of,
    limbs_of,
    nothing_carried,
    resting_root,
    ride_limbs,
)
from hybridsim.simulator.mounts import FORCED, FRAMED, Mounts
from hybridsim.simulator.stepping import Carrying, Pushing
from hybridsim.simulator.watching import lend, shafts_of, watch

KEPT = ("gain", "unsigned", "supply")
"""Parameters that say what is read, not how it errs."""
ROOM = 25.0
"""Temperature until somebody says otherwise [degC]."""


class Sensing:
    """Sensors beside a simulator's worlds."""

    def __init__(
        self,
        robot: Robot,
        mounts: Mounts,
        stepping: Carrying | Pushing,
        ground: GroundContacts | None,
        seed: int,
        networks: Sequence[Networks] = (),
    ) -> None:
        """Mount the sensors; `reset` comes before the first step.

        Args:
            robot: the design.
            mounts: its sensors.
            stepping: the worlds, and what drives them.
            ground: theirs, where it is that of an identified law.
            seed: of everything that is left to chance.
            networks: that the sensors' noise follows.
        """
        self.mounts, self._body = mounts, stepping.body
        sensors, worlds = mounts.sensors, len(mounts.values)
        self.sensors = Sensors(sensors, mounts.values, self._body.settings.timestep, seed, networks)
        urdf = load_urdf(robot.urdf_path()) if any(one.sensor.link for one in sensors) else None
        links = [one.sensor.link or "" for one in sensors if one.sensor.kind in FRAMED]
        self._root, self._limbs = resting_root(worlds), None
        self._carried = nothing_carried()
        if links and urdf is not None:
            self._carried = carried_of(urdf, links)
            self._limbs = limbs_of(urdf, self._body.joints, self._carried)
        self._base = self._body.base if isinstance(self._body, BulletWorlds) else None
        if self._base is not None:
            self._root = Root(*self._base.raw())
        self._feeling = feeling_of(robot, urdf, sensors, self._body, ground)
        kinds = [one.sensor.kind for one in sensors]
        self.sources = Sources(
            frames=np.zeros((worlds, len(links), front.FRAME)),
            drives=np.zeros((worlds, len(robot.drives), front.DRIVE)),
            force=np.zeros((worlds, sum(kind in FORCED for kind in kinds))),
            wrench=np.zeros((worlds, kinds.count("wrench"), 6)),
            temperature=np.full(worlds, ROOM),
            gravity=np.array(self._body.settings.gravity, float),
        )
        self._before = np.zeros_like(self.sources.frames)
        self._all = np.arange(worlds)
        places, asked = (self._carried, self._root), (self._feeling.asked, self._feeling.law)
        self._lent = lend(self.sensors.arrays, self.sources, self._before, shafts_of(stepping), places, asked)

    def reset(self, worlds: Int[np.ndarray, " some"]) -> None:
        """Forget everything in some worlds and read them as they are; nothing touches there yet."""
        self.sensors.begin(worlds)
        self.sources.force[worlds] = 0.0
        self.sources.wrench[worlds] = 0.0
        self._look(worlds, False)
        self._before[worlds] = self.sources.frames[worlds]

    def step(self) -> None:
        """Look at all worlds after a physics step."""
        self._feeling.read(self._all, self.sources.force, self.sources.wrench)
        self._look(self._all, True)

    def _look(self, worlds: Int[np.ndarray, " some"], touched: bool) -> None:
        """One compiled step of everything; a second where links behind joints carry sensors."""
        body, root = self._body, self._root
        if self._base is not None:
            self._base.raw()  # refreshes the very arrays that were lent, where a reset made them stale
        if self._limbs is not None:
            joints = (body.joint_position, body.joint_velocity)
            frames, before = self.sources.frames, self._before
            ride_limbs(self._carried, self._limbs, root, joints, frames, before, worlds)
        self.sensors.spend(watch(self._lent.places, worlds, self.sensors.timestep, touched))
        self.sensors.follow(self.sources, worlds)

    @property
    def compiled(self) -> bool:
        """Whether compiled loops can do all that `step` does."""
        return self._limbs is None and not self.sensors.residuals and not self._feeling.reads

    @property
    def places(self) -> Places:
        """Of everything that `watching.watch` reads, for compiled loops."""
        return self._lent.places

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
    networks: Sequence[Networks] = (),
) -> Sensing | None:
    """The sensors, where there are any."""
    return Sensing(robot, mounts, stepping, ground, seed, networks) if mounts.sensors else None
