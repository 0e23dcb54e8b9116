"""Champion against challenger on a unit's held-out logs: may the challenger take over?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration
from hybridsim.context.belief import Belief
from hybridsim.context.evidence import misfits
from hybridsim.context.population import Population
from hybridsim.fleet.bench import Basis, Bench, logs_of
from hybridsim.fleet.events import around_events, stops_missed
from hybridsim.learn.interval import difficulty_features, half_width
from hybridsim.log import Log
from hybridsim.replay.variants import CalibratedSimulator, replay_variant
from hybridsim.score.bootstrap import Draws, interval_over_logs

MOST_LOGS = 8
"""The newest that judge; each is replayed twice."""
COVERAGE = 0.75
"""Least share of samples in the 90 % intervals; chosen, because a few logs scatter so much around 0.9."""
FAR = 40.0
"""Squared distance from the population over its own mean value, beyond which a context is no unit's."""


@dataclass(frozen=True, kw_only=True)
class GateJob:
    """A challenger on its way to be judged.

    Attributes:
        basis: robot and reference.
        population: what units have in common.
        serial: of the unit.
        champion: folder of its calibration now.
        challenger: folder of the new one.
        belief: that the challenger comes from.
        logs: folders of held-out logs that nothing was fitted on, since the unit is as it is.
        tolerance: share by which the error may grow.
    """

    basis: Basis
    population: Population
    serial: str
    champion: Path
    challenger: Path
    belief: Belief
    logs: Sequence[Path]
    tolerance: float

    def __str__(self) -> str:
        return f"unit {self.serial}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate says, and why."""

    passed: bool
    evidence: dict[str, Any]

    @property
    def reasons(self) -> list[str]:
        """Against it, in words."""
        return list(self.evidence["against"])

    @property
    def explains(self) -> bool:
        """Whether the unit's context was enough for its logs; where not, what units share is wrong."""
        left = self.evidence.get("misfit")
        return not left or float(np.median(left)) <= self.evidence["misfit_most"]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A calibration on logs.

    Attributes:
        error: mean absolute, of every log [rad].
        coverage: share of samples in the 90 % intervals; NaN where the calibration has none.
        events: mean absolute error around stops and interventions [rad], NaN for logs without.
        missed: stops after which the log comes to rest and the replay does not.
    """

    error: Float[np.ndarray, " log"]
    coverage: float
    events: Float[np.ndarray, " log"]
    missed: int = 0


def judge(job: GateJob) -> Verdict:
    """Replay both on the held-out logs and compare."""
    bench = job.basis.bench()
    logs = logs_of(list(job.logs)[-MOST_LOGS:])
    if not logs:
        return Verdict(
            passed=False,
            evidence={"against": ["no held-out log that taught neither calibration"], "logs": []},
        )
    old, new = (replayed(bench, folder, logs) for folder in (job.champion, job.challenger))
    left = misfits(bench.problem(logs), bench.space, job.belief.mean, job.population.noise())
    away = job.belief.mean - np.array(job.population.mean)
    far = float(away @ job.population.prior().precision @ away) / len(away)
    against = [
        *_worse(old.error, new.error, job.tolerance, "error on held-out logs"),
        *_worse(old.events, new.events, job.tolerance, "error around stops and interventions"),
    ]
    if new.missed > old.missed:
        against.append(f"does not come to rest after {new.missed} stops, as the logs do; now {old.missed}")
    if (most := float(np.median(left))) > job.population.misfit:
        against.append(f"does not explain the logs: misfit {most:.2g}, at most {job.population.misfit:.2g}")
    if new.coverage < COVERAGE and not new.coverage >= old.coverage:
        against.append(f"90 % intervals hold {new.coverage:.0%}; expected at least {COVERAGE:.0%}")
    if far > FAR:
        against.append(f"lies {far:.0f} variances from the fleet; at most {FAR:.0f}")
    evidence = _evidence(logs, old, new, left, far, against)
    return Verdict(passed=not against, evidence={**evidence, "misfit_most": job.population.misfit})


def replayed(bench: Bench, folder: Path, logs: Sequence[Log]) -> Replayed:
    """Free runs of a calibration's hybrid on logs."""
    calibration = Calibration.load(folder)
    simulator = CalibratedSimulator(calibration=calibration, variant="hybrid", robot=str(bench.robot.folder))
    inputs = [bench.inputs(log) for log in logs]
    runs = replay_variant(simulator, inputs, name="hybrid", engine="serial").runs
    error, inside, events, missed = [], [], [], 0
    for log, own, run in zip(logs, inputs, runs, strict=True):
        angle = run.at("angle", own.time_s)
        off = np.abs(angle - own.measured)
        error.append(float(np.nanmean(off)))
        events.append(around_events(log, own, off))
        missed += stops_missed(log, own, angle)
        at = {name: run.at(name, own.time_s) for name in ("analytic", "speed", "spread")}
        features = difficulty_features(at["speed"], own.command - at["analytic"], at["spread"])
        half = half_width(calibration.record.intervals, bench.robot, features)
        if half is not None:
            inside.append(float(np.mean((off <= half)[np.isfinite(off)])))
    coverage = float(np.mean(inside)) if inside else float("nan")
    return Replayed(error=np.array(error), coverage=coverage, events=np.array(events), missed=missed)


def _worse(old: np.ndarray, new: np.ndarray, tolerance: float, what: str) -> list[str]:
    """Words against a challenger whose errors may be larger than the champion's by more than that."""
    both = np.isfinite(old) & np.isfinite(new)
    if not both.any():
        return []
    change = new[both] / old[both] - 1.0
    low, high = interval(change)
    if float(change.mean()) <= 0.0 or high <= tolerance:
        return []
    return [f"{what} changes by {change.mean():+.1%} [{low:+.1%}, {high:+.1%}]; at most {tolerance:+.1%}"]


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % of the mean over logs."""
    low, high = interval_over_logs(values[:, None], Draws().weights(len(values)))
    return float(low[0]), float(high[0])


def _evidence(
    logs: Sequence[Log],
    old: Replayed,
    new: Replayed,
    left: np.ndarray,
    far: float,
    against: list[str],
) -> dict[str, Any]:
    change = new.error / old.error - 1.0
    plain = lambda values: [None if not np.isfinite(x) else round(float(x), 9) for x in values]  # noqa: E731
    return {
        "against": against,
        "logs": [log.log_id for log in logs],
        "champion_error_rad": plain(old.error),
        "challenger_error_rad": plain(new.error),
        "change_mean": round(float(change.mean()), 6),
        "change_interval_95": [round(x, 6) for x in interval(change)],
        "champion_events_rad": plain(old.events),
        "challenger_events_rad": plain(new.events),
        "stops_missed": [old.missed, new.missed],
        "coverage_90": plain([old.coverage, new.coverage]),
        "misfit": plain(left),
        "distance_from_fleet": round(far, 3),
    }
