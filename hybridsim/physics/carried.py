"""Bodies that their drives carry: exact in free space without a solver, PyBullet's worlds near the ground.

A body that follows a given motion needs no equations of motion solved: its state is the motion, and what it asks
of its drives is inverse dynamics, equal to what PyBullet reports to 1e-9 (tests/physics/test_carried.py). Only what
touches something needs the contact solver, so a world is stepped by PyBullet while any part of its robot is within
MARGIN of the ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.chain import chain_of
from hybridsim.physics.clearance import corners_of, lowest
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.hulls import with_hulls
from hybridsim.physics.model import RigidModel

WorldJoint = Float[np.ndarray, "world joint"]
MARGIN = 0.005  # chosen, because no joint moves a part that far within a step [m]


class CarriedBodies:
    """N fixed-base bodies that follow `drive_motion`; arrays as in BulletWorlds."""

    def __init__(
        self, model: RigidModel, joints: Sequence[str], worlds: int, settings: WorldSettings
    ) -> None:
        """Put the bodies at zero, at rest; PyBullet is started for a world when it comes near the ground.

        Args:
            model: the robot, fixed links merged.
            joints: every moving joint once, in the order of the arrays' columns.
            worlds: how many.
            settings: of the worlds; the base is fixed.
        """
        if settings.base != "fixed":
            raise SimulationError("carried bodies: a floating base is carried by nothing; expected base 'fixed'")
        self.joints, self.settings = tuple(joints), settings
        self._model = with_hulls(model) if settings.plane else model
        self.chain = chain_of(model, joints, settings.gravity)
        self._boxes = corners_of(self._model) if settings.plane else None
        shape = (worlds, len(self.joints))
        self.joint_position, self.joint_velocity = np.zeros(shape), np.zeros(shape)
        self.contact_effort = np.zeros(shape)
        self._target = np.zeros(shape)
        self._near = np.zeros(worlds, bool)
        self._worlds: list[BulletWorlds | None] = [None] * worlds

    def reset(
        self,
        worlds: Sequence[int],
        position: Float[np.ndarray, "some joint"],
        velocity: Float[np.ndarray, "some joint"],
    ) -> None:
        """Put worlds into a state and forget everything before."""
        self.joint_position[worlds], self.joint_velocity[worlds] = position, velocity
        self.contact_effort[worlds] = 0.0
        self._near[worlds] = False

    def drive_motion(self, position: WorldJoint) -> None:
        """Carry the joints to these positions at the end of the next step."""
        self._target[:] = position

    def step(self) -> None:
        """Advance every world by one timestep.

        Raises:
            SimulationError: a position is not finite; names world and joint.
        """
        if self._boxes is not None:
            edge = self.settings.plane_height + MARGIN
            self._touch(lowest(self.chain, self._boxes, self._target, edge) < edge)
        self.joint_velocity[:] = (self._target - self.joint_position) / self.settings.timestep
        self.joint_position[:] = self._target
        if not np.isfinite(self.joint_position.sum()):
            world, joint = np.argwhere(~np.isfinite(self.joint_position))[0]
            raise SimulationError(
                f"world {world}: joint '{self.joints[joint]}' is not finite; expected finite motions"
            )

    def _touch(self, near: np.ndarray) -> None:
        """Step the worlds near the ground in PyBullet, and take over what contacts ask of the drives."""
        self.contact_effort[~near] = 0.0
        for world in np.flatnonzero(near).tolist():
            bullet = self._bullet(world)
            if not self._near[world]:
                bullet.reset(None, self.joint_position[world : world + 1], self.joint_velocity[world : world + 1])
            bullet.drive_motion(self._target[world : world + 1])
            bullet.step()
            self.contact_effort[world] = bullet.contact_effort[0]
        self._near[:] = near

    def _bullet(self, world: int) -> BulletWorlds:
        found = self._worlds[world]
        if found is None:
            found = BulletWorlds(self._model, self.joints, 1, replace(self.settings, armature=None))
            self._worlds[world] = found
        return found

    def close(self) -> None:
        """Stop PyBullet where it was started; calling it twice is harmless."""
        for bullet in self._worlds:
            if bullet is not None:
                bullet.close()
        self._worlds = [None] * len(self._worlds)
