"""Merging fixed links exactly, instead of by PyBullet's `URDF_MERGE_FIXED_LINKS`, which gets ANYmal wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hybridsim.physics.inertia import combine
from hybridsim.physics.model import Joint, Link, Pose, RigidModel


@dataclass(frozen=True, eq=False)
class Placed:
    """A link and where it is in the frame of the body that carries it."""

    link: Link
    pose: Pose
    body: str


def merge_fixed(model: RigidModel) -> RigidModel:
    """The same robot with fewer links: everything held by fixed joints becomes one body.

    Mass, centre of mass and inertia are exact, so the mass matrix is that of the unmerged robot. A contact
    parameter belongs to a link: shapes whose parameters differ from the rest of their body stay on a massless
    link of their own name, held by a fixed joint (a quadruped's foot with friction of its own).

    Returns:
        The merged robot; joints keep their names and order, bodies the name of the link that moves them.
    """
    placed = place_links(model)
    bodies = [link.name for link in model.links if placed[link.name].body == link.name]
    links, joints = [], [reattach(joint, placed) for joint in model.joints if joint.moves]
    for body in bodies:
        merged, extra = merge_body(body, [x for x in placed.values() if x.body == body])
        links.append(merged)
        for patch in extra:
            links.append(replace(patch.link, mass=0.0, com=Pose().position, inertia=0 * patch.link.inertia))
            joints.append(Joint(f"{patch.link.name}_patch", "fixed", body, patch.link.name, patch.pose))
    return RigidModel(model.name, tuple(links), tuple(joints))


def place_links(model: RigidModel) -> Mapping[str, Placed]:
    """Every link with the body it ends up in, parents before children."""
    placed = {model.root: Placed(model.link(model.root), Pose(), model.root)}
    links = {link.name: link for link in model.links}
    children: dict[str, list[Joint]] = {}
    for joint in model.joints:
        children.setdefault(joint.parent, []).append(joint)
    waiting = [model.root]
    while waiting:
        parent = placed[waiting.pop()]
        for joint in children.get(parent.link.name, []):
            link = links[joint.child]
            carried = Placed(link, parent.pose @ joint.origin, parent.body)
            placed[link.name] = Placed(link, Pose(), link.name) if joint.moves else carried
            waiting.append(link.name)
    return placed


def reattach(joint: Joint, placed: Mapping[str, Placed]) -> Joint:
    """A moving joint, held by the body that its parent link became part of."""
    parent = placed[joint.parent]
    return replace(joint, parent=parent.body, origin=parent.pose @ joint.origin)


def merge_body(body: str, parts: list[Placed]) -> tuple[Link, list[Placed]]:
    """One link from the parts of a body, and the links that stay apart for their contact parameters."""
    masses = [part.link.mass for part in parts]
    coms = [part.pose.position + part.pose.rotation @ part.link.com for part in parts]
    inertias = [part.pose.rotation @ part.link.inertia @ part.pose.rotation.T for part in parts]
    mass, com, inertia = combine(masses, coms, inertias)
    head = next(part.link for part in parts if part.link.name == body)
    touching = [part for part in parts if part.link.collisions]
    # The body's own link decides, or the first that can touch anything.
    contact = head.contact if head.collisions or not touching else touching[0].link.contact
    shapes = tuple(
        replace(shape, pose=part.pose @ shape.pose, link=shape.link or part.link.name)
        for part in touching
        if part.link.contact == contact
        for shape in part.link.collisions
    )
    apart = [part for part in touching if part.link.contact != contact]
    return Link(body, mass, com, inertia, shapes, contact), apart
