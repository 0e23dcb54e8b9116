"""Contacts of PyBullet's floating robots with the ground by the identified law, as pushes from outside.

PyBullet integrates the bodies and never sees that ground; the impulses that it gets hold over one step.
Error: equal to the same steps without PyBullet to 1e-8 m over a toss, tests/passive/test_twin.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.contacts.law import COEFFICIENTS
from hybridsim.contacts.points import Patches, Points, Touch, new_touch
from hybridsim.contacts.solve import NORMAL, Contacts, new_contacts
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.external import push_link, tree_links, twist_link
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import Tree, TreeWork, new_tree_work, tree_of
from hybridsim.physics.tree_kernel import mass_matrix, place
from hybridsim.physics.tree_step import factor, free_velocity
from hybridsim.simulator.touching import touch


class GroundContacts:
    """What touches in every world, and what it does there."""

    def __init__(
        self, model: RigidModel, worlds: BulletWorlds, points: Points, patches: Sequence[Patches]
    ) -> None:
        """Nothing touches yet.

        Args:
            model: what the worlds were made of.
            worlds: floating, without a plane.
            points: where the robot may touch.
            patches: of each world.
        """
        self.worlds, self.points, self.patches = worlds, points, tuple(patches)
        self.tree = tree_of(model, worlds.joints)
        self._links = tree_links(model, worlds.clients[0])
        bodies, joints, count = len(self.tree.mass), len(worlds.joints), len(points.body)
        self._work = new_tree_work(bodies, joints)
        self._contacts = [new_contacts(count, COEFFICIENTS, 6 + joints) for _ in patches]
        self._touch = new_touch(worlds.worlds, count)
        self._gravity = np.array(worlds.settings.gravity, float)

    @property
    def load(self) -> Float[np.ndarray, "world point"]:
        """Normal force at every point during the last step [N]."""
        return self._touch.impulse[:, :, NORMAL] / self.worlds.settings.timestep

    @property
    def touch(self) -> Touch:
        """What the points remember; read it."""
        return self._touch

    def reset(self, worlds: Sequence[int]) -> None:
        """Forget what touched in some worlds."""
        chosen = list(worlds)
        self._touch.since[chosen] = -1.0
        self._touch.approach[chosen] = 0.0
        self._touch.impulse[chosen] = 0.0

    def push(self, effort: Float[np.ndarray, "world joint"]) -> None:
        """Put the impulses of the next step on the links of every world.

        Args:
            effort: that drives put on the joints during that step [N*m].
        """
        base, timestep = self.worlds.base, self.worlds.settings.timestep
        assert base is not None, "a robot on identified ground floats"
        states = base.centre_states()
        for w, client in enumerate(self.worlds.clients):
            contacts = self._contacts[w]
            impulses(
                self.tree,
                self._work,
                self.points,
                self.patches[w],
                (self._touch.since[w], self._touch.approach[w], self._touch.impulse[w]),
                contacts,
                (*(part[w] for part in states), self.worlds.joint_position[w], self.worlds.joint_velocity[w]),
                effort[w],
                self._gravity,
                timestep,
            )
            for c in range(int(contacts.count[0])):
                link, push = self._links[contacts.body[c]], contacts.impulse[c] / timestep
                push_link(client, link, push[:3], contacts.place[c])
                if push[3:].any():
                    twist_link(client, link, push[3:])


@njit(cache=True, nogil=True)
def impulses(
    tree: Tree,
    work: TreeWork,
    points: Points,
    patches: Patches,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    contacts: Contacts,
    state: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    effort: np.ndarray,
    gravity: np.ndarray,
    timestep: float,
) -> None:
    """Impulses of one world over the next step, into `contacts`.

    Args:
        tree: the robot.
        work: scratch.
        points: where it may touch.
        patches: what it may touch.
        memory: the world's rows of `Touch`, advanced.
        contacts: written.
        state: centre of mass of the root [m], rotation_world_from_root, velocity of both (linear, then
            angular, world axes), joint positions and velocities.
        effort: on the joints [N*m].
        gravity: [m/s^2].
        timestep: [s].
    """
    centre, rotation, twist, q, rate = state
    u, free = np.empty(6 + len(q)), np.empty(6 + len(q))
    u[:6], u[6:] = twist, rate
    place(tree, centre, rotation, q, work)
    mass_matrix(tree, work)
    factor(work)
    free_velocity(tree, work, u, effort, gravity, timestep, free)
    touch(tree, work, points, patches, memory, contacts, u, free, timestep)
