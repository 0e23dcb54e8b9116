"""Contact points of a robot from its collision shapes: corners, rims and spheres stand for the whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
from jaxtyping import Float

from hybridsim.contacts.points import Points
from hybridsim.errors import RobotError
from hybridsim.physics.hulls import corners_of
from hybridsim.physics.model import Collision, Link, RigidModel
from hybridsim.physics.tree import tree_bodies

RIM = 12
"""Points on a cylinder's rim; chosen, because a rim then sags by 3 % of its radius between two of them."""
MOST = 200
"""Points of a robot; chosen, because every step looks at all of them."""


def points_of(model: RigidModel, values: Mapping[str, float]) -> Points:
    """Spheres for every shape, sized and rounded as `link.<link>.size` and `.rounding` say.

    Raises:
        RobotError: no link has a collision shape, a shape is smaller than its rounding, or there are too many
            points.
    """
    bodies, places, radii = [], [], []
    for body, name in enumerate(tree_bodies(model)):
        link = model.link(name)
        size, rounding = values.get(f"link.{name}.size", 1.0), values.get(f"link.{name}.rounding", 0.0)
        for shape in link.collisions:
            centres, radius = spheres_of(model, link, shape, size, rounding)
            places.append(centres @ shape.pose.rotation.T + size * shape.pose.position)
            bodies += [body] * len(centres)
            radii += [radius] * len(centres)
    if not bodies:
        raise RobotError(f"{model.name}: no link has a collision shape; expected at least one to touch with")
    if len(bodies) > MOST:
        raise RobotError(
            f"{model.name}: {len(bodies)} contact points; expected at most {MOST}: simpler collision shapes"
        )
    return Points(np.array(bodies, np.int64), np.concatenate(places), np.array(radii, float))


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
