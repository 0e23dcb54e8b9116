"""The contact law: what a touching point feels, as a table of named coefficients.

Normal: a spring that may stiffen with depth beside a damper that may grow with depth, never pulling. Kelvin
and Voigt's element is the case without growth; damping in proportion to depth is that of Hunt and Crossley
1975, "Coefficient of Restitution Interpreted as Damping in Vibroimpact".

    force = stiffness depth (depth / DEPTH)^stiffening - (damping + damping_growth depth) rate

Restitution, where it is below 1, adds the damping that takes a free mass on that spring from the approach
speed to `restitution` times that speed; slower touches than `restitution_speed` are damped critically.

Tangential: Coulomb friction whose coefficient falls with load and with slip speed (Stribeck),

    friction (1 + load / LOAD)^-load_weakening (1 + static_excess exp(-(slip / static_speed)^2))

stretched by (1 + anisotropy) along the surface's own direction and by (1 - anisotropy) across it. Spinning
and rolling friction are torques of at most so many metres times the load.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

DEPTH = 1e-3  # m; chosen, because contacts of ours give by about this much
LOAD = 10.0  # N; chosen, because hand-sized bodies rest with less and hit with more


class Coefficient(NamedTuple):
    """One coefficient of the law: what it is called, its unit and between which values it is searched."""

    name: str
    unit: str
    value: float
    low: float
    high: float
    scale: str
    meaning: str


LAW: tuple[Coefficient, ...] = (
    Coefficient("stiffness", "N/m", 1e4, 1e2, 1e7, "log", "of the normal spring at a depth of 1 mm"),
    Coefficient("stiffening", "1", 0.0, -0.6, 1.5, "linear", "power of depth by which the spring stiffens"),
    Coefficient("damping", "N*s/m", 50.0, 0.1, 1e5, "log", "of the normal damper at the surface"),
    Coefficient("damping_growth", "N*s/m^2", 0.0, 0.0, 1e6, "linear", "of the damper with depth"),
    Coefficient("restitution", "1", 1.0, 0.0, 1.0, "linear", "speed after over before, beside the damper"),
    Coefficient("restitution_speed", "m/s", 0.0, 0.0, 1.0, "linear", "below it nothing rebounds"),
    Coefficient("friction", "1", 0.5, 0.01, 2.0, "linear", "sliding friction of a light load"),
    Coefficient("load_weakening", "1", 0.0, 0.0, 1.0, "linear", "power of load by which friction falls"),
    Coefficient("static_excess", "1", 0.0, -0.9, 2.0, "linear", "share by which friction at rest is higher"),
    Coefficient("static_speed", "m/s", 0.05, 0.001, 1.0, "log", "slip speed over which that share dies out"),
    Coefficient("anisotropy", "1", 0.0, -0.9, 0.9, "linear", "stretch of friction along a direction"),
    Coefficient("anisotropy_angle", "rad", 0.0, -1.6, 1.6, "linear", "of that direction from world x"),
    Coefficient("spinning_friction", "m", 0.0, 0.0, 0.05, "linear", "torque about the normal over load"),
    Coefficient("rolling_friction", "m", 0.0, 0.0, 0.05, "linear", "torque in the surface over load"),
)
COEFFICIENTS = len(LAW)
(
    STIFFNESS,
    STIFFENING,
    DAMPING,
    DAMPING_GROWTH,
    RESTITUTION,
    RESTITUTION_SPEED,
    FRICTION,
    LOAD_WEAKENING,
    STATIC_EXCESS,
    STATIC_SPEED,
    ANISOTROPY,
    ANISOTROPY_ANGLE,
    SPINNING_FRICTION,
    ROLLING_FRICTION,
) = range(COEFFICIENTS)

Law = Float[np.ndarray, " coefficient"]
Laws = Float[np.ndarray, "contact coefficient"]
"""One row a contact; the functions below index it, because a view would cost more than their arithmetic."""


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def normal_spring(laws: Laws, c: int, depth: float) -> float:
    """Secant stiffness of contact c at a depth [N/m]."""
    if laws[c, STIFFENING] == 0.0:
        return laws[c, STIFFNESS]
    return laws[c, STIFFNESS] * max(depth / DEPTH, 1e-3) ** laws[c, STIFFENING]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def normal_damper(laws: Laws, c: int, depth: float, spring: float, mass: float, approach: float) -> float:
    """Damping at a depth [N*s/m].

    Args:
        laws: see `LAW`.
        c: which contact.
        depth: [m].
        spring: secant stiffness there [N/m].
        mass: that the contact feels along its normal [kg].
        approach: speed at which the point touched down [m/s].
    """
    damper = laws[c, DAMPING] + laws[c, DAMPING_GROWTH] * depth
    if laws[c, RESTITUTION] < 1.0:
        kept = laws[c, RESTITUTION] if approach > laws[c, RESTITUTION_SPEED] else 0.0
        damper += 2.0 * damping_ratio(kept) * math.sqrt(spring * mass)
    return damper


@njit(cache=True, nogil=True, error_model="numpy")
def damping_ratio(restitution: float) -> float:
    """Share of critical damping under which a mass leaves a spring at `restitution` times its approach speed.

    The mass leaves where the spring is at its free length again, half a period of the oscillation later:
    restitution = exp(-pi ratio / sqrt(1 - ratio^2)).
    """
    if restitution <= 0.0:
        return 1.0
    decrement = math.log(restitution)
    return -decrement / math.sqrt(math.pi**2 + decrement**2)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def friction_coefficient(laws: Laws, c: int, load: float, slip: float) -> float:
    """Coulomb friction under a load [N] at a slip speed [m/s], before any stretch by direction."""
    found = laws[c, FRICTION]
    if laws[c, LOAD_WEAKENING] != 0.0:
        found *= math.exp(-laws[c, LOAD_WEAKENING] * math.log1p(load / LOAD))
    if laws[c, STATIC_EXCESS] != 0.0:
        found *= 1.0 + laws[c, STATIC_EXCESS] * math.exp(-((slip / laws[c, STATIC_SPEED]) ** 2))
    return found
