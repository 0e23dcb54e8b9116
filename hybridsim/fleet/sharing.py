"""Networks that all units share: learned from every unit's free runs, each under its own context.

Beside them the direction in which units differ from what they share (hybridsim/context/latent.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybridsim import __version__
from hybridsim.calibrate.gates import gates
from hybridsim.calibrate.steps import IdentifiedSimulator
from hybridsim.calibration import Calibration, Findings, LoggedEvidence
from hybridsim.context.belief import Belief
from hybridsim.context.latent import direction_of
from hybridsim.fleet.bench import Basis, Bench, logs_of
from hybridsim.fleet.differing import direction
from hybridsim.jobs import Engine, map_jobs
from hybridsim.learn.interval import fit_intervals
from hybridsim.learn.residual import Gathered, Learned, gather, learn_residual, of_logs, spec_of
from hybridsim.log import Log
from hybridsim.networks.contract import NetworkSpec
from hybridsim.networks.inference import Networks
from hybridsim.networks.samples import log_means
from hybridsim.networks.selection import gate_verdict
from hybridsim.progress import NamedProgress, named
from hybridsim.replay.engine import replay_logs

MOST = 320
"""Logs that networks learn from at most, an equal share from each unit: the memory of what units did; chosen,
because cost is not to grow with the history."""
JUDGES = 4
"""Every so-manieth unit judges and does not teach; chosen, as studies hold out a quarter."""
FEWEST = 4
"""Units that are enough for one to judge the others' networks."""


@dataclass(frozen=True, kw_only=True)
class RunJob:
    """A unit's logs and what is believed of it, for a worker."""

    basis: Basis
    serial: str
    logs: Sequence[Path]
    belief: Belief
    spec: NetworkSpec

    def __str__(self) -> str:
        return f"unit {self.serial}"


def shared(
    basis: Basis,
    units: Mapping[str, Sequence[Path]],
    beliefs: Mapping[str, Belief],
    *,
    engine: Engine = "loky",
    progress: NamedProgress | None = None,
) -> Calibration | None:
    """The reference with networks that learned from all units, and a direction in which units differ.

    Each is kept where it is better on units that did not teach, by the errors of free runs; None where
    neither is. A direction that the reference carries stays as long as its networks do.

    Args:
        basis: robot and reference.
        units: by serial, folders of logs that may teach.
        beliefs: about each unit.
        engine: where units are replayed.
        progress: called as progress(done, total, what).
    """
    bench = basis.bench()
    learn = bench.study.learn.model_copy(update={"folds": 1})
    if len(units) < FEWEST or not learn.enabled:
        return None
    serials = sorted(units)
    spec = spec_of(bench.robot, learn, bench.replayer.settings.physics_timestep_s)
    kept = {serial: _spread(units[serial], max(1, MOST // len(units))) for serial in serials}
    jobs = [RunJob(basis=basis, serial=s, logs=kept[s], belief=beliefs[s], spec=spec) for s in serials]
    told = named(progress, "free runs of all units")
    gathered, numbers = _together([*map_jobs(free_runs, jobs, engine=engine, progress=told)], kept)
    judges = numbers[JUDGES - 1 :: JUDGES]
    teachers = [logs for n, logs in enumerate(numbers) if n % JUDGES != JUDGES - 1]
    sides = [log for logs in teachers for log in logs], [log for logs in judges for log in logs]
    seed = bench.reference.record.lineage.seed
    told = named(progress, "learning shared networks")
    learned = learn_residual(spec, gathered, *sides, learn, seed, told)
    new = learned.networks
    better = new is not None and _better(bench, of_logs(gathered, sides[1]), new, seed)
    networks = new if better else bench.drive_networks
    if networks is None or networks.contract.feature_names != spec.feature_names:
        return None
    kept_way = not better and direction_of(bench.reference.networks) is not None
    way = None if kept_way else direction(networks, gathered, teachers, judges, seed)
    if not better and way is None:
        return None
    logs = [log for serial in serials for log in logs_of(kept[serial])]
    ship = (networks,) if way is None else (networks, way)
    return _reference(bench, learned if better else None, ship, gathered, sides, logs)


def _spread(logs: Sequence[Path], count: int) -> list[Path]:
    """So many of them, evenly from old to new."""
    places = np.linspace(0, len(logs) - 1, min(count, len(logs)))
    return [logs[k] for k in np.unique(places.round().astype(int))]


def free_runs(job: RunJob) -> Gathered:
    """What a unit's drives at its own context leave over of its logs."""
    bench = job.basis.bench()
    simulator = IdentifiedSimulator(
        robot=bench.robot,
        values=bench.values(job.belief),
        settings=bench.replayer.settings,
    )
    inputs = [bench.inputs(log) for log in logs_of(job.logs)]
    return gather(job.spec, inputs, replay_logs(simulator, inputs))


def _together(
    parts: Sequence[Gathered], kept: Mapping[str, Sequence[Path]]
) -> tuple[Gathered, list[list[int]]]:
    """All units' rows with logs numbered through, and the numbers of each unit's."""
    numbers: list[list[int]] = []
    columns: dict[str, list[np.ndarray]] = {name: [] for name in Gathered.__dataclass_fields__}
    first = 0
    for part, own in zip(parts, kept.values(), strict=True):
        for name, found in columns.items():
            found.append(getattr(part, name) + (first if name == "log" else 0))
        numbers.append(list(range(first, first + len(own))))
        first += len(own)
    return Gathered(**{name: np.concatenate(found) for name, found in columns.items()}), numbers


def _better(bench: Bench, judged: Gathered, networks: Networks, seed: int) -> bool:
    """Whether they leave less than the reference's own networks, by more than chance."""
    own = bench.drive_networks
    if own is None or own.contract.feature_names != networks.contract.feature_names:
        return True
    whole = np.isfinite(judged.left).all(axis=1)
    left, number = judged.left[whole], judged.log[whole]
    before, after = (
        log_means(np.abs(left - one.evaluate(judged.features[whole])[0]), number)[1]
        for one in (own, networks)
    )
    return gate_verdict(after, before, own.contract.groups, seed=seed).overall.ships


def _reference(
    bench: Bench,
    learned: Learned | None,
    networks: tuple[Networks, ...],
    gathered: Gathered,
    sides: tuple[list[int], list[int]],
    logs: Sequence[Log],
) -> Calibration:
    """The reference with these networks; where they are new, with verdicts on them and intervals for them."""
    old = bench.reference.record
    own = {log.log_id: log for log in old.lineage.logs}
    for n, log in enumerate(logs):
        split = "train" if n in sides[0] else "validation"
        own[log.log_id] = LoggedEvidence(
            log_id=log.log_id, sha256=log.header.content_sha256, name=log.name, split=split
        )
    lineage = old.lineage.of_child(bench.reference.id, own.values(), __version__)
    findings = Findings(
        robot=old.robot,
        serial=old.serial,
        synthetic=old.synthetic,
        simulation=old.simulation,
        parameters=list(old.parameters.values()),
        lineage=lineage,
        gates=old.gates if learned is None else {**old.gates, **gates(bench.robot, learned)},
        intervals=old.intervals
        if learned is None
        else {**old.intervals, **fit_intervals(bench.robot, gathered, networks[0], *sides)},
        networks=networks,
        delays=old.baselines.delays,
    )
    return Calibration.create(findings)
