"""Learn how a sensor's noise follows what the sensor goes through: where it lies, then how strong it is.

Strengths are judged as they are drawn: by the continuous ranked probability score of a normal distribution as
wide as the network says, against one that is as wide throughout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import erf

from hybridsim.calibration import Gate
from hybridsim.learn.residual import SHARES, Learned, Leftover, learn_residual, of_logs
from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.inference import Networks, scaled
from hybridsim.networks.samples import log_means
from hybridsim.networks.selection import Verdict, gate_verdict
from hybridsim.progress import Progress
from hybridsim.sensing.lasting import calm
from hybridsim.sensors.parameters import PREFIX
from hybridsim.sensors.residual import SHIFT, STRENGTH, noise_spec
from hybridsim.study import Learn

MIDDLE = 0.6745
"""Half of all standard normal numbers are smaller, in size."""
SOFT = 0.05
"""Added to sizes before their logarithm, in typical ones; chosen, because counts make many of them zero."""
LEAST = 0.1
"""Of its root mean square, below which what is left is not taken to be typical."""


@dataclass(frozen=True, kw_only=True)
class LearnedNoise:
    """What learning gave.

    Attributes:
        networks: that ship, of shift and of strength; none where no sensor's helps.
        shift: whether that of each sensor ships, and why [unit of the reading].
        strength: the same [unit of the reading].
    """

    networks: tuple[Networks, ...]
    shift: Mapping[str, Verdict]
    strength: Mapping[str, Verdict]


def specs_of(
    sits: str, groups: Sequence[str], period: float, learn: Learn
) -> tuple[NetworkSpec, NetworkSpec]:
    """Networks of shift and of strength.

    Args:
        sits: `residual.DRIVE` or `residual.INERTIAL` of hybridsim.sensors.
        groups: see `noise_spec` there.
        period: between looks [s].
        learn: what they see, and their size.
    """
    shift, strength = (
        noise_spec(
            sits,
            what,
            groups,
            period=period,
            history=learn.history_s,
            hidden=learn.hidden,
            members=learn.members,
        )
        for what in (SHIFT, STRENGTH)
    )
    return shift, strength


def noise_gates(learned: LearnedNoise | None, units: Mapping[str, str], why: str) -> dict[str, Gate]:
    """The verdict on every network, `sensor.<group>.shift` and `.strength`.

    Args:
        learned: what was learned.
        units: of the readings by group.
        why: where nothing was learned.
    """
    found = {}
    for (group, unit), what in product(units.items(), (SHIFT, STRENGTH)):
        name = f"{PREFIX}{group}.{what}"
        if learned is None:
            found[name] = Gate(ships=False, reason=why)
            continue
        verdict = (learned.shift if what == SHIFT else learned.strength)[group]
        found[name] = Gate(
            ships=verdict.ships,
            unit=unit,
            mean_difference=verdict.mean_difference,
            interval_95=verdict.interval_95,
            reason=verdict.reason,
        )
    return found


def learn_noise(
    specs: tuple[NetworkSpec, NetworkSpec],
    left: Leftover,
    training: Sequence[int],
    validation: Sequence[int],
    learn: Learn,
    seed: int,
    progress: Progress | None = None,
    *,
    typical: Float[np.ndarray, " group"] | None = None,
    judging: Bool[np.ndarray, " row"] | None = None,
) -> LearnedNoise:
    """Learn from some logs, judge on others; with folds, every log judges once.

    Args:
        specs: of shift and strength, of the same groups and inputs.
        left: real readings less those of the analytic sensor.
        training: numbers of the logs that parameters were fitted on.
        validation: numbers of the other logs.
        learn: budget.
        seed: of weights, bootstrap, batches and the draw of the folds.
        progress: called as progress(steps done, steps).
        typical: noise of strength 1; None for that of the middle of all rows [unit of the reading].
        judging: rows by which strengths are judged; None for all.
    """
    told = [None if progress is None else _half(progress, n) for n in (0, 1)]
    shift = learn_residual(specs[0], left, training, validation, learn, seed, told[0])
    rest = replace(left, left=left.left - said(shift, left))
    typical = _typical(of_logs(rest, training).left) if typical is None else typical
    target = replace(rest, left=np.log((np.abs(rest.left) / typical + SOFT) / (MIDDLE + SOFT)))
    strength = learn_residual(specs[1], target, training, validation, learn, seed, told[1])
    share, verdicts = _judged(rest, strength, training, specs[1].groups, seed, judging)
    louder = None if strength.networks is None or not share.any() else scaled(strength.networks, share)
    return LearnedNoise(
        networks=tuple(one for one in (shift.networks, louder) if one is not None),
        shift=shift.verdict.groups,
        strength=verdicts,
    )


def said(learned: Learned, left: Leftover) -> Float[np.ndarray, "row group"]:
    """What networks say that never saw the row's log; those that ship where all did."""
    if learned.networks is None:
        return np.zeros_like(left.left)
    return np.where(np.isfinite(learned.mean), learned.mean, learned.networks.evaluate(left.features)[0])


def crps(error: Float[np.ndarray, "row group"], spread: Float[np.ndarray, "#row group"]) -> np.ndarray:
    """Continuous ranked probability score of a normal distribution about zero, in the errors' unit.

    Source: Gneiting and Raftery 2007, "Strictly Proper Scoring Rules, Prediction, and Estimation", eq. 21.
    """
    z = error / spread
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return spread * (z * erf(z / np.sqrt(2.0)) + 2.0 * density - 1.0 / np.sqrt(np.pi))


def _judged(
    rest: Leftover,
    learned: Learned,
    training: Sequence[int],
    groups: Sequence[str],
    seed: int,
    judging: Bool[np.ndarray, " row"] | None,
) -> tuple[Float[np.ndarray, " group"], dict[str, Verdict]]:
    """The share of its logarithm that a strength ships with, and by how much drawn noise then fits better.

    Each log is judged at the share that the other judges ask for.
    """
    output = said(learned, rest)
    whole = np.isfinite(rest.left).all(axis=1)
    whole &= True if judging is None else judging
    own = whole & np.isin(rest.log, list(training))
    judges = whole & np.isfinite(learned.mean).all(axis=1)
    scores = []
    for share in SHARES:
        strength = np.exp(share * output)
        spread = _size(rest.left[own] / strength[own]) * strength[judges]
        scores.append(log_means(crps(rest.left[judges], spread), rest.log[judges])[1])
    score = np.array(scores)
    total = score.sum(axis=1)
    apart = (total[:, None] - score).argmin(axis=0)
    follows = np.take_along_axis(score, apart[None], axis=0)[0]
    verdicts = gate_verdict(follows, score[0], groups, seed=seed).groups
    ships = np.array([verdicts[group].ships for group in groups])
    return ships * SHARES[total.argmin(axis=0)], verdicts


def _typical(left: Float[np.ndarray, "row group"]) -> Float[np.ndarray, " group"]:
    """Standard deviation of normal numbers whose sizes have the same median."""
    whole = left[np.isfinite(left).all(axis=1)]
    least = LEAST * np.sqrt((whole**2).mean(axis=0))
    return np.maximum(np.median(np.abs(whole), axis=0) / MIDDLE, np.maximum(least, 1e-12))


def _size(left: Float[np.ndarray, "row group"]) -> Float[np.ndarray, " group"]:
    """Root of the mean square as drawn noise has it."""
    return np.array([max(float(np.sqrt((calm(column) ** 2).mean())), 1e-12) for column in left.T])


def _half(progress: Progress, half: int) -> Progress:
    """Progress of one of two networks as a share of both."""
    return lambda done, total: progress(half * total + done, 2 * total)
