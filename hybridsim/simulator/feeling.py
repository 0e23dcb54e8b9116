"""Forces that a robot's sensors feel: of its feet on the ground, and in the joints of its links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from hybridsim.errors import SimulationError, listed
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.carried import CarriedBodies
from hybridsim.physics.external import tree_links
from hybridsim.physics.felt import ContactForces, JointWrenches
from hybridsim.physics.felt_loop import LawForces, asked_of_nobody, law_of_nobody
from hybridsim.physics.merge import place_links
from hybridsim.physics.model import RigidModel
from hybridsim.physics.tree import tree_bodies
from hybridsim.robot import Robot
from hybridsim.sensors import Mounted
from hybridsim.simulator.body import bare_body
from hybridsim.simulator.ground_contact import GroundContacts
from hybridsim.simulator.touch_points import owners_of

FORCED = ("force", "contact")


class Feeling:
    """What is there to feel, for the sensors that ask."""

    def __init__(self, forces: ContactForces | LawForces | None, wrenches: JointWrenches | None) -> None:
        self._forces = forces if isinstance(forces, ContactForces) else None
        self._wrenches = wrenches
        self.asked = asked_of_nobody() if self._forces is None else self._forces.asked()
        """Feet that a compiled loop has to ask for; those are not read here."""
        self.law = forces if isinstance(forces, LawForces) else law_of_nobody()
        """Feet on an identified ground, which it reads likewise."""

    @property
    def reads(self) -> bool:
        """Whether `read` has anything to do."""
        forces = self._forces is not None and not len(self.asked.handles)
        return forces or self._wrenches is not None

    def read(
        self,
        worlds: Int[np.ndarray, " some"],
        force: Float[np.ndarray, "world touch"],
        wrench: Float[np.ndarray, "world sensor 6"],
    ) -> None:
        """Write what the last step left [N, N*m], but for what is `asked`."""
        if self._forces is not None and not len(self.asked.handles):
            self._forces.read(worlds, force)
        if self._wrenches is not None:
            self._wrenches.read(worlds, wrench)


def feeling_of(
    robot: Robot,
    urdf: RigidModel | None,
    mounted: Sequence[Mounted],
    body: BulletWorlds | CarriedBodies,
    ground: GroundContacts | None,
) -> Feeling:
    """What the sensors of kind force, contact and wrench read.

    On PyBullet's own ground a link that is fixed to another feels all that the two touch.

    Raises:
        SimulationError: a servo's body has no forces to feel, a link touches nothing, or a wrench is asked
            for where no joint moves.
    """
    touching = [one.sensor.link or "" for one in mounted if one.sensor.kind in FORCED]
    wrenched = [one.sensor.link or "" for one in mounted if one.sensor.kind == "wrench"]
    if urdf is None or not (touching or wrenched):
        return Feeling(None, None)
    if not isinstance(body, BulletWorlds):
        raise SimulationError(
            f"robots/{robot.name}: sensors on {listed({*touching, *wrenched})}, but servos carry this body"
            " without forces; expected drives that give efforts"
        )
    placed = place_links(urdf)
    indices = dict(zip(tree_bodies(urdf), tree_links(urdf, body.clients[0]), strict=True))
    for link in (*touching, *wrenched):
        urdf.link(link)
    links = [indices[placed[link].body] for link in touching]
    return Feeling(_forces(robot, touching, body, ground, links), _wrenches(robot, wrenched, body, indices))


def _forces(
    robot: Robot,
    touching: Sequence[str],
    body: BulletWorlds,
    ground: GroundContacts | None,
    links: Sequence[int],
) -> ContactForces | LawForces | None:
    """Normal forces by the law where there is one, else by PyBullet, whose indices `links` are."""
    if not touching:
        return None
    if ground is None:
        return ContactForces(body.clients, links)
    owners = owners_of(bare_body(robot), robot.touch)
    if idle := set(touching) - set(owners):
        there = listed(set(owners))
        raise SimulationError(f"robots/{robot.name}: {listed(idle)} touch nothing; links that do: {there}")
    member = np.array([[owner == link for link in touching] for owner in owners], float)
    return LawForces(ground.touch.impulse, member)


def _wrenches(
    robot: Robot, wrenched: Sequence[str], body: BulletWorlds, indices: Mapping[str, int]
) -> JointWrenches | None:
    """Reactions of the joints that hold links."""
    if not wrenched:
        return None
    moved = [name for name, index in indices.items() if index >= 0]
    if loose := set(wrenched) - set(moved):
        raise SimulationError(
            f"robots/{robot.name}: wrench on {listed(loose)}; expected a link behind a moving joint:"
            f" {listed(moved)}"
        )
    return JointWrenches(body.clients, [indices[link] for link in wrenched])
