"""Where a simulator is wrong: its error against how fast a joint moves and how much it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from hybridsim.replay import Replay
from hybridsim.score.bootstrap import Draws, interval_of_ratio, ratio
from hybridsim.score.deviation import WIDTH
from hybridsim.signals import signal_word

FEWEST_SAMPLES = 50  # chosen, because a bin of fewer shows one moment of one log
BINNED_DRAWS = Draws(resamples=500)


@dataclass(frozen=True, kw_only=True)
class BinnedError:
    """Mean absolute error of every variant in bins of |speed| or |load|, all components together.

    `interval` is the 95 % bootstrap interval over logs; bins with few samples are NaN.
    """

    edges: Float[np.ndarray, " edge"]
    samples: Int[np.ndarray, " bin"]
    mean: dict[str, Float[np.ndarray, " bin"]]
    interval: dict[str, Float[np.ndarray, "2 bin"]]

    def centres(self) -> Float[np.ndarray, " bin"]:
        """Middle of every bin."""
        return (self.edges[:-1] + self.edges[1:]) / 2


def binned_error(
    replays: Sequence[Replay], by: Literal["speed", "load"], *, bins: int = 8, draws: Draws = BINNED_DRAWS
) -> BinnedError | None:
    """Bin the absolute errors of one signal's replays; None where nothing moves or no load is known.

    Only signals with one error a component can be binned: angles and scalars.
    Bins are of equal width up to the 99.5th percentile; the last one also holds what is beyond.
    """
    if not replays or WIDTH[signal_word(replays[0].signal).kind] != 1:
        return None
    against = [np.abs(getattr(replay, by)) for replay in replays]
    usable = [np.isfinite(x) & np.isfinite(r.measured) for x, r in zip(against, replays, strict=True)]
    x = np.concatenate([x[ok] for x, ok in zip(against, usable, strict=True)])
    end = float(np.quantile(x, 0.995)) if len(x) else 0.0
    if end <= 0.0:
        return None
    log = np.repeat(np.arange(len(replays)), [ok.sum() for ok in usable])
    cell = log * bins + np.minimum(
        (x * bins / end).astype(int), bins - 1
    )  # which log and bin a sample counts in
    counts = cell_sums(cell, np.ones_like(x), (len(replays), bins))
    hidden = np.where(counts.sum(axis=0) >= FEWEST_SAMPLES, 0.0, np.nan)
    mean, interval = {}, {}
    for variant in replays[0].predicted:
        errors = [
            np.abs(r.predicted[variant] - r.measured)[ok] for r, ok in zip(replays, usable, strict=True)
        ]
        totals = cell_sums(cell, np.concatenate(errors), counts.shape)
        mean[variant] = ratio(totals.sum(axis=0), counts.sum(axis=0)) + hidden
        interval[variant] = interval_of_ratio(totals, counts, draws.weights(len(replays))) + hidden
    edges = np.linspace(0.0, end, bins + 1)
    return BinnedError(edges=edges, samples=counts.sum(axis=0).astype(int), mean=mean, interval=interval)


def cell_sums(
    cell: Int[np.ndarray, " sample"], values: Float[np.ndarray, " sample"], shape: tuple[int, int]
) -> Float[np.ndarray, "log bin"]:
    """Sum of the values that fall in each (log, bin)."""
    return np.bincount(cell, values, minlength=shape[0] * shape[1]).reshape(shape)
