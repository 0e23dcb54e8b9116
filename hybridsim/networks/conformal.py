"""90 % intervals as wide as the moment is difficult: split conformal, every log weighed the same.

A difficulty `sigma` says where large errors are to be expected; the multiplier q that makes
|residual| <= q sigma hold for 90 % of the validation samples turns it into an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int
from scipy.optimize import nnls

from hybridsim.errors import CalibrationError
from hybridsim.networks.samples import log_shares

COVERAGE = 0.9
# Smallest difficulty, in mean absolute residuals; chosen, because a zero would make an infinite ratio.
FLOOR = 0.02


@dataclass(frozen=True, eq=False)
class Difficulty:
    """How large an error to expect, as a sum of non-negative features with non-negative weights.

    Attributes:
        names: of the features, such as `1`, `|speed|`, `spread`.
        weights: size of error a unit of feature [unit of the residual / unit of the feature].
        floor: smallest difficulty [unit of the residual].
    """

    names: tuple[str, ...]
    weights: Float64[np.ndarray, "group feature"]
    floor: Float64[np.ndarray, " group"]

    def sigma(
        self, features: Float[np.ndarray, "sample group feature"]
    ) -> Float64[np.ndarray, "sample group"]:
        """Difficulty of each sample, never decreasing in any feature [unit of the residual].

        sigma = max(floor, sum_k weight_k |feature_k|)
        """
        if features.shape[1:] != self.weights.shape:
            raise CalibrationError(
                f"difficulty: features have shape {features.shape}; expected (samples, "
                f"{len(self.weights)} groups, {len(self.names)} features {', '.join(self.names)})"
            )
        return np.maximum(np.einsum("sgf,gf->sg", np.abs(features), self.weights), self.floor)


def fit_difficulty(
    residual: Float[np.ndarray, "sample group"],
    features: Float[np.ndarray, "sample group feature"],
    names: Sequence[str],
    log_index: Int[np.ndarray, " sample"],
) -> Difficulty:
    """Non-negative least squares of |residual| on |features|, every log weighed the same.

    Args:
        residual: measured - predicted, best of logs that the multipliers are not read from.
        features: one for each name; include a constant 1.
        names: of the features.
        log_index: number of the log each sample came from.
    """
    _require_finite(residual=residual, features=features)
    shares = log_shares(log_index)
    root = np.sqrt(shares)
    size, inputs = np.abs(residual).astype(np.float64), np.abs(features).astype(np.float64)
    typical = np.maximum(np.einsum("s,sgf->gf", shares, inputs), 1e-300)
    weights = np.stack(
        [
            nnls(root[:, None] * inputs[:, g] / typical[g], root * size[:, g])[0] / typical[g]
            for g in range(residual.shape[1])
        ]
    )
    return Difficulty(tuple(names), weights, np.maximum(FLOOR * (shares @ size), 1e-12))


def conformal_multipliers(
    residual: Float[np.ndarray, "sample group"],
    sigma: Float[np.ndarray, "sample group"],
    log_index: Int[np.ndarray, " sample"],
    coverage: float = COVERAGE,
) -> Float64[np.ndarray, " group"]:
    """Multipliers q, one a group, so that |residual| <= q sigma in `coverage` of the samples.

    Every log weighs the same. Samples of one log are alike, so that coverage on new logs scatters as the mean
    over as many logs does; no correction for few logs is added, because with under ten it would be infinite.

    Args:
        residual: measured - predicted on logs that neither the model nor sigma was fitted to.
        sigma: positive difficulty, any scale.
        log_index: number of the log each sample came from.
        coverage: wanted fraction of samples inside the interval.

    Error: covers 88..92 % of new samples of the same distribution, tests/networks/test_conformal.py.
    """
    _require_finite(residual=residual, sigma=sigma)
    if not (sigma > 0).all():
        raise CalibrationError(f"sigma: smallest value is {sigma.min()}; expected all above zero")
    if not 0 < coverage < 1:
        raise CalibrationError(f"coverage: is {coverage}; expected between 0 and 1")
    shares = log_shares(log_index)
    ratio = np.abs(residual).astype(np.float64) / sigma
    return np.array([_weighted_quantile(column, shares, coverage) for column in ratio.T])


def covered(
    residual: Float[np.ndarray, "sample group"],
    half_width: Float[np.ndarray, "sample group"],
    log_index: Int[np.ndarray, " sample"],
) -> Float64[np.ndarray, " group"]:
    """Fraction of samples with |residual| <= half_width, every log weighed the same."""
    return log_shares(log_index) @ (np.abs(residual) <= half_width)


def _weighted_quantile(
    values: Float64[np.ndarray, " sample"], shares: Float64[np.ndarray, " sample"], level: float
) -> float:
    """The smallest value with at least `level` of the shares at or below it."""
    order = np.argsort(values, kind="stable")
    place = np.searchsorted(np.cumsum(shares[order]), level - 1e-12)
    return float(values[order[min(place, len(order) - 1)]])


def _require_finite(**arrays: Float[np.ndarray, "..."]) -> None:
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            place = np.argwhere(~np.isfinite(values))[0].tolist()
            raise CalibrationError(f"conformal: {name} holds NaN or infinity, first at index {place}")
