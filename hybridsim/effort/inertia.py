"""Inertial parameters that no optimiser can make unphysical: the log-Cholesky form of the pseudo-inertia.

A body's pseudo-inertia [[S, m c], [m c', m]] with S = tr(I)/2 1 - I about the joint frame's origin is
positive definite exactly where some distribution of positive mass has these parameters.

Source: Rucker and Wensing 2022, "Smooth Parameterization of Rigid-Body Inertia".
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from hybridsim.physics.chain import Chain

TEN = 10
# log of the mass, three logs of lengths, three shears, three coordinates of the centre of mass
LOG_MASS, LENGTHS, SHEARS, CENTRE = 0, slice(1, 4), slice(4, 7), slice(7, 10)
SHORTEST, LONGEST = (
    1e-3,
    3.0,
)  # spread of a body's mass that is searched [m]; chosen, because parts of arms fit
LIGHTEST = 1e-3  # a body below that states nothing [kg]
GUESSED_MASS = 1.0  # of a body of which the URDF states nothing [kg]

Body = Float[np.ndarray, "*body 10"]


def from_smooth(smooth: Body) -> Body:
    """Inertial parameters as `physics.chain.PARAMETERS` lists them, from the smooth ones."""
    factor = _factor(smooth)
    return _parameters(factor @ np.swapaxes(factor, -1, -2))


def jacobian(smooth: Body) -> Float[np.ndarray, "*body 10 10"]:
    """Derivative of `from_smooth`: [..., inertial parameter, smooth parameter].

    Error: equal to differences to 1e-6, tests/effort/test_inertia.py.
    """
    factor, columns = _factor(smooth), []
    for k in range(TEN):
        turned = _derivative(smooth, factor, k) @ np.swapaxes(factor, -1, -2)
        columns.append(_parameters(turned + np.swapaxes(turned, -1, -2)))
    return np.stack(columns, axis=-1)


def to_smooth(theta: Body) -> Body:
    """Smooth parameters of physical bodies."""
    pseudo = pseudo_inertia(theta)
    # An upper triangular factor: Cholesky's, with rows and columns in reverse.
    factor = np.linalg.cholesky(pseudo[..., ::-1, ::-1])[..., ::-1, ::-1]
    mass_root = factor[..., 3, 3]
    scaled = factor / mass_root[..., None, None]
    smooth = np.empty((*theta.shape[:-1], TEN))
    smooth[..., LOG_MASS] = 2.0 * np.log(mass_root)
    smooth[..., LENGTHS] = np.log(np.stack([scaled[..., k, k] for k in range(3)], -1))
    smooth[..., SHEARS] = np.stack([scaled[..., 0, 1], scaled[..., 1, 2], scaled[..., 0, 2]], -1)
    smooth[..., CENTRE] = scaled[..., :3, 3]
    return smooth


def pseudo_inertia(theta: Body) -> Float[np.ndarray, "*body 4 4"]:
    """The 4x4 matrix; positive definite for a physical body."""
    xx, xy, xz, yy, yz, zz = np.moveaxis(theta[..., 4:], -1, 0)
    inertia = np.stack([np.stack(row, -1) for row in ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))], axis=-2)
    half_trace = 0.5 * (xx + yy + zz)
    pseudo = np.empty((*theta.shape[:-1], 4, 4))
    pseudo[..., :3, :3] = half_trace[..., None, None] * np.eye(3) - inertia
    pseudo[..., :3, 3] = pseudo[..., 3, :3] = theta[..., 1:4]
    pseudo[..., 3, 3] = theta[..., 0]
    return pseudo


def is_physical(theta: Body) -> Bool[np.ndarray, "*body"]:
    """Whether each body's pseudo-inertia is positive definite."""
    return np.asarray(np.linalg.eigvalsh(pseudo_inertia(theta))[..., 0] > 0.0)


def made_physical(
    theta: Float[np.ndarray, " parameter"], chain: Chain
) -> tuple[Float[np.ndarray, " parameter"], tuple[bool, ...]]:
    """The nearest bodies an identification can start from, and which were physical as given.

    A body without mass is guessed between its joint and the next; spreads below SHORTEST are widened to it.
    """
    bodies = np.array(theta, float).reshape(-1, TEN)
    stated = []
    for n, body in enumerate(bodies):
        guess = body[0] < LIGHTEST
        stated.append(not guess and bool(is_physical(body)))
        if guess:
            body[:] = _guess(chain, n)
        mass, centre = body[0], body[1:4] / body[0]
        pseudo = pseudo_inertia(body)
        spread = pseudo[:3, :3] / mass - np.outer(centre, centre)
        values, axes = np.linalg.eigh(spread)
        lengths = np.clip(values, (2 * SHORTEST) ** 2, (0.9 * LONGEST) ** 2)
        pseudo[:3, :3] = mass * ((axes * lengths) @ axes.T + np.outer(centre, centre))
        body[:] = _parameters(pseudo)
    return bodies.ravel(), tuple(stated)


def about_centre(theta: Body) -> Float[np.ndarray, "*body 10"]:
    """Mass [kg], centre of mass [m], inertia about it xx xy xz yy yz zz [kg m²], as a URDF states them."""
    mass, centre = theta[..., :1], theta[..., 1:4] / theta[..., :1]
    return np.concatenate([mass, centre, theta[..., 4:] - mass * _shift(centre)], axis=-1)


def about_origin(stated: Body) -> Body:
    """The other way round."""
    mass, centre = stated[..., :1], stated[..., 1:4]
    return np.concatenate([mass, mass * centre, stated[..., 4:] + mass * _shift(centre)], axis=-1)


def _shift(c: np.ndarray) -> np.ndarray:
    """Inertia of a unit point mass at c: |c|² 1 - c c', upper triangle."""
    x, y, z = np.moveaxis(c, -1, 0)
    return np.stack([y * y + z * z, -x * y, -x * z, x * x + z * z, -y * z, x * x + y * y], -1)


def _factor(smooth: np.ndarray) -> np.ndarray:
    factor = np.zeros((*smooth.shape[:-1], 4, 4))
    for k in range(3):
        factor[..., k, k] = np.exp(smooth[..., 1 + k])
    factor[..., 0, 1], factor[..., 1, 2], factor[..., 0, 2] = np.moveaxis(smooth[..., SHEARS], -1, 0)
    factor[..., :3, 3], factor[..., 3, 3] = smooth[..., CENTRE], 1.0
    return np.exp(0.5 * smooth[..., LOG_MASS])[..., None, None] * factor


def _derivative(smooth: np.ndarray, factor: np.ndarray, k: int) -> np.ndarray:
    """Of the factor by one smooth parameter."""
    if k == LOG_MASS:
        return 0.5 * factor
    found = np.zeros_like(factor)
    row, column = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2), (0, 3), (1, 3), (2, 3))[k - 1]
    root = np.exp(0.5 * smooth[..., LOG_MASS])
    found[..., row, column] = root * (np.exp(smooth[..., k]) if k <= 3 else 1.0)
    return found


def _parameters(pseudo: np.ndarray) -> np.ndarray:
    second = pseudo[..., :3, :3]
    trace = np.trace(second, axis1=-2, axis2=-1)
    rows, columns = np.triu_indices(3)
    inertia = np.where(rows == columns, trace[..., None], 0.0) - second[..., rows, columns]
    return np.concatenate([pseudo[..., 3:, 3], pseudo[..., :3, 3], inertia], axis=-1)


def _guess(chain: Chain, body: int) -> np.ndarray:
    """A ball of a kilogram halfway to the next joint."""
    children = [chain.position[k] for k, parent in enumerate(chain.parent) if parent == body]
    centre = 0.5 * np.mean(children, axis=0) if children else np.zeros(3)
    radius = max(0.05, 0.5 * float(np.linalg.norm(centre)))
    ball = 2.0 * GUESSED_MASS * (radius / 2) ** 2
    return about_origin(np.array([GUESSED_MASS, *centre, ball, 0.0, 0.0, ball, 0.0, ball]))
