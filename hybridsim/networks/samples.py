"""Training and validation samples, kept together with the log each came from; every log weighs the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int, Int64, Shaped

from hybridsim.errors import CalibrationError


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """What a network is to learn.

    Attributes:
        features: in the spec's order and units.
        targets: measured - analytic [the spec's output unit].
        log_index: number of the log each sample came from.
        weights: of a sample within its log; 0 leaves it out, None weighs all the same.
    """

    features: Float[np.ndarray, "sample group feature"]
    targets: Float[np.ndarray, "sample group"]
    log_index: Int[np.ndarray, " sample"]
    weights: Float[np.ndarray, " sample"] | None = None

    def __post_init__(self) -> None:
        counts = {len(self.features), len(self.targets), len(self.log_index)}
        counts |= set() if self.weights is None else {len(self.weights)}
        if len(counts) != 1 or self.features.shape[1] != self.targets.shape[1]:
            raise CalibrationError(
                f"samples: features {self.features.shape}, targets {self.targets.shape}, log_index "
                f"{self.log_index.shape}; expected the same samples and groups"
            )
        if not len(self.features):
            raise CalibrationError("samples: there are none; expected at least one sample of one log")
        for field in ("features", "targets", "weights"):
            _require_finite(field, getattr(self, field))

    def of_logs(self, logs: Iterable[int]) -> Samples:
        """Only the samples of these logs."""
        return self.at(np.flatnonzero(np.isin(self.log_index, list(logs))))

    def at(self, chosen: Int[np.ndarray, " chosen"]) -> Samples:
        """Only the samples at these places."""
        weights = None if self.weights is None else self.weights[chosen]
        return Samples(
            features=self.features[chosen],
            targets=self.targets[chosen],
            log_index=self.log_index[chosen],
            weights=weights,
        )

    def shares(self) -> Float64[np.ndarray, " sample"]:
        """Weight of each sample, every log the same in total; sums to 1."""
        return log_shares(self.log_index, self.weights)


def log_shares(
    log_index: Int[np.ndarray, " sample"], weights: Float[np.ndarray, " sample"] | None = None
) -> Float64[np.ndarray, " sample"]:
    """Share of each sample in a mean over logs; a log without weight is left out.

    Args:
        log_index: number of the log each sample came from.
        weights: of the samples within their log, None for all the same.
    """
    given = np.ones(len(log_index)) if weights is None else weights.astype(np.float64)
    _, place = np.unique(log_index, return_inverse=True)
    totals = np.bincount(place, given)
    if (given < 0).any() or not totals.any():
        raise CalibrationError("weights: a weight is negative or all are zero; expected some above zero")
    return np.where(totals[place] > 0, given / np.maximum(totals[place], 1e-300), 0.0) / (totals > 0).sum()


def log_means(
    values: Float[np.ndarray, "sample group"], log_index: Int[np.ndarray, " sample"]
) -> tuple[Int64[np.ndarray, " log"], Float64[np.ndarray, "log group"]]:
    """Mean of each group in each log, and the numbers of the logs in order."""
    logs, place = np.unique(log_index, return_inverse=True)
    sums = np.zeros((len(logs), values.shape[1]))
    np.add.at(sums, place, values)
    return logs.astype(np.int64), sums / np.bincount(place)[:, None]


def _require_finite(field: str, values: Shaped[np.ndarray, "..."] | None) -> None:
    if values is not None and not np.isfinite(values).all():
        place = np.argwhere(~np.isfinite(values))[0].tolist()
        raise CalibrationError(f"samples: {field} holds NaN or infinity, first at index {place}")
