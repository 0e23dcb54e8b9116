"""New logs beside their units' current calibrations: what each says, and whether a unit has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybridsim.context.belief import Belief, told
from hybridsim.context.evidence import Evidence, evidence_of, misfits
from hybridsim.context.notice import Finding, noticed
from hybridsim.context.population import Population
from hybridsim.context.triage import oddity, stranger
from hybridsim.errors import HybridSimError
from hybridsim.fleet.bench import Basis, Bench, logs_of
from hybridsim.fleet.registry.knowledge import Said, quiet
from hybridsim.identify.problem import Problem
from hybridsim.log import Log


@dataclass(frozen=True, kw_only=True)
class LogJob:
    """One log of a unit, for a worker.

    Attributes:
        basis: robot and reference.
        population: what units have in common.
        log: its folder.
        belief: about its unit, whose mean the replay has.
        known: whether that belief is the unit's own, so that a log can be none of it.
        others: beliefs about the other units.
    """

    basis: Basis
    population: Population
    log: Path
    belief: Belief
    known: bool
    others: Mapping[str, Belief]

    def __str__(self) -> str:
        return f"log {self.log.name}"


def assess(job: LogJob) -> tuple[Evidence, str]:
    """What a log says at its unit's context, and why nothing explains it where that is so."""
    bench, noise = job.basis.bench(), job.population.noise()
    try:
        log = logs_of([job.log])[0]
        problem = bench.problem([log])
    except HybridSimError as error:
        return _nothing(job, bench), f"cannot be replayed: {error}"
    [evidence] = evidence_of(problem, bench.space, job.belief.mean, noise, [log.log_id])
    if not job.known:
        return evidence, _odd(job, bench, problem, log)
    usual = evidence.wandered(noise.wander)
    if whose := stranger(usual, job.belief, bench.hypotheses, job.others):
        return evidence, f"looks like unit '{whose}'"
    if evidence.misfit <= job.population.misfit:
        return evidence, ""
    return evidence, _odd(job, bench, problem, log)


def _odd(job: LogJob, bench: Bench, problem: Problem, log: Log) -> str:
    """Whether some context of this robot explains the log, and whether its unit can have come to it."""
    noise, prior = job.population.noise(), job.population.prior()
    wide = Belief(mean=prior.mean, precision=prior.precision / 4.0)
    alone = told(wide, problem, bench.space, noise, [log.log_id])
    [left] = misfits(problem, bench.space, alone.mean, noise)
    if left > job.population.misfit:
        return f"no unit of this robot does that: misfit {left:.2g}, at most {job.population.misfit:.2g}"
    if not job.known:
        return ""
    return oddity(alone, job.belief, noise.wander, bench.hypotheses, job.others)


def _nothing(job: LogJob, bench: Bench) -> Evidence:
    """Of a log that cannot be replayed."""
    count = len(bench.space)
    return Evidence(
        log_id=job.log.name,
        pull=np.zeros(count),
        information=np.zeros((count, count)),
        misfit=0.0,
        error=np.zeros(len(bench.robot.drives)),
    )


def change(bench: Bench, population: Population, belief: Belief, said: Sequence[Said]) -> Finding | None:
    """What the logs since a unit's calibration make of it; None before the first that something explains."""
    wander = np.array(population.wander)
    usable = [one.evidence.wandered(wander) for one in quiet(said)]
    return noticed(bench.hypotheses, belief.covariance, usable) if usable else None
