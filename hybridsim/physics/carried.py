"""Bodies that their drives carry: exact in free space without a solver, PyBullet's worlds near the ground.

A body that follows a given motion needs no equations of motion solved: its state is the motion, and what it
asks of its drives is inverse dynamics, PyBullet's own to 1e-9 (tests/physics/test_carried.py). Only what
touches something needs the contact solver, so a world is stepped by PyBullet while any part of its robot is
within MARGIN of the ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.chain import Chain, chain_of
from hybridsim.physics.clearance import Corners, corners_of, lowest
from hybridsim.physics.client import Client, WorldSettings
from hybridsim.physics.edits import with_collision
from hybridsim.physics.hulls import with_hulls
from hybridsim.physics.model import RigidModel

WorldJoint = Float[np.ndarray, "world joint"]
MARGIN = 0.005  # chosen, because no joint moves a part that far within a step [m]


class Carried(NamedTuple):
    """A CarriedBodies' arrays as compiled loops step them: the very arrays, not copies."""

    chain: Chain
    boxes: Corners
    """Of no box where there is no ground."""
    edge: float
    """Height below which a part is near the ground [m]."""
    timestep: float
    position: np.ndarray
    """[world joint]."""
    velocity: np.ndarray
    """[world joint]."""
    target: np.ndarray
    """[world joint] where the next step ends."""
    contact: np.ndarray
    """[world joint] effort that contacts ask for."""
    near: np.ndarray
    """[world] whether the target is near the ground."""
    held: np.ndarray
    """[world] whether PyBullet has this world's state."""


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
            raise SimulationError("carried bodies: nothing carries a floating base; expected base 'fixed'")
        self.joints, self.settings = tuple(joints), settings
        self._model = with_hulls(model) if settings.plane else with_collision(model, False)
        position, velocity, target, contact = np.zeros((4, worlds, len(self.joints)))
        self.arrays = Carried(
            chain=chain_of(model, joints, settings.gravity),
            boxes=corners_of(self._model),
            edge=settings.plane_height + MARGIN,
            timestep=settings.timestep,
            position=position,
            velocity=velocity,
            target=target,
            contact=contact,
            near=np.zeros(worlds, np.bool_),
            held=np.zeros(worlds, np.bool_),
        )
        self._worlds: list[BulletWorlds | None] = [None] * worlds
        self._shown: BulletWorlds | None = None

    @property
    def chain(self) -> Chain:
        """The body as the dynamics kernel reads it."""
        return self.arrays.chain

    @property
    def joint_position(self) -> WorldJoint:
        """Joint positions now; the worlds' own array."""
        return self.arrays.position

    @property
    def joint_velocity(self) -> WorldJoint:
        """Joint velocities now; the worlds' own array."""
        return self.arrays.velocity

    @property
    def contact_effort(self) -> WorldJoint:
        """Effort that contacts asked of each joint in the last step, 0 in free space."""
        return self.arrays.contact

    def reset(
        self,
        worlds: Sequence[int],
        position: Float[np.ndarray, "some joint"],
        velocity: Float[np.ndarray, "some joint"],
    ) -> None:
        """Put worlds into a state and forget everything before."""
        self.joint_position[worlds], self.joint_velocity[worlds] = position, velocity
        self.arrays.target[worlds] = position
        self.contact_effort[worlds] = 0.0
        self.arrays.near[worlds] = self.arrays.held[worlds] = False

    def drive_motion(self, position: WorldJoint) -> None:
        """Carry the joints to these positions at the end of the next step."""
        self.arrays.target[:] = position

    def step(self) -> None:
        """Advance every world by one timestep.

        Raises:
            SimulationError: a position is not finite; names world and joint.
        """
        state = self.arrays
        state.near[:] = False
        if len(state.boxes.body):
            state.near[:] = lowest(state.chain, state.boxes, state.target, state.edge) < state.edge
        state.contact[~state.near] = 0.0
        state.held[~state.near] = False
        self.touch()
        self.require_finite()
        state.velocity[:] = (state.target - state.position) / state.timestep
        state.position[:] = state.target

    def touch(self) -> None:
        """Step the worlds near the ground in PyBullet, and take over what contacts ask of the drives."""
        state = self.arrays
        for world in np.flatnonzero(state.near).tolist():
            bullet, only = self._bullet(world), slice(world, world + 1)
            if not state.held[world]:
                bullet.reset(None, state.position[only], state.velocity[only])
            bullet.drive_motion(state.target[only])
            bullet.step()
            state.contact[world] = bullet.contact_effort[0]
            state.held[world] = True

    def require_finite(self) -> None:
        """Stop at a target that is not finite.

        Raises:
            SimulationError: names world and joint.
        """
        bad = np.argwhere(~np.isfinite(self.arrays.target))
        if len(bad):
            world, joint = bad[0]
            raise SimulationError(
                f"world {world}: joint '{self.joints[joint]}' is not finite; expected finite motions"
            )

    def shown(self, world: int) -> Client:
        """A client of its own in which a world looks as it is now, for pictures."""
        if self._shown is None:
            self._shown = BulletWorlds(self._model, self.joints, 1, replace(self.settings, armature=None))
        only = slice(world, world + 1)
        self._shown.reset(None, self.joint_position[only], self.joint_velocity[only])
        return self._shown.clients[0]

    def _bullet(self, world: int) -> BulletWorlds:
        found = self._worlds[world]
        if found is None:
            found = BulletWorlds(self._model, self.joints, 1, replace(self.settings, armature=None))
            self._worlds[world] = found
        return found

    def close(self) -> None:
        """Stop PyBullet where it was started; calling it twice is harmless."""
        for bullet in (*self._worlds, self._shown):
            if bullet is not None:
                bullet.close()
        self._worlds, self._shown = [None] * len(self._worlds), None
