"""Contacts of one PyBullet world with the ground and with a tool on a logged path, as pushes from outside.

`ground_contact` with a tool; PyBullet integrates the body and sees neither.
Error: equal to the same steps without PyBullet to 1e-8 m over a push, tests/passive/test_twin_push.py.
"""

from __future__ import annotations

import numpy as np

from hybridsim.contacts.points import Patches, Points, new_touch
from hybridsim.contacts.residual import residual_of
from hybridsim.contacts.solve import new_contacts
from hybridsim.networks.inference import Networks
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.external import push_link, tree_links, twist_link
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import new_tree_work, tree_of
from hybridsim.physics.tree_kernel import mass_matrix, place
from hybridsim.physics.tree_step import factor, free_velocity
from hybridsim.simulator.pushing import PLACES, in_world, push
from hybridsim.simulator.solids import Solids
from hybridsim.simulator.tool_path import Rod, ToolPath, moving_at


class PushedContacts:
    """What touches in one world, and what it does there."""

    def __init__(
        self,
        model: RigidModel,
        worlds: BulletWorlds,
        ground: tuple[Points, Patches],
        tool: tuple[Solids, Rod],
        networks: Networks | None = None,
    ) -> None:
        """Nothing touches yet.

        Args:
            model: what the world was made of.
            worlds: one, floating, without a plane.
            ground: where the robot may touch it, and the ground.
            tool: where that may touch the robot, and the tool.
            networks: contact residual; None for the law alone.
        """
        self.worlds, self._ground, self._tool = worlds, ground, tool
        self.tree = tree_of(model, worlds.joints)
        self._links = tree_links(model, worlds.clients[0])
        joints, points = len(worlds.joints), len(ground[0].body)
        count = points + PLACES * len(tool[0].kind)
        self._work = new_tree_work(len(self.tree.mass), joints)
        self._contacts = new_contacts(count, 6 + joints)
        self._touch = new_touch(1, count)
        self._residual = residual_of(networks, points, worlds.settings.timestep)
        self._gravity = np.array(worlds.settings.gravity, float)
        self._path: tuple[ToolPath, int, float, float] | None = None
        self._steps = 0

    def follow(self, path: ToolPath, k: int, length: float, time: float) -> None:
        """Begin a piece; nothing of the past remains.

        Args:
            path: of the tool along the pieces.
            k: which piece.
            length: measured length over true length [1].
            time: measured time over true time [1].
        """
        self._path, self._steps = (path, k, length, time), 0
        self._touch.since[:], self._touch.approach[:], self._touch.impulse[:] = -1.0, 0.0, 0.0

    def push(self, effort: np.ndarray) -> None:
        """Put the impulses of the next step on the links.

        Args:
            effort: [1 joint] that drives put on the joints during that step [N*m].
        """
        self._solve(effort[0])
        contacts, timestep, client = self._contacts, self.worlds.settings.timestep, self.worlds.clients[0]
        for c in range(int(contacts.count[0])):
            link = self._links[contacts.body[c]]
            push_link(client, link, np.array(in_world(contacts, c, 0)) / timestep, contacts.place[c])
            if contacts.impulse[c, 3:].any():
                twist_link(client, link, np.array(in_world(contacts, c, 3)) / timestep)
        self._steps += 1

    def _solve(self, effort: np.ndarray) -> None:
        """Impulses over the next step."""
        assert self.worlds.base is not None and self._path is not None, "it floats, and `follow` came first"
        path, k, length, time = self._path
        timestep, (solids, rod) = self.worlds.settings.timestep, self._tool
        now, after = (n * timestep * time for n in (self._steps, self._steps + 1))
        moving = moving_at(path, k, now, after, length, timestep, rod.offset)
        centre, rotation, twist = (part[0] for part in self.worlds.base.centre_states())
        u = np.concatenate([twist, self.worlds.joint_velocity[0]])
        free = np.empty_like(u)
        place(self.tree, centre, rotation, self.worlds.joint_position[0], self._work)
        mass_matrix(self.tree, self._work)
        factor(self._work)
        free_velocity(self.tree, self._work, u, effort, self._gravity, timestep, free)
        memory = (self._touch.since[0], self._touch.approach[0], self._touch.impulse[0])
        ways = (*self._ground, solids, rod, moving, memory, self._contacts, u, free, timestep, self._residual)
        push(self.tree, self._work, *ways)
