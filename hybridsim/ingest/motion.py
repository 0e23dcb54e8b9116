"""Windows of a recording in which a command moves, with the velocities of command and response in them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

# Robots move below some 10 Hz: velocities smoothed over a triangle of this half width keep that and lose
# noise; cells are an eighth of it, as a parabola through three of them finds a peak to a hundredth. Chosen.
SMOOTH_S = 0.02
CELLS_PER_SMOOTH = 8
SMOOTH_INTERVALS = 2.0  # of the slower signal, where that is longer; chosen
WINDOWS = 32  # chosen
FEWEST_WINDOWS = 8
FEWEST_CELLS = 32  # in a window; chosen
MAX_CELLS = 4096  # in a window; chosen, so that a million samples take less than a second
MOVING = 0.1  # of the liveliest window's way; chosen
PAUSE_INTERVALS = 20  # responses further apart are a pause in the recording; chosen

Samples = Float[np.ndarray, "row joint"]


@dataclass(frozen=True)
class Track:
    """A sampled signal, time in seconds."""

    time_s: Float[np.ndarray, " row"]
    values: Samples
    held: bool

    @classmethod
    def of(cls, stamp_ns: Int64[np.ndarray, " row"], values: Samples, origin_ns: int, held: bool) -> Track:
        """Time counted from the origin; columns that are not finite are taken for standing still."""
        finite = np.isfinite(values).all(axis=0)
        return cls((stamp_ns - origin_ns) * 1e-9, np.where(finite, values, 0.0), held)

    @property
    def interval_s(self) -> float:
        """Median time between samples."""
        return float(np.median(np.diff(self.time_s)))

    def velocity(self, start_s: float, cells: int, grid: Grid) -> Float[np.ndarray, "cell joint"]:
        """Smoothed velocity in cells of the grid, times a constant: the second difference of the integral.

        The integral is exact where a value holds until the next one, and even-handed between the samples
        where it does not, so that neither choice shifts the signal.
        """
        half = grid.smooth_cells
        at_s = start_s + grid.cell_s * np.arange(-half, cells + half)
        integral = self._integral(at_s)
        return integral[2 * half :] - 2 * integral[half:-half] + integral[: -2 * half]

    def _integral(self, at_s: Float[np.ndarray, " time"]) -> Float[np.ndarray, "time joint"]:
        first = max(int(np.searchsorted(self.time_s, at_s[0], "right")) - 1, 0)
        last = min(int(np.searchsorted(self.time_s, at_s[-1])) + 1, len(self.time_s))
        time_s, values = self.time_s[first:last], self.values[first:last]
        if len(time_s) < 2:
            return np.zeros((len(at_s), values.shape[1]))
        values = values - values.mean(axis=0)
        mean = values[:-1] if self.held else 0.5 * (values[:-1] + values[1:])
        place = np.clip(np.searchsorted(time_s, at_s, "right") - 1, 0, len(time_s) - 2)
        whole = np.vstack([np.zeros(values.shape[1]), np.cumsum(mean * np.diff(time_s)[:, None], axis=0)])
        return whole[place] + mean[place] * (at_s - time_s[place])[:, None]


@dataclass(frozen=True)
class Grid:
    """Cells that both signals are laid on, and the delays, in cells, that are tried.

    Attributes:
        cell_s: width of a cell.
        smooth_cells: half width of the triangle that velocities are smoothed over.
        earliest: first delay, negative where responses that come first are looked for.
        delays: how many.
    """

    cell_s: float
    smooth_cells: int
    earliest: int
    delays: int

    @classmethod
    def of(cls, command: Track, response: Track, search_s: tuple[float, float]) -> Grid:
        """As fine as the slower signal allows; a slow one is searched further: a peak has two sides."""
        slower_s = max(command.interval_s, response.interval_s)
        smooth_s = max(SMOOTH_S, SMOOTH_INTERVALS * slower_s)
        cell_s = smooth_s / CELLS_PER_SMOOTH
        earliest = min(math.floor(search_s[0] / cell_s), -CELLS_PER_SMOOTH)
        latest = max(math.ceil(search_s[1] / cell_s), 2 * CELLS_PER_SMOOTH)
        return cls(cell_s, CELLS_PER_SMOOTH, earliest, latest - earliest + 1)

    @property
    def searched_s(self) -> tuple[float, float]:
        """First and last delay."""
        return self.earliest * self.cell_s, (self.earliest + self.delays - 1) * self.cell_s


@dataclass(frozen=True)
class Windows:
    """Velocities in windows of equal length; the response's windows reach over all delays."""

    command: Float[np.ndarray, "window cell joint"]
    response: Float[np.ndarray, "window reach joint"]


def moving_windows(command: Track, response: Track, grid: Grid) -> Windows | None:
    """Up to `WINDOWS`, evenly spread over those where the command moves; None where there are too few."""
    first_s, last_s = search_s = grid.searched_s
    margin_s = (grid.smooth_cells + 1) * grid.cell_s
    begin_s = max(command.time_s[0], response.time_s[0] - first_s) + margin_s
    usable_s = min(command.time_s[-1], response.time_s[-1] - last_s) - margin_s - begin_s
    cells = min(MAX_CELLS, int(usable_s / grid.cell_s) // WINDOWS)
    if cells < FEWEST_CELLS:
        cells = int(usable_s / grid.cell_s) // FEWEST_WINDOWS
    if cells < FEWEST_CELLS:
        return None
    length_s = cells * grid.cell_s
    starts = begin_s + length_s * np.arange(int(usable_s / length_s + 1e-9))
    starts = starts[_moves(command, starts, length_s) & ~_paused(response, starts, length_s, search_s)]
    if len(starts) < FEWEST_WINDOWS:
        return None
    starts = starts[np.unique(np.linspace(0, len(starts) - 1, WINDOWS).astype(int))]
    reach = cells + grid.delays - 1
    return Windows(
        np.stack([command.velocity(start, cells, grid) for start in starts]),
        np.stack([response.velocity(start + first_s, reach, grid) for start in starts]),
    )


def _moves(
    command: Track, starts: Float[np.ndarray, " window"], length_s: float
) -> Bool[np.ndarray, " window"]:
    """Whether a joint covers a share of its way in the window."""
    ends = np.searchsorted(command.time_s, np.append(starts, starts[-1] + length_s))
    steps = np.abs(np.diff(command.values, axis=0))
    way = np.vstack([np.zeros(steps.shape[1]), np.cumsum(steps, axis=0)])[np.minimum(ends, len(steps))]
    ways = np.diff(way, axis=0)
    return np.any((ways >= MOVING * ways.max(axis=0)) & (ways > 0), axis=1)


def _paused(
    response: Track, starts: Float[np.ndarray, " window"], length_s: float, search_s: tuple[float, float]
) -> Bool[np.ndarray, " window"]:
    """Whether the response has a pause in the window or where its delays reach."""
    pauses = np.append(0, np.cumsum(np.diff(response.time_s) > PAUSE_INTERVALS * response.interval_s))
    first = np.searchsorted(response.time_s, starts + search_s[0])
    last = np.searchsorted(response.time_s, starts + length_s + search_s[1])
    return pauses[np.minimum(last, len(pauses) - 1)] > pauses[np.maximum(first - 1, 0)]
