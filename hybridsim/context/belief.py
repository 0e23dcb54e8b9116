"""What is believed of a unit's context: a mean, and how sharply it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve

from hybridsim.context.evidence import Evidence, Noise, errors_of, evidence_of, losses, slopes_of
from hybridsim.context.space import ContextSpace, Point
from hybridsim.identify.problem import Problem

STEPS = 8
"""Gauss-Newton steps at most; chosen, because from the fleet's mean four are usual."""
SMALL = 0.05
"""Largest step that ends them [typical changes]."""
HELD = 0.01
"""Standard deviation of what is held where it is [typical changes]."""
FAR = 0.5
"""Largest step after which slopes are taken anew [typical changes]; they cost most."""


@dataclass(frozen=True, kw_only=True)
class Belief:
    """A normal distribution over contexts.

    Attributes:
        mean: the most likely context.
        precision: inverse of the covariance; what is held has a very large one.
    """

    mean: Point
    precision: Float[np.ndarray, "entry entry"]

    @property
    def covariance(self) -> Float[np.ndarray, "entry entry"]:
        """Of the entries."""
        return np.linalg.inv(self.precision)

    @property
    def deviation(self) -> Point:
        """Standard deviation of every entry [typical changes]."""
        return np.sqrt(np.diagonal(self.covariance))

    def widened(self, variance: Point) -> Belief:
        """Where the unit may have changed since, each entry by itself."""
        return Belief(mean=self.mean, precision=np.linalg.inv(self.covariance + np.diag(variance)))


def told(
    prior: Belief,
    problem: Problem,
    space: ContextSpace,
    noise: Noise,
    ids: Sequence[str],
    start: Point | None = None,
) -> Belief:
    """The belief after the logs of a problem, by damped Gauss-Newton from `start`, or the prior's mean."""
    free = np.flatnonzero(prior.deviation > HELD).tolist()
    point, damping = (prior.mean if start is None else start).copy(), 0.0
    here = _cost(prior, problem, space, noise, point)
    slope = slopes_of(problem, space, point, free)
    precision = prior.precision
    for _ in range(STEPS):
        found = [
            one.wandered(noise.wander) for one in evidence_of(problem, space, point, noise, ids, slope=slope)
        ]
        precision = prior.precision + sum(one.information for one in found)
        pull = sum(one.pull for one in found) + prior.precision @ (prior.mean - point)
        moved, there, damping = _moved(prior, problem, space, noise, (point, here, pull, precision, damping))
        step, point, here = float(np.abs(moved - point).max()), moved, there
        if step < SMALL:
            break
        if step > FAR:
            slope = slopes_of(problem, space, point, free)
    return Belief(mean=point, precision=0.5 * (precision + precision.T))


def told_without_each(prior: Belief, mean: Point, said: Sequence[Evidence]) -> list[Point]:
    """Contexts that all logs but one tell, one after the other, by a step from what all of them tell.

    Args:
        prior: before any of them.
        mean: after all of them.
        said: by each of them there, wander taken off.
    """
    precision = prior.precision + sum(one.information for one in said)
    pull = prior.precision @ (prior.mean - mean) + sum(one.pull for one in said)
    return [mean + solve(precision - one.information, pull - one.pull, assume_a="pos") for one in said]


def taken(prior: Belief, belief: Belief) -> float:
    """Numbers of a context that logs and not the prior have decided, from 0 to all of them."""
    heard = belief.precision - prior.precision
    return float(np.trace(solve(belief.precision, heard, assume_a="pos")))


def _moved(
    prior: Belief,
    problem: Problem,
    space: ContextSpace,
    noise: Noise,
    state: tuple[Point, float, Point, np.ndarray, float],
) -> tuple[Point, float, float]:
    """A step that does not make the cost larger, its cost, and the damping that it took; else no step."""
    low, high = space.bounds()
    point, here, pull, precision, damping = state
    for _ in range(5):
        damped = precision + damping * np.diag(np.diagonal(precision))
        moved = np.clip(point + solve(damped, pull, assume_a="pos"), low, high)
        there = _cost(prior, problem, space, noise, moved)
        if there <= here + 1e-9:
            return moved, there, damping / 4
        damping = max(4 * damping, 0.1)
    return point, here, damping


def _cost(prior: Belief, problem: Problem, space: ContextSpace, noise: Noise, point: Point) -> float:
    """Twice the negative logarithm of the posterior, without wander, up to a constant."""
    lost = losses(errors_of(problem, space, point), noise)
    away = point - prior.mean
    return float((lost / noise.memory).sum() + away @ prior.precision @ away)
