"""Ground that is more than one level plane: sloped, rough, or of two frictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pybullet
from jaxtyping import Float

from hybridsim.errors import SimulationError
from hybridsim.physics.pose import quaternion

CELL = 0.125
"""Between the points of rough ground [m]; chosen, because a foot then meets a slope rather than a wall."""
POINTS = 97
"""In each direction: twelve metres."""
EDGE = 50.0
"""Half the width of flat pieces [m]."""


@dataclass(frozen=True, kw_only=True)
class Terrain:
    """Ground under one world; z = 0 at the origin.

    Attributes:
        friction: between it and what walks on it [1].
        slope: rises along `heading` [rad].
        heading: direction of the slope, or in which the second friction begins, from x towards y [rad].
        roughness: of the heights [m], standard deviation; none for even ground.
        seed: of the heights.
        other_friction: beyond `border` along `heading`; None for the same everywhere [1].
        border: distance of the second friction from the origin [m].
    """

    friction: float = 1.0
    slope: float = 0.0
    heading: float = 0.0
    roughness: float = 0.0
    seed: int = 0
    other_friction: float | None = None
    border: float = 1.0

    def __post_init__(self) -> None:
        numbers = (self.friction, self.slope, self.heading, self.roughness, self.border)
        sane = all(math.isfinite(x) for x in numbers) and abs(self.slope) < 1.0
        if not sane or self.friction < 0.0 or not 0.0 <= self.roughness <= 0.3:
            raise SimulationError(
                f"{self}: expected finite numbers, slope within 1 rad, friction from 0, roughness 0 to 0.3 m"
            )

    @property
    def remembers(self) -> bool:
        """Whether Bullet's order of contacts on it depends on what touched it before a reset."""
        return self.roughness > 0.0 or self.other_friction is not None

    @property
    def normal(self) -> tuple[float, float, float]:
        """Upwards from the even ground."""
        tilt = -math.sin(self.slope)
        return tilt * math.cos(self.heading), tilt * math.sin(self.heading), math.cos(self.slope)

    def height(self, place: Float[np.ndarray, "*row 2"]) -> Float[np.ndarray, "*row"]:
        """Of the even ground at x, y [m]."""
        along = place[..., 0] * math.cos(self.heading) + place[..., 1] * math.sin(self.heading)
        return along * math.tan(self.slope)


def add_terrain(connection: int, terrain: Terrain) -> list[int]:
    """The ground's bodies."""
    if terrain.roughness > 0.0:
        found = [_rough(connection, terrain)]
    elif terrain.other_friction is not None:
        found = [_slab(connection, terrain, side) for side in (-1.0, 1.0)]
    else:
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_PLANE, planeNormal=list(terrain.normal), physicsClientId=connection
        )
        found = [pybullet.createMultiBody(0.0, shape, physicsClientId=connection)]
    set_friction(connection, found, terrain)
    return found


def set_friction(connection: int, bodies: Sequence[int], terrain: Terrain) -> None:
    """Of the ground's bodies."""
    other = terrain.friction if terrain.other_friction is None else terrain.other_friction
    for body, friction in zip(bodies, (terrain.friction, other), strict=False):
        pybullet.changeDynamics(body, -1, lateralFriction=friction, physicsClientId=connection)


def _rough(connection: int, terrain: Terrain) -> int:
    """Random heights around a slope, even around the origin, where robots begin."""
    heights = rough_heights(terrain)
    shape = pybullet.createCollisionShape(
        pybullet.GEOM_HEIGHTFIELD,
        meshScale=[CELL, CELL, 1.0],
        heightfieldData=heights.ravel().tolist(),
        numHeightfieldRows=POINTS,
        numHeightfieldColumns=POINTS,
        physicsClientId=connection,
    )
    # Bullet centres a height field between its extremes.
    middle = 0.5 * float(heights.min() + heights.max())
    return pybullet.createMultiBody(0.0, shape, basePosition=[0.0, 0.0, middle], physicsClientId=connection)


def rough_heights(terrain: Terrain) -> Float[np.ndarray, "y x"]:
    """Of rough ground at its points [m]."""
    line = CELL * (np.arange(POINTS) - POINTS // 2)
    x, y = np.meshgrid(line, line)
    bumps = terrain.roughness * np.random.default_rng(terrain.seed).standard_normal((POINTS, POINTS))
    bumps[np.hypot(x, y) < 0.7] = 0.0
    return bumps + terrain.height(np.stack([x, y], axis=-1))


def _slab(connection: int, terrain: Terrain, side: float) -> int:
    """One half of the ground, from the border on."""
    half = [EDGE, EDGE, 1.0]
    shape = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half, physicsClientId=connection)
    up, heading = (
        np.array(terrain.normal),
        np.array([math.cos(terrain.heading), math.sin(terrain.heading), 0.0]),
    )
    ahead = heading - (heading @ up) * up
    ahead /= np.linalg.norm(ahead)
    turn = np.stack([ahead, np.cross(up, ahead), up], axis=1)
    along = terrain.border / math.cos(terrain.slope) + side * EDGE
    place = turn @ np.array([along, 0.0, -1.0])
    return pybullet.createMultiBody(
        0.0,
        shape,
        basePosition=place.tolist(),
        baseOrientation=quaternion(turn).tolist(),
        physicsClientId=connection,
    )
