"""What a fleet's units have in common, from all of them: their spread, and how far replays are off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hybridsim.calibration import Calibration
from hybridsim.context.belief import Belief, followed, taken, told, told_without_each
from hybridsim.context.evidence import (
    GUESS,
    Evidence,
    Noise,
    errors_apart,
    errors_of,
    evidence_of,
    misfits_of,
    slopes_of,
)
from hybridsim.context.noise import deviation_and_memory, unbiased, wander_of
from hybridsim.context.population import ALONE, Population, read_population, relatives
from hybridsim.context.space import ContextSpace
from hybridsim.errors import FleetError
from hybridsim.fleet.bench import Basis
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.sharing import shared
from hybridsim.jobs import Engine, map_jobs
from hybridsim.log import Log, read_log
from hybridsim.progress import NamedProgress, named

MOST_LOGS = 8
"""Of a unit; chosen, because a few minutes say as much as its logs differ from each other."""
FIRST_S, MOST_S = 90.0, 240.0
"""Of a unit's newest logs, before its relatives are known and after [s]; chosen, so that
founding takes minutes."""
FEWEST = 2
"""Logs of a unit that says how much one wanders."""
WIDE = 3.0
"""Standard deviation that units are looked for in at first [typical differences]."""
MISFIT = 3.0
"""Standard deviations of the logarithm by which a quiet log may fit worse than usual."""
MOST_MISFIT = 6.0
"""That a quiet log may have however short logs are; chosen, because errors so large that they count by their
size have 9."""


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

    def keep(calibration: Calibration) -> Path:
        fleet.keep_calibration(calibration, parent=name)
        return fleet.artefacts.folder("calibrations", calibration.id)

    basis = Basis(fleet.robot.folder, fleet.artefacts.folder("calibrations", name))
    units = {serial: teaching(fleet, serial) for serial in fleet.registry.units()}
    population = found(
        basis,
        {serial: logs for serial, logs in units.items() if logs},
        keep,
        engine=engine,
        progress=progress,
    )
    fleet.keep_population(population)
    return population


def teaching(fleet: Fleet, serial: str) -> list[Path]:
    """Logs of a unit that may teach: since it last changed, none that judges, none that nothing explained."""
    registry = fleet.registry
    own = registry.knowledge.contexts([serial]).get(serial)
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
    """A unit's logs, for a worker.

    Attributes:
        basis: robot and reference.
        serial: of the unit.
        logs: folders, from old to new.
        seconds: of the newest of them that are enough [s].
        prior: of its context.
        wander: from log to log; None where nothing is known.
        start: where its context is looked for first; None for the prior's mean.
    """

    basis: Basis
    serial: str
    logs: Sequence[Path]
    seconds: float
    prior: Belief
    wander: np.ndarray | None = None
    start: np.ndarray | None = None

    def __str__(self) -> str:
        return f"unit {self.serial}"


@dataclass(frozen=True, kw_only=True)
class UnitFit:
    """What a worker made of them.

    Attributes:
        belief: about the context.
        evidence: of each log at its mean.
        deviation: of errors at its mean, as logs would have them that it was not fitted to [rad].
        memory: of the same.
        misfit: of each log and drive at what the others tell, if any: mean square over the deviation's.
    """

    belief: Belief
    evidence: Sequence[Evidence]
    deviation: Float[np.ndarray, " drive"]
    memory: Float[np.ndarray, " drive"]
    misfit: Float[np.ndarray, "log drive"]


def found(
    basis: Basis,
    units: Mapping[str, Sequence[Path]],
    keep: Callable[[Calibration], Path],
    *,
    engine: Engine = "loky",
    progress: NamedProgress | None = None,
) -> Population:
    """A population: units as if unrelated, networks that they share, then each as a relative of the others.

    Args:
        basis: robot and reference.
        units: by serial, folders of logs that may teach.
        keep: where a reference with shared networks is written, if they are better than the given one's.
        engine: where units are fitted.
        progress: called as progress(done, total, what).

    Raises:
        FleetError: no unit has two logs.
    """
    if not any(len(logs) >= FEWEST for logs in units.values()):
        raise FleetError(f"{len(units)} units: none has {FEWEST} logs to learn from; expected at least one")
    serials, bench = sorted(units), basis.bench()
    alone = Belief(mean=np.zeros(len(bench.space)), precision=np.diag(1.0 / _wide(bench.space.found) ** 2))

    def fitted(jobs: Sequence[UnitJob], what: str) -> list[UnitFit]:
        return list(map_jobs(fit_unit, jobs, engine=engine, progress=named(progress, what)))

    first = fitted(
        [UnitJob(basis=basis, serial=s, logs=units[s], seconds=FIRST_S, prior=alone) for s in serials],
        "units, as if unrelated",
    )
    beliefs = {serial: one.belief for serial, one in zip(serials, first, strict=True)}
    wander = _wander(first, len(bench.space))
    prior = relatives(_followed(first, alone, wander), alone)
    better = shared(basis, units, beliefs, engine=engine, progress=progress)
    if better is not None:
        old, basis = bench.space, replace(basis, reference=keep(better))
        bench = basis.bench()
        prior, wander = _moved(prior, old, bench.space), _moved_wander(wander, old, bench.space)
        beliefs = {serial: _moved(belief, old, bench.space) for serial, belief in beliefs.items()}
    again = fitted(
        [
            UnitJob(
                basis=basis,
                serial=s,
                logs=units[s],
                seconds=MOST_S,
                prior=prior,
                wander=wander,
                start=beliefs[s].mean,
            )
            for s in serials
        ],
        "units, as relatives",
    )
    return _population(basis, serials, again, prior)


def _moved(belief: Belief, old: ContextSpace, new: ContextSpace) -> Belief:
    """A belief about contexts of another reference: what its networks call latent is yet to be found."""
    count = len(old) - len(old.latent)
    mean, covariance = np.zeros(len(new)), np.eye(len(new))
    mean[:count], covariance[:count, :count] = belief.mean[:count], belief.covariance[:count, :count]
    return Belief(mean=mean, precision=np.linalg.inv(covariance))


def _moved_wander(wander: np.ndarray, old: ContextSpace, new: ContextSpace) -> np.ndarray:
    """The same for wander from log to log."""
    count = len(old) - len(old.latent)
    return np.concatenate([wander[:count], np.full(len(new.latent), GUESS[2])])


def fit_unit(job: UnitJob) -> UnitFit:
    """One unit's context, and how far replays of each log are off at what the others tell."""
    bench = job.basis.bench()
    logs, space = newest(job.logs, job.seconds), bench.space
    problem, ids = bench.problem(logs), [log.log_id for log in logs]
    guess = Noise.guessed(len(problem.paths), len(space))
    start = told(job.prior, problem, space, guess, ids).mean if job.start is None else job.start
    deviation, memory = deviation_and_memory(problem, errors_of(problem, space, start))
    wander = guess.wander if job.wander is None else job.wander
    noise = Noise(deviation=deviation, memory=memory, wander=wander)
    belief = told(job.prior, problem, space, noise, ids, start)
    error = errors_of(problem, space, belief.mean)
    slope = slopes_of(problem, space, belief.mean, range(len(space)), error)
    evidence = evidence_of(problem, space, belief.mean, noise, ids, slope=slope)
    usual = [one.wandered(noise.wander) for one in evidence]
    deviation, memory = deviation_and_memory(problem, error)
    deviation = unbiased(problem, deviation, memory, taken(job.prior, belief))
    own = Noise(deviation=deviation, memory=memory, wander=noise.wander)
    if len(logs) >= FEWEST:
        error = errors_apart(problem, space, told_without_each(job.prior, belief.mean, usual))
    return UnitFit(
        belief=belief,
        evidence=evidence_of(problem, space, belief.mean, own, ids, slope=slope),
        deviation=deviation,
        memory=memory,
        misfit=misfits_of(problem, error, own),
    )


def newest(folders: Sequence[Path], seconds: float) -> list[Log]:
    """The newest logs that are at least so long together, or all; at most MOST_LOGS, from old to new."""
    kept: list[Log] = []
    for folder in reversed(folders):
        if len(kept) == MOST_LOGS or sum(one.duration_s for one in kept) >= seconds - 1.0:
            break
        kept.insert(0, read_log(folder))
    return kept


def _wide(found: np.ndarray) -> np.ndarray:
    """What the study held is as it says, give or take a typical change."""
    return np.where(found, WIDE, ALONE)


def _wander(fits: Sequence[UnitFit], count: int) -> np.ndarray:
    """From log to log of units that have several."""
    several = {str(n): one.evidence for n, one in enumerate(fits) if len(one.evidence) >= FEWEST}
    return wander_of(several, count)


def _followed(fits: Sequence[UnitFit], prior: Belief, wander: np.ndarray) -> list[Belief]:
    """What units' logs lead to from a prior, so that what they said is what is more in it than the prior.

    A fit that ended early, or at a bound, is no such belief: its mean is not what its precision weighs.
    """
    return [
        followed(prior, one.belief.mean, [each.wandered(wander) for each in one.evidence]) for one in fits
    ]


def _population(basis: Basis, serials: Sequence[str], fits: Sequence[UnitFit], prior: Belief) -> Population:
    bench, several = basis.bench(), [one for one in fits if len(one.evidence) >= FEWEST]
    deviation = np.median([one.deviation for one in fits], axis=0)
    wander = _wander(fits, len(bench.space))
    between = relatives(_followed(fits, prior, wander), prior)
    return Population(
        schema=1,
        robot=bench.robot.name,
        reference=bench.reference.id,
        entries=bench.space.names,
        sizes=tuple(entry.size for entry in bench.space.entries),
        mean=tuple(between.mean.tolist()),
        covariance=tuple(map(tuple, between.covariance.tolist())),
        deviation=tuple(deviation.tolist()),
        memory=tuple(np.median([one.memory for one in fits], axis=0).tolist()),
        wander=tuple(wander.tolist()),
        misfit=_largest_misfit(several or fits, deviation),
        units=tuple(serials),
    )


def _largest_misfit(fits: Sequence[UnitFit], deviation: np.ndarray) -> float:
    """That a quiet log has, in what is usual of all units."""
    worst = np.concatenate([(one.misfit * (one.deviation / deviation) ** 2).max(axis=1) for one in fits])
    logarithm = np.log(np.maximum(worst, 1e-12))
    middle = float(np.median(logarithm))
    scale = max(1.4826 * float(np.median(np.abs(logarithm - middle))), 0.1)
    return min(float(np.exp(middle + MISFIT * scale)), MOST_MISFIT)
