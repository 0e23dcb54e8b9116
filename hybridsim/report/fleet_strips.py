"""Where units lie, a strip an entry: drawn in the page itself, because a hundred figures would be slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hybridsim.report.fleet_facts import EntrySpread

FEW = 60
"""Units drawn one by one; of more, how many lie where."""
BARS = 48
WIDTH = 1000.0
"""Of a strip [its own units]."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One entry.

    Attributes:
        entry: what it shows.
        low, high: ends [the parameter's unit].
        mean: place of the population's mean, 0 to WIDTH.
        band: left end and width of what holds 95 % of such units.
        ticks: places of units, where they are few.
        bars: left end, width and height (0 to 1) of counted ones, where they are many.
    """

    entry: EntrySpread
    low: float
    high: float
    mean: float
    band: tuple[float, float]
    ticks: Sequence[float]
    bars: Sequence[tuple[float, float, float]]


def strip_of(entry: EntrySpread) -> Strip:
    """Ends around all units and around the population's mean."""
    half = 1.96 * entry.deviation
    band = np.clip([entry.mean - half, entry.mean + half], entry.low, entry.high)
    ends = np.array([*entry.values, *band, entry.mean])
    room = 0.03 * (float(np.ptp(ends)) or 1.0)
    low, high = float(ends.min()) - room, float(ends.max()) + room
    place = lambda value: round(WIDTH * (value - low) / (high - low), 1)  # noqa: E731
    few = len(entry.values) <= FEW
    return Strip(
        entry=entry,
        low=low,
        high=high,
        mean=place(entry.mean),
        band=(place(band[0]), round(place(band[1]) - place(band[0]), 1)),
        ticks=[place(value) for value in entry.values.tolist()] if few else [],
        bars=[] if few else _bars(entry, low, high),
    )


def _bars(entry: EntrySpread, low: float, high: float) -> list[tuple[float, float, float]]:
    counts, _ = np.histogram(entry.values, BARS, (low, high))
    width = WIDTH / BARS
    return [
        (round(k * width, 1), round(width, 1), round(count / int(counts.max()), 3))
        for k, count in enumerate(counts.tolist())
        if count
    ]
