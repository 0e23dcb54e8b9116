"""Statistics of features as LeRobot keeps them: of each episode, and of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
Statistics = dict[str, list[float]]


def statistics(values: np.ndarray) -> Statistics:
    """Of one feature of one episode: one number a component, and `count`, the number of frames."""
    rows = np.asarray(values, np.float64).reshape(len(values), -1)
    found = {
        "min": rows.min(axis=0),
        "max": rows.max(axis=0),
        "mean": rows.mean(axis=0),
        "std": rows.std(axis=0),
    }
    found |= {name: np.quantile(rows, share, axis=0) for name, share in QUANTILES.items()}
    return {**{name: one.tolist() for name, one in found.items()}, "count": [len(rows)]}


def merged(parts: Sequence[Statistics]) -> Statistics:
    """Of one feature over all episodes.

    Quantiles are the episodes' mean, weighted by their frames, as LeRobot's own tools merge them; the rest is
    exact.
    """
    count = np.array([part["count"][0] for part in parts], float)
    every = {name: np.array([part[name] for part in parts]) for name in parts[0]}
    mean = np.average(every["mean"], axis=0, weights=count)
    variance = np.average(every["std"] ** 2 + (every["mean"] - mean) ** 2, axis=0, weights=count)
    found = {
        "min": every["min"].min(axis=0),
        "max": every["max"].max(axis=0),
        "mean": mean,
        "std": variance**0.5,
    }
    found |= {name: np.average(every[name], axis=0, weights=count) for name in QUANTILES}
    return {**{name: one.tolist() for name, one in found.items()}, "count": [int(count.sum())]}
