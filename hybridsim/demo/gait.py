"""A statically stable walk as a script: where base and feet are at any time, one foot in the air at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.walking.smooth import smooth_step

Place = Float[np.ndarray, "3"]
STRAIGHT = 0.2
"""Share of a swing in which the foot goes straight up, and down again; chosen, to clear soft ground."""


@dataclass(frozen=True, kw_only=True)
class Gait:
    """How the walk looks; chosen for ANYmal C, because it then neither falls nor hurries.

    Attributes:
        stride: by which every foot moves forward each cycle [m].
        lift: of a foot's middle above a straight step [m].
        lean: where the centre of mass goes before a foot lifts: 0 for over the middle of all feet, 1 for over
            that of the other three [1].
        shift_s: for that lean, all feet down [s].
        swing_s: of a foot in the air [s].
        rest_s: standing, before the first and after the last step [s].
        order: in which feet move.
    """

    stride: float = 0.26
    lift: float = 0.09
    lean: float = 0.35
    shift_s: float = 0.9
    swing_s: float = 0.5
    rest_s: float = 0.5
    order: Sequence[str] = ("LH_FOOT", "LF_FOOT", "RH_FOOT", "RF_FOOT")

    @property
    def cycle_s(self) -> float:
        """Time in which every foot moves once [s]."""
        return len(self.order) * (self.shift_s + self.swing_s)


class Script:
    """Where centre of mass and feet go, one row a command; grows move by move."""

    def __init__(self, gait: Gait, feet: Float[np.ndarray, "foot 3"], period: float) -> None:
        """Nothing moves yet; the centre stands over the middle of the feet.

        Args:
            gait: see there.
            feet: where they stand, in the world [m].
            period: between commands [s].
        """
        self.gait, self.period = gait, period
        self._feet, self._centre = feet.copy(), flat(feet.mean(axis=0))
        self._bears = np.ones(len(feet))
        self._centres, self._places, self._shares = [self._centre[None]], [feet[None]], [self._bears[None]]

    @property
    def centre(self) -> Float[np.ndarray, "time 3"]:
        """Of mass, in the world [m]; its height is left at 0."""
        return np.concatenate(self._centres)

    @property
    def feet(self) -> Float[np.ndarray, "time foot 3"]:
        """In the world [m]."""
        return np.concatenate(self._places)

    @property
    def bearing(self) -> Float[np.ndarray, "time foot"]:
        """How much of its share of the weight a foot is to take: 0 in the air, 1 standing [1]."""
        return np.concatenate(self._shares)

    def lean(self, foot: int) -> None:
        """Shift the centre towards the middle of all feet but one, which is then free to lift."""
        others, lean = np.delete(self._feet, foot, axis=0).mean(axis=0), self.gait.lean
        self._go(flat((1.0 - lean) * self._feet.mean(axis=0) + lean * others), self.gait.shift_s, foot)

    def step(self, foot: int) -> None:
        """Put one foot a stride ahead; the centre waits."""
        gait, up, ahead = (
            self.gait,
            self._progress(self.gait.swing_s),
            self._progress(self.gait.swing_s, STRAIGHT),
        )
        rows = np.repeat(self._feet[None], len(up), axis=0)
        rows[:, foot] += ahead * [gait.stride, 0.0, 0.0] + 4.0 * up * (1.0 - up) * [0.0, 0.0, gait.lift]
        self._feet[foot] = rows[-1, foot]
        self._places.append(rows)
        self._centres.append(np.repeat(self._centre[None], len(up), axis=0))
        self._shares.append(np.repeat(self._bears[None], len(up), axis=0))

    def stand(self) -> None:
        """Bring the centre back over the middle of the feet, and rest."""
        self._go(flat(self._feet.mean(axis=0)), self.gait.shift_s)
        self._go(self._centre, self.gait.rest_s)

    def _go(self, goal: Place, seconds: float, free: int | None = None) -> None:
        """Move the centre, and the weight onto all feet but the one to be freed."""
        share, bears = self._progress(seconds), np.ones(len(self._feet))
        if free is not None:
            bears[free] = 0.0
        self._centres.append(self._centre + share * (goal - self._centre))
        self._places.append(np.repeat(self._feet[None], len(share), axis=0))
        self._shares.append(self._bears + share * (bears - self._bears))
        self._centre, self._bears = goal, bears

    def _progress(self, seconds: float, wait: float = 0.0) -> Float[np.ndarray, "time 1"]:
        """0 to 1, smoothly, at rest for a share `wait` of the time at either end."""
        time = np.arange(1, round(seconds / self.period) + 1) * self.period
        return smooth_step(time - wait * seconds, (1.0 - 2.0 * wait) * seconds)[:, None]


def script_of(
    gait: Gait, names: Sequence[str], feet: Float[np.ndarray, "foot 3"], cycles: int, period: float
) -> Script:
    """A walk along x.

    Args:
        gait: see there.
        names: of the feet.
        feet: where they stand at first, in the world [m].
        cycles: how often every foot moves.
        period: between commands [s].
    """
    script = Script(gait, feet, period)
    script.stand()
    for name in [*gait.order] * cycles:
        script.lean(names.index(name))
        script.step(names.index(name))
    script.stand()
    return script


def flat(place: Place) -> Place:
    """The place on the ground below."""
    return place * [1.0, 1.0, 0.0]
