"""A trot as a table: what joints add to the stance, by phase, at rest and per unit of commanded speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.simulator.bodies import GRAVITY
from hybridsim.walking.legs import Legs

HANDOVER = 0.06
"""Chosen, because feet touch the ground only when the others are about to leave it [turns]."""
PROBE = 0.2
"""Speed at which the table's slopes are taken [m/s, rad/s]; chosen, because feet stay in reach."""


@dataclass(frozen=True, kw_only=True)
class Trot:
    """How it looks; diagonal pairs of feet take turns in the air.

    Attributes:
        period: of both pairs' steps [s].
        lift: of a foot in the middle of its swing [m].
        pair: feet of the pair that swings first.
        stiffness: of the drives' position loops, by which targets lead where legs bear weight; None for
            drives that give way to nothing [N*m/rad].
        ahead: time by which targets lead moving joints; a position loop that is damped by the speed lags by
            its velocity gain over its position gain [s].
        stride: of the feet over the ground's way under a robot that moves as it is told, ahead, aside and
            turning; more than 1 makes up for feet that slip and swing short [1].
    """

    period: float = 0.6
    lift: float = 0.09
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

        The weight goes from pair to pair within `HANDOVER` of a turn.
        """
        if self.stiffness is None:
            return np.zeros_like(postures)
        first = np.array([name in self.pair for name in legs.feet])
        pressed = 0.5 + 0.5 * np.clip(np.sin(2.0 * np.pi * phase) / np.sin(2.0 * np.pi * HANDOVER), -1.0, 1.0)
        shares = np.where(first, (1.0 - pressed)[:, None], pressed[:, None])
        weight = GRAVITY * legs.mass * shares / shares.sum(axis=1, keepdims=True)
        efforts = [legs.holding(posture, load) for posture, load in zip(postures, weight, strict=True)]
        return np.array(efforts) / self.stiffness

    def _postures(
        self, legs: Legs, stance: np.ndarray, phase: np.ndarray, speed: np.ndarray
    ) -> Float[np.ndarray, "row joint"]:
        """Joint positions by phase at a speed: ahead, aside, turning [m/s, rad/s]."""
        feet = legs.places(stance)
        places = np.repeat(feet[None], len(phase), axis=0)
        for n, name in enumerate(legs.feet):
            own = (phase + (0.0 if name in self.pair else 0.5)) % 1.0
            velocity = np.array([speed[0] - speed[2] * feet[n, 1], speed[1] + speed[2] * feet[n, 0]])
            places[:, n, :2] += 0.5 * self.period * sweep(own)[:, None] * velocity
            places[:, n, 2] += self.lift * rise(own)
        return legs.postures(places, stance)


def sweep(phase: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Place of a foot along its path, -0.5 to 0.5: forward in the first half, evenly back after."""
    swing = -0.5 * np.cos(2.0 * np.pi * np.minimum(phase, 0.5))
    return np.where(phase < 0.5, swing, 0.5 - 2.0 * (phase - 0.5))


def rise(phase: Float[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
    """Height of a foot, 0 to 1: a smooth hill in the first half."""
    return np.where(phase < 0.5, np.sin(2.0 * np.pi * np.minimum(phase, 0.5)) ** 2, 0.0)
