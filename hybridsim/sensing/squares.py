"""Robust linear steps: weights that calm outliers, and a covariance that knows that neighbours are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import t

ROUNDS = 8
SCALE = 2.0
"""Residuals of so many medians weigh half (Cauchy); chosen, because optics have wide tails."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A solved step.

    Attributes:
        change: of the unknowns.
        covariance: of the change, from how much blocks of rows disagree.
        freedom: degrees of freedom of each unknown's variance: blocks that say something about it, less one.
        scatter: median residual's size.
    """

    change: Float[np.ndarray, " unknown"]
    covariance: Float[np.ndarray, "unknown unknown"]
    freedom: Float[np.ndarray, " unknown"]
    scatter: float

    @property
    def half_width(self) -> Float[np.ndarray, " unknown"]:
        """Of 95 % intervals."""
        return t.ppf(0.975, self.freedom) * np.sqrt(np.diag(self.covariance))


def robust_step(
    slope: Float[np.ndarray, "row 3 unknown"],
    residual: Float[np.ndarray, "row 3"],
    block: Int[np.ndarray, " row"],
    prior: Float[np.ndarray, " unknown"],
    weight: Float[np.ndarray, " row"] | None = None,
) -> Step:
    """Change of unknowns that makes residuals small: residual = slope @ change.

    Args:
        slope: what a unit of each unknown does.
        residual: to be explained.
        block: rows of one block may be alike; blocks are not.
        prior: standard deviations of the changes; wide ones only keep the step finite.
        weight: of the rows, before outliers are calmed.
    """
    base = np.ones(len(residual)) if weight is None else weight
    w, ridge = base, np.diag(prior**-2.0)
    change, size = np.zeros(slope.shape[2]), np.linalg.norm(residual, axis=1)
    variance = float(np.median(size) ** 2 / 3.0) + 1e-30
    for _ in range(ROUNDS):
        normal = np.einsum("n,nij,nik->jk", w, slope, slope) / variance + ridge
        change = np.linalg.solve(normal, np.einsum("n,nij,ni->j", w, slope, residual) / variance)
        size = np.linalg.norm(residual - slope @ change, axis=1)
        median = float(np.median(size)) + 1e-30
        variance = median**2 / 3.0
        w = base / (1.0 + (size / (SCALE * median)) ** 2)
    left = residual - slope @ change
    pull = w[:, None] * left / variance
    # How the pull changes with what is left: less than w along it, where it already calms an outlier.
    calmed = 2.0 * np.divide(w**2, base, out=np.zeros_like(w), where=base > 0.0) / (SCALE * median) ** 2
    stiff = w[:, None, None] * np.eye(3) - np.einsum("n,ni,nj->nij", calmed, left, left)
    covariance, freedom = _jackknife(stiff / variance, slope, pull, block, ridge)
    return Step(change=change, covariance=covariance, freedom=freedom, scatter=median)


def _jackknife(
    stiff: Float[np.ndarray, "row 3 3"],
    slope: Float[np.ndarray, "row 3 unknown"],
    pull: Float[np.ndarray, "row 3"],
    block: Int[np.ndarray, " row"],
    ridge: Float[np.ndarray, "unknown unknown"],
) -> tuple[Float[np.ndarray, "unknown unknown"], Float[np.ndarray, " unknown"]]:
    """Covariance from solutions that each leave one block out, and its degrees of freedom.

    Args:
        stiff: by how much each row's pull falls as its residual is explained.
        slope: what a unit of each unknown explains.
        pull: of what is left, on the unknowns through the slope.
        block: rows of one block may be alike.
        ridge: of the prior.

    Source: for those, Bell and McCaffrey 2002, "Bias reduction in standard errors for linear regression with
    multi-stage samples", in the simple form of shares that blocks should have in a variance.
    """
    names, row = np.unique(block, return_inverse=True)
    size = slope.shape[2]
    normals, pulls = np.zeros((len(names), size, size)), np.zeros((len(names), size))
    for n in range(len(names)):
        own = row == n
        normals[n] = np.einsum("nij,nia,njb->ab", stiff[own], slope[own], slope[own], optimize=True)
        pulls[n] = np.einsum("nij,ni->j", slope[own], pull[own])
    if len(names) < 2:
        return np.linalg.inv(normals.sum(axis=0) + ridge), np.ones(size)
    whole = normals.sum(axis=0) + ridge
    away = np.array([np.linalg.solve(whole - n, -g) for n, g in zip(normals, pulls, strict=True)])
    spread = np.linalg.inv(whole)
    share = np.stack([np.diag(spread @ n @ spread) for n in normals])
    freedom = np.maximum(1.0, share.sum(axis=0) ** 2 / (share**2).sum(axis=0) - 1.0)
    return away.T @ away * (len(names) - 1) / len(names), freedom
