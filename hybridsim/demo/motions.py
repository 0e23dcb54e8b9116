"""Commands that wake every hidden effect: slow and fast moves, steps, and rests, in changing postures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.walking.smooth import smooth_step

SPEEDS = (0.2, 3.5)
"""Slowest and fastest peak speed of a move [rad/s]; the slow ones show friction, the fast ones damping."""
STEP = 0.3
"""Largest sudden change [rad], so that delays and inertia show."""
SUDDEN = 0.35
"""Share of the moves that are sudden."""
REST = (0.3, 0.8)
"""Shortest and longest pause [s]."""


def motion(
    random: np.random.Generator,
    time: Float[np.ndarray, " time"],
    low: Sequence[float],
    high: Sequence[float],
) -> Float[np.ndarray, "time joint"]:
    """Commands of one synthetic recording; every joint goes its own way [rad].

    Args:
        random: decides everything.
        time: of the commands [s].
        low: smallest angle of each joint [rad].
        high: largest angle of each joint [rad].
    """
    columns = [path(random, time, one, other) for one, other in zip(low, high, strict=True)]
    return np.stack(columns, axis=1)


def path(
    random: np.random.Generator, time: Float[np.ndarray, " time"], low: float, high: float
) -> Float[np.ndarray, " time"]:
    """One joint's commands: moves to random places, some of them sudden, and pauses in between."""
    here = random.uniform(low, high)
    out = np.full(len(time), here)
    now = random.uniform(*REST)
    while now < time[-1]:
        target = random.uniform(low, high)
        duration = 0.0
        if random.uniform() < SUDDEN:
            target = min(max(here + random.uniform(-STEP, STEP), low), high)
        else:
            peak = np.exp(random.uniform(*np.log(SPEEDS)))
            duration = 1.875 * abs(target - here) / peak
        later = time >= now
        out[later] = here + (target - here) * smooth_step(time[later] - now, duration)
        here = target
        now += duration + random.uniform(*REST)
    return out
