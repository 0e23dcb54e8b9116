"""Global search of one drive's parameters: optuna's CMA-ES with restarts, on short pieces of the logs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import optuna
from jaxtyping import Float

from hybridsim.identify.fitting import Fitting

optuna.logging.set_verbosity(optuna.logging.WARNING)

HOPELESS = 2.0  # chosen, because a candidate twice as bad on a quarter of the pieces has never recovered


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A point of the unit cube and its mean absolute error [rad]."""

    point: Float[np.ndarray, " parameter"]
    cost: float


class DriveCost:
    """Mean absolute error of one drive over pieces of logs; gives up early on hopeless candidates."""

    def __init__(self, pieces: Fitting, quarter: Fitting, drive: int, point: np.ndarray) -> None:
        self.pieces, self.quarter, self.drive = pieces, quarter, drive
        self.entries = pieces.entries_of(drive)
        self.start = point.copy()
        self.best_quarter = np.inf

    def point(self, own: np.ndarray) -> np.ndarray:
        """The whole point with this drive's entries replaced."""
        full = self.start.copy()
        full[self.entries] = own
        return full

    def __call__(self, own: np.ndarray) -> float:
        """Cost [rad]; that of a quarter of the pieces where the candidate is hopeless there."""
        values = self.pieces.values(self.point(own))
        early = mean_error(self.quarter, self.drive, values)
        if early > HOPELESS * self.best_quarter:
            return early
        self.best_quarter = min(self.best_quarter, early)
        return mean_error(self.pieces, self.drive, values)


def mean_error(problem: Fitting, drive: int, values: dict[str, float]) -> float:
    """Mean absolute error, the logs weighed as the problem says [rad]."""
    return float(problem.weights @ problem.per_log(problem.errors(drive, values), drive))


def search_drive(
    pieces: Fitting, quarter: Fitting, drive: int, start: np.ndarray, trials: int, restarts: int, seed: int
) -> list[Candidate]:
    """The best point of every restart, best first; the first restart begins at `start`, others at random."""
    cost = DriveCost(pieces, quarter, drive, start)
    if not cost.entries:
        return [Candidate(point=start, cost=mean_error(pieces, drive, pieces.values(start)))]
    random = np.random.default_rng([seed, drive])
    found = []
    for restart in range(restarts):
        own = start[cost.entries] if restart == 0 else random.uniform(0.2, 0.8, len(cost.entries))
        found.append(_descend(cost, own, trials // restarts, int(random.integers(2**31))))
    return sorted(found, key=lambda candidate: candidate.cost)


def _descend(cost: DriveCost, own: np.ndarray, trials: int, seed: int) -> Candidate:
    """CMA-ES from `own`, on a stretched unit cube whose middle is there, but for a start on a bound."""
    names = [f"x{k}" for k in range(len(own))]
    best, middle = Candidate(point=cost.point(own), cost=cost(own)), np.clip(own, 0.02, 0.98)
    study = optuna.create_study(sampler=_sampler(len(own), seed))
    unit = optuna.distributions.FloatDistribution(0.0, 1.0)
    space: dict[str, optuna.distributions.BaseDistribution] = dict.fromkeys(names, unit)
    for _ in range(trials):
        trial = study.ask(space)
        candidate = stretched(np.array([trial.params[name] for name in names]), middle)
        value = cost(candidate)
        study.tell(trial, value)
        if value < best.cost:
            best = Candidate(point=cost.point(candidate), cost=value)
    return best


def stretched(unit: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Unit cube onto itself, piecewise linear, with 0.5 at `middle`."""
    return np.where(unit < 0.5, 2 * unit * middle, middle + (2 * unit - 1) * (1 - middle))


def _sampler(dimensions: int, seed: int) -> optuna.samplers.BaseSampler:
    if dimensions == 1:
        return optuna.samplers.TPESampler(seed=seed)
    return optuna.samplers.CmaEsSampler(
        seed=seed,
        popsize=4 + 3 * int(np.log(dimensions) + 1),
        warn_independent_sampling=False,
    )
