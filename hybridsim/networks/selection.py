"""Whether a network ships: paired bootstrap over validation logs of the error with and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from hybridsim.errors import CalibrationError

# With fewer logs a bootstrap interval is much too narrow: two logs that agree give one of nearly no width.
FEWEST_LOGS = 3


@dataclass(frozen=True)
class Verdict:
    """What the validation logs say about one network, or about one group of it.

    Attributes:
        mean_difference: error with the network minus error without it [unit of the errors].
        interval_95: of that difference, bootstrapped over logs.
        ships: whether the whole interval is below zero.
        reason: in words, for the artefact.
    """

    mean_difference: float
    interval_95: tuple[float, float]
    ships: bool
    reason: str


@dataclass(frozen=True)
class GateVerdict:
    """The verdict on all groups together, and on each."""

    overall: Verdict
    groups: dict[str, Verdict]


def gate_verdict(
    with_network: Float[np.ndarray, "log group"],
    without_network: Float[np.ndarray, "log group"],
    groups: Sequence[str],
    *,
    seed: int,
    draws: int = 10_000,
) -> GateVerdict:
    """Judge a network by the errors of free-running replays of validation logs.

    Args:
        with_network: mean absolute error of each log and group.
        without_network: the same logs and groups without the network.
        groups: names of the groups.
        seed: of the bootstrap.
        draws: number of bootstrap resamples.

    Error: ships a network without merit in about 2.5 % of cases, tests/networks/test_selection.py.
    """
    shape = (len(with_network), len(groups))
    if with_network.shape != shape or without_network.shape != shape or not len(with_network):
        raise CalibrationError(
            f"selection: errors have shapes {with_network.shape} and {without_network.shape}; expected "
            f"(logs, {len(groups)} groups), at least one log"
        )
    difference = with_network.astype(np.float64) - without_network
    if not np.isfinite(difference).all():
        log, group = np.argwhere(~np.isfinite(difference))[0]
        raise CalibrationError(f"selection: the error of log {log}, group '{groups[group]}' is not finite")
    chosen = np.random.default_rng(seed).integers(len(difference), size=(draws, len(difference)))
    each = {name: _verdict(difference[:, g], chosen) for g, name in enumerate(groups)}
    return GateVerdict(_verdict(difference.mean(axis=1), chosen), each)


def _verdict(difference: Float64[np.ndarray, " log"], chosen: np.ndarray) -> Verdict:
    low, high = np.quantile(difference[chosen].mean(axis=1), [0.025, 0.975])
    enough = len(difference) >= FEWEST_LOGS
    if not enough:
        reason = f"{len(difference)} validation logs are too few to tell; {FEWEST_LOGS} are needed"
    elif high < 0:
        reason = "better on the validation logs by more than the interval"
    else:
        reason = "not better on the validation logs by more than the interval"
    return Verdict(float(difference.mean()), (float(low), float(high)), bool(enough and high < 0), reason)
