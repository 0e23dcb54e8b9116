"""New logs beside their units' current calibrations: what each says, and whether a unit has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from hybridsim.context.belief import Belief, told
from hybridsim.context.evidence import Evidence, evidence_of, misfits
from hybridsim.context.notice import WINDOW, Finding, expectations, noticed
from hybridsim.context.population import Population
from hybridsim.context.triage import Company, better_than_any_change, oddity, stranger
from hybridsim.errors import HybridSimError
from hybridsim.fleet.bench import Basis, Bench, logs_of
from hybridsim.fleet.registry.knowledge import Context, Said

BEFORE = 2
"""Windows before the one that a log is in, whose logs say how far its unit is from its calibration's context;
chosen, because older ones add little and cost as much."""


@dataclass(frozen=True, kw_only=True)
class LogJob:
    """One log of a unit, for a worker.

    Attributes:
        basis: robot and reference.
        population: what units have in common.
        serial: of its unit.
        log: its folder.
        belief: about its unit, whose mean the replay has.
        known: whether that belief is the unit's own, so that a log can be none of it.
    """

    basis: Basis
    population: Population
    serial: str
    log: Path
    belief: Belief
    known: bool

    def __str__(self) -> str:
        return f"log {self.log.name}"


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a log by itself says, before anybody asks about other units.

    Attributes:
        evidence: at its unit's context.
        least: how much likelier another unit has to be for it to be the other's; None where none can be.
        why: no unit of this robot does that; empty for most.
        alone: what the log says without its unit, where the unit's context does not explain it.
    """

    evidence: Evidence
    least: float | None = None
    why: str = ""
    alone: Belief | None = None


def assess(job: LogJob) -> Look:
    """What a log says at its unit's context, and whether any context of this robot explains it."""
    bench, noise = job.basis.bench(), job.population.noise()
    try:
        log = logs_of([job.log])[0]
        problem = bench.problem([log])
    except HybridSimError as error:
        return Look(evidence=_nothing(job, bench), why=f"cannot be replayed: {error}")
    [evidence] = evidence_of(problem, bench.space, job.belief.mean, noise, [log.log_id])
    least = None
    if job.known:
        least = better_than_any_change(evidence.wandered(noise.wander), job.belief, bench.hypotheses)
    if evidence.misfit <= job.population.misfit:
        return Look(evidence=evidence, least=least)
    prior = job.population.prior()
    wide = Belief(mean=prior.mean, precision=prior.precision / 4.0)
    alone = told(wide, problem, bench.space, noise, [log.log_id], start=job.belief.mean)
    [left] = misfits(problem, bench.space, alone.mean, noise)
    if left <= job.population.misfit:
        return Look(evidence=evidence, least=least, alone=alone)
    why = f"no unit of this robot does that: misfit {left:.2g}, at most {job.population.misfit:.2g}"
    return Look(evidence=evidence, least=least, why=why)


def odd(job: LogJob, look: Look, company: Callable[[], Company]) -> str:
    """Why a log's unit cannot have come to it; empty for most.

    Args:
        job: that was done.
        look: what came of it.
        company: the fleet's units, seen as the log's own is; asked for where a log may be another's.
    """
    noise, hypotheses = job.population.noise(), job.basis.bench().hypotheses
    if look.least is not None:
        usual = look.evidence.wandered(noise.wander)
        if whose := stranger(usual, job.serial, job.belief, look.least, company()):
            return f"looks like unit '{whose}'"
    if look.why or look.alone is None or not job.known:
        return look.why
    return oddity(look.alone, job.belief, noise.wander, hypotheses, company().but(job.serial))


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


def changes(
    bench: Bench, population: Population, context: Context, said: Sequence[Said], first: int
) -> Iterator[tuple[int, Finding]]:
    """What each log of a unit since its calibration makes of it, from the first that is asked for.

    Args:
        bench: of the unit's reference.
        population: that its context is of.
        context: the calibration's.
        said: by all of its logs beside the calibration that something explains, from old to new.
        first: number of the log to begin with.

    Yields:
        The log's number and what it makes of the unit; nothing for logs as old as the calibration's.
    """
    wander = np.array(population.wander)
    for block, counts in groupby(range(first + 1, len(said) + 1), key=lambda count: (count - 1) // WINDOW):
        start, asked = max(block - BEFORE, 0) * WINDOW, list(counts)
        recent = said[start : asked[-1]]
        evidence = [one.evidence.wandered(wander) for one in recent]
        expected = expectations(bench.hypotheses, context.belief, evidence)
        settled = sum(one.began_ns <= context.to_ns for one in recent)
        for count in asked:
            own = count - start
            finding = noticed(bench.hypotheses, expected[:own], evidence[:own], settled)
            if finding is not None:
                yield count - 1, replace(finding, since=start + finding.since)
