"""What a fleet's units have in common, from all of them: their spread, and how far replays are off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybridsim.context.belief import Belief, told
from hybridsim.context.evidence import Evidence, Noise, evidence_of
from hybridsim.context.noise import deviation_and_memory, wander_of
from hybridsim.context.population import ALONE, Population, covariance_between, read_population
from hybridsim.errors import FleetError
from hybridsim.fleet.bench import Basis, logs_of
from hybridsim.fleet.fleet import Fleet
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import NamedProgress, named

MOST_LOGS = 8
"""Of a unit; chosen, because a few minutes say as much as its logs differ from each other."""
FEWEST = 2
"""Logs of a unit that says how much one wanders."""
WIDE = 3.0
"""Standard deviation that units are looked for in at first [typical differences]."""
MISFIT = 4.0
"""Standard deviations of the logarithm by which a quiet log may fit worse than usual."""


def refound(
    fleet: Fleet,
    reference: str | None = None,
    *,
    engine: Engine = "loky",
    progress: NamedProgress | None = None,
) -> Population:
    """Learn anew what a fleet's units have in common, and keep it.

    Args:
        fleet: with logs.
        reference: folder or name of the calibration that contexts are differences from; None for today's.
        engine: where units are fitted.
        progress: called as progress(done, total, what).
    """
    name = fleet.add_calibration(reference) if reference is not None else _today(fleet)
    basis = Basis(fleet.robot.folder, fleet.artefacts.folder("calibrations", name))
    units = {serial: teaching(fleet, serial) for serial in fleet.registry.units()}
    population = found(
        basis, {serial: logs for serial, logs in units.items() if logs}, engine=engine, progress=progress
    )
    fleet.keep_population(population)
    return population


def teaching(fleet: Fleet, serial: str) -> list[Path]:
    """Logs of a unit that may teach: since it last changed, none that judges, none that nothing explained."""
    registry = fleet.registry
    own = registry.knowledge.contexts().get(serial)
    odd = set() if own is None else registry.knowledge.odd(serial)
    since = 0 if own is None else own.from_ns
    return [
        fleet.artefacts.folder("logs", log.log_id)
        for log in registry.logs(serial)
        if not log.held_out and log.began_ns >= since and log.log_id not in odd
    ]


def _today(fleet: Fleet) -> str:
    """The reference of today's population."""
    newest = fleet.registry.knowledge.population()
    if newest is None:
        raise FleetError("relearn: nothing is known of the units yet; expected --reference CALIBRATION")
    return read_population(fleet.artefacts.folder("populations", newest)).reference


@dataclass(frozen=True, kw_only=True)
class UnitJob:
    """A unit's logs, for a worker."""

    basis: Basis
    serial: str
    logs: Sequence[Path]
    prior: Belief | None
    noise: Noise | None

    def __str__(self) -> str:
        return f"unit {self.serial}"


@dataclass(frozen=True, kw_only=True)
class UnitFit:
    """What a worker made of them."""

    belief: Belief
    evidence: Sequence[Evidence]
    deviation: np.ndarray
    memory: np.ndarray


def found(
    basis: Basis,
    units: Mapping[str, Sequence[Path]],
    *,
    engine: Engine = "loky",
    progress: NamedProgress | None = None,
) -> Population:
    """A population.

    Args:
        basis: robot and reference.
        units: by serial, folders of logs that may teach.
        engine: where units are fitted.
        progress: called as progress(done, total, what).

    Raises:
        FleetError: no unit has two logs.
    """
    if not any(len(logs) >= FEWEST for logs in units.values()):
        raise FleetError(f"{len(units)} units: none has {FEWEST} logs to learn from; expected at least one")
    serials = sorted(units)

    def fitted(prior: Belief | None, noise: Noise | None, what: str) -> list[UnitFit]:
        jobs = [
            UnitJob(basis=basis, serial=s, logs=list(units[s])[-MOST_LOGS:], prior=prior, noise=noise)
            for s in serials
        ]
        return list(map_jobs(fit_unit, jobs, engine=engine, progress=named(progress, what)))

    first = fitted(None, None, "units, as if unrelated")
    draft = _population(basis, serials, first)
    again = fitted(draft.prior(), draft.noise(), "units, as relatives")
    return _population(basis, serials, again)


def fit_unit(job: UnitJob) -> UnitFit:
    """One unit's context and what it leaves over."""
    bench = job.basis.bench()
    logs = logs_of(job.logs)
    problem = bench.problem(logs)
    count, drives = len(bench.space), len(problem.paths)
    noise = job.noise or Noise.guessed(drives, count)
    prior = job.prior or Belief(mean=np.zeros(count), precision=np.diag(1.0 / _wide(bench.space.found) ** 2))
    ids = [log.log_id for log in logs]
    belief = told(prior, problem, bench.space, noise, ids)
    deviation, memory = deviation_and_memory([(problem, belief.mean)], bench.space)
    own = Noise(deviation=deviation, memory=memory, wander=noise.wander)
    evidence = evidence_of(problem, bench.space, belief.mean, job.noise or own, ids)
    return UnitFit(belief=belief, evidence=evidence, deviation=deviation, memory=memory)


def _wide(found: np.ndarray) -> np.ndarray:
    """What the study held is as it says, give or take a typical change."""
    return np.where(found, WIDE, ALONE)


def _population(basis: Basis, serials: Sequence[str], fits: Sequence[UnitFit]) -> Population:
    bench = basis.bench()
    several = {s: one.evidence for s, one in zip(serials, fits, strict=True) if len(one.evidence) >= FEWEST}
    misfit = np.log([max(e.misfit, 1e-12) for one in fits for e in one.evidence])
    middle = float(np.median(misfit))
    scale = max(1.4826 * float(np.median(np.abs(misfit - middle))), 0.1)
    return Population(
        schema=1,
        robot=bench.robot.name,
        reference=bench.reference.id,
        entries=bench.space.names,
        sizes=tuple(entry.size for entry in bench.space.entries),
        mean=tuple(np.mean([one.belief.mean for one in fits], axis=0).tolist()),
        covariance=tuple(map(tuple, covariance_between([one.belief for one in fits]).tolist())),
        deviation=tuple(np.median([one.deviation for one in fits], axis=0).tolist()),
        memory=tuple(np.median([one.memory for one in fits], axis=0).tolist()),
        wander=tuple(wander_of(several, len(bench.space)).tolist()),
        misfit=float(np.exp(middle + MISFIT * scale)),
        units=tuple(serials),
    )
