"""A trot as a table: what joints add to the stance, by phase, at rest and per unit of commanded speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.simulator.bodies import GRAVITY
from hybridsim.walking.legs import Legs
from hybridsim.walking.smooth import smooth_step

PROBE = 0.2
"""Speed at which the table's slopes are taken [m/s, rad/s]; chosen, because feet stay in reach."""


@dataclass(frozen=True, kw_only=True)
class Trot:
    """How it looks; diagonal pairs of feet take turns in the air, and all stand between.

    Attributes:
        period: of both pairs' steps [s].
        lift: of a foot in the middle of its swing [m].
        air: share of the period that a foot is in the air, up to a half [1].
        crouch: how much lower than in the stance the base goes, for longer strides [m].
        pair: feet of the pair that swings first.
        stiffness: of the drives' position loops, by which targets lead where legs bear weight; None for
            drives that give way to nothing [N*m/rad].
        ahead: time by which targets lead moving joints; a position loop that is damped by the speed lags by
            its velocity gain over its position gain [s].
        stride: of the feet over the ground's way under a robot that moves as it is told, ahead, aside and
            turning; more than 1 makes up for feet that slip and swing short [1].
    """

    period: float = 0.6
    lift: float = 0.08
    air: float = 0.4
    crouch: float = 0.0
    pair: Sequence[str] = ("LF_FOOT", "RH_FOOT")
    stiffness: float | None = None
    ahead: float = 0.0
    stride: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def table(
        self, legs: Legs, stance: Float[np.ndarray, " joint"], rows: int
    ) -> Float[np.ndarray, "4 row joint"]:
        """Offsets from the stance [rad]: stepping in place, then per m/s ahead and aside and rad/s of turn.

        A standing foot goes back under the base as the ground does; a swinging one comes forward.
        """
        phase = np.arange(rows) / rows
        still = self._postures(legs, stance, phase, np.zeros(3))
        probe = PROBE * np.diag(self.stride)
        slopes = [(self._postures(legs, stance, phase, one) - still) / PROBE for one in probe]
        found = np.stack([still - stance + self._lead(legs, still, phase), *slopes])
        return found + self.ahead * self._speeds(found)

    def _speeds(self, table: Float[np.ndarray, "4 row joint"]) -> Float[np.ndarray, "4 row joint"]:
        """Rates of a table's rows, by central differences round the period [the table's unit / s]."""
        step = self.period / table.shape[1]
        return (np.roll(table, -1, axis=1) - np.roll(table, 1, axis=1)) / (2.0 * step)

    def _lead(
        self, legs: Legs, postures: Float[np.ndarray, "row joint"], phase: Float[np.ndarray, " row"]
    ) -> Float[np.ndarray, "row joint"]:
        """How far targets have to be ahead, so that drives give what holds the robot on the feet that stand.

        A foot gives its load up as it rises.
        """
        if self.stiffness is None:
            return np.zeros_like(postures)
        bears = 1.0 - self._up(self._own(legs, phase))
        weight = GRAVITY * legs.mass * bears / bears.sum(axis=1, keepdims=True)
        efforts = [legs.holding(posture, load) for posture, load in zip(postures, weight, strict=True)]
        return np.array(efforts) / self.stiffness

    def _postures(
        self, legs: Legs, stance: np.ndarray, phase: np.ndarray, speed: np.ndarray
    ) -> Float[np.ndarray, "row joint"]:
        """Joint positions by phase at a speed: ahead, aside, turning [m/s, rad/s]."""
        feet, own = self._feet(legs, stance), self._own(legs, phase)
        turning = speed[2] * np.stack([-feet[:, 1], feet[:, 0]], axis=1)
        places = np.repeat(feet[None], len(phase), axis=0)
        places[:, :, :2] += self._reach(own)[:, :, None] * (speed[:2] + turning)
        places[:, :, 2] += self.lift * self._up(own)
        return legs.postures(places, stance)

    def _feet(self, legs: Legs, stance: np.ndarray) -> Float[np.ndarray, "foot 3"]:
        """Where feet stand in the base's frame, the centre of mass over their middle [m]."""
        feet = legs.places(stance)
        off = legs.centre_of_mass(stance)[:2] - feet[:, :2].mean(axis=0)
        return feet + np.array([*off, self.crouch])

    def _own(self, legs: Legs, phase: np.ndarray) -> Float[np.ndarray, "row foot"]:
        """Each foot's own phase, which begins with its swing."""
        late = np.array([0.0 if name in self.pair else 0.5 for name in legs.feet])
        return (phase[:, None] + late) % 1.0

    def _up(self, own: Float[np.ndarray, "row foot"]) -> Float[np.ndarray, "row foot"]:
        """Height of a foot, 0 to 1: a smooth hill while it is in the air."""
        done = smooth_step(own, self.air)
        return 4.0 * done * (1.0 - done)

    def _reach(self, own: Float[np.ndarray, "row foot"]) -> Float[np.ndarray, "row foot"]:
        """Way of a foot from its middle, over the ground's speed [s]: ahead in the air, evenly back after."""
        stands = self.period * (1.0 - self.air)
        return stands * (smooth_step(own, self.air) - 0.5) - self.period * np.maximum(own - self.air, 0.0)
