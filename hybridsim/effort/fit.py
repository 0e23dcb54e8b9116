"""Find inertias, rotors, friction and gains: least squares within what is physical, with a prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hybridsim.effort.arm import Arm
from hybridsim.effort.descend import descend
from hybridsim.effort.inertia import (
    LENGTHS,
    LONGEST,
    SHORTEST,
    TEN,
    from_smooth,
    jacobian,
    to_smooth,
)
from hybridsim.effort.settings import Settings
from hybridsim.effort.squares import Squares
from hybridsim.effort.terms import Term, terms_of

# Widths of the prior at prior_sigma = 1: of log mass, log lengths, shears [m], centre of mass [m].
MASS_WIDTH, LENGTH_WIDTH, SHEAR_WIDTH, CENTRE_WIDTH = 1.0, 1.0, 0.1, 0.2
GUESSED = 3.0  # times wider where the URDF states nothing physical
GAIN_WIDTH = 1.0  # of the log of a free gain
VISCOUS = 2  # place of viscous friction among a joint's own terms
NOISE = 0.05  # of the effort's spread: what a first fit takes for its error


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Error that a fit expects: per joint its size, and how many rows say as much as one."""

    size: Float[np.ndarray, " joint"]
    rows: Float[np.ndarray, " joint"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What a fit found.

    Attributes:
        point: smooth inertial parameters, coefficients in the signal's unit, logs of free gains.
        theta: inertial parameters of all bodies.
        coefficients: of the terms, in the signal's unit.
        gain: signal per torque.
        information: of the logs alone: inverse of the covariance that they would leave.
        width: of the prior around its centre, in every direction of the point.
        on_bound: which of the point's entries ended on a bound.
    """

    point: Float[np.ndarray, " entry"]
    theta: Float[np.ndarray, " parameter"]
    coefficients: Float[np.ndarray, " term"]
    gain: Float[np.ndarray, " joint"]
    information: Float[np.ndarray, "entry entry"]
    width: Float[np.ndarray, " entry"]
    on_bound: np.ndarray

    def solution(self, own: np.ndarray, joint: int) -> Float[np.ndarray, " column"]:
        """The columns' factors in one joint's row."""
        return np.concatenate([self.gain[joint] * self.theta, self.coefficients[own]])


class Problem:
    """One least-squares problem: which blocks, under which settings."""

    def __init__(
        self,
        arm: Arm,
        settings: Settings,
        squares: Squares,
        blocks: Sequence[int],
        noise: Noise | None = None,
    ) -> None:
        """Boil the blocks down; without a noise, errors of NOISE and a fifth of a second are expected."""
        self.arm, self.settings, self.squares = arm, settings, squares
        self.terms: list[Term] = terms_of(arm, settings)
        self.bodies, self.joints = len(arm.links), len(arm.joints)
        self.free = np.flatnonzero(arm.free_gain)
        sums, spread = squares.of(blocks), squares.spread(blocks)
        noise = noise or Noise(size=NOISE * spread, rows=np.full(self.joints, 25.0))
        weight = 1.0 / (noise.size * np.sqrt(noise.rows))
        self.sums = [weight[j] ** 2 * sums[j] for j in range(self.joints)]
        self.gain, self.sign = self._first_gains(sums, spread)
        self.centre, self.width = self._prior(sums, spread)

    def solve(self, start: Float[np.ndarray, " entry"] | None = None) -> Found:
        """The most likely point; starts from the prior where no start is given."""
        low, high = self._bounds()
        point = descend(self.terms_at, self.centre if start is None else start, (low, high), self.width)
        theta, coefficients, gain = self.read(point)
        step = 1e-4 * self.width
        return Found(
            point=point,
            theta=theta,
            coefficients=coefficients,
            gain=gain,
            information=self.terms_at(point)[2] - np.diag(self.width**-2.0),
            width=self.width,
            on_bound=(point < low + step) | (point > high - step),
        )

    def read(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inertial parameters, coefficients and gains of a point."""
        split = TEN * self.bodies
        gain = self.gain.copy()
        gain[self.free] = self.sign[self.free] * np.exp(point[split + len(self.terms) :])
        theta = from_smooth(point[:split].reshape(-1, TEN)).ravel()
        return theta, point[split : split + len(self.terms)], gain

    def terms_at(self, point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Half the scaled square error of logs and prior, its gradient, and its Gauss-Newton curvature."""
        theta, coefficients, gain = self.read(point)
        split, off = TEN * self.bodies, (point - self.centre) / self.width
        inner = jacobian(point[:split].reshape(-1, TEN))
        value, gradient, curvature = 0.5 * float(off @ off), off / self.width, np.diag(self.width**-2.0)
        for j, sums in enumerate(self.sums):
            own = self.squares.own[j]
            factors = np.concatenate([gain[j] * theta, coefficients[own], [-1.0]])
            moved = np.zeros((len(factors), len(point)))
            for b in range(self.bodies):
                place = slice(TEN * b, TEN * (b + 1))
                moved[place, place] = gain[j] * inner[b]
            moved[split + np.arange(len(own)), split + own] = 1.0
            if j in self.free:
                moved[:split, split + len(self.terms) + int(np.searchsorted(self.free, j))] = gain[j] * theta
            pushed = sums @ moved
            value += 0.5 * float(factors @ sums @ factors)
            gradient = gradient + factors @ pushed
            curvature = curvature + moved.T @ pushed
        return value, gradient, curvature

    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.full(len(self.centre), -np.inf), np.full(len(self.centre), np.inf)
        for b in range(self.bodies):
            low[TEN * b :][LENGTHS], high[TEN * b :][LENGTHS] = np.log(SHORTEST), np.log(LONGEST)
        for k, term in enumerate(self.terms):
            sign = self.sign[term.joints[0]]
            if term.passive and sign > 0:
                low[TEN * self.bodies + k] = 0.0
            elif term.passive:
                high[TEN * self.bodies + k] = 0.0
        return low, high

    def _prior(self, sums: list[np.ndarray], spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centre and width in every direction: the URDF's bodies, rotors as stated, no friction."""
        arm, split = self.arm, TEN * self.bodies
        body = np.repeat([MASS_WIDTH, LENGTH_WIDTH, SHEAR_WIDTH, CENTRE_WIDTH], [1, 3, 3, 3])
        guessed = np.where(arm.stated, 1.0, GUESSED)
        centre = [to_smooth(arm.physical.reshape(-1, TEN)).ravel()]
        width = [self.settings.prior_sigma * np.outer(guessed, body).ravel()]
        for k, term in enumerate(self.terms):
            j = term.joints[0]
            place = split + int(np.searchsorted(self.squares.own[j], k))
            size = np.sqrt(sums[j][place, place] / max(self.squares.rows.sum(), 1.0))
            width.append(np.array([spread[j] / max(size, 1e-9)]))
            stated = arm.armature[j] if term.name.endswith(".armature") else 0.0
            centre.append(np.array([self.gain[j] * stated]))
        centre.append(np.log(np.abs(self.gain[self.free])))
        width.append(np.full(len(self.free), GAIN_WIDTH))
        return np.concatenate(centre), np.concatenate(width)

    def _first_gains(self, sums: list[np.ndarray], spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Signal per torque to start from; a free one's sign is what friction tells: it opposes motion."""
        gain, split = self.arm.gain.copy(), TEN * self.bodies
        for j in self.free:
            sign = np.sign(sums[j][split + VISCOUS, -1]) or 1.0
            if np.isfinite(gain[j]):
                gain[j] = sign * abs(gain[j])
                continue
            rigid = sums[j][:split, :split]
            load = np.sqrt(self.arm.physical @ rigid @ self.arm.physical / max(self.squares.rows.sum(), 1.0))
            gain[j] = sign * spread[j] / max(float(load), 1e-9)
        return gain, np.sign(gain)
