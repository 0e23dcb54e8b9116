"""Pose and velocity of a floating root link, in every world."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pybullet
from jaxtyping import Float

from hybridsim.physics.client import Client
from hybridsim.physics.inertia import principal_axes
from hybridsim.physics.model import RigidModel
from hybridsim.physics.pose import quaternion, root_poses, rotations

WorldVector = Float[np.ndarray, "world 3"]
WorldQuaternion = Float[np.ndarray, "world 4"]


class Motion(NamedTuple):
    """Of the root link's origin, in every world; nobody may write into it."""

    rotation: Float[np.ndarray, "world 3 3"]
    """rotation_world_from_body."""
    linear: WorldVector
    """Velocity in the world's axes [m/s]."""
    own_linear: WorldVector
    """The same in the body's own axes."""
    own_angular: WorldVector
    """Angular velocity in the body's own axes [rad/s]."""


class FloatingBase:
    """The root link of each world, by its own frame; PyBullet speaks of centre of mass and principal axes."""

    def __init__(self, clients: Sequence[Client], models: Sequence[RigidModel]) -> None:
        roots = [model.link(model.root) for model in models]
        self._clients = clients
        self._com = np.array([root.com for root in roots], float)
        self._rotation_link_from_principal = np.array([principal_axes(root.inertia)[1] for root in roots])
        self._principal_from_link = np.array([quaternion(r.T) for r in self._rotation_link_from_principal])
        self._raw = np.zeros((len(clients), 13))
        self._stale, self._motion = True, None

    @property
    def stale(self) -> bool:
        """Set by whoever moves the worlds; the next read then asks PyBullet."""
        return self._stale

    @stale.setter
    def stale(self, value: bool) -> None:
        self._stale, self._motion = value, None

    def motion(self) -> Motion:
        """Rotation and velocities, worked out once a step."""
        raw = self._read()
        if self._motion is None:
            rotation = self.rotation_world_from_body
            linear = raw[:, 7:10] - np.cross(raw[:, 10:13], self._levers(rotation))
            own = [np.einsum("wij,wi->wj", rotation, x) for x in (linear, raw[:, 10:13])]
            self._motion = Motion(rotation, linear, *own)
        return self._motion

    def pose(self) -> tuple[WorldVector, WorldQuaternion]:
        """Position [m] and orientation (world from body, xyzw, w >= 0) of the root link, in one call."""
        raw = self._read()
        position, orientation = np.empty((len(raw), 3)), np.empty((len(raw), 4))
        root_poses(raw, self._com, self._principal_from_link, position, orientation)
        return position, orientation

    @property
    def position(self) -> WorldVector:
        """Origin of the root link in the world [m]."""
        return self.pose()[0]

    @property
    def rotation_world_from_body(self) -> Float[np.ndarray, "world 3 3"]:
        """Orientation of the root link."""
        return rotations(self._read()[:, 3:7]) @ self._rotation_link_from_principal.transpose(0, 2, 1)

    @property
    def orientation(self) -> WorldQuaternion:
        """Orientation of the root link, world from body, quaternion xyzw with w >= 0."""
        return self.pose()[1]

    @property
    def angular_velocity(self) -> WorldVector:
        """In the world's axes [rad/s]."""
        return self._read()[:, 10:13].copy()

    @property
    def linear_velocity(self) -> WorldVector:
        """Of the root link's origin, in the world's axes [m/s]."""
        return self.motion().linear

    def centre_states(
        self,
    ) -> tuple[WorldVector, Float[np.ndarray, "world 3 3"], Float[np.ndarray, "world 6"]]:
        """Centre of mass of the root link [m], rotation_world_from_root, and the velocity of both.

        Velocity: of the centre of mass, then of the link, both in the world's axes [m/s, rad/s].
        """
        raw = self._read()
        return raw[:, :3].copy(), self.rotation_world_from_body, raw[:, 7:13].copy()

    def raw(self) -> tuple[Float[np.ndarray, "world 13"], WorldVector, Float[np.ndarray, "world 3 3"]]:
        """For compiled loops, the very arrays: what PyBullet says, and how the root link lies in it.

        Position and quaternion of the inertial frame, linear and angular velocity of it; centre of mass in
        the link's frame; rotation_link_from_principal.
        """
        return self._read(), self._com, self._rotation_link_from_principal

    def _levers(self, rotation: Float[np.ndarray, "world 3 3"]) -> WorldVector:
        """From the root links' origins to their centres of mass, world's axes [m]."""
        return (rotation @ self._com[:, :, None])[:, :, 0]

    def home(self, worlds: Iterable[int]) -> None:
        """Put the root link of some worlds at the origin, at rest."""
        for world in worlds:
            self.place(int(world), np.zeros(3))

    def place(
        self,
        world: int,
        position: Float[np.ndarray, "3"],
        orientation: Float[np.ndarray, "4"] | None = None,
        linear_velocity: Float[np.ndarray, "3"] | None = None,
        angular_velocity: Float[np.ndarray, "3"] | None = None,
    ) -> None:
        """Put one world's root link somewhere.

        Args:
            world: which.
            position: of the link's origin [m].
            orientation: world from body, quaternion xyzw; None for the identity.
            linear_velocity: of the link's origin, world's axes [m/s]; None for rest.
            angular_velocity: world's axes [rad/s]; None for rest.
        """
        client = self._clients[world]
        body = np.eye(3) if orientation is None else rotations(np.array([orientation], float))[0]
        spin = np.zeros(3) if angular_velocity is None else np.asarray(angular_velocity, float)
        speed = np.zeros(3) if linear_velocity is None else np.asarray(linear_velocity, float)
        lever = body @ self._com[world]
        pybullet.resetBasePositionAndOrientation(
            client.body,
            (position + lever).tolist(),
            quaternion(body @ self._rotation_link_from_principal[world]).tolist(),
            physicsClientId=client.id,
        )
        pybullet.resetBaseVelocity(
            client.body,
            (speed + np.cross(spin, lever)).tolist(),
            spin.tolist(),
            physicsClientId=client.id,
        )
        self.stale = True

    def kick(self, world: int, change: Float[np.ndarray, "3"]) -> None:
        """Change the velocity of one world's root link at once, as a push does; world's axes [m/s]."""
        client, raw = self._clients[world], self._read()[world]
        speed, spin = (raw[7:10] + change).tolist(), raw[10:13].tolist()
        pybullet.resetBaseVelocity(client.body, speed, spin, physicsClientId=client.id)
        self.stale = True

    @property
    def unread(self) -> Float[np.ndarray, "world 13"]:
        """The very array of `raw`, for compiled loops that write it; then `stale` is False."""
        return self._raw

    def know(self, raw: np.ndarray) -> None:
        """Take over what a step has read already, see `_read`."""
        self._raw[:] = raw
        self.stale = False

    def _read(self) -> np.ndarray:
        """Per world: position and quaternion of the inertial frame, linear and angular velocity of it."""
        if self.stale:
            for row, client in zip(self._raw, self._clients, strict=True):
                pose = pybullet.getBasePositionAndOrientation(client.body, client.id)
                speed = pybullet.getBaseVelocity(client.body, client.id)
                row[:] = pose[0] + pose[1] + speed[0] + speed[1]
            self.stale = False
        return self._raw
