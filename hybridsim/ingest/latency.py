"""How long after a command its response comes, from how the two signals move."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int64

from hybridsim.ingest.motion import FEWEST_WINDOWS, Grid, Track, Windows, moving_windows

LEVEL = 0.95
SEARCH_S = (-0.2, 1.0)  # chosen: a response cannot come first, but stamps of two clocks can
FEWEST_SAMPLES = 16
CORRELATED = 0.5  # below this a delay is not trusted; chosen
# A correlation by chance spreads by one over the root of the number of independent samples, and the largest
# over all delays tried stays below some four times that; chosen.
BEYOND_CHANCE = 4.5
COMPETING = 0.9  # another peak of this share makes the delay ambiguous; chosen
VALLEY = 0.8  # what lies between two peaks; chosen
FLIPPED = 1.1  # a response that moves the other way must be more alike by this; chosen
WIDE = 0.1  # of the delays tried: an interval over more says too little; chosen
LIVELY = 0.01  # of the liveliest window's energy, to count as one that moves; chosen


@dataclass(frozen=True, kw_only=True)
class Delay:
    """How much later the response moves than the command.

    Attributes:
        delay_s: positive when the response comes later; None where there is nothing to tell it from [s].
        interval_95_s: of the delay, by jackknife over windows of the recording.
        correlation: of the two velocities at that delay; negative where the response moves the other way.
        trusted: whether the delay may be relied on.
        reason: why not, or what else to know; empty where all is well.
    """

    delay_s: float | None = None
    interval_95_s: tuple[float, float] | None = None
    correlation: float | None = None
    trusted: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Delay of all joints together and of each alone, and what it was found from.

    Attributes:
        pooled: one delay for the joints that are trusted, or for all that move where none is, each with the
            same weight.
        joints: one a joint.
        searched_s: first and last delay that were tried.
        windows: stretches of the recording that were used.
    """

    pooled: Delay
    joints: tuple[Delay, ...]
    searched_s: tuple[float, float] = SEARCH_S
    windows: int = 0


def latency(
    command_ns: Int64[np.ndarray, " sent"],
    command: Float[np.ndarray, "sent joint"],
    response_ns: Int64[np.ndarray, " measured"],
    response: Float[np.ndarray, "measured joint"],
    *,
    search_s: tuple[float, float] = SEARCH_S,
    held: bool = True,
) -> Latency:
    """Delay of a response behind its command, by cross-correlation of their smoothed velocities.

    It is the whole delay from stamp to stamp: transport, the drive's own lag, and the clocks' offset where
    the two topics are stamped by different ones. It is an estimate to be recorded; nothing is shifted.

    Args:
        command_ns: stamps of the command, strictly increasing.
        command: commanded positions, one column a joint, any unit.
        response_ns: stamps of the response, strictly increasing.
        response: measured positions of the same joints.
        search_s: delays to try; a slow signal is searched further.
        held: whether a command holds until the next one, as a drive reads it; else it is taken for samples of
            a smooth curve, which lies half an interval earlier.

    Source: Knapp & Carter 1976, "The Generalized Correlation Method for Estimation of Time Delay".
    Error: 3.7 ms and 25 ms at 100 to 500 Hz lie inside the interval in 90 % of repetitions,
    tests/ingest/test_latency.py.
    """
    nothing = Delay(reason="the recording is too short, or the command moves too little of the time")
    none = Latency(pooled=nothing, joints=(nothing,) * command.shape[1])
    if min(len(command_ns), len(response_ns)) < FEWEST_SAMPLES or not none.joints:
        return none
    origin_ns = int(response_ns[0])
    sent = Track.of(command_ns, command, origin_ns, held)
    measured = Track.of(response_ns, response, origin_ns, held=False)
    grid = Grid.of(sent, measured, search_s)
    windows = moving_windows(sent, measured, grid)
    if windows is None:
        return replace(none, searched_s=grid.searched_s)
    products = [_Products.of(windows, joint) for joint in range(command.shape[1])]
    joints = tuple(one.delay(grid) for one in products)
    return Latency(
        pooled=_pooled(products, joints, grid),
        joints=joints,
        searched_s=grid.searched_s,
        windows=len(windows.command),
    )


@dataclass(frozen=True)
class _Products:
    """Sums over each window, from which correlations of any set of windows follow.

    Attributes:
        cross: of command times response at each delay.
        command: of the command's squares.
        response: of the response's squares at each delay.
        independent: number of independent samples, after Bartlett 1946:
            samples over the sum of the product of the two autocorrelations.
    """

    cross: Float[np.ndarray, "window delay"]
    command: Float[np.ndarray, " window"]
    response: Float[np.ndarray, "window delay"]
    independent: float

    @classmethod
    def of(cls, windows: Windows, joint: int) -> _Products:
        command, response = windows.command[:, :, joint], windows.response[:, :, joint]
        cells, reach = command.shape[1], response.shape[1]
        command = command - command.mean(axis=1, keepdims=True)
        size = 1 << (cells + reach).bit_length()
        sent, measured = np.fft.rfft(command, size), np.fft.rfft(response, size)
        cross = np.fft.irfft(sent.conj() * measured, size)[:, : reach - cells + 1]
        total, squares = _sliding(response, cells), _sliding(response**2, cells)
        energy = np.sum(command**2, axis=1)
        alike = [np.fft.irfft(np.sum(np.abs(f) ** 2, axis=0), size)[:cells] for f in (sent, measured)]
        return cls(cross, energy, np.maximum(squares - total**2 / cells, 0.0), _independent(alike, energy))

    def scaled(self, sign: float) -> _Products:
        """With a mean energy of one, so that joints weigh the same."""
        command, response = float(np.sum(self.command)), float(np.mean(np.sum(self.response, axis=0)))
        cross = self.cross * (sign / (command * response) ** 0.5)
        return _Products(cross, self.command / command, self.response / response, self.independent)

    def moves(self) -> bool:
        """Whether command and response both move."""
        return bool(np.sum(self.command) > 0 and np.all(np.sum(self.response, axis=0) > 0))

    def delay(self, grid: Grid) -> Delay:
        """The highest correlation, and whether it can be trusted."""
        if not self.moves():
            return Delay(reason="command or response stands still")
        alike = _correlation(self.cross.sum(axis=0), self.command.sum() * self.response.sum(axis=0))
        sign = -1.0 if np.max(-alike) > FLIPPED * np.max(alike) else 1.0
        peak, place = float(np.max(sign * alike)), _peaks(sign * alike[None])[0]
        lively = int(np.count_nonzero(self.command > LIVELY * self.command.max()))
        from scipy.special import stdtrit  # a quarter of a second, and few recordings hold commands

        spread = self._spread(sign) * float(stdtrit(max(lively - 1, 1), (1 + LEVEL) / 2))
        reason = _doubt(sign * alike, lively, BEYOND_CHANCE / max(self.independent, 1e-9) ** 0.5)
        if not reason and 2 * spread > WIDE * grid.delays:
            reason = f"the delay is told to {spread * grid.cell_s:.2f} s only: it is not the same throughout"
        low, middle, high = (
            (grid.earliest + place + shift) * grid.cell_s for shift in (-spread, 0.0, spread)
        )
        return Delay(
            delay_s=float(middle),
            interval_95_s=(float(low), float(high)),
            correlation=sign * peak,
            trusted=not reason,
            reason=reason or ("the response moves the other way" if sign < 0 else ""),
        )

    def _spread(self, sign: float) -> float:
        """Standard error of the peak's place [cells], by leaving out each window in turn."""
        command = np.maximum(self.command.sum() - self.command, 0.0)
        response = np.maximum(self.response.sum(axis=0) - self.response, 0.0)
        places = _peaks(sign * _correlation(self.cross.sum(axis=0) - self.cross, command[:, None] * response))
        return float(np.sqrt((len(places) - 1) / len(places) * np.sum((places - places.mean()) ** 2)))


def _pooled(products: list[_Products], joints: tuple[Delay, ...], grid: Grid) -> Delay:
    moving = [n for n, one in enumerate(products) if one.moves()]
    chosen = [n for n in moving if joints[n].trusted] or moving
    if not chosen:
        return Delay(reason="command or response stands still")
    signs = [np.sign(joints[n].correlation or 1.0) for n in chosen]
    most = 1.0 if sum(signs) >= 0 else -1.0
    scaled = [products[n].scaled(most * sign) for n, sign in zip(chosen, signs, strict=True)]
    return _Products(
        np.sum([one.cross for one in scaled], axis=0),
        np.sum([one.command for one in scaled], axis=0),
        np.sum([one.response for one in scaled], axis=0),
        sum(one.independent for one in scaled),
    ).delay(grid)


def _sliding(values: Float[np.ndarray, "window reach"], cells: int) -> Float[np.ndarray, "window delay"]:
    """Sums over `cells` values from each place on."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    return sums[:, cells:] - sums[:, :-cells]


def _independent(alike: list[Float[np.ndarray, " cell"]], energy: Float[np.ndarray, " window"]) -> float:
    if min(one[0] for one in alike) <= 0:
        return 0.0
    command, response = (one / one[0] for one in alike)
    windows = np.sum(energy) ** 2 / np.sum(energy**2)
    return float(windows * len(command) / max(2 * np.sum(command * response) - 1.0, 1.0))


def _correlation(
    cross: Float[np.ndarray, "*set delay"], energies: Float[np.ndarray, "*set delay"]
) -> Float[np.ndarray, "*set delay"]:
    return np.divide(cross, np.sqrt(energies), out=np.zeros_like(cross), where=energies > 0)


def _peaks(alike: Float[np.ndarray, "set delay"]) -> Float[np.ndarray, " set"]:
    """Places of the highest values, between samples by a parabola through three."""
    place = np.clip(np.argmax(alike, axis=1), 1, alike.shape[1] - 2)
    left, middle, right = (np.take_along_axis(alike, place[:, None] + k, 1)[:, 0] for k in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros_like(bend), where=bend < 0)
    return place + np.clip(shift, -1.0, 1.0)


def _doubt(alike: Float[np.ndarray, " delay"], lively: int, by_chance: float) -> str:
    """Why a delay should not be relied on; empty where nothing speaks against it."""
    place, peak = int(np.argmax(alike)), float(np.max(alike))
    if lively < FEWEST_WINDOWS:
        return f"the command moves in {lively} stretches only; {FEWEST_WINDOWS} are needed"
    if peak < by_chance:
        return f"the correlation of {peak:.2f} could be chance, up to {min(by_chance, 1.0):.2f} here"
    if peak < CORRELATED:
        return f"the correlation is {peak:.2f}; {CORRELATED} is needed"
    if place in (0, len(alike) - 1):
        return "the highest correlation lies on the edge of the delays tried"
    valleys = np.flatnonzero(alike < VALLEY * peak)
    left, right = valleys[valleys < place].max(initial=-1), valleys[valleys > place].min(initial=len(alike))
    if np.any(np.delete(alike, slice(left + 1, right)) > COMPETING * peak):
        return "other delays fit as well, as with motions that repeat"
    return ""
