"""Motions that keep clear of the ground, drawn in towards the rest pose as far as that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from hybridsim.context.motions import Motion, Reach
from hybridsim.errors import FleetError
from hybridsim.identify.path import poses
from hybridsim.physics.ground import ground_gap
from hybridsim.physics.hulls import with_hulls
from hybridsim.progress import Progress
from hybridsim.robot import Robot
from hybridsim.simulator.body import body_of

CLEAR = 0.02
"""Height over the ground of the lowest point of what moves; chosen, because drives sag and overshoot [m]."""
SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.15)
"""Of a motion's way from the rest pose, tried one after the other."""


def kept_clear(
    candidates: Sequence[Motion],
    reach: Reach,
    robot: Robot,
    values: Mapping[str, float],
    constants: Mapping[str, float],
    progress: Progress | None = None,
) -> list[Motion]:
    """Motions over the ground; those are left out that reach it however small they are.

    Args:
        candidates: within the limits.
        reach: that they were made for.
        robot: the design.
        values: of the models' parameters, such as the ground's height [their units].
        constants: of a log, such as its payload.
        progress: called as progress(done, total).

    Raises:
        FleetError: none stays clear of the ground.
    """
    model = with_hulls(body_of(robot, values, constants))
    joints = [robot.joint(name) for name in reach.joints]
    sign, offset = np.array([j.sign for j in joints]), np.array([j.offset.value for j in joints])
    lowest = values["world.plane_height"] + CLEAR

    def height(angle: Float[np.ndarray, "row drive"]) -> float:
        turned = angle * sign + offset
        return float(ground_gap(model, [j.urdf_joint for j in joints], turned)[0].min())

    out = []
    for done, one in enumerate(candidates, start=1):
        for share in SHARES:
            angle = reach.rest + share * (one.angle - reach.rest)
            if height(angle[poses(angle)]) >= lowest:
                out.append(replace(one, angle=angle))
                break
        if progress is not None:
            progress(done, len(candidates))
    if not out:
        rest = height(reach.rest[None]) - values["world.plane_height"]
        raise FleetError(
            f"no candidate stays {CLEAR} m over the ground; the rest pose, joints near 0, has {rest:.3f} m"
        )
    return out
