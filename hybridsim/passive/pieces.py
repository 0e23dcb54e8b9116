"""Whole logs and windows of them, laid out for `roll`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.frames import geodesic_angle
from hybridsim.passive.laid import Paths, Pieces, Starts
from hybridsim.passive.tool_track import paths_of, picked
from hybridsim.passive.track import Track

MEASURED_FIELDS = (
    "position",
    "orientation",
    "linear_velocity",
    "angular_velocity",
    "joint",
    "joint_velocity",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Pieces with their measured starts and what was measured along them.

    Attributes:
        pieces: see `roll.Pieces`.
        starts: measured states at the pieces' beginnings.
        position: measured [m].
        orientation: measured, xyzw.
        joint: measured [rad].
    """

    pieces: Pieces
    starts: Starts
    position: Float[np.ndarray, "sample 3"]
    orientation: Float[np.ndarray, "sample 4"]
    joint: Float[np.ndarray, "sample joint"]

    @property
    def last(self) -> np.ndarray:
        """[piece] row of its last sample."""
        return self.pieces.first + self.pieces.count - 1

    def picked(self, chosen: np.ndarray) -> Batch:
        """Only some pieces, in the order given."""
        p = self.pieces
        rows = np.concatenate([np.arange(int(p.first[k]), int(p.first[k] + p.count[k])) for k in chosen])
        counts = p.count[chosen]
        return Batch(
            pieces=Pieces(
                world=p.world[chosen],
                first=np.concatenate([[0], np.cumsum(counts)[:-1]]),
                count=counts,
                time=p.time[rows],
                measured=p.measured[chosen],
                tool=picked(p.tool, chosen),
            ),
            starts=Starts(*(array[chosen] for array in self.starts)),
            position=self.position[rows],
            orientation=self.orientation[rows],
            joint=self.joint[rows],
        )

    def means(self, values: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " piece"]:
        """Mean of a number over each piece's samples, the start among them."""
        return np.add.reduceat(values, self.pieces.first) / self.pieces.count


def batch(tracks: Sequence[Track], spans: Sequence[tuple[int, int, int]]) -> Batch:
    """Stretches of tracks.

    Args:
        tracks: one setup each, in the setups' order.
        spans: (track, first row, number of rows).
    """
    rows = [slice(first, first + count) for _, first, count in spans]
    own = [tracks[k] for k, _, _ in spans]
    joined = lambda name: np.concatenate([getattr(t, name)[r] for t, r in zip(own, rows, strict=True)])  # noqa: E731
    counts = np.array([count for _, _, count in spans])
    first = np.array([r.start for r in rows])
    return Batch(
        pieces=Pieces(
            world=np.array([k for k, _, _ in spans]),
            first=np.concatenate([[0], np.cumsum(counts)[:-1]]),
            count=counts,
            time=np.concatenate([t.time_s[r] - t.time_s[r.start] for t, r in zip(own, rows, strict=True)]),
            measured=np.array([t.measured_velocity for t in own]),
            tool=paths_of(
                [t.tool for t in own], [float(t.time_s[n]) for t, n in zip(own, first, strict=True)]
            ),
        ),
        starts=Starts(
            *(
                np.array([getattr(t, name)[n] for t, n in zip(own, first, strict=True)])
                for name in MEASURED_FIELDS
            )
        ),
        position=joined("position"),
        orientation=joined("orientation"),
        joint=joined("joint"),
    )


def whole(tracks: Sequence[Track]) -> Batch:
    """Every track from its first sample to its last."""
    return batch(tracks, [(k, 0, len(track.time_s)) for k, track in enumerate(tracks)])


def windows(tracks: Sequence[Track], length_s: float, every_s: float) -> Batch | None:
    """Stretches of one length that start every so often; None where all tracks are shorter."""
    spans = []
    for k, track in enumerate(tracks):
        start = 0.0
        while start + length_s <= track.time_s[-1] + 1e-9:
            first = int(np.searchsorted(track.time_s, start - 1e-9))
            last = int(np.searchsorted(track.time_s, track.time_s[first] + length_s - 1e-3))
            if last < len(track.time_s):
                spans.append((k, first, last - first + 1))
            start += every_s
    return batch(tracks, spans) if spans else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Errors:
    """Of predicted paths, at every sample."""

    position: Float[np.ndarray, " sample"]
    """Euclidean distance [m]."""
    angle: Float[np.ndarray, " sample"]
    """Geodesic angle [rad]."""
    joint: Float[np.ndarray, "sample joint"]
    """Absolute [rad]."""


def errors_of(paths: Paths, found: Batch) -> Errors:
    """How far paths are from what was measured."""
    return Errors(
        position=np.linalg.norm(paths.position - found.position, axis=1),
        angle=geodesic_angle(paths.orientation, found.orientation),
        joint=np.abs(paths.joint - found.joint),
    )
