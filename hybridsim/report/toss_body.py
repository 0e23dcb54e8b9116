"""A tossed body: where its corners are, and what energy its motion holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.frames import conjugate, rotated, rotation_vector
from hybridsim.passive.setup import Setups
from hybridsim.replay import Replay


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """The root link of a passive robot, in the lengths and times of the data.

    Attributes:
        corners: centres of the spheres that touch, from the link's origin along its axes [m].
        radius: of those spheres [m].
        mass: [kg].
        com: centre of mass, from the link's origin along its axes [m].
        inertia: about the centre of mass, link's axes [kg*m^2].
        gravity: [m/s^2].
        ground: height of the ground [m].
        whole: whether the robot is this link alone; of one with joints, energies are not known from here.
    """

    corners: Float[np.ndarray, "corner 3"]
    radius: Float[np.ndarray, " corner"]
    mass: float
    com: Float[np.ndarray, "3"]
    inertia: Float[np.ndarray, "3 3"]
    gravity: float
    ground: float
    whole: bool = True

    def drawing(self) -> dict[str, Any]:
        """What outlines need, for scores.json."""
        return {"corners_m": self.corners, "radius_m": self.radius, "ground_m": self.ground}


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """Where the root link's origin is [m] and how it is turned, xyzw, over time [s]; nothing is missing."""

    time_s: Float[np.ndarray, " time"]
    position: Float[np.ndarray, "time 3"]
    orientation: Float[np.ndarray, "time 4"]

    def at(self, points: Float[np.ndarray, "point 3"]) -> Float[np.ndarray, "time point 3"]:
        """Points of the body in the world [m]."""
        turned = [rotated(self.orientation, np.tile(point, (len(self.time_s), 1))) for point in points]
        return self.position[:, None] + np.stack(turned, axis=1)

    def clearance(self, body: Body) -> Float[np.ndarray, "time corner"]:
        """Height of every corner above the ground [m]."""
        return self.at(body.corners)[:, :, 2] - body.radius - body.ground


@dataclass(frozen=True, kw_only=True, eq=False)
class Toss:
    """One log: the measured motion and every variant's at the same times."""

    log_id: str
    measured: Motion
    predicted: dict[str, Motion]


def bodies_of(setups: Setups) -> list[Body]:
    """The root link of every world."""
    worlds, found = setups.worlds, []
    # Corners, and not what is within faces.
    mine = (worlds.points.body == 0) & (worlds.points.share == 1.0)
    for w, (length, time) in enumerate(setups.scale):
        body = Body(
            corners=length * worlds.position[w, mine],
            radius=length * worlds.radius[w, mine],
            mass=float(worlds.mass[w, 0]),
            com=length * worlds.com[w, 0],
            inertia=length**2 * worlds.inertia[w, 0],
            gravity=float(-setups.gravity[w, 2] * length / time**2),
            ground=float(length * worlds.height[w, 0]),
            whole=worlds.mass.shape[1] == 1,
        )
        found.append(body)
    return found


def tosses_of(replays: Sequence[Replay]) -> list[Toss]:
    """Logs that have both base_position and base_orientation; samples that lack either are left out."""
    turns = {replay.log_id: replay for replay in replays if replay.signal == "base_orientation"}
    pairs = [(r, turns[r.log_id]) for r in replays if r.signal == "base_position" and r.log_id in turns]
    return [_toss(place, turn) for place, turn in pairs if len(place.time_s) == len(turn.time_s)]


def _toss(place: Replay, turn: Replay) -> Toss:
    kept = np.isfinite(place.measured).all(axis=1) & np.isfinite(turn.measured).all(axis=1)
    motion = lambda p, q: Motion(time_s=place.time_s[kept], position=p[kept], orientation=q[kept])  # noqa: E731
    return Toss(
        log_id=place.log_id,
        measured=motion(place.measured, turn.measured),
        predicted={v: motion(p, turn.predicted[v]) for v, p in place.predicted.items()},
    )


def energy(body: Body, motion: Motion, reach: int) -> Float[np.ndarray, " time"]:
    """Kinetic energy plus the potential one above the ground [J times the data's scale squared].

    Velocities are central differences, which are exact in free flight; NaN at the ends.

    Args:
        body: what moves.
        motion: how.
        reach: of the differences, to each side [samples].
    """
    found = np.full(len(motion.time_s), np.nan)
    if len(found) <= 2 * reach:
        return found
    ahead, behind, here = slice(2 * reach, None), slice(None, -2 * reach), slice(reach, -reach)
    span = (motion.time_s[ahead] - motion.time_s[behind])[:, None]
    centre = motion.at(body.com[None])[:, 0]
    speed = (centre[ahead] - centre[behind]) / span
    # A turn about a fixed axis has the same vector seen from the body at its beginning, middle and end.
    spin = rotation_vector(conjugate(motion.orientation[behind]), motion.orientation[ahead]) / span
    turning = np.einsum("ti,ij,tj->t", spin, body.inertia, spin)
    height = centre[here, 2] - body.ground
    found[here] = 0.5 * (body.mass * (speed**2).sum(axis=1) + turning) + body.mass * body.gravity * height
    return found
