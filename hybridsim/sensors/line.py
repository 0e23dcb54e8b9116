"""What every scalar that is measured goes through, whatever measures it: one channel, one physics step.

    low-pass -> delay -> + bias -> + noise -> magnitude -> clip -> count -> sample and hold

A channel belongs to a sensor, which samples all of its channels at one moment. A moment that falls between
two physics steps is served at the first step at or after it, and what is read is interpolated back to it.
Noise, white and lasting, is drawn at samples alone, from each world's own store of normal numbers; where a
network follows what the sensor goes through, it shifts the noise and makes it stronger, see `residual`.
Speed: each stage is one call for all worlds, and takes a world's rows before it walks over them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from hybridsim.lending import Places, integers1, integers2, numbers2, numbers3, numbers4

# Columns of `Lines.coefficient`; SMOOTH is the low-pass's share of the new value in a step, 1 for none.
SMOOTH, DELAY, BIAS, TURN_ON, WALK, WHITE, RANGE, RESOLUTION, TOWARD_ZERO, UNSIGNED = range(10)
DRIFT, FORGET, CONVERSION = range(10, 13)
COEFFICIENTS = 13
PERIOD, JITTER, DROPOUT = range(3)
KIND, FIRST, COUNT, SOURCE, MIX = range(5)
"""Columns of a suite's table [sensor 5]: first channel, how many, place in `Sources`, row of `mix` or -1."""
WOBBLE, STAMP, ELAPSED, PHASE = range(4)
FILTERED, OFFSET, READING, DRIFTED, SHIFT, GROWTH = range(6)
STATE = 6
MIXED = 6
"""Channels of a sensor whose white noise may be correlated."""
SLACK = 1e-9
"""Share of a step within which a moment counts as reached; chosen, because doubles count steps that well."""
NOT_DUE = -1.0
NO_NOISE = -1.0
"""In the first place of a mix that mixes nothing."""


class Lines(NamedTuple):
    """Channels and sensors of all worlds; numba reads the tuple and advances its arrays."""

    coefficient: np.ndarray
    """[world channel coefficient]; DELAY in steps, RANGE and RESOLUTION 0 for none, FORGET in 1/s,
    CONVERSION in 1/step, 0 for none."""
    timing: np.ndarray
    """[world sensor 3] PERIOD [s], 0 for every step, JITTER [s], DROPOUT [1]."""
    mix: np.ndarray
    """[world mixed 6 6] factor L of the white noise's covariance L Lᵀ."""
    ideal: np.ndarray
    """[world channel] what a sensor without errors reads now."""
    ring: np.ndarray
    """[world slot channel] low-passed values, one a step."""
    state: np.ndarray
    """[world channel 6] FILTERED, OFFSET (bias with its walk), READING, DRIFTED [1 sigma], and of a network
    SHIFT [reading] and GROWTH, by how much stronger noise is [1]."""
    count: np.ndarray
    """[world 1 + sensor] steps since the reset, then the number of each sensor's next sample."""
    moment: np.ndarray
    """[world sensor 4] WOBBLE of the next sample, STAMP of the reading, time since the one before [s], and
    PHASE of the conversions [1]."""
    normal: np.ndarray
    """[world draw] standard normal numbers."""
    at: np.ndarray
    """[world] the next of them."""
    late: np.ndarray
    """[world sensor] how many steps ago the moment was that is sampled now; NOT_DUE where none is."""


def new_lines(coefficient: np.ndarray, timing: np.ndarray, mix: np.ndarray, draws: int) -> Lines:
    """Lines at rest, with room for the longest delay and so many draws."""
    worlds, channels, _ = coefficient.shape
    rate = coefficient[..., CONVERSION]
    oldest = coefficient[..., DELAY] + np.divide(0.5, rate, out=np.zeros_like(rate), where=rate > 0.0)
    slots = math.ceil(oldest.max(initial=0.0)) + 4
    return Lines(
        coefficient=coefficient,
        timing=timing,
        mix=mix,
        ideal=np.zeros((worlds, channels)),
        ring=np.zeros((worlds, slots, channels)),
        state=np.zeros((worlds, channels, STATE)),
        count=np.zeros((worlds, 1 + timing.shape[1]), np.int64),
        moment=np.zeros((worlds, timing.shape[1], 4)),
        normal=np.zeros((worlds, draws)),
        at=np.full(worlds, draws, np.int64),
        late=np.zeros(timing.shape[:2]),
    )


@njit(cache=True, nogil=True)
def lines_at(places: Places, k: int) -> Lines:
    """What was lent from the k-th array on."""
    return Lines(
        numbers3(places, k),
        numbers3(places, k + 1),
        numbers4(places, k + 2),
        numbers2(places, k + 3),
        numbers3(places, k + 4),
        numbers3(places, k + 5),
        integers2(places, k + 6),
        numbers3(places, k + 7),
        numbers2(places, k + 8),
        integers1(places, k + 9),
        numbers2(places, k + 10),
    )


@njit(cache=True, nogil=True)
def share_below(normal: Any) -> float:
    """The share of standard normal numbers below this one: an evenly spread number from 0 to 1."""
    return 0.5 * math.erfc(-normal / math.sqrt(2.0))


@njit(cache=True, nogil=True, error_model="numpy")
def carry(lines: Lines, worlds: np.ndarray) -> None:
    """Low-pass every channel's value, held over the step, and remember it; the first one fills the past."""
    for w in worlds:
        p, ideal, ring, state = lines.coefficient[w], lines.ideal[w], lines.ring[w], lines.state[w]
        step, slots = lines.count[w, 0], len(ring)
        slot = step % slots
        for c in range(len(ideal)):
            value = ideal[c]
            if step == 0:
                for k in range(slots):
                    ring[k, c] = value
            elif p[c, SMOOTH] < 1.0:
                before = state[c, FILTERED]
                value = before + p[c, SMOOTH] * (value - before)
            state[c, FILTERED] = ring[slot, c] = value


@njit(cache=True, nogil=True, error_model="numpy")
def find_due(lines: Lines, worlds: np.ndarray, h: float) -> None:
    """Which sensors sample now, and how many steps ago their moments were.

    A moment wanders by half a period at most. A lost sample changes nothing; the first is never lost.
    """
    for w in worlds:
        timing, moment, late, count = lines.timing[w], lines.moment[w], lines.late[w], lines.count[w]
        normal, at, now, first = lines.normal[w], lines.at[w], count[0] * h, count[0] == 0
        for s in range(len(late)):
            period, since, stamp = timing[s, PERIOD], 0.0, now
            if period > 0.0:
                k, reached = count[1 + s], now + SLACK * h
                instant = k * period + moment[s, WOBBLE]
                if instant > reached:
                    late[s] = NOT_DUE
                    continue
                last = int(reached / period)
                if last > k:
                    k, instant = last, last * period
                since, stamp = max(now - instant, 0.0) / h, k * period
                count[1 + s] = k + 1
                if timing[s, JITTER] > 0.0:
                    wobble = timing[s, JITTER] * normal[at]
                    at += 1
                    moment[s, WOBBLE] = min(max(wobble, -0.5 * period), 0.5 * period)
            if timing[s, DROPOUT] > 0.0:
                at += 1
                if share_below(normal[at - 1]) < timing[s, DROPOUT] and not first:
                    late[s] = NOT_DUE
                    continue
            moment[s, ELAPSED] = 0.0 if first else stamp - moment[s, STAMP]
            moment[s, STAMP], late[s] = stamp, since
        lines.at[w] = at


@njit(cache=True, nogil=True)
def counted(value: float, resolution: float, toward_zero: bool) -> float:
    """A value in whole counts: the nearest, or what is left when the rest is cut off."""
    if resolution <= 0.0:
        return value
    counts = value / resolution
    return (math.trunc(counts) if toward_zero else math.floor(counts + 0.5)) * resolution


@njit(cache=True, nogil=True)
def clipped(value: Any, top: Any, unsigned: bool) -> Any:
    """A value, or its magnitude, within plus and minus `top`; 0 for no end."""
    shown = abs(value) if unsigned else value
    return min(max(shown, -top), top) if top > 0.0 else shown


@njit(cache=True, nogil=True)
def aged(turns: Any) -> Any:
    """Age of the newest conversion beside the mean age, so many conversions after one [conversions]."""
    return turns - math.floor(turns) - 0.5


@njit(cache=True, nogil=True, error_model="numpy")
def past(ring: np.ndarray, newest: int, lag: float, c: int) -> float:
    """A channel's low-passed value so many steps ago."""
    whole = int(lag)
    slot = newest - whole
    slot += len(ring) if slot < 0 else 0
    value = ring[slot, c]
    return value + (lag - whole) * (ring[slot - 1 if slot > 0 else len(ring) - 1, c] - value)


@njit(cache=True, nogil=True, error_model="numpy")
def sample(lines: Lines, table: np.ndarray, worlds: np.ndarray) -> None:
    """Read the channels of the sensors that are due; `table` has `KIND` and what follows it."""
    for w in worlds:
        p, state, late, mix = lines.coefficient[w], lines.state[w], lines.late[w], lines.mix[w]
        ring, moment, normal = lines.ring[w], lines.moment[w], lines.normal[w]
        step, draw = lines.count[w, 0], lines.at[w]
        newest, most = step % len(ring), len(ring) - 2.0
        for s in range(len(late)):
            if late[s] == NOT_DUE:
                continue
            first, end, row = table[s, FIRST], table[s, FIRST] + table[s, COUNT], table[s, MIX]
            root, begin = math.sqrt(max(moment[s, ELAPSED], 0.0)), draw
            mixes = row >= 0 and mix[row, 0, 0] > NO_NOISE
            draw += end - first if mixes else 0
            for c in range(first, end):
                lag, value = min(p[c, DELAY] + late[s], most), state[c, FILTERED]
                if p[c, CONVERSION] > 0.0:
                    if step == 0 and moment[s, PHASE] == 0.0:
                        moment[s, PHASE] = share_below(normal[draw])
                        draw += 1
                    age = aged((step - late[s]) * p[c, CONVERSION] + moment[s, PHASE])
                    lag = min(max(lag + age / p[c, CONVERSION], 0.0), most)
                if lag > 0.0:
                    value = past(ring, newest, lag, c)
                if step == 0:
                    state[c, OFFSET] = p[c, BIAS]
                spread = p[c, TURN_ON] if step == 0 else root * p[c, WALK]
                if spread > 0.0:
                    state[c, OFFSET] += spread * normal[draw]
                    draw += 1
                value += state[c, OFFSET] + state[c, SHIFT]
                louder = 1.0 + state[c, GROWTH]
                if mixes:
                    for k in range(c - first + 1):
                        value += louder * mix[row, c - first, k] * normal[begin + k]
                elif row < 0 and p[c, WHITE] > 0.0:
                    value += louder * p[c, WHITE] * normal[draw]
                    draw += 1
                if p[c, DRIFT] > 0.0:
                    kept = math.exp(-p[c, FORGET] * moment[s, ELAPSED]) if step > 0 else 0.0
                    state[c, DRIFTED] *= kept
                    state[c, DRIFTED] += math.sqrt(1.0 - kept * kept) * normal[draw]
                    value += louder * p[c, DRIFT] * state[c, DRIFTED]
                    draw += 1
                value = clipped(value, p[c, RANGE], p[c, UNSIGNED] > 0.5)
                state[c, READING] = counted(value, p[c, RESOLUTION], p[c, TOWARD_ZERO] > 0.5)
        lines.at[w] = draw
