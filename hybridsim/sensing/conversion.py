"""A sensor that converts by a clock of its own and hands out the newest number: its age goes round.

    reading(t) = signal(t - age(t)),  age = frac(rate t + phase) / rate

In motion that looks like noise: the age times the signal's slope. Sampled, the age's odd harmonics, of
1 / (pi rate) and a third of that, lie at their aliases, where no motion does. A clock whose alias lies where
bodies move, below `ABOVE_HZ`, is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.fft import next_fast_len, rfft, rfftfreq
from scipy.stats import t

from hybridsim.sensing.bands import EDGES_HZ, SEEN, split

ABOVE_HZ = EDGES_HZ[SEEN - 1]
"""Where optics are not looked at, because bodies hardly move [Hz]."""
CLEAR = 8.0
"""Times the median at which a peak is one: of 10^5 random ones the largest is sqrt(ln 10^5 / ln 2) = 4."""
FEWEST_HZ, MOST_HZ = 200.0, 20_000.0
"""Rates that are looked for."""
ALIKE = 0.2
"""Share by which the age's size may differ from what a rate asks for."""
SAME = 0.01
"""Share by which sizes cannot be told apart: of several rates the slowest is taken."""
RIVAL, HARMONICS = 0.4, 12
"""Size of another peak, over the first, from which on it is no saw-tooth; and harmonics that it has."""
SHARP_HZ = 0.15
"""Width of a peak, and of what its frequency is uncertain by, per harmonic."""
FINE = 4
"""Points of the spectrum for each that the rows give."""
NEAR_HZ = 1.0
"""Distance within which a log's alias is that of the sensor: clocks differ from day to day."""

Vectors = Float[np.ndarray, "row 3"]


class Conversion(NamedTuple):
    """A clock of conversions."""

    rate: float
    """[Hz]."""
    half_width: float | None
    """Of its 95 % interval over logs [Hz]."""
    alias: float
    """Where it is seen among the readings [Hz]."""
    explained: float
    """Share of the variance above `ABOVE_HZ` that it explains."""


class Wave(NamedTuple):
    """The age's first harmonic in one log."""

    frequency: float
    """Alias [Hz]."""
    size: complex
    """[s]."""
    clear: bool
    """Whether it stands out."""


def find_conversion(gyros: Sequence[Vectors], period: float) -> Conversion | None:
    """The clock that most logs show, None where they show none.

    Args:
        gyros: rates as read, by log [rad/s].
        period: between rows [s].
    """
    waves, explained = [], []
    for gyro in gyros:
        high, slope = parted(gyro, period)
        wave = wave_of(high, slope, period)
        if wave.clear:
            waves.append(wave)
            left = high - aged(slope, period, wave)
            explained.append(1.0 - float((left**2).sum() / (high**2).sum()))
    if 2 * len(waves) <= len(gyros):
        return None
    aliases = np.array([one.frequency for one in waves])
    alias, size = float(np.median(aliases)), float(np.median([abs(one.size) for one in waves]))
    times = np.arange(MOST_HZ * period + 1) / period
    rates = np.concatenate([times + alias, times[1:] - alias])
    away = np.abs(np.log(np.maximum(rates, 1.0) * np.pi * size))
    rate = float(rates[away < away.min() + SAME].min())
    fits = FEWEST_HZ < rate < MOST_HZ and away.min() < ALIKE
    if not fits or np.abs(aliases - alias).max() > NEAR_HZ:
        return None
    return Conversion(rate, _width(aliases), alias, float(np.median(explained)))


def parted(gyro: Vectors, period: float) -> tuple[Vectors, Vectors]:
    """What rates have above `ABOVE_HZ` [rad/s], and the slope of what they have below [rad/s^2]."""
    bands = split(gyro, period)
    return bands[SEEN:].sum(axis=0), np.gradient(bands[:SEEN].sum(axis=0), period, axis=0)


def wave_of(high: Vectors, slope: Vectors, period: float, near: float | None = None) -> Wave:
    """How the age of readings that have these slopes goes round, at any frequency or `near` one [Hz]."""
    count = next_fast_len(FINE * len(high), real=True) or FINE * len(high)
    spectrum = np.asarray(rfft((high * slope).sum(axis=1), count)) * 2.0 / max((slope**2).sum(), 1e-300)
    frequency = np.asarray(rfftfreq(count, period))
    size = np.abs(spectrum)
    inside = frequency > ABOVE_HZ if near is None else np.abs(frequency - near) < NEAR_HZ
    if not inside.any():
        return Wave(0.0, 0j, False)
    best = int(np.flatnonzero(inside)[size[inside].argmax()])
    others = inside & ~_of_one_clock(frequency, float(frequency[best]), period)
    rival = size[others].max(initial=0.0)
    clear = bool(size[best] > CLEAR * np.median(size) and rival < RIVAL * size[best])
    return Wave(float(frequency[best]), complex(spectrum[best]), clear)


def _of_one_clock(frequency: np.ndarray, first: float, period: float) -> Bool[np.ndarray, " f"]:
    """Frequencies [Hz] near the aliases of a first harmonic's others."""
    found = np.zeros(len(frequency), bool)
    for k in range(1, HARMONICS + 1):
        alias = abs(k * first - np.round(k * first * period) / period)
        found |= np.abs(frequency - alias) < SHARP_HZ * (1 + k)
    return found


def aged(slope: Vectors, period: float, wave: Wave) -> Vectors:
    """What a wave's first and third harmonics add to readings."""
    turn = np.exp(2j * np.pi * wave.frequency * period * np.arange(len(slope)))
    if abs(wave.size) == 0.0:
        return np.zeros_like(slope)
    # A saw-tooth has harmonics i C and i C / 3, and i^3 = -i.
    third = -((wave.size / abs(wave.size)) ** 3) * abs(wave.size) / 3.0
    return (wave.size * turn + third * turn**3).real[:, None] * slope


def without_age(gyro: Vectors, period: float, clock: Conversion | None) -> Vectors:
    """Readings less what the age of a clock that was found adds to them."""
    if clock is None:
        return gyro
    high, slope = parted(gyro, period)
    return gyro - aged(slope, period, wave_of(high, slope, period, clock.alias))


def ages(rows: int, period: float, rate: float, phase: float) -> Float[np.ndarray, " row"]:
    """Age of the newest conversion beside the mean age, so many conversions after one [s]."""
    return ((period * rate * np.arange(rows) + phase) % 1.0 - 0.5) / rate


def _width(aliases: Float[np.ndarray, " log"]) -> float | None:
    """Half width of the interval of their mean."""
    if len(aliases) < 2:
        return None
    return float(t.ppf(0.975, len(aliases) - 1) * aliases.std(ddof=1) / np.sqrt(len(aliases)))
