"""Which motion, on which unit, would tell most: the most uncertain units try candidates in simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybridsim.context.belief import Belief
from hybridsim.context.clearance import kept_clear
from hybridsim.context.collect import Constants, Foresight, Setup, Worth
from hybridsim.context.motions import Motion, motions, reach_of
from hybridsim.context.population import Population
from hybridsim.context.triage import loosened
from hybridsim.errors import FleetError
from hybridsim.files import write_text
from hybridsim.fleet.bench import Basis, Bench, logs_of
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.outlook import Outlook, Standing
from hybridsim.fleet.relearn import MOST_LOGS
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import NamedProgress, Progress, named
from hybridsim.robot import Robot
from hybridsim.simulator.sim import DEFAULT_RATE_HZ

MOST_UNITS = 4
"""The most uncertain ones, which try motions where no unit is named; chosen, because each costs seconds."""
TOGETHER = 4
"""Motions a job; chosen, so that a bar moves."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What is asked.

    Attributes:
        seconds: that a motion lasts.
        candidates: motions that each unit tries.
        seed: of the motions.
    """

    seconds: float = 20.0
    candidates: int = 12
    seed: int = 0

    def motions(self, bench: Bench, constants: Constants, progress: Progress | None = None) -> list[Motion]:
        """The candidates, the same for all units; clear of the ground where the reference has one.

        Args:
            bench: robot and reference.
            constants: of a log, such as its payload.
            progress: called as progress(done, total).
        """
        simulation, reach = bench.reference.record.simulation, reach_of(bench.robot)
        rate = simulation.rate_hz or DEFAULT_RATE_HZ
        found = motions(reach, seconds=self.seconds, rate_hz=rate, count=self.candidates, seed=self.seed)
        if not simulation.plane:
            return found
        return kept_clear(found, reach, bench.robot, bench.reference.values(), constants, progress)


@dataclass(frozen=True, kw_only=True)
class CollectJob:
    """Some motions on a unit, for a worker.

    Attributes:
        basis: robot and reference.
        population: what units have in common.
        serial: of the unit.
        belief: about it today.
        setup: how the new log will be made.
        motions: to try.
    """

    basis: Basis
    population: Population
    serial: str
    belief: Belief
    setup: Setup
    motions: Sequence[Motion]

    @property
    def name(self) -> str:
        """For messages."""
        return f"unit {self.serial}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to collect next.

    Attributes:
        serial: of the unit.
        motion: that it should make.
        worth: of that motion to that unit.
        others: best motion's worth of every unit that tried, that unit included, from most to least.
        uncertainty: logarithm of the determinant of the belief's covariance, of every unit asked about.
        bench: that it was tried on.
    """

    serial: str
    motion: Motion
    worth: Worth
    others: dict[str, Worth]
    uncertainty: dict[str, float]
    bench: Bench


def plan(
    fleet: Fleet,
    serials: Sequence[str] | None,
    ask: Ask,
    *,
    engine: Engine = "loky",
    progress: NamedProgress | None = None,
) -> Plan:
    """The best motion on the best unit.

    Args:
        fleet: whose population is known.
        serials: units that may move; None for the MOST_UNITS most uncertain of all.
        ask: how long, how many candidates, and their seed.
        engine: where they are tried.
        progress: called as progress(done, total, what).

    Raises:
        FleetError: no population yet, an unknown unit, or no unit at all.
    """
    outlook = Outlook(fleet)
    asked = list(dict.fromkeys(serials)) if serials else fleet.registry.units()
    if not asked:
        raise FleetError(f"{fleet.folder}: has no units; expected some that hybridsim fleet ingest enrolled")
    standings = {one.serial: one for one in outlook.standings(asked)}
    beliefs = {serial: belief_of(outlook, one) for serial, one in standings.items()}
    uncertainty = {serial: -float(np.linalg.slogdet(b.precision)[1]) for serial, b in beliefs.items()}
    ordered = sorted(asked, key=lambda serial: -uncertainty[serial])
    chosen = ordered if serials else ordered[:MOST_UNITS]
    setups = {serial: setup_of(outlook, standings[serial]) for serial in chosen}
    told = named(progress, "clearing the ground")
    candidates = ask.motions(outlook.bench, setups[chosen[0]].constants, told)
    jobs = [
        CollectJob(
            basis=outlook.basis,
            population=outlook.population,
            serial=serial,
            belief=beliefs[serial],
            setup=setups[serial],
            motions=candidates[first : first + TOGETHER],
        )
        for serial in chosen
        for first in range(0, len(candidates), TOGETHER)
    ]
    found = map_jobs(try_out, jobs, engine=engine, progress=named(progress, "trying motions"))
    return _best(outlook.bench, jobs, found, uncertainty)


def _best(
    bench: Bench,
    jobs: Sequence[CollectJob],
    found: Sequence[Sequence[Worth]],
    uncertainty: dict[str, float],
) -> Plan:
    """Of what workers found."""
    tried = [
        (job.serial, motion, worth)
        for job, worths in zip(jobs, found, strict=True)
        for motion, worth in zip(job.motions, worths, strict=True)
    ]
    tried.sort(key=lambda one: -one[2].drop)
    serial, motion, worth = tried[0]
    others: dict[str, Worth] = {}
    for unit, _, one in tried:
        others.setdefault(unit, one)
    return Plan(
        serial=serial,
        motion=motion,
        worth=worth,
        others=others,
        uncertainty=uncertainty,
        bench=bench,
    )


def try_out(job: CollectJob) -> list[Worth]:
    """What a unit's candidates would tell."""
    bench = job.basis.bench()
    foresight = Foresight(reference=bench.reference, replayer=bench.replayer, noise=job.population.noise())
    return foresight.worths(job.belief, job.motions, job.setup)


def setup_of(outlook: Outlook, standing: Standing) -> Setup:
    """As in a unit's newest log, or in the fleet's where it has none."""
    logs = standing.logs or outlook.fleet.registry.logs()
    if logs:
        folder = outlook.fleet.artefacts.folder("logs", logs[-1].log_id)
        return Setup.of(outlook.bench.inputs(logs_of([folder])[0]))
    registers = [drive.position_gain_register for drive in outlook.bench.robot.drives]
    gain = np.array([1.0 if one is None else one.value for one in registers])
    return Setup(gain=gain, voltage=np.zeros(len(gain)), constants={})


def belief_of(outlook: Outlook, standing: Standing) -> Belief:
    """What is known of a unit today.

    Its own calibration's belief, or the population's where it has none of today's reference; wider where an
    alarm has rung for what changed; sharper by what its logs since then have said, as the next relearning
    would use them: the newest MOST_LOGS that teach. Logs that `hybridsim fleet watch` has not seen yet do not
    count.
    """
    if standing.context is not None and not outlook.compares(standing):
        return outlook.population.prior()
    belief = outlook.population.prior() if standing.context is None else standing.context.belief
    if standing.alarm is not None:
        belief = loosened(belief, outlook.bench.hypotheses, [(standing.alarm.family, standing.alarm.place)])
    said = [one for one in outlook.said(standing) if one.began_ns >= standing.since_ns and not one.held_out]
    wander = np.array(outlook.population.wander)
    sharp = belief.precision
    for one in said[-MOST_LOGS:]:
        sharp = sharp + one.evidence.wandered(wander).information
    return Belief(mean=belief.mean, precision=0.5 * (sharp + sharp.T))


def told_entries(bench: Bench, worth: Worth, most: int | None = None) -> list[dict[str, Any]]:
    """What a motion tells about, most first: name, unit, and standard deviation before and after."""
    share = 1.0 - worth.after / worth.before
    out = []
    for k in np.argsort(-share)[:most].tolist():
        entry = bench.space.entries[k]
        out.append(
            {
                "name": entry.parameter.name,
                "unit": entry.parameter.unit,
                "before": float(worth.before[k] * entry.size),
                "after": float(worth.after[k] * entry.size),
            }
        )
    return out


def commands(robot: Robot, motion: Motion) -> pd.DataFrame:
    """A motion as its robot is commanded: time_s, and one column a drive in its command's own unit."""
    table = {"time_s": np.round(motion.time_s, 9)}
    for drive, angle in zip(robot.drives, motion.angle.T, strict=True):
        unit = "rad" if drive.command_scale.unit == "1" else "1"
        table[f"{drive.joint}_{unit}"] = (angle - drive.command_offset.value) / drive.command_scale.value
    return pd.DataFrame(table)


def write_commands(path: Path, robot: Robot, motion: Motion) -> None:
    """A CSV file, whole; `hybridsim motion` shows it where all drives are commanded in angles."""
    write_text(path, commands(robot, motion).to_csv(index=False, float_format="%.6f"))
