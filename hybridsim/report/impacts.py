"""Impacts of a tossed body, found in its motion alone, and how it lands on the first one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hybridsim.report.toss_body import Body, Motion

REACH = 7e-3
"""Of second differences, to each side [s]; chosen, because impacts of palm-sized bodies last about 10 ms."""
HARD = 3.0
"""Push above which it is an impact, in weights; chosen, because what rests or slides is held by about one:
on 106 tosses the cube at rest never shows more than 1.6, in flight never more than 0.8."""
APART = 20e-3
"""Between impacts [s]; chosen, because what comes closer is one impact that lasts."""
HALF = 10e-3
"""To each side of an impact's peak in which it may still push [s]; half of `APART`."""
NEAR = 5e-3
"""Of the lowest corner [m], within which others land with it; chosen: 3 deg of tilt of a 0.1 m edge."""
LANDINGS = ("corner", "edge", "face")


def reach_of(motion: Motion) -> int:
    """Samples in `REACH`, at least one."""
    return max(1, round(REACH / float(np.median(np.diff(motion.time_s)))))


def push(motion: Motion, gravity: float) -> Float[np.ndarray, " time"]:
    """Acceleration that gravity does not explain, in weights, from second differences; 0 at the ends."""
    k, found = reach_of(motion), np.zeros(len(motion.time_s))
    if len(found) <= 2 * k:
        return found
    rate = (motion.position[k:] - motion.position[:-k]) / (motion.time_s[k:] - motion.time_s[:-k])[:, None]
    span = (motion.time_s[2 * k :] - motion.time_s[: -2 * k])[:, None]
    excess = 2 * (rate[k:] - rate[:-k]) / span + np.array([0.0, 0.0, gravity])
    found[k:-k] = np.linalg.norm(excess, axis=1) / gravity
    return found


def impact_times(motion: Motion, gravity: float) -> Float[np.ndarray, " impact"]:
    """When the body is hit [s]: peaks of `push` above `HARD`, the harder one where two are not `APART`.

    Error: within 7 ms of planted bounces, tests/report/test_report_tosses.py.
    """
    hard = push(motion, gravity)
    found: list[float] = []
    for row in np.argsort(-hard, kind="stable"):
        if hard[row] < HARD:
            break
        if all(abs(motion.time_s[row] - other) >= APART for other in found):
            found.append(float(motion.time_s[row]))
    return np.array(sorted(found))


def landing(motion: Motion, body: Body) -> str:
    """Whether a corner, an edge or a face touches first: by the corners near the lowest at that time.

    Between samples corners are taken to move straight; where none reaches the ground, the lowest sample
    counts.
    """
    heights = motion.clearance(body)
    lowest = heights.min(axis=1)
    below = np.flatnonzero(lowest <= 0)
    touching = heights[lowest.argmin() if not len(below) else below[0]]
    if len(below) and below[0] > 0:
        before, after = lowest[below[0] - 1], lowest[below[0]]
        share = before / (before - after)
        touching = (1 - share) * heights[below[0] - 1] + share * touching
    count = int((touching <= touching.min() + NEAR).sum())
    return LANDINGS[min(count, len(LANDINGS)) - 1]
