"""Replays of passive bodies in PyBullet: contacts by the identified law, or by Bullet's own.

Error: under the identified law equal to `roll` to 1e-8 m over a toss, tests/passive/test_twin.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numba import njit

from hybridsim.contacts.law import COEFFICIENTS
from hybridsim.contacts.points import Patches, Points
from hybridsim.contacts.solve import Contacts, new_contacts
from hybridsim.passive.pieces import Batch
from hybridsim.passive.roll import CLEAR, Paths, clearance
from hybridsim.passive.setup import setups_of, world_of
from hybridsim.passive.track import rotated
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision, with_limits
from hybridsim.physics.external import push_link, tree_links, twist_link
from hybridsim.physics.model import Contact, RigidModel
from hybridsim.physics.tree import Tree, TreeWork, new_tree_work
from hybridsim.physics.tree_kernel import mass_matrix, place
from hybridsim.physics.tree_step import advance, factor, free_velocity
from hybridsim.robot import Robot
from hybridsim.simulator.body import bare_body, body_of
from hybridsim.simulator.touching import touch


class LawInBullet:
    """One PyBullet world whose contacts with the ground obey the identified law."""

    def __init__(self, robot: Robot, values: Mapping[str, float], timestep: float) -> None:
        """Load the robot; PyBullet integrates it and never sees the ground.

        Args:
            robot: the design.
            values: parameters by name.
            timestep: [s].
        """
        model = with_limits(with_collision(body_of(robot, values, {}), False), False)
        joints = [joint.urdf_joint for joint in robot.joints]
        settings = WorldSettings(timestep=timestep, base="floating", gravity=(0, 0, -values["world.gravity"]))
        self.worlds, self.timestep = BulletWorlds(model, joints, 1, settings), timestep
        self.setups = setups_of(robot, [values])
        self.tree, self.points, self.patches = world_of(self.setups, 0)
        self._links = tree_links(model, self.worlds.clients[0])
        bodies, count = len(self.tree.mass), len(self.points.body)
        self._work = new_tree_work(bodies, len(joints))
        self._contacts = new_contacts(count, COEFFICIENTS, 6 + len(joints))
        self._memory = (np.full(count, -1.0), np.zeros(count), np.zeros((count, 6)))

    def enter(self, batch: Batch, k: int) -> None:
        """Put the world at the start of a piece; nothing of its past remains."""
        length, time = self.setups.scale[0]
        starts, measured = batch.starts, bool(batch.pieces.measured[k])
        spin = rotated(starts.orientation[k : k + 1], starts.angular_velocity[k : k + 1])[0] * time
        speed = starts.linear_velocity[k] * time / length
        position = starts.position[k] / length
        base = self.worlds.base
        assert base is not None, "a passive body floats"
        self.worlds.reset([0], starts.joint[k : k + 1], starts.joint_velocity[k : k + 1] * time)
        base.place(0, position, starts.orientation[k], speed, spin)
        if measured and self._height() > CLEAR:
            speed = speed + self.setups.gravity[0] * self.setups.lag[0] / time
            base.place(0, position, starts.orientation[k], speed, spin)
        for array, value in zip(self._memory, (-1.0, 0.0, 0.0), strict=True):
            array[:] = value

    def _state(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Centre of mass, rotation, joints and generalised velocities as the tree kernel wants them."""
        base = self.worlds.base
        assert base is not None, "a passive body floats"
        rotation = base.rotation_world_from_body[0]
        lever = rotation @ self.tree.com[0]
        spin = base.angular_velocity[0]
        speed = base.linear_velocity[0] + np.cross(spin, lever)
        u = np.concatenate([speed, spin, self.worlds.joint_velocity[0]])
        return base.position[0] + lever, rotation, self.worlds.joint_position[0].copy(), u

    def _height(self) -> float:
        centre, rotation, q, _ = self._state()
        place(self.tree, centre, rotation, q, self._work)
        return clearance(self._work, self.points, self.patches)

    def step(self) -> None:
        """One timestep: impulses of the law at the contact points, then PyBullet's integration."""
        impulses(
            self.tree,
            self.points,
            self.patches,
            self.setups.gravity[0],
            self._state(),
            self.timestep,
            self._memory,
            self._contacts,
            self._work,
        )
        client, contacts = self.worlds.clients[0], self._contacts
        for c in range(int(contacts.count[0])):
            link, push = self._links[contacts.body[c]], contacts.impulse[c] / self.timestep
            push_link(client, link, push[:3], contacts.place[c])
            if push[3:].any():
                twist_link(client, link, push[3:])
        self.worlds.step()

    def leave(self, ahead: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position [m] and orientation of the root link and joints, `ahead` of now, in the data's units."""
        base = self.worlds.base
        assert base is not None, "a passive body floats"
        centre, _, q, u = self._state()
        turned = base.orientation[0].copy()
        if ahead > 1e-9:
            advance(centre, turned, q, u, ahead)
        lever = rotated(turned[None], self.tree.com[:1])[0]
        return (centre - lever) * self.setups.scale[0, 0], turned, q

    def close(self) -> None:
        """Free the world."""
        self.worlds.close()


@njit(cache=True, nogil=True)
def impulses(
    tree: Tree,
    points: Points,
    patches: Patches,
    gravity: np.ndarray,
    state: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    timestep: float,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
    work: TreeWork,
) -> None:
    """What contacts do over the next step from a state, into `contacts`."""
    centre, rotation, q, u = state
    free = np.empty(len(u))
    place(tree, centre, rotation, q, work)
    mass_matrix(tree, work)
    factor(work)
    free_velocity(tree, work, u, np.zeros(len(q)), gravity, timestep, free)
    touch(tree, work, points, patches, memory, contacts, u, free, timestep)


class BulletAlone:
    """One PyBullet world with a plane, under Bullet's own contact; nothing is identified."""

    def __init__(self, robot: Robot, timestep: float) -> None:
        """Load the robot as its URDF and robot.toml state it."""
        model = with_limits(_with_prior(robot, bare_body(robot)), False)
        joints = [joint.urdf_joint for joint in robot.joints]
        settings = WorldSettings(timestep=timestep, base="floating", plane=True)
        self.worlds = BulletWorlds(model, joints, 1, settings)

    def enter(self, batch: Batch, k: int) -> None:
        """Put the world at the start of a piece, as measured."""
        starts, base = batch.starts, self.worlds.base
        assert base is not None, "a passive body floats"
        spin = rotated(starts.orientation[k : k + 1], starts.angular_velocity[k : k + 1])[0]
        self.worlds.reset([0], starts.joint[k : k + 1], starts.joint_velocity[k : k + 1])
        base.place(0, starts.position[k], starts.orientation[k], starts.linear_velocity[k], spin)

    def step(self) -> None:
        """One timestep."""
        self.worlds.step()

    def leave(self, ahead: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position [m] and orientation of the root link, and joints; `ahead` is less than a step."""
        del ahead
        base = self.worlds.base
        assert base is not None, "a passive body floats"
        return base.position[0], base.orientation[0], self.worlds.joint_position[0].copy()

    def close(self) -> None:
        """Free the world."""
        self.worlds.close()


def play(world: LawInBullet | BulletAlone, batch: Batch, timestep: float, paths: Paths, k: int) -> None:
    """Replay one piece in a world and write its samples; times are the data's."""
    stretch = world.setups.scale[0, 1] if isinstance(world, LawInBullet) else 1.0
    world.enter(batch, k)
    first, step = batch.pieces.first[k], 0
    for s in range(first, first + batch.pieces.count[k]):
        due = batch.pieces.time[s] / stretch
        while (step + 1) * timestep <= due + 1e-9:
            world.step()
            step += 1
        paths.position[s], paths.orientation[s], paths.joint[s] = world.leave(due - step * timestep)


def _with_prior(robot: Robot, model: RigidModel) -> RigidModel:
    """The model with the contact parameters of robot.toml on every link; Bullet's own without."""
    prior = robot.contact
    if prior is None:
        return model
    contact = Contact(
        lateral_friction=prior.friction.value, stiffness=prior.stiffness.value, damping=prior.damping.value
    )
    for link in model.links:
        model = model.with_link(replace(link, contact=contact))
    return model
