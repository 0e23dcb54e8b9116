"""Scale and bias of an accelerometer from rests in many orientations: gravity's size is the same in all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import least_squares

from hybridsim.sensing.lines import half_width

PRIOR = np.repeat([0.1, 1.0], 3)
"""Standard deviations of scale and bias before any log [1, m/s^2]; they keep what no rest tells finite."""
ERROR = 0.01
"""Of a rest's mean, about [m/s^2]."""
KNOWN = np.repeat([0.005, 0.05], 3)
"""Half widths up to which scale and bias are told [1, m/s^2]; chosen, because data sheets promise as much."""
FEWEST_LOGS = 3


class Gravity(NamedTuple):
    """reading = scale force + bias."""

    scale: Float[np.ndarray, "3"]
    bias: Float[np.ndarray, "3"]
    """[m/s^2]."""
    half_width: Float[np.ndarray, "6"] | None
    """Of the 95 % intervals of both; None where rests do not tell them apart."""


def fit_gravity(means: Float[np.ndarray, "rest 3"], log: Int[np.ndarray, " rest"], gravity: float) -> Gravity:
    """Make all rests feel the same gravity; 1 and 0 where they lie too much alike to tell.

    Args:
        means: of the readings in each rest [m/s^2].
        log: which each is from; intervals come from leaving logs out.
        gravity: its size [m/s^2].
    """
    names = np.unique(log)
    if len(names) >= FEWEST_LOGS and len(means) >= len(PRIOR):
        best, sigma = _solved(means, gravity)
        without = np.array([_solved(means[log != n], gravity)[0] for n in names])
        # Logs that are alike agree on what they do not tell, so the curvature has a say too.
        wide = np.maximum([half_width(column) or np.inf for column in without.T], 1.96 * sigma)
        if (wide < KNOWN).all():
            return Gravity(1.0 + best[:3], best[3:], wide)
    return Gravity(np.ones(3), np.zeros(3), None)


def _solved(
    means: Float[np.ndarray, "rest 3"], gravity: float
) -> tuple[Float[np.ndarray, "6"], Float[np.ndarray, "6"]]:
    """Scale less 1, and bias; and their standard deviations by the fit's curvature."""

    def missing(p: Float[np.ndarray, "6"]) -> Float[np.ndarray, " row"]:
        size = np.linalg.norm((means - p[3:]) / (1.0 + p[:3]), axis=1)
        return np.concatenate([(size - gravity) / ERROR, p / PRIOR])

    found = least_squares(missing, np.zeros(6), loss="soft_l1")
    return np.asarray(found.x), np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
