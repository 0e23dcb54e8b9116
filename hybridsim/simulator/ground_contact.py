"""Contacts of PyBullet's floating robots with the ground by the identified law, as pushes from outside.

PyBullet integrates the bodies and never sees that ground; the impulses that it gets hold over one step.
Error: equal to the same steps without PyBullet to 1e-8 m over a toss, tests/passive/test_twin.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.contacts.points import Patches, Points, Touch, new_touch
from hybridsim.contacts.residual import residual_of
from hybridsim.contacts.solve import NORMAL, Contacts, new_contacts
from hybridsim.lending import Lent
from hybridsim.networks.inference import Networks
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.external import push_link, tree_links, twist_link
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import new_tree_work, tree_of
from hybridsim.simulator.ground_lent import Called, address_of
from hybridsim.simulator.ground_loop import Meeting, Pushed, impulses
from hybridsim.simulator.stacked import stacked


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
        self._links = tree_links(models[0], worlds.clients[0])
        count, size = len(self.points.body), 6 + len(worlds.joints)
        each = [new_contacts(count, size) for _ in patches]
        assert worlds.base is not None, "a robot on identified ground floats"
        raw, _, turn = worlds.base.raw()
        self._meeting = Meeting(
            stacked=stacked(trees, points, patches),
            touch=new_touch(worlds.worlds, count),
            contacts=Contacts(*(np.stack(arrays) for arrays in zip(*each, strict=True))),
            free=np.zeros((worlds.worlds, size)),
            raw=raw,
            turn=turn,
            position=worlds.joint_position,
            velocity=worlds.joint_velocity,
            effort=worlds.effort,
            gravity=np.array(worlds.settings.gravity, float),
            timestep=np.array([worlds.settings.timestep]),
            rotation=np.zeros((3, 3)),
            u=np.zeros(size),
            work=new_tree_work(len(self.tree.mass), len(worlds.joints)),
        )
        self._residual = residual_of(networks, worlds.worlds * count, worlds.settings.timestep)
        self._lent: Lent | None = None

    @property
    def load(self) -> Float[np.ndarray, "world point"]:
        """Normal force at every point during the last step [N]."""
        return self.touch.impulse[:, :, NORMAL] / self.worlds.settings.timestep

    @property
    def touch(self) -> Touch:
        """What the points remember; read it."""
        return self._meeting.touch

    def reset(self, worlds: Sequence[int]) -> None:
        """Forget what touched in some worlds."""
        chosen = list(worlds)
        self.touch.since[chosen] = -1.0
        self.touch.approach[chosen] = 0.0
        self.touch.impulse[chosen] = 0.0

    def push(self) -> None:
        """Put the impulses of the next step on the links of every world, under the efforts applied to it."""
        self.solve()
        contacts, timestep = self._meeting.contacts, self.worlds.settings.timestep
        for w, client in enumerate(self.worlds.clients):
            pushes = contacts.impulse[w] / timestep
            for c in range(int(contacts.count[w, 0])):
                link, push = self._links[contacts.body[w, c]], pushes[c]
                push_link(client, link, push[:3], contacts.place[w, c])
                if push[3:].any():
                    twist_link(client, link, push[3:])

    def solve(self) -> None:
        """Find the impulses of the next step, as `push` puts them on, and remember what touches."""
        base = self.worlds.base
        assert base is not None, "a robot on identified ground floats"
        base.raw()
        impulses(self._meeting, self._residual, 0, self.worlds.worlds)

    def compiled(self) -> Called | None:
        """The same as `push` for loops that call it by its address; None where Python has to.

        They keep `raw`, joints and efforts in the arrays of `BulletWorlds.compiled` up to date.
        """
        wiring = self.worlds.wiring
        if wiring is None:
            return None
        if self._lent is None:
            links, bodies = np.array(self._links, np.int64), wiring.bodies.astype(np.int64)
            pushed = Pushed(wiring.functions, wiring.handles, bodies, links)
            self._lent = Lent(self._meeting, pushed, self._residual or ())
        return address_of(self._residual is not None), self._lent.places.ctypes.data
