"""Replays of passive bodies in PyBullet: contacts by the identified law, or by Bullet's own.

Error: under the identified law equal to `roll` to 1e-8 m over a toss, tests/passive/test_twin.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hybridsim.frames import rotated
from hybridsim.networks.inference import Networks
from hybridsim.passive.laid import Paths
from hybridsim.passive.pieces import Batch
from hybridsim.passive.roll import CLEAR, clearance
from hybridsim.passive.setup import setups_of, tool_of, world_of
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_collision, with_limits
from hybridsim.physics.floating import FloatingBase
from hybridsim.physics.moved_shape import MovedShape
from hybridsim.physics.pose import rotations
from hybridsim.physics.tree import new_tree_work
from hybridsim.physics.tree_kernel import place
from hybridsim.physics.tree_step import advance
from hybridsim.robot import Robot
from hybridsim.simulator.bodies import with_prior_contact
from hybridsim.simulator.body import bare_body, body_of
from hybridsim.simulator.ground_contact import GroundContacts
from hybridsim.simulator.pushed_contact import PushedContacts
from hybridsim.simulator.tool_path import ToolPath, moving_at, pose_at


class LawInBullet:
    """One PyBullet world whose contacts with the ground obey the identified law."""

    def __init__(
        self,
        robot: Robot,
        values: Mapping[str, float],
        timestep: float,
        networks: Networks | None = None,
    ) -> None:
        """Load the robot; PyBullet integrates it and never sees the ground.

        Args:
            robot: the design.
            values: parameters by name.
            timestep: [s].
            networks: contact residual; None for the law alone.
        """
        model = with_limits(with_collision(body_of(robot, values, {}), False), False)
        joints = [joint.urdf_joint for joint in robot.joints]
        settings = WorldSettings(timestep=timestep, base="floating", gravity=(0, 0, -values["world.gravity"]))
        self.worlds, self.setups = BulletWorlds(model, joints, 1, settings), setups_of(robot, [values])
        tree, points, patches = world_of(self.setups, 0)
        self.tree, self.points, self.patches = tree, points, patches
        self.contacts = (
            GroundContacts([model], self.worlds, [points], [patches], networks)
            if robot.tool is None
            else PushedContacts(model, self.worlds, (points, patches), tool_of(self.setups, 0), networks)
        )
        self._work, self._idle = new_tree_work(len(tree.mass), len(joints)), np.zeros((1, len(joints)))

    def enter(self, batch: Batch, k: int) -> None:
        """Put the world at the start of a piece; nothing of its past remains."""
        length, time = self.setups.scale[0]
        starts = batch.starts
        spin = rotated(starts.orientation[k : k + 1], starts.angular_velocity[k : k + 1])[0] * time
        speed = starts.linear_velocity[k] * time / length
        position, turn = starts.position[k] / length, starts.orientation[k]
        self.worlds.reset([0], starts.joint[k : k + 1], starts.joint_velocity[k : k + 1] * time)
        base_of(self.worlds).place(0, position, turn, speed, spin)
        if batch.pieces.measured[k] and self._height() > CLEAR:
            late = self.setups.gravity[0] * self.setups.lag[0] / time
            base_of(self.worlds).place(0, position, turn, speed + late, spin)
        if isinstance(self.contacts, PushedContacts):
            self.contacts.follow(batch.pieces.tool, k, length, time)
        else:
            self.contacts.reset([0])

    def _height(self) -> float:
        """Of the lowest point above the ground [m]."""
        centre, rotation, _ = base_of(self.worlds).centre_states()
        place(self.tree, centre[0], rotation[0], self.worlds.joint_position[0], self._work)
        return clearance(self._work, self.points, self.patches)

    def step(self) -> None:
        """One timestep: impulses of the law at the contact points, then PyBullet's integration."""
        if isinstance(self.contacts, PushedContacts):
            self.contacts.push(self._idle)
        else:
            self.contacts.push()
        self.worlds.step()

    def leave(self, ahead: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position [m] and orientation of the root link and joints, `ahead` of now, in the data's units."""
        base = base_of(self.worlds)
        centre, _, twist = base.centre_states()
        turned, q = base.orientation[0].copy(), self.worlds.joint_position[0].copy()
        if ahead > 1e-9:
            advance(centre[0], turned, q, np.concatenate([twist[0], self.worlds.joint_velocity[0]]), ahead)
        lever = rotations(turned[None])[0] @ self.tree.com[0]
        return (centre[0] - lever) * self.setups.scale[0, 0], turned, q

    def close(self) -> None:
        """Free the world."""
        self.worlds.close()


class BulletAlone:
    """One PyBullet world with a plane, under Bullet's own contact; nothing is identified."""

    def __init__(self, robot: Robot, timestep: float) -> None:
        """Load the robot as its URDF and robot.toml state it."""
        model = with_limits(with_prior_contact(robot, bare_body(robot)), False)
        joints = [joint.urdf_joint for joint in robot.joints]
        settings = WorldSettings(timestep=timestep, base="floating", plane=True)
        self.worlds = BulletWorlds(model, joints, 1, settings)
        self._tool = None if robot.tool is None else MovedTool(robot, self.worlds)

    def enter(self, batch: Batch, k: int) -> None:
        """Put the world at the start of a piece, as measured."""
        starts, base = batch.starts, base_of(self.worlds)
        spin = rotated(starts.orientation[k : k + 1], starts.angular_velocity[k : k + 1])[0]
        self.worlds.reset([0], starts.joint[k : k + 1], starts.joint_velocity[k : k + 1])
        base.place(0, starts.position[k], starts.orientation[k], starts.linear_velocity[k], spin)
        if self._tool is not None:
            self._tool.follow(batch.pieces.tool, k)

    def step(self) -> None:
        """One timestep."""
        if self._tool is not None:
            self._tool.move()
        self.worlds.step()

    def leave(self, ahead: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position [m] and orientation of the root link, and joints; `ahead` is less than a step."""
        del ahead
        base = base_of(self.worlds)
        return base.position[0], base.orientation[0], self.worlds.joint_position[0].copy()

    def close(self) -> None:
        """Free the world."""
        self.worlds.close()


class MovedTool:
    """The tool of robot.toml in a world of Bullet's own contacts, along a logged path."""

    def __init__(self, robot: Robot, worlds: BulletWorlds) -> None:
        """Put it beside the robot."""
        tool, rubs = robot.tool, 0.5 if robot.contact is None else robot.contact.friction.value
        assert tool is not None, "a robot that something pushes"
        length = 0.0 if tool.length is None else tool.length.value
        own = rubs if tool.friction is None else tool.friction.value
        self.shape = MovedShape(
            worlds.clients[0], tool.shape, tool.radius.value, length, own / max(rubs, 1e-6)
        )
        self._settings, self._offset = worlds.settings, 0.0 if tool.offset is None else tool.offset.value
        self._path: tuple[ToolPath, int] | None = None
        self._steps = 0

    def follow(self, path: ToolPath, k: int) -> None:
        """Begin a piece."""
        self._path, self._steps = (path, k), 0

    def move(self) -> None:
        """To where it is at the next step's beginning; gravity, which that step adds, is taken off before."""
        assert self._path is not None, "`follow` comes first"
        timestep, (path, k) = self._settings.timestep, self._path
        now, after = self._steps * timestep, (self._steps + 1) * timestep
        moving = moving_at(path, k, now, after, 1.0, timestep, self._offset)
        _, turn = pose_at(path, k, path.start[k] + now)
        fall = timestep * np.array(self._settings.gravity)
        self.shape.move(
            np.array(moving.middle), np.array(turn), moving.velocity - fall, np.array(moving.spin)
        )
        self._steps += 1


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


def base_of(worlds: BulletWorlds) -> FloatingBase:
    """The base of worlds that float."""
    assert worlds.base is not None, "a passive body floats"
    return worlds.base
