"""Networks on top of an identified model of efforts, and 90 % intervals around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration, Intervals
from hybridsim.effort.model import EffortModel
from hybridsim.effort.motion import Motion
from hybridsim.effort.parts import Part
from hybridsim.effort.squares import Prepared
from hybridsim.learn.blackbox import STEPS_AN_EPOCH
from hybridsim.learn.residual import Gathered, Learned
from hybridsim.networks.blackbox import BlackBox, CommandSequence, load_blackbox
from hybridsim.networks.blackbox_training import BlackBoxOptions, fit_blackbox
from hybridsim.networks.conformal import Difficulty, conformal_multipliers, fit_difficulty
from hybridsim.networks.contract import NetworkInput, NetworkSpec
from hybridsim.networks.inference import Networks
from hybridsim.progress import Progress
from hybridsim.study import BlackBox as BlackBoxBudget
from hybridsim.study import Learn

NETWORK = "effort_residual"
FEATURES = ("1", "slowness", "spread")
SLOW = 0.1  # rad/s; chosen, because friction is least known below
THINNED = 0.02  # s between the rows that networks learn from; chosen, because neighbours say the same

Rows = Float[np.ndarray, "row joint"]


def effort_spec(model: EffortModel, learn: Learn, period: float) -> NetworkSpec:
    """What the networks see: a joint's own motion and the load that its bodies ask for now."""
    inputs = (
        NetworkInput(name="position", unit="rad", sign="as the URDF"),
        NetworkInput(name="velocity", unit="rad/s", sign="as the URDF"),
        NetworkInput(name="acceleration", unit="rad/s^2", sign="as the URDF"),
        NetworkInput(name="load", unit="N*m", sign="effort that the rigid bodies ask for"),
    )
    return NetworkSpec(
        name=NETWORK,
        target=f"{model.arm.signal} of the identified model",
        sample_period=period,
        inputs=inputs,
        output_unit=model.arm.unit,
        hidden=learn.hidden,
        ensemble=learn.members,
        groups=model.arm.joints,
    )


def effort_features(model: EffortModel, motion: Motion, load: Rows) -> Float[np.ndarray, "row joint feature"]:
    """In the order of `effort_spec`."""
    return np.stack([*model.moved(motion), load], axis=-1).astype(np.float32)


def gather_left_over(prepared: Prepared, models: Sequence[EffortModel]) -> Gathered:
    """What models leave over on the blocks that each of them has not seen.

    Args:
        prepared: logs and the block of every row.
        models: per block the one that was fitted without it.
    """
    parts: list[dict[str, np.ndarray]] = []
    for motion, block in zip(prepared.motions, prepared.blocks, strict=True):
        every = max(1, round(THINNED / motion.period))
        for number in np.unique(block[block >= 0]):
            rows = np.flatnonzero(block == number)[::every]
            model = models[number]
            effort, load = model.predict(motion)
            speed = model.moved(motion)[1]
            parts.append(
                {
                    "features": effort_features(model, motion, load)[rows],
                    "left": (motion.effort - effort)[rows],
                    "log": np.full(len(rows), number),
                    "speed": speed[rows],
                    "error": np.zeros_like(speed[rows]),
                    "load": load[rows],
                }
            )
    return Gathered(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def effort_intervals(model: EffortModel, gathered: Gathered, learned: Learned | None) -> Intervals:
    """Half widths from what is left over on blocks that neither model nor networks have seen."""
    left, spread = gathered.left, np.zeros_like(gathered.left)
    if learned is not None and learned.networks is not None:
        left = left - np.nan_to_num(learned.mean)
        spread = learned.networks.evaluate(gathered.features)[1]
    features = _difficulty_features(gathered.speed, spread)
    difficulty = fit_difficulty(left, features, FEATURES, gathered.log)
    multipliers = conformal_multipliers(left, difficulty.sigma(features), gathered.log)
    return {
        model.arm.signal: {
            joint: {
                "multiplier": (float(multipliers[j]),),
                "sigma of " + ", ".join(FEATURES): tuple(difficulty.weights[j].tolist()),
                "floor": (float(difficulty.floor[j]),),
            }
            for j, joint in enumerate(model.arm.joints)
        }
    }


def effort_half_width(
    intervals: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]],
    model: EffortModel,
    speed: Rows,
    spread: Rows,
) -> Rows | None:
    """Half the 90 % interval [the signal's unit]; None where the calibration has none."""
    rows = [intervals.get(model.arm.signal, {}).get(joint) for joint in model.arm.joints]
    found = [row for row in rows if row is not None]
    if len(found) != len(rows):
        return None
    weights = np.array([row["sigma of " + ", ".join(FEATURES)] for row in found])
    difficulty = Difficulty(FEATURES, weights, np.array([row["floor"][0] for row in found]))
    sigma = difficulty.sigma(_difficulty_features(speed, spread))
    return sigma * np.array([row["multiplier"][0] for row in found])


def _difficulty_features(speed: Rows, spread: Rows) -> Float[np.ndarray, "row joint feature"]:
    return np.stack([np.ones_like(speed), np.exp(-np.abs(speed) / SLOW), np.nan_to_num(spread)], axis=-1)


def effort_correction(
    networks: Networks, model: EffortModel, motion: Motion, load: Rows
) -> tuple[Rows, Rows]:
    """What the networks add along a log, and their spread [the signal's unit]."""
    mean, spread = networks.evaluate(effort_features(model, motion, load))
    return mean.astype(float), np.nan_to_num(spread).astype(float)


def train_effort_blackbox(
    training: Sequence[Part],
    validation: Sequence[Part],
    budget: BlackBoxBudget,
    seed: int,
    progress: Progress | None = None,
) -> BlackBox:
    """A recurrent network from all positions to all efforts, on the same rows as everything else."""
    options = BlackBoxOptions(
        hidden=budget.hidden, learning_rate=budget.learning_rate, steps=budget.epochs * STEPS_AN_EPOCH
    )
    period = float(np.median([part.motion.period for part in training]))
    own, others = ([_sequence(part, period) for part in parts] for parts in (training, validation))
    return fit_blackbox(own, others, seconds=1e9, seed=seed, options=options, progress=progress)


def effort_blackbox(calibration: Calibration, part: Part) -> Rows | None:
    """The baseline's efforts on the rows of a part; None where the calibration has no baseline."""
    entry, folder = calibration.record.baselines.blackbox, calibration.folder
    if entry is None or folder is None:
        return None
    box = load_blackbox(folder, entry.contract(), str(folder))
    period = box.contract.sample_period
    sequence = _sequence(part, period)
    effort = box.predict(sequence.command, sequence.measured[0], period)
    time = part.motion.time_s[part.rows]
    even = time[0] + period * np.arange(len(effort))
    return np.stack([np.interp(time, even, column) for column in effort.T], 1)


def _sequence(part: Part, period: float) -> CommandSequence:
    """Positions and efforts of a part at a period; a missing effort is bridged."""
    time = part.motion.time_s[part.rows]
    even = np.arange(time[0], time[-1] + period / 2, period)
    effort, position = part.motion.effort[part.rows], part.motion.position[part.rows]
    known = np.isfinite(effort).all(axis=1)
    measured = [np.interp(even, time[known], column[known]) for column in effort.T]
    return CommandSequence(
        command=np.stack([np.interp(even, time, column) for column in position.T], 1),
        measured=np.stack(measured, 1),
        sample_period=period,
    )
