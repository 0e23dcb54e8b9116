"""Fit what the analytic drives leave over, on their own free run: no measurement is ever an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int

from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.features import log_features
from hybridsim.networks.inference import Networks, joined, scaled
from hybridsim.networks.samples import Samples, log_means
from hybridsim.networks.selection import GateVerdict, gate_verdict
from hybridsim.networks.training import TrainingOptions, fit_networks, scaling_of
from hybridsim.progress import Progress
from hybridsim.replay.engine import Trajectory
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.residual import inputs_given, residual_spec, stack_inputs
from hybridsim.study import Learn

SHARES = np.linspace(0.0, 1.0, 21)
"""Of its output that a network may ship with; chosen, because logs tell no finer ones apart."""
STEPS_AN_EPOCH = 100  # chosen, because a study then counts its budget in the numbers people are used to
PERIOD = 0.02
"""Of the networks' inputs where study and logs leave it open [s]."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What learning gave.

    Attributes:
        networks: at their share, with nothing in the groups that did not help; None where no group ships.
        share: of its output that each drive's network ships with, 0 where it does not.
        mean: what networks add, at their share, that never learned from the row's log, 0 where none ships,
            NaN where every network did learn from it [output unit].
        verdict: on the logs that judged, per drive and together [output unit].
    """

    networks: Networks | None
    share: Float[np.ndarray, " drive"]
    mean: Float[np.ndarray, "row drive"]
    verdict: GateVerdict


@dataclass(frozen=True, kw_only=True, eq=False)
class Leftover:
    """What networks see and what they are to say, rows of all logs one after the other.

    Attributes:
        features: in the spec's order.
        left: measured - analytic, NaN where nothing was measured [the spec's output unit].
        log: number of the log of every row.
    """

    features: Float[np.ndarray, "row group feature"]
    left: Float[np.ndarray, "row group"]
    log: Int[np.ndarray, " row"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered(Leftover):
    """The free run of drives, what it left over [rad], and how hard it was.

    Attributes:
        speed: of the analytic shaft [rad/s].
        error: command - shaft angle [rad].
        load: on the drive [N*m].
    """

    speed: Float[np.ndarray, "row drive"]
    error: Float[np.ndarray, "row drive"]
    load: Float[np.ndarray, "row drive"]


Rows = TypeVar("Rows", bound=Leftover)


def of_logs(whole: Rows, logs: Sequence[int]) -> Rows:
    """Only the rows of these logs."""
    rows = np.isin(whole.log, list(logs))
    return type(whole)(**{name: getattr(whole, name)[rows] for name in whole.__dataclass_fields__})


def spec_of(robot: Robot, learn: Learn, timestep: float) -> NetworkSpec:
    """The network that a study asks for, its period a whole number of timesteps."""
    period = max(1, round((learn.sample_period_s or PERIOD) / timestep)) * timestep
    return residual_spec(
        robot,
        period=period,
        history=learn.history_s,
        memory=learn.memory_s,
        hidden=learn.hidden,
        members=learn.members,
    )


def gather(spec: NetworkSpec, logs: Sequence[LogInputs], trajectories: Sequence[Trajectory]) -> Gathered:
    """Sample the free runs at the network's period, exactly as the simulator will feed it."""
    parts = [
        _gather_log(spec, n, log, run) for n, (log, run) in enumerate(zip(logs, trajectories, strict=True))
    ]
    return Gathered(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _gather_log(spec: NetworkSpec, number: int, log: LogInputs, run: Trajectory) -> dict[str, np.ndarray]:
    every = round(spec.sample_period / run.timestep)
    rows = np.arange(every, len(run.analytic), every)
    command, shaft = run.command[rows], run.analytic[rows]
    before = np.concatenate([command[:1], command[:-1]])
    values = stack_inputs(command, before, shaft, run.speed[rows], run.load[rows - 1], spec.sample_period)
    features = log_features(spec, values, inputs=inputs_given(), period=spec.sample_period)
    time = rows * run.timestep
    measured = np.stack([_between(log.time_s, column, time) for column in log.measured.T], 1)
    return {
        "features": features,
        "left": measured - shaft,
        "log": np.full(len(rows), number),
        "speed": run.speed[rows],
        "error": command - shaft,
        "load": run.load[rows],
    }


def _between(time: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Linear interpolation, NaN next to a missing sample or outside the log."""
    return np.interp(wanted, time, values, left=np.nan, right=np.nan)


def learn_residual(
    spec: NetworkSpec,
    gathered: Leftover,
    training: Sequence[int],
    validation: Sequence[int],
    learn: Learn,
    seed: int,
    progress: Progress | None = None,
) -> Learned:
    """Learn from some logs, choose and judge on others; with folds, every log judges once.

    A network ships at the share of its output that does best on the logs that judge: what it learned from few
    logs is true of others in part. Each log is judged at the share that the other judges ask for.

    Args:
        spec: of the networks.
        gathered: features and leftovers of all logs.
        training: numbers of the logs that parameters were fitted on.
        validation: numbers of the other logs; they judge first and, with folds, are learned from later.
        learn: budget.
        seed: of weights, bootstrap, batches and the draw of the folds.
        progress: called as progress(steps done, steps).
    """
    steps = learn.epochs * STEPS_AN_EPOCH
    options = TrainingOptions(steps=steps, learning_rate=learn.learning_rate)
    folds = folds_of(training, validation, learn.folds, seed)
    judging = [log for _, judges in folds for log in judges]
    scaling = scaling_of(spec, samples(gathered, judging), options) if len(folds) > 1 else None
    fitted, mean = [], np.full_like(gathered.left, np.nan)
    for n, (own, judges) in enumerate(folds):
        told = _of_fold(progress, n, len(folds), steps)
        learned_from = samples(gathered, own)
        fitted.append(
            fit_networks(spec, learned_from, seed=seed + n, options=options, scaling=scaling, progress=told)
        )
        rows = np.isin(gathered.log, judges)
        mean[rows] = fitted[-1].evaluate(gathered.features[rows])[0]
    rows, judged = np.isin(gathered.log, judging), of_logs(gathered, judging)
    share, apart = shares(judged, mean[rows])
    mean[rows] *= apart
    verdict = judge(judged, mean[rows], spec.groups, seed)
    share = share * [verdict.groups[group].ships for group in spec.groups]
    return Learned(
        networks=scaled(joined(fitted), share) if share.any() else None,
        share=share,
        mean=np.where(share > 0, mean, 0.0),
        verdict=verdict,
    )


def shares(
    judged: Leftover, mean: Float[np.ndarray, "row drive"]
) -> tuple[Float[np.ndarray, " drive"], Float[np.ndarray, "row drive"]]:
    """The share of `mean` that leaves least on all logs, and for each row on all logs but its own."""
    whole = np.isfinite(judged.left).all(axis=1)
    logs, place = np.unique(judged.log, return_inverse=True)
    left, added, number = judged.left[whole], mean[whole], judged.log[whole]
    error = np.zeros((len(SHARES), len(logs), mean.shape[1]))
    for k, share in enumerate(SHARES):
        seen, means = log_means(np.abs(left - share * added), number)
        error[k, np.searchsorted(logs, seen)] = means
    total = error.sum(axis=1)
    apart = SHARES[(total[:, None] - error).argmin(axis=0)]
    return SHARES[total.argmin(axis=0)], apart[place]


def folds_of(
    training: Sequence[int], validation: Sequence[int], count: int, seed: int
) -> list[tuple[list[int], list[int]]]:
    """Per fold the logs to learn from and the logs that judge; the first judges by the validation logs."""
    first, rest = list(validation), np.random.default_rng([seed, 2]).permutation(list(training))
    parts = [first, *(part.tolist() for part in np.array_split(rest, count - 1))] if count > 1 else [first]
    everyone = [*training, *validation]
    return [([log for log in everyone if log not in part], sorted(part)) for part in parts if part]


def _of_fold(progress: Progress | None, fold: int, folds: int, steps: int) -> Progress | None:
    """Progress of one fold as a share of all."""
    if progress is None:
        return None
    return lambda done, total: progress(fold * steps + done * steps // total, folds * steps)


def samples(gathered: Leftover, logs: Sequence[int]) -> Samples:
    """Samples of some logs; a row with anything missing is left out."""
    chosen = of_logs(gathered, logs)
    whole = np.isfinite(chosen.left).all(axis=1)
    return Samples(features=chosen.features[whole], targets=chosen.left[whole], log_index=chosen.log[whole])


def judge(
    gathered: Leftover, mean: Float[np.ndarray, "row drive"], groups: Sequence[str], seed: int
) -> GateVerdict:
    """Errors with and without what the networks add (`mean`) on whole logs, per drive."""
    whole = np.isfinite(gathered.left).all(axis=1)
    _, with_network = log_means(np.abs(gathered.left - mean)[whole], gathered.log[whole])
    _, without = log_means(np.abs(gathered.left)[whole], gathered.log[whole])
    return gate_verdict(with_network, without, groups, seed=seed)
