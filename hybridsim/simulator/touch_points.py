"""Contact points of a robot from its collision shapes: corners, rims and spheres stand for the whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hybridsim.contacts.points import EMBEDDING, Points
from hybridsim.errors import RobotError, listed
from hybridsim.physics.hulls import corners_of
from hybridsim.physics.merge import place_links
from hybridsim.physics.model import Collision, Link, Pose, RigidModel
from hybridsim.physics.tree import tree_bodies
from hybridsim.robot import Touching
from hybridsim.simulator.footing import NO_FACES, Footing, footing_of

SIZES = (("size", 1.0), ("rounding", 0.0))
"""Parameters of a link's shapes, and their values where nobody has identified them."""
RIM = 12
"""Points on a cylinder's rim; chosen, because a rim then sags by 3 % of its radius between two of them."""
MOST = 200
"""Points of a robot; chosen, because every step looks at all of them."""


class Shape(NamedTuple):
    """One collision shape that may touch."""

    owner: str
    """The URDF's link that it belongs to: the foot, not the shank that the foot is fixed to."""
    body: int
    """Index of the body that carries it."""
    link: Link
    """The model's link that holds it, fixed to that body."""
    pose: Pose
    """Of that link in the body's frame."""
    collision: Collision


def points_of(model: RigidModel, values: Mapping[str, float], touching: Touching | None = None) -> Points:
    """Spheres for every shape, sized and rounded as `link.<link>.size` and `.rounding` say.

    Args:
        model: the robot, fixed links merged.
        values: parameters by name [their units].
        touching: which links and shapes; None for all.

    Raises:
        RobotError: a link is not there or has no such shape, a shape is smaller than its rounding, or there
            are too many points.
    """
    bodies, places, radii, embeddings, shares = [], [], [], [], []
    for shape in shapes_of(model, touching):
        size, rounding = (values.get(f"link.{shape.link.name}.{x}", y) for x, y in SIZES)
        centres, radius = spheres_of(model, shape.link, shape.collision, size, rounding)
        inner, reach = inner_of(model, shape, touching), values.get(f"link.{shape.link.name}.footing", 1.0)
        shares += [*[1.0] * len(centres), *inner.share.tolist()]
        centres = np.concatenate([centres, inner.places(centres, reach)]) if len(inner.corner) else centres
        own = shape.collision.pose
        placed = shape.pose @ Pose(size * own.position, own.rotation)
        places.append(centres @ placed.rotation.T + placed.position)
        bodies += [shape.body] * len(centres)
        radii += [radius] * len(centres)
        told = [values.get(f"link.{shape.owner}.embedding_{k + 1}", 0.0) for k in range(EMBEDDING)]
        embeddings += [told] * len(centres)
    if len(bodies) > MOST:
        raise RobotError(
            f"{model.name}: {len(bodies)} contact points; expected at most {MOST}: simpler collision shapes,"
            " or fewer links in robot.toml's [touch]"
        )
    return Points(
        body=np.array(bodies, np.int64),
        position=np.concatenate(places),
        radius=np.array(radii, float),
        embedding=np.array(embeddings, float),
        share=np.array(shares, float),
    )


def inner_of(model: RigidModel, shape: Shape, touching: Touching | None) -> Footing:
    """Points within a shape's faces, where [touch] spreads pressure over them."""
    if touching is None or touching.pressure != "faces":
        return NO_FACES
    return footing_of(spheres_of(model, shape.link, shape.collision, 1.0, 0.0)[0])


def owners_of(model: RigidModel, touching: Touching | None = None) -> tuple[str, ...]:
    """The URDF's link that each point of `points_of` belongs to."""
    shapes = shapes_of(model, touching)
    counts = [
        len(spheres_of(model, one.link, one.collision, 1.0, 0.0)[0])
        + len(inner_of(model, one, touching).corner)
        for one in shapes
    ]
    return tuple(one.owner for one, count in zip(shapes, counts, strict=True) for _ in range(count))


def shapes_of(model: RigidModel, touching: Touching | None) -> list[Shape]:
    """Every shape that may touch, bodies in the tree's order.

    Raises:
        RobotError: none, or a named link has none; the message names those that have.
    """
    names, placed = tree_bodies(model), place_links(model)
    every = [
        Shape(shape.link or link.name, names.index(held.body), link, held.pose, shape)
        for link, held in ((link, placed[link.name]) for link in model.links)
        for shape in link.collisions
    ]
    every.sort(key=lambda one: one.body)
    if not every:
        raise RobotError(f"{model.name}: no link has a collision shape; expected at least one to touch with")
    if touching is None:
        return every
    chosen = [one for one in every if touching.shapes is None or one.collision.kind in touching.shapes]
    for link in touching.links:
        if link not in {one.owner for one in chosen}:
            kind = "" if touching.shapes is None else f" of kind {' or '.join(touching.shapes)}"
            have = listed({one.owner for one in chosen}, most=40)
            raise RobotError(
                f"{model.name}: [touch] link '{link}' has no collision shape{kind}; links with one: {have}"
            )
    return [one for one in chosen if one.owner in touching.links]


def spheres_of(
    model: RigidModel, link: Link, shape: Collision, size: float, rounding: float
) -> tuple[Float[np.ndarray, "n 3"], float]:
    """Centres in the shape's frame and the radius of spheres that touch level ground where the shape does."""
    lengths = [size * length for length in shape.size]
    if shape.kind == "sphere":
        return np.zeros((1, 3)), lengths[0]
    if shape.kind == "capsule":
        return np.array([[0, 0, s * lengths[1] / 2] for s in (-1, 1)], float), lengths[0]
    if shape.kind == "mesh":
        return corners_of(shape) * size, 0.0
    half = [lengths[0], lengths[0], lengths[1] / 2] if shape.kind == "cylinder" else [x / 2 for x in lengths]
    inner = np.array(half) - rounding
    if inner.min() < 0:
        raise RobotError(
            f"{model.name}: link '{link.name}': rounding {rounding:g} m of a shape {2 * min(half):g} m thin;"
            f" expected at most {min(half):g} m"
        )
    if shape.kind == "cylinder":
        angles = np.arange(RIM) * 2 * np.pi / RIM
        rim = np.stack([inner[0] * np.cos(angles), inner[0] * np.sin(angles)], axis=1)
        return np.concatenate([np.c_[rim, np.full(RIM, s * inner[2])] for s in (-1, 1)]), rounding
    return np.array(list(product((-1.0, 1.0), repeat=3))) * inner, rounding
