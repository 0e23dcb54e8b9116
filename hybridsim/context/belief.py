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
TRIES = 5
"""To take a step, each time a shorter one."""
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

    def cost(self, point: Point) -> float:
        """Squared distance of a context [standard deviations]."""
        away = point - self.mean
        return float(away @ self.precision @ away)

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
    """The belief after the logs of a problem, by damped Gauss-Newton from `start`, or the prior's mean.

    A step is taken where replays get better, or no worse than their slopes said: logs that wander are weighed
    less than their replays alone, so that a step towards the prior may well cost some of their fit.
    """
    free = np.flatnonzero(prior.deviation > HELD).tolist()
    low, high = space.bounds()

    def heard(point: Point) -> tuple[float, list[Evidence]]:
        """Twice the negative logarithm of the posterior without wander, up to a constant, and evidence."""
        error, away = errors_of(problem, space, point), point - prior.mean
        lost = float((losses(error, noise) / noise.memory).sum())
        said = evidence_of(problem, space, point, noise, ids, slope=slope, error=error)
        return lost + float(away @ prior.precision @ away), said

    point, damping = (prior.mean if start is None else start).copy(), 0.0
    slope = slopes_of(problem, space, point, free)
    here, said = heard(point)
    for _ in range(STEPS):
        whole = followed(prior, point, said)
        usual = followed(prior, point, [one.wandered(noise.wander) for one in said])
        moved, then = point, (here, said)
        for _ in range(TRIES):
            damped = usual.precision + damping * np.diag(np.diagonal(usual.precision))
            pull = usual.precision @ (usual.mean - point)
            moved = np.clip(point + solve(damped, pull, assume_a="pos"), low, high)
            then, rise = heard(moved), whole.cost(moved) - whole.cost(point)
            if then[0] <= here + max(rise, 0.0) + 1e-9:
                damping /= 4
                break
            moved, then, damping = point, (here, said), max(4 * damping, 0.1)
        step, point, (here, said) = float(np.abs(moved - point).max()), moved, then
        if step < SMALL:
            break
        if step > FAR:
            slope = slopes_of(problem, space, point, free)
            here, said = heard(point)
    precision = followed(prior, point, [one.wandered(noise.wander) for one in said]).precision
    return Belief(mean=point, precision=0.5 * (precision + precision.T))


def followed(prior: Belief, point: Point, said: Sequence[Evidence]) -> Belief:
    """The belief that evidence leads to, by one step from where it was given.

    Args:
        prior: before any of it.
        point: where.
        said: there, wander taken off.
    """
    precision = prior.precision + sum(one.information for one in said)
    pull = prior.precision @ (prior.mean - point) + sum(one.pull for one in said)
    return Belief(mean=point + solve(precision, pull, assume_a="pos"), precision=precision)


def told_without_each(prior: Belief, mean: Point, said: Sequence[Evidence]) -> list[Point]:
    """Contexts that all logs but one tell, one after the other, by a step from what all of them tell.

    Args:
        prior: before any of them.
        mean: after all of them.
        said: by each of them there, wander taken off.
    """
    return [followed(prior, mean, [*said[:n], *said[n + 1 :]]).mean for n in range(len(said))]


def taken(prior: Belief, belief: Belief) -> float:
    """Numbers of a context that logs and not the prior have decided, from 0 to all of them."""
    heard = belief.precision - prior.precision
    return float(np.trace(solve(belief.precision, heard, assume_a="pos")))
