"""Curves of real and drawn readings: Allan deviation, spectra, ranks in what was stated, errors by motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.signal import welch
from scipy.stats import t

from hybridsim.sensing.allan import pooled_deviation
from hybridsim.sensing.filters import runs
from hybridsim.sensing.noise import CUT_S, LEAST_S
from hybridsim.sensing.read import Read
from hybridsim.sensing.rest import quiet

STRETCHES_S = (0.0035, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SEGMENT = 1024
"""Rows of a spectrum's segments."""
POINTS = 48
"""Of a spectrum, evenly spaced in the frequency's logarithm."""
BINS = 20
"""Of ranks, and of errors by motion."""

Rows = Float[np.ndarray, "row 6"]


def curves(reads: Sequence[Read]) -> dict[str, Any]:
    """All of them, six columns each."""
    return {
        "allan": _allan(reads),
        "spectrum": {when: _spectrum(reads, when) for when in ("rest", "motion")},
        "ranks": {when: _ranks(reads, when) for when in ("rest", "motion")},
        "error_by_motion": _error_by_motion(reads),
    }


def rest_parts(reads: Sequence[Read], chosen: Callable[[Read], Rows]) -> list[Rows]:
    """Readings of long rests of sensor and body, their ends left out."""
    found = []
    for read in reads:
        recording = read.stated.given.log.recording
        cut = recording.count(CUT_S)
        for begin, end in runs(quiet(recording) & (read.stated.given.standing == 1.0)):
            if end - begin - 2 * cut >= recording.count(LEAST_S):
                found.append(chosen(read)[begin + cut : end - cut])
    return found


def real(read: Read) -> Rows:
    """What was read."""
    return read.stated.given.reading


def drawn(read: Read) -> Rows:
    """What could have been."""
    return read.drawn


def _allan(reads: Sequence[Read]) -> dict[str, Any]:
    period = reads[0].stated.given.log.recording.period
    found: dict[str, Any] = {"stretch_s": list(STRETCHES_S)}
    for name, chosen in (("real", real), ("drawn", drawn)):
        parts = rest_parts(reads, chosen)
        values = (
            pooled_deviation(parts, period, STRETCHES_S) if parts else np.full((len(STRETCHES_S), 6), np.nan)
        )
        found[name] = _listed(values.T)
    return found


def _spectrum(reads: Sequence[Read], when: str) -> dict[str, Any]:
    """Power spectral densities, of what is ideal too."""
    period = reads[0].stated.given.log.recording.period
    frequency = np.fft.rfftfreq(SEGMENT, period)
    edges = np.geomspace(frequency[1], frequency[-1], POINTS + 1)
    place = np.clip(np.searchsorted(edges, frequency[1:], side="right") - 1, 0, POINTS - 1)
    count = np.bincount(place, minlength=POINTS)
    found: dict[str, Any] = {"frequency_hz": np.sqrt(edges[1:] * edges[:-1])[count > 0].tolist()}
    for name, chosen in (("real", real), ("drawn", drawn), ("ideal", lambda read: read.stated.ideal)):
        parts = rest_parts(reads, chosen) if when == "rest" else _moving_parts(reads, chosen)
        total, weight = np.zeros((SEGMENT // 2 + 1, 6)), 0
        for part in parts:
            if len(part) >= SEGMENT:
                total += len(part) * welch(part, 1.0 / period, nperseg=SEGMENT, axis=0)[1]
                weight += len(part)
        density = total[1:] / max(weight, 1)
        binned = np.stack([np.bincount(place, column, POINTS) for column in density.T])[:, count > 0]
        found[name] = _listed(binned / count[count > 0] if weight else binned * np.nan)
    return found


def _moving_parts(reads: Sequence[Read], chosen: Callable[[Read], Rows]) -> list[Rows]:
    return [chosen(read)[begin:end] for read in reads for begin, end in runs(read.stated.given.motion)]


def _ranks(reads: Sequence[Read], when: str) -> list[list[float]]:
    """Share of the readings in each twentieth of what was stated; even where that is right.

    Readings are spread over their codes, which would make combs otherwise.
    """
    total, random = np.zeros((6, BINS)), np.random.default_rng(0)
    for read in reads:
        rows = getattr(read.stated.given, when)
        tails = read.stated.tails[0 if when == "motion" else 1]
        error = (read.stated.given.reading - read.stated.ideal)[rows]
        error = error + read.steps * random.uniform(-0.5, 0.5, error.shape)
        for k, tail in enumerate(tails):
            rank = t.cdf(error[:, k] / (read.stated.spread[rows, k] * tail.scale), tail.freedom)
            total[k] += np.histogram(rank, bins=BINS, range=(0.0, 1.0))[0]
    return _listed(total / np.maximum(total.sum(axis=1, keepdims=True), 1.0))


def _error_by_motion(reads: Sequence[Read]) -> list[dict[str, Any]]:
    """Mean absolute error by how fast the sensor turns, and by how hard it is moved."""
    found = []
    for columns, name, unit in (
        (slice(0, 3), "rate", "rad/s"),
        (slice(3, 6), "acceleration", "m/s^2"),
    ):
        size, error, plain = [], [], []
        for read in reads:
            given = read.stated.given
            rows = given.motion
            size.append(np.linalg.norm((read.stated.ideal - given.slow)[rows, columns], axis=1))
            error.append(np.abs((given.reading - read.stated.ideal)[rows, columns]).mean(axis=1))
            plain.append(np.abs((given.reading - read.plain.ideal)[rows, columns]).mean(axis=1))
        sizes = np.concatenate(size)
        if not len(sizes):
            continue
        edges = np.unique(np.quantile(sizes, np.linspace(0.0, 1.0, BINS + 1)))
        place = np.clip(np.searchsorted(edges, sizes, side="right") - 1, 0, len(edges) - 2)
        count = np.maximum(np.bincount(place, minlength=len(edges) - 1), 1)
        means = {
            key: (np.bincount(place, np.concatenate(values), len(edges) - 1) / count).tolist()
            for key, values in (("size", size), ("hybrid", error), ("identified", plain))
        }
        found.append({"of": name, "unit": unit, **means})
    return found


def _listed(values: Float[np.ndarray, "column point"]) -> list[list[Any]]:
    """As JSON takes it."""
    return [[float(v) if np.isfinite(v) else None for v in row] for row in values]
