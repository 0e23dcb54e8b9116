"""A signal's parts by frequency, without lag, and how strong each part is at any time."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.ndimage import uniform_filter1d

EDGES_HZ = (3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 22.0, 27.0, 33.0, 42.0, 52.0, 65.0, 80.0, 100.0, 122.0)
"""Between neighbouring bands; the last band ends at half the sample rate."""
TOP = 0.495
"""Share of the sample rate up to which there are edges."""
SEEN = 11
"""Bands, from the lowest, in which optics are looked at; above they are noise."""
STEEP = 24
"""Power by which bands fall off: motion falls by powers of ten towards high bands and must not leak there."""
LEVEL_S = 0.25
"""Over which a band's strength is taken."""
PAD_S = 2.0
FLOOR = 1e-4
"""Added to strengths before their logarithm [rad/s, m/s^2]."""

Vectors = Float[np.ndarray, "row k"]
Bands = Float[np.ndarray, "band row k"]


def edges_within(period: float) -> tuple[float, ...]:
    """Those of `EDGES_HZ` that a sensor of this period sees, however its period was rounded."""
    return tuple(edge for edge in EDGES_HZ if edge < TOP / period)


def split(values: Vectors, period: float, count: int | None = None) -> Bands:
    """All bands, or the first so many; all together add up to the values."""
    rows = len(values)
    room = int(next_fast_len(rows + round(PAD_S / period), real=True) or rows)
    padded = np.concatenate([values, np.broadcast_to(values[-1], (room - rows, values.shape[1]))])
    spectrum, frequency = np.asarray(rfft(padded, axis=0)), np.asarray(rfftfreq(room, period))
    parts = masks(frequency, period)[:count]
    return np.stack([np.asarray(irfft(spectrum * part[:, None], room, axis=0))[:rows] for part in parts])


def masks(frequency: Float[np.ndarray, " f"], period: float) -> Float[np.ndarray, "band f"]:
    """Share of every frequency [Hz] that goes into each band."""
    upto = [1.0 / (1.0 + (frequency / edge) ** STEEP) for edge in edges_within(period)]
    edges = np.stack([np.zeros(len(frequency)), *upto, np.ones(len(frequency))])
    return np.diff(edges, axis=0)


def overlap(period: float) -> Float[np.ndarray, "band band"]:
    """Correlation of the bands of one white noise: neighbours share an edge, so strengths add up to more."""
    both = _products(period)
    size = np.sqrt(np.diag(both))
    return both / size[:, None] / size


def white_shares(period: float) -> Float[np.ndarray, " band"]:
    """Share of white noise's variance that each band has by itself."""
    return np.diag(_products(period))


def _products(period: float) -> Float[np.ndarray, "band band"]:
    part = masks(np.linspace(0.0, 0.5 / period, 20_001), period)
    return part @ part.T / part.shape[1]


def levels(bands: Bands, period: float) -> Bands:
    """Logarithm of the strength (root of the mean square) of every band and column."""
    width = max(1, round(LEVEL_S / period))
    power = uniform_filter1d(bands**2, width, axis=1)
    return np.log(np.sqrt(np.maximum(power, 0.0)) + FLOOR)
