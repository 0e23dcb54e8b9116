"""What sensors make of their samples: velocity from counts, a switch from a force, a pose from its error."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hybridsim.sensors.fronts import BOUNCE, OFF, ON, VELOCITY_RESOLUTION, VELOCITY_SMOOTH, WINDOW
from hybridsim.sensors.line import FIRST, NOT_DUE, READING, STAMP, Lines, counted

# Memory of an encoder: behind the play the low-passed velocity, how many counts are known and the last of
# them, each with its stamp.
LOW_PASSED, KNOWN, RING = 1, 2, 3
CLOSED, UNREST = 0, 1


@njit(cache=True, nogil=True, error_model="numpy")
def differentiate(
    table: np.ndarray, own: range, front: np.ndarray, memory: np.ndarray, lines: Lines, worlds: np.ndarray
) -> None:
    """The drives' own velocities: differences of counts, low-passed from sample to sample [rad/s].

    Until the window is full the oldest count there is stands in; the first velocity is the channel's own.
    """
    for w in worlds:
        state, late, moment = lines.state[w], lines.late[w], lines.moment[w]
        m, p = memory[w], front[w]
        for s in own:
            if p[s, WINDOW] <= 0.0 or late[s] == NOT_DUE:
                continue
            first, slots, known = table[s, FIRST], int(p[s, WINDOW]) + 1, int(m[s, KNOWN])
            angle, stamp = state[first, READING], moment[s, STAMP]
            newest, velocity = RING + 2 * (known % slots), state[first + 1, READING]
            m[s, newest], m[s, newest + 1], m[s, KNOWN] = angle, stamp, known + 1.0
            if known > 0:
                oldest = RING + 2 * ((known + 1) % slots if known + 1 >= slots else 0)
                velocity = (angle - m[s, oldest]) / (stamp - m[s, oldest + 1])
                before = m[s, LOW_PASSED]
                velocity = before + p[s, VELOCITY_SMOOTH] * (velocity - before)
            m[s, LOW_PASSED] = velocity
            state[first + 1, READING] = counted(velocity, p[s, VELOCITY_RESOLUTION], False)


@njit(cache=True, nogil=True, error_model="numpy")
def switch(
    table: np.ndarray, own: range, front: np.ndarray, memory: np.ndarray, lines: Lines, worlds: np.ndarray
) -> None:
    """1 where a switch is closed: it closes above one force, opens at or below another, and bounces.

    For so many samples after a change it shows either state, by a coin.
    """
    at = lines.at
    for w in worlds:
        state, late, m, p = lines.state[w], lines.late[w], memory[w], front[w]
        for s in own:
            if late[s] == NOT_DUE:
                continue
            first, before = table[s, FIRST], m[s, CLOSED]
            threshold = min(p[s, ON], p[s, OFF]) if before > 0.5 else p[s, ON]
            shown = m[s, CLOSED] = 1.0 if state[first, READING] > threshold else 0.0
            if lines.count[w, 0] > 0 and shown != before:
                m[s, UNREST] = p[s, BOUNCE]
            if m[s, UNREST] >= 1.0:
                m[s, UNREST] -= 1.0
                shown = 1.0 if lines.normal[w, at[w]] < 0.0 else 0.0
                at[w] += 1
            state[first, READING] = shown


@njit(cache=True, nogil=True, error_model="numpy")
def turn(table: np.ndarray, own: range, lines: Lines, worlds: np.ndarray) -> None:
    """Make of poses' readings unit quaternions w >= 0, turned on by the rotation error about the link's axes.

    The delay blends two orientations component by component: exact to the square of the angle between them.
    """
    state = lines.state
    for s in own:
        first = table[s, FIRST]
        for w in worlds:
            if lines.late[w, s] == NOT_DUE:
                continue
            x, y = state[w, first + 3, READING], state[w, first + 4, READING]
            z, r = state[w, first + 5, READING], state[w, first + 6, READING]
            a, b = state[w, first + 7, READING], state[w, first + 8, READING]
            c = state[w, first + 9, READING]
            angle = math.sqrt(a * a + b * b + c * c)
            cosine, scale = math.cos(0.5 * angle), 0.5
            if angle > 0.0:
                scale = math.sin(0.5 * angle) / angle
            a, b, c = a * scale, b * scale, c * scale
            x, y, z, r = (
                r * a + x * cosine + y * c - z * b,
                r * b - x * c + y * cosine + z * a,
                r * c + x * b - y * a + z * cosine,
                r * cosine - x * a - y * b - z * c,
            )
            scale = math.copysign(1.0 / math.sqrt(x * x + y * y + z * z + r * r), r)
            state[w, first + 3, READING], state[w, first + 4, READING] = x * scale, y * scale
            state[w, first + 5, READING], state[w, first + 6, READING] = z * scale, r * scale
