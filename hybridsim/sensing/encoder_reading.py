"""An encoder identified from its own log: its counts, its noise at rest, and how its drive differentiates.

velocity = low-pass((counts - counts a window ago) / window), in counts of its own
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.signal import lfilter

from hybridsim.sensing.codes import EXACT, step_of
from hybridsim.sensing.lines import half_width
from hybridsim.sensing.values import Found
from hybridsim.sensors.layout import smoothing
from hybridsim.sensors.parameters import MOST_WINDOW

LONGEST_WINDOW = 0.12
"""Windows that are tried [s]; chosen, because no drive of ours looks back further."""
BANDWIDTHS = (0.0, 40.0, 20.0, 10.0, 5.0)
"""Corners behind the difference that are tried [Hz], 0 for none."""
WORTH = 0.01
"""Share of the squared error that a low-pass has to win."""
GRID = 5
"""Points of interpolated positions between two samples of the shortest period."""
MOST_ROWS = 20_000
REST_S, REST_COUNTS = 0.5, 2.5
"""A joint rests where it stays within so many counts for so long, under one command."""
MOST_RATIO = 2.0
"""Velocities so many times the positions' rates are of another unit; chosen, because windows smooth."""
LEAST_RESTS = 200
"""Samples at rest below which nothing is said."""
HIDDEN = "identified with the drive: a position that errs and a drive that does cannot be told apart"


@dataclass(frozen=True, kw_only=True)
class Turned:
    """One joint's encoder in one log.

    Attributes:
        time: of the positions [s].
        position: [rad].
        command: at those times [rad].
        velocity_time: of the velocities [s].
        velocity: [rad/s].
    """

    time: Float[np.ndarray, " row"]
    position: Float[np.ndarray, " row"]
    command: Float[np.ndarray, " row"]
    velocity_time: Float[np.ndarray, " other"]
    velocity: Float[np.ndarray, " other"]


def fit_encoder(logs: Sequence[Turned], timestep: float, stated: float = 0.0) -> dict[str, Found]:
    """Parameters of an encoder by name, see `sensors.parameters`.

    Args:
        logs: at least one.
        timestep: of the simulation: windows are multiples of it [s].
        stated: one count of the velocity as robot.toml has it [rad/s], 0 where it has none.
    """
    step = step_of(np.concatenate([np.diff(one.position) for one in logs]))
    return {
        "resolution": Found(step, identifiable=step > 0.0, source="the step between all positions"),
        "white": _noise(logs, step),
        **{name: Found(0.0, None, False, HIDDEN) for name in ("bias", "delay", "play")},
        **_velocity(logs, timestep, stated),
    }


def _noise(logs: Sequence[Turned], step: float) -> Found:
    """Noise at rest, from how often neighbouring codes differ.

        share of changes = 2 sigma / (sqrt(pi) step), the joint lying anywhere between two codes

    Holds for noise well below a count; what the joint does itself at rest is in it.
    """
    moved = [np.diff(one.position)[_resting(one, step)] for one in logs] if step > 0.0 else []
    changes = np.concatenate(moved) if moved else np.zeros(0)
    if len(changes) < LEAST_RESTS:
        return Found(0.0, identifiable=False, source="the joint hardly rests in these logs")
    each = [float((np.abs(own) > 0.5 * step).mean()) for own in moved if len(own)]
    sigma = 0.5 * np.sqrt(np.pi) * step * float((np.abs(changes) > 0.5 * step).mean())
    wide = np.std(each) / np.sqrt(len(each)) if len(each) > 1 else None
    width = None if wide is None else float(2.0 * 0.5 * np.sqrt(np.pi) * step * wide)
    return Found(sigma, width, sigma > 0.0, "from how often codes change while the joint rests")


def _resting(one: Turned, step: float) -> Bool[np.ndarray, " change"]:
    """Pairs of neighbouring samples between which the joint rests."""
    count = max(2, round(REST_S / float(np.median(np.diff(one.time)))))
    if len(one.position) <= count:
        return np.zeros(len(one.position) - 1, bool)
    windows = np.lib.stride_tricks.sliding_window_view
    still = np.ptp(windows(one.position, count), axis=1) < REST_COUNTS * step
    still &= np.ptp(windows(one.command, count), axis=1) == 0.0
    found = np.zeros(len(one.position) - 1, bool)
    for k in np.flatnonzero(still):
        found[k : k + count - 1] = True
    return found


def _velocity(logs: Sequence[Turned], timestep: float, stated: float) -> dict[str, Found]:
    """Window, low-pass and counts of the velocity."""
    known = _enough(logs)
    windows = np.arange(1, min(MOST_WINDOW, int(LONGEST_WINDOW / timestep)) + 1) * timestep
    cost = np.array([[_cost(known, window, corner) for corner in BANDWIDTHS] for window in windows])
    total = cost.sum(axis=2)  # [window corner]
    plain = int(total[:, 0].argmin())
    best, corner = (int(k) for k in np.unravel_index(total.argmin(), total.shape))
    if total[best, corner] > (1.0 - WORTH) * total[plain, 0]:
        best, corner = plain, 0
    own = cost[:, corner]
    without = np.array([windows[(own.sum(axis=1) - own[:, n]).argmin()] for n in range(own.shape[1])])
    width = half_width(without) if len(without) > 1 else None
    near = total[:, corner] < (1.0 + WORTH) * total[best, corner]
    spread = float(np.ptp(windows[near])) / timestep if near.any() else 0.0
    wide = max((width or 0.0) / timestep, 0.5 + spread)
    left = np.sqrt(total[best, corner] / len(known))
    said = f"differences of measured positions miss measured velocities by {left:.3g} rad/s"
    return {
        "velocity_window": Found(float(best + 1), wide, source=f"{said}; samples of the rate"),
        "velocity_bandwidth": Found(BANDWIDTHS[corner], None, corner > 0, "of the corners that were tried"),
        "velocity_resolution": _velocity_step(known, stated),
        "rate": Found(1.0 / timestep, None, False, "the simulation's own steps, in which the window counts"),
    }


def _velocity_step(logs: Sequence[Turned], stated: float) -> Found:
    """The step of all velocities; the stated one where these are too few to tell, but multiples of it."""
    values = np.concatenate([one.velocity for one in logs])
    if (step := step_of(values)) > 0.0:
        return Found(step, source="the step of all velocities")
    if stated > 0.0 and np.percentile(np.abs(values / stated - np.round(values / stated)), 95) < EXACT:
        return Found(stated, source="stated; every velocity is a multiple of it")
    return Found(0.0, identifiable=False, source="velocities have no common step")


def rate_ratio(one: Turned) -> float:
    """Velocities over differences of positions [1]; 1 where both are of one unit and sign."""
    rate = np.interp(one.velocity_time, one.time, np.gradient(one.position, one.time))
    return float((one.velocity * rate).sum() / max((rate**2).sum(), 1e-300))


def _enough(logs: Sequence[Turned]) -> list[Turned]:
    """So many logs, evenly among them, that the search takes seconds."""
    rows = sum(len(one.velocity) for one in logs)
    every = max(1, rows // MOST_ROWS)
    return list(logs)[:: every if len(logs) > 2 * every else max(1, len(logs) // 3)]


def _cost(logs: Sequence[Turned], window: float, corner: float) -> list[float]:
    """Mean square of measured velocities minus differences of positions, of each log [(rad/s)^2].

    Left out is the begin, before which nobody looked.
    """
    found = []
    for one in logs:
        step = min(float(np.median(np.diff(one.time))) / GRID, window)
        grid = np.arange(one.time[0], one.time[-1], step)
        slope = (
            np.interp(grid, one.time, one.position) - np.interp(grid - window, one.time, one.position)
        ) / window
        if corner > 0.0:
            share = smoothing(corner, step)
            slope = lfilter([share], [1.0, share - 1.0], slope)
        whole = one.velocity_time > one.time[0] + LONGEST_WINDOW
        left = one.velocity[whole] - np.interp(one.velocity_time[whole], grid, slope)
        found.append(float((left**2).mean()))
    return found
