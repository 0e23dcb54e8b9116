"""Contacts of PyBullet's floating robots with the ground by the identified law, as pushes from outside.

PyBullet integrates the bodies and never sees that ground; the impulses that it gets hold over one step.
Error: equal to the same steps without PyBullet to 1e-8 m over a toss, tests/passive/test_twin.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numba import njit

from hybridsim.contacts.points import Patches, Points, Touch, new_touch
from hybridsim.contacts.residual import Residual, evaluate, residual_of
from hybridsim.contacts.solve import NORMAL, Contacts, contacts_in, new_contacts
from hybridsim.counting import ZERO
from hybridsim.networks.inference import Networks
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.external import push_link, tree_links, twist_link
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import TreeWork, new_tree_work, tree_of
from hybridsim.physics.tree_kernel import mass_matrix, place
from hybridsim.physics.tree_step import factor, free_velocity
from hybridsim.simulator.stacked import Stacked, stacked, world_in
from hybridsim.simulator.touching import meet_ground, settle


class GroundContacts:
    """What touches in every world, and what it does there."""

    def __init__(
        self,
        models: Sequence[RigidModel],
        worlds: BulletWorlds,
        points: Sequence[Points],
        patches: Sequence[Patches],
        networks: Networks | None = None,
    ) -> None:
        """Nothing touches yet.

        Args:
            models: what the worlds were made of, one each; they differ in masses and lengths alone.
            worlds: floating, without a plane.
            points: where the robot may touch, in each world.
            patches: of each world.
            networks: contact residual; None for the law alone.
        """
        self.worlds, self.patches = worlds, tuple(patches)
        known = {id(model): tree_of(model, worlds.joints) for model in {id(m): m for m in models}.values()}
        trees = [known[id(model)] for model in models]
        self.tree, self.points = trees[0], points[0]
        """The first world's; all worlds' where they were not drawn apart."""
        self._stacked = stacked(trees, points, patches)
        self._links = tree_links(models[0], worlds.clients[0])
        count, size = len(self.points.body), 6 + len(worlds.joints)
        each = [new_contacts(count, size) for _ in patches]
        self._contacts = Contacts(*(np.stack(arrays) for arrays in zip(*each, strict=True)))
        self._work = new_tree_work(len(self.tree.mass), len(worlds.joints))
        self._touch, self._free = new_touch(worlds.worlds, count), np.zeros((worlds.worlds, size))
        self._residual = residual_of(networks, worlds.worlds * count, worlds.settings.timestep)
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
        self.solve(effort)
        contacts, timestep = self._contacts, self.worlds.settings.timestep
        for w, client in enumerate(self.worlds.clients):
            pushes = contacts.impulse[w] / timestep
            for c in range(int(contacts.count[w, 0])):
                link, push = self._links[contacts.body[w, c]], pushes[c]
                push_link(client, link, push[:3], contacts.place[w, c])
                if push[3:].any():
                    twist_link(client, link, push[3:])

    def solve(self, effort: Float[np.ndarray, "world joint"]) -> None:
        """Find the impulses of the next step, as `push` puts them on, and remember what touches."""
        base = self.worlds.base
        assert base is not None, "a robot on identified ground floats"
        states = (*base.centre_states(), self.worlds.joint_position, self.worlds.joint_velocity)
        impulses(
            self._stacked,
            self._work,
            self._touch,
            self._contacts,
            states,
            np.ascontiguousarray(effort),
            self._gravity,
            self._free,
            self.worlds.settings.timestep,
            self._residual,
        )


@njit(cache=True, nogil=True)
def impulses(
    stacked: Stacked,
    work: TreeWork,
    touch: Touch,
    contacts: Contacts,
    states: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    effort: np.ndarray,
    gravity: np.ndarray,
    free: np.ndarray,
    timestep: float,
    residual: Residual | None,
) -> None:
    """Impulses of all worlds over the next step, into `contacts`; the network sees all of them at once.

    Args:
        stacked: robots and ground.
        work: scratch.
        touch: what the points remember, advanced.
        contacts: [world ...] written.
        states: per world the root's centre of mass [m], rotation_world_from_root, velocity of both (linear,
            then angular, world axes), joint positions and velocities.
        effort: [world joint] on the joints [N*m].
        gravity: [m/s^2].
        free: [world n] written: velocities at the step's end.
        timestep: [s].
        residual: changes the law, or no network.
    """
    centre, rotation, twist, q, rate = states
    u, rows = np.empty(free.shape[1]), ZERO
    for w in range(len(free)):
        tree, points, patches = world_in(stacked, w)
        own, memory = contacts_in(contacts, w), (touch.since[w], touch.approach[w], touch.impulse[w])
        u[:6], u[6:] = twist[w], rate[w]
        place(tree, centre[w], rotation[w], q[w], work)
        mass_matrix(tree, work)
        factor(work)
        free_velocity(tree, work, u, effort[w], gravity, timestep, free[w])
        meet_ground(tree, work, points, patches, memory, own, u, timestep, residual, rows)
        rows += own.ground[0]
    if residual is not None:
        evaluate(residual, rows)
    rows = ZERO
    for w in range(len(free)):
        own, memory = contacts_in(contacts, w), (touch.since[w], touch.approach[w], touch.impulse[w])
        settle(own, memory, free[w], timestep, residual, rows)
        rows += own.ground[0]
