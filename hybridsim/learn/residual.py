"""Fit what the analytic drives leave over, on their own free run: no measurement is ever an input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.features import log_features
from hybridsim.networks.inference import Networks, joined
from hybridsim.networks.samples import Samples, log_means
from hybridsim.networks.selection import GateVerdict, gate_verdict
from hybridsim.networks.training import TrainingOptions, fit_networks, scaling_of
from hybridsim.replay.engine import Trajectory
from hybridsim.robot import Robot
from hybridsim.simulator.inputs import LogInputs
from hybridsim.simulator.residual import inputs_given, residual_spec, stack_inputs
from hybridsim.study import Learn

Progress = Callable[[int, int], None]
STEPS_AN_EPOCH = 100  # chosen, because a study then counts its budget in the numbers people are used to
PERIOD = 0.02
"""Of the networks' inputs where study and logs leave it open [s]."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What learning gave.

    Attributes:
        networks: with nothing in the groups that did not help; None where no group ships.
        mean: what networks add that never learned from the row's log, 0 where none ships, NaN where every
            network did learn from it [rad].
        verdict: on the logs that judged, per drive and together, in rad.
    """

    networks: Networks | None
    mean: Float[np.ndarray, "row drive"]
    verdict: GateVerdict


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered:
    """Features of the free run and what it left over, rows of all logs one after the other.

    Attributes:
        features: in the spec's order.
        left: measured - analytic, NaN where nothing was measured [rad].
        log: number of the log of every row.
        speed: of the analytic shaft [rad/s].
        error: command - shaft angle [rad].
        load: on the drive [N*m].
    """

    features: Float[np.ndarray, "row drive feature"]
    left: Float[np.ndarray, "row drive"]
    log: Int[np.ndarray, " row"]
    speed: Float[np.ndarray, "row drive"]
    error: Float[np.ndarray, "row drive"]
    load: Float[np.ndarray, "row drive"]

    def of_logs(self, logs: Sequence[int]) -> Gathered:
        """Only the rows of these logs."""
        rows = np.isin(self.log, list(logs))
        return Gathered(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


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
    gathered: Gathered,
    training: Sequence[int],
    validation: Sequence[int],
    learn: Learn,
    seed: int,
    progress: Progress | None = None,
) -> Learned:
    """Learn from some logs, choose and judge on others; with folds, every log judges once.

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
    options = TrainingOptions(steps=steps, learning_rate=learn.learning_rate, patience=learn.patience)
    folds = folds_of(training, validation, learn.folds, seed)
    everyone = samples(gathered, [log for fold in folds for log in fold[1]]) if len(folds) > 1 else None
    scaling = None if everyone is None else scaling_of(spec, everyone, options)
    fitted, mean = [], np.full_like(gathered.left, np.nan)
    for n, (own, judges) in enumerate(folds):
        fitted.append(
            fit_networks(
                spec,
                samples(gathered, own),
                samples(gathered, judges),
                seed=seed + n,
                options=options,
                scaling=scaling,
                progress=_of_fold(progress, n, len(folds), steps),
            ).networks
        )
        rows = np.isin(gathered.log, judges)
        mean[rows] = fitted[-1].evaluate(gathered.features[rows])[0]
    judged = [log for _, judges in folds for log in judges]
    verdict = judge(gathered.of_logs(judged), mean[np.isin(gathered.log, judged)], spec.groups, seed)
    ships = [verdict.groups[group].ships for group in spec.groups]
    return Learned(
        networks=keep_only(joined(fitted), ships) if any(ships) else None,
        mean=np.where(ships, mean, 0.0),
        verdict=verdict,
    )


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


def samples(gathered: Gathered, logs: Sequence[int]) -> Samples:
    """Samples of some logs; a row with anything missing is left out."""
    chosen = gathered.of_logs(logs)
    whole = np.isfinite(chosen.left).all(axis=1)
    return Samples(features=chosen.features[whole], targets=chosen.left[whole], log_index=chosen.log[whole])


def judge(
    gathered: Gathered, mean: Float[np.ndarray, "row drive"], groups: Sequence[str], seed: int
) -> GateVerdict:
    """Errors with and without what the networks add (`mean` [rad]) on whole logs, per drive."""
    whole = np.isfinite(gathered.left).all(axis=1)
    _, with_network = log_means(np.abs(gathered.left - mean)[whole], gathered.log[whole])
    _, without = log_means(np.abs(gathered.left)[whole], gathered.log[whole])
    return gate_verdict(with_network, without, groups, seed=seed)


def keep_only(networks: Networks, ships: Sequence[bool]) -> Networks:
    """The networks with a zero last layer in every group that does not ship."""
    keep = np.asarray(ships, np.float32)
    weights, biases = list(networks.weights), list(networks.biases)
    weights[-1] = weights[-1] * keep[:, None, None, None]
    biases[-1] = biases[-1] * keep[:, None, None]
    return replace(networks, weights=tuple(weights), biases=tuple(biases))
