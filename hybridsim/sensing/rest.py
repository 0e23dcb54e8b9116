"""When nothing moves: by the sensor itself, and by the tracked pose."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.errors import LogError
from hybridsim.frames import geodesic_angle
from hybridsim.sensing.filters import low_passed, runs, spread_over
from hybridsim.sensing.recording import Recording
from hybridsim.sensing.turns import rates, unit

QUIET_RATE, QUIET_FORCE = 4e-3, 0.12
"""Scatter of a sensor at rest is below this [rad/s, m/s^2]; chosen between BROAD's
rests and its slowest motions."""
WINDOW_S = 0.5
LEAST_S = 1.0
"""Of a rest from which a bias can be read."""
STILL_RATE, STILL_SPEED = 0.04, 4e-3
"""A tracked body stands still below these, low-passed at `STILL_HZ` [rad/s, m/s]."""
STILL_HZ = 4.0
STILL_S, EDGE_S = 0.6, 0.05
"""Shortest stand, and what is cut off at its ends."""
PAUSE_S, SAME_ANGLE, SAME_PLACE = 1.5, 6e-3, 1e-3
"""Two stands that are no further apart than this are one: a glimpse of the optics lay between them."""
GLIMPSE = 0.02
"""Largest angle in between [rad]."""

Rows = Bool[np.ndarray, " row"]


def quiet(recording: Recording) -> Rows:
    """Rows where the sensor scatters no more than at rest."""
    window = recording.count(WINDOW_S)
    rate = spread_over(recording.gyro, window).max(axis=1)
    force = spread_over(recording.acc, window).max(axis=1)
    return (rate < QUIET_RATE) & (force < QUIET_FORCE)


def first_rest(recording: Recording) -> Rows:
    """Rows of the first rest.

    Raises:
        LogError: the log has none of `LEAST_S`.
    """
    for begin, end in runs(quiet(recording)):
        if end - begin >= recording.count(LEAST_S):
            found = np.zeros(recording.rows, bool)
            cut = min(recording.count(WINDOW_S), (end - begin) // 4)
            found[begin + (cut if begin == 0 else 0) : end - cut] = True
            return found
    raise LogError(
        f"log {recording.name}: the sensor never rests for {LEAST_S:g} s; expected one, it tells the bias"
    )


def bias(recording: Recording) -> Float[np.ndarray, "3"]:
    """What the gyroscope reads in the first rest [rad/s]."""
    return recording.gyro[first_rest(recording)].mean(axis=0)


def still(recording: Recording) -> Rows:
    """Rows where the tracked body stands still."""
    rate = low_passed(rates(recording.orientation, recording.period), STILL_HZ, recording.period)
    speed = np.gradient(recording.position, recording.period, axis=0)
    speed = low_passed(speed, STILL_HZ, recording.period)
    slow = (np.linalg.norm(rate, axis=1) < STILL_RATE) & (np.linalg.norm(speed, axis=1) < STILL_SPEED)
    found, edge = np.zeros(recording.rows, bool), recording.count(EDGE_S)
    for begin, end in runs(slow):
        if end - begin > recording.count(STILL_S):
            found[begin + edge : end - edge] = True
    return _joined(recording, found)


def _joined(recording: Recording, found: Rows) -> Rows:
    """Stands of one and the same pose as one, with what lies between them."""
    stands, found = runs(found), found.copy()
    for (_, end), (begin, _) in pairwise(stands):
        if begin - end >= recording.count(PAUSE_S):
            continue
        half = recording.count(WINDOW_S)
        one, other = (
            stand_pose(recording, max(0, end - half), end),
            stand_pose(recording, begin, begin + half),
        )
        away = geodesic_angle(recording.orientation[end:begin], one[0][None])
        near = np.linalg.norm(one[1] - other[1]) < SAME_PLACE
        if near and geodesic_angle(one[0], other[0]) < SAME_ANGLE and away.max(initial=0.0) < GLIMPSE:
            found[end:begin] = True
    return found


def stand_pose(
    recording: Recording, begin: int, end: int
) -> tuple[Float[np.ndarray, "4"], Float[np.ndarray, "3"]]:
    """Mean orientation and position of some rows; of believed ones where there are any."""
    known = ~recording.missing[begin:end]
    rows = slice(None) if not known.any() else known
    quaternion = unit(recording.orientation[begin:end][rows].mean(axis=0)[None])[0]
    return quaternion, recording.position[begin:end][rows].mean(axis=0)
