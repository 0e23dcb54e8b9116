"""90 % intervals of a replay: as wide as the moment is difficult, calibrated on validation logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Intervals
from hybridsim.learn.residual import Gathered, of_logs
from hybridsim.networks.conformal import Difficulty, conformal_multipliers, fit_difficulty
from hybridsim.networks.inference import Networks
from hybridsim.robot import Robot

FEATURES = ("1", "|speed|", "|error|", "spread")


def fit_intervals(
    robot: Robot,
    gathered: Gathered,
    networks: Networks | None,
    training: Sequence[int],
    validation: Sequence[int],
    mean: Float[np.ndarray, "row drive"] | None = None,
) -> Intervals:
    """Where errors are large is learned from training logs, how large they are from validation logs.

    Args:
        robot: names signals and components.
        gathered: free runs of all logs.
        networks: the residual that ships.
        training: numbers of the logs that the difficulty is fitted on.
        validation: numbers of the logs that the multipliers are read from.
        mean: what networks add that never learned from a row's log; None asks `networks` [rad].
    """
    own, others = (_rest(gathered, networks, mean, logs) for logs in (training, validation))
    difficulty = fit_difficulty(own[0], own[1], FEATURES, own[2])
    multipliers = conformal_multipliers(others[0], difficulty.sigma(others[1]), others[2])
    found: Intervals = {}
    for d, drive in enumerate(robot.drives):
        found.setdefault(drive.measured, {})[drive.joint] = {
            "multiplier": (float(multipliers[d]),),
            "sigma of " + ", ".join(FEATURES): tuple(difficulty.weights[d].tolist()),
            "floor": (float(difficulty.floor[d]),),
        }
    return found


def _rest(
    gathered: Gathered, networks: Networks | None, mean: np.ndarray | None, logs: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is left with the networks, the difficulty's features, and the logs, of whole rows only."""
    chosen = of_logs(gathered, logs)
    added, spread = np.zeros_like(chosen.left), np.zeros_like(chosen.left)
    if networks is not None:
        added, spread = networks.evaluate(chosen.features)
        if mean is not None:
            unseen = mean[np.isin(gathered.log, list(logs))]
            added = np.where(np.isfinite(unseen), unseen, added)
    whole = np.isfinite(chosen.left).all(axis=1)
    features = difficulty_features(chosen.speed, chosen.error, spread)
    return (chosen.left - added)[whole], features[whole], chosen.log[whole]


def difficulty_features(
    speed: Float[np.ndarray, "row drive"],
    error: Float[np.ndarray, "row drive"],
    spread: Float[np.ndarray, "row drive"],
) -> Float[np.ndarray, "row drive feature"]:
    """In the order of FEATURES: 1, speed [rad/s], command - shaft [rad], ensemble spread [rad].

    One network has no spread (NaN), and makes no moment harder than another.
    """
    return np.stack([np.ones_like(speed), np.abs(speed), np.abs(error), np.nan_to_num(spread)], axis=-1)


def half_width(
    intervals: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]],
    robot: Robot,
    features: Float[np.ndarray, "row drive feature"],
) -> Float[np.ndarray, "row drive"] | None:
    """Half the 90 % interval of every drive [rad]; None where the calibration has none."""
    rows = [intervals.get(drive.measured, {}).get(drive.joint) for drive in robot.drives]
    found = [row for row in rows if row is not None]
    if len(found) != len(rows):
        return None
    key = "sigma of " + ", ".join(FEATURES)
    difficulty = Difficulty(
        FEATURES, np.array([row[key] for row in found]), np.array([row["floor"][0] for row in found])
    )
    return difficulty.sigma(features) * np.array([row["multiplier"][0] for row in found])
