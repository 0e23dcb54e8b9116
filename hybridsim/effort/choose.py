"""Choose settings by what they predict: blocks of what may be seen are left out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hybridsim.effort.fit import Found, Noise, Problem
from hybridsim.effort.settings import Settings
from hybridsim.effort.squares import Prepared, Squares, squares_of_error
from hybridsim.progress import Progress
from hybridsim.study import EffortRule

# In this order: what shapes every column first, laws after it, the prior last.
ORDER = (
    "bandwidth_hz",
    "sliding_speed",
    "ripple_order",
    "bandwidth_hz",
    "bandwidth_order",
    "presliding_angle",
    "saturating_speed",
    "load_friction",
    "stribeck_speed",
    "sliding_speed",
    "velocity",
    "acceleration_hz",
    "prior_sigma",
)
MOVES_DELAY = (
    "bandwidth_hz",
    "ripple_order",
    "presliding_angle",
    "velocity",
)  # each value is tried at its own best delay
WORTH = 0.995  # a law has to make the left-out error smaller by that; chosen, because a tie keeps the simpler


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How settings predict blocks that the fit did not see.

    Attributes:
        error: root of the mean square error over the spread, per joint.
        starts: per block the point that was found without it.
    """

    error: Float[np.ndarray, " joint"]
    starts: tuple[np.ndarray, ...]

    @property
    def mean(self) -> float:
        """Over the joints."""
        return float(self.error.mean())


def choose(
    prepared: Prepared, rule: EffortRule, progress: Progress | None = None
) -> tuple[Settings, dict[str, dict[str, float]]]:
    """Settings, one key after the other, and the left-out error of every value that was tried."""
    best = _aligned(prepared, rule, Settings.first(rule))
    score = left_out(prepared, best).mean
    told: dict[str, dict[str, float]] = {}
    for n, key in enumerate(ORDER):
        offered = getattr(rule, key)
        told.setdefault(key, {})[str(getattr(best, key))] = score
        for value in [value for value in offered if value != getattr(best, key)]:
            tried = replace(best, **{key: value})
            tried = _aligned(prepared, rule, tried) if key in MOVES_DELAY else tried
            error = left_out(prepared, tried).mean
            told[key][str(value)] = error
            if error < WORTH * score:
                best, score = tried, error
        if progress is not None:
            progress(n + 1, len(ORDER))
    return best, told


def _aligned(prepared: Prepared, rule: EffortRule, settings: Settings) -> Settings:
    """The settings with the delay that suits them."""
    if rule.delay_limit == 0:
        return settings
    return replace(settings, delay=found_delay(prepared, settings, rule.delay_limit))


def left_out(prepared: Prepared, settings: Settings) -> LeftOut:
    """Fit without each block in turn, and predict it."""
    squares = settled(prepared, settings)
    blocks = squares.blocks
    wrong, starts = np.zeros(len(prepared.arm.joints)), []
    for block in blocks:
        rest = [b for b in blocks if b != block]
        found = Problem(prepared.arm, settings, squares, rest).solve(starts[-1] if starts else None)
        starts.append(found.point)
        wrong += [
            squares_of_error(sums[block], found.solution(squares.own[j], j))
            for j, sums in enumerate(squares.sums)
        ]
    error = np.sqrt(wrong / squares.rows.sum()) / squares.spread(blocks)
    return LeftOut(error=error, starts=tuple(starts))


def settled(prepared: Prepared, settings: Settings) -> Squares:
    """Sums under some settings; friction that grows with the load sees the load of a first fit."""
    squares = prepared.squares(settings)
    if not settings.load_friction:
        return squares
    found = Problem(prepared.arm, settings, squares, squares.blocks).solve()
    return prepared.squares(settings, prepared.loads(settings, found.theta))


def found_delay(prepared: Prepared, settings: Settings, limit: float) -> float:
    """How much later than the motion the efforts are stamped [s], negative where earlier.

    The shift that a fit on all blocks leaves least error at: the best of a few, then a parabola through it
    and its neighbours. One shift for all joints, since they share a stamp.

    Error: a planted shift of 2.5 samples to a tenth of one, tests/effort/test_choose.py.
    """
    period = float(np.median([motion.period for motion in prepared.motions]))
    reach = max(1, round(limit / period))
    step = max(1, -(-reach // 3))
    errors: dict[int, float] = {}
    centre = 0
    while step:
        for place in (centre - step, centre, centre + step):
            if place not in errors and abs(place) <= reach:
                errors[place] = _error(prepared, replace(settings, delay=place * period))
        best = min(errors, key=lambda place: errors[place])
        centre, step = best, step if best != centre else step // 2
    before, here, after = (errors.get(centre + k, np.inf) for k in (-1, 0, 1))
    bend = before - 2 * here + after
    return (centre + (0.5 * (before - after) / bend if 0 < bend < np.inf else 0.0)) * period


def _error(prepared: Prepared, settings: Settings) -> float:
    """Mean square error over the spread's square of a fit on all blocks."""
    squares = prepared.squares(settings)
    blocks = squares.blocks
    found = Problem(prepared.arm, settings, squares, blocks).solve()
    return float(np.mean(_squares(found, squares, blocks) / squares.spread(blocks) ** 2))


def _squares(found: Found, squares: Squares, blocks: Sequence[int]) -> np.ndarray:
    """Mean square error of every joint over some blocks."""
    wrong = [
        squares_of_error(sums, found.solution(squares.own[j], j)) for j, sums in enumerate(squares.of(blocks))
    ]
    return np.maximum(np.array(wrong), 0.0) / squares.rows[list(blocks)].sum()


def noise_of(left: Sequence[np.ndarray], spread: Float[np.ndarray, " joint"]) -> Noise:
    """Size of what is left over, and how many neighbouring rows say as much as one.

    Args:
        left: measured minus predicted, a stretch of even rows each [row joint].
        spread: of the measurements; a hundredth of it is the least error that is believed.
    """
    size = np.sqrt(np.concatenate(left).__pow__(2).mean(axis=0))
    rows = np.ones(len(size))
    for j in range(len(size)):
        longest = max(left, key=len)[:, j]
        whole = np.fft.rfft(longest - longest.mean(), 2 * len(longest))
        related = np.fft.irfft(np.abs(whole) ** 2)[: len(longest)]
        related = related / max(related[0], 1e-300)
        end = int(np.argmax(related < 0.05)) or len(related)
        rows[j] = 1.0 + 2.0 * related[1:end].sum()
    return Noise(size=np.maximum(size, 0.01 * spread), rows=rows)
