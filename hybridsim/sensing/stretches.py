"""Stretches of what was left over on logs, every band of unit strength: noise that is drawn again.

What sensors do beside the tracked motion comes in knocks and shakes that several channels feel at once, each
in its own way. No spectrum says so; the logs do.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.cluster.vq import kmeans2
from scipy.spatial import KDTree

LONG_S, SHORT_S = 2.0, 0.5
"""Length of what is kept in one piece, and of what is drawn from it at once."""
EVERY = 30
"""Rows between two places in a piece at which drawing may begin."""
MOST = 60
"""Pieces; chosen, because more than a megabyte is too much beside a calibration."""
AMONG = 8
"""Stretches of the most similar motion of which one is drawn."""

Rows = Float[np.ndarray, "row 6"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretches:
    """See above.

    Attributes:
        pieces: gyroscope, then accelerometer, every band of unit strength [piece row 6].
        motion: what the motion was like in the middle of each stretch that a piece has [piece place feature].
        source: of each piece, see `source_of` [piece].
    """

    pieces: Float[np.ndarray, "piece row 6"]
    motion: Float[np.ndarray, "piece place feature"]
    source: Float[np.ndarray, " piece"]

    def drawn(
        self,
        motion: Float[np.ndarray, "row feature"],
        period: float,
        own: float,
        random: np.random.Generator,
    ) -> Rows:
        """One stretch after the other, faded into each other, of motions like these; none of the log's own.

        Args:
            motion: at every row.
            period: between rows [s].
            own: source of the log that is drawn for.
            random: of what is left to chance.
        """
        length, rows = stretch_rows(period), len(motion)
        usable = np.flatnonzero(np.repeat(self.source != own, self.motion.shape[1]))
        if not len(usable):
            return random.standard_normal((rows, 6))
        half, count = length // 2, min(AMONG, len(usable))
        middle = np.arange(0, rows + half, half)
        wanted = motion[np.minimum(middle, rows - 1)]
        near = np.asarray(KDTree(self._known[usable]).query(wanted, k=count)[1]).reshape(-1, count)
        chosen = usable[near[np.arange(len(middle)), random.integers(count, size=len(middle))]]
        fade = np.sin(np.pi * (np.arange(length) + 0.5) / length)[:, None]
        found = np.zeros((rows + 2 * length, 6))
        for row, stretch in zip(middle, chosen, strict=True):
            piece, place = divmod(stretch, self.motion.shape[1])
            begin = EVERY * place
            found[row + half : row + half + length] += fade * self.pieces[piece, begin : begin + length]
        return found[length : length + rows]

    @cached_property
    def _known(self) -> Float[np.ndarray, "stretch feature"]:
        return self.motion.reshape(-1, self.motion.shape[2])


def stretch_rows(period: float) -> int:
    """Rows of a stretch, an even number."""
    return 2 * round(0.5 * SHORT_S / period)


def source_of(log_id: str) -> float:
    """A log as a number that single precision holds."""
    return float(zlib.crc32(log_id.encode()) & 0xFFFFFF)


def remembered(
    white: Sequence[Rows],
    motion: Sequence[Float[np.ndarray, "row feature"]],
    parts: Sequence[Sequence[tuple[int, int]]],
    log_ids: Sequence[str],
    period: float,
    seed: int,
) -> Stretches:
    """Keep pieces that differ as much as motions do.

    Args:
        white: by log, what is left, every band of unit strength.
        motion: by log.
        parts: by log, where its body moves with a believed pose.
        log_ids: of the logs.
        period: between rows [s].
        seed: of the choice.
    """
    length, long = stretch_rows(period), round(LONG_S / period)
    places = np.arange(0, long - length + 1, EVERY)
    found = [
        (n, begin)
        for n, own in enumerate(parts)
        for first, last in own
        for begin in range(first, last - long + 1, long)
    ]
    if not found:
        empty = np.zeros((0, len(places), motion[0].shape[1]))
        return Stretches(pieces=np.zeros((0, long, 6)), motion=empty, source=np.zeros(0))
    kept = [
        found[k] for k in _different(np.stack([motion[n][b : b + long].mean(axis=0) for n, b in found]), seed)
    ]
    return Stretches(
        pieces=np.stack([white[n][b : b + long] for n, b in kept]),
        motion=np.stack([motion[n][b + places + length // 2] for n, b in kept]),
        source=np.array([source_of(log_ids[n]) for n, _ in kept]),
    )


def _different(motion: Float[np.ndarray, "piece feature"], seed: int) -> list[int]:
    """The pieces nearest to the middles of clusters, each once."""
    if len(motion) <= MOST:
        return list(range(len(motion)))
    middles = kmeans2(motion, MOST, rng=np.random.default_rng(seed), minit="++")[0]
    middles = middles[np.isfinite(middles).all(axis=1)]
    return np.unique(KDTree(motion).query(middles)[1]).tolist()
