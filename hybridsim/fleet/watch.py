"""The loop: notice, relearn, judge, promote. Each step asks the registry what is left to do.

Whoever is killed, or comes second, leaves nothing half done: a step's result is found by its content, and the
next round of anyone goes on from what the registry has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hybridsim.fleet.assess import changes
from hybridsim.fleet.battery import with_battery
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.gate import GateJob, Verdict, judge
from hybridsim.fleet.noticing import replay_new, ring
from hybridsim.fleet.outlook import Outlook, Standing
from hybridsim.fleet.registry.knowledge import Alarm, Context
from hybridsim.fleet.registry.transaction import outrun
from hybridsim.fleet.relearn import MOST_LOGS, Challenger, RelearnJob, relearn
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import NamedProgress, Progress, named


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a fleet is watched; what its gate asks for is in fleet.toml.

    Attributes:
        engine: where replays run.
        progress: called as progress(done, total, what).
        ends: asked between steps, whether to leave the rest to a later round.
    """

    engine: Engine = "loky"
    progress: NamedProgress | None = None
    ends: Callable[[], bool] = lambda: False


@dataclass(kw_only=True)
class Round:
    """What one round did.

    Attributes:
        assessed: logs replayed.
        odd: reasons of those that nothing explains, by log.
        alarms: that rang.
        verdicts: of the gate, by unit.
        promoted: calibration by unit.
    """

    assessed: int = 0
    odd: dict[str, str] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    verdicts: dict[str, tuple[int, Verdict]] = field(default_factory=dict)
    promoted: dict[str, str] = field(default_factory=dict)


class Watch:
    """One fleet, one population."""

    def __init__(self, fleet: Fleet, options: Options) -> None:
        """Read what the units have in common.

        Raises:
            FleetError: nothing was learned from the fleet yet.
        """
        self.fleet, self.options = fleet, options
        self.outlook = Outlook(fleet)

    def round(self, serials: Sequence[str] | None = None) -> Round:
        """Notice, relearn, judge and promote for some units, or for all."""
        done, ends = Round(), self.options.ends
        self.notice(serials, done)
        challengers = [] if ends() else self._challengers(serials)
        if not ends():
            self._judge(challengers, done)
        for one in challengers:
            if not ends():
                with outrun():
                    self._promote(one, done)
        return done

    def challenge(self, serials: Sequence[str] | None = None) -> dict[str, str]:
        """Challengers of units that are new or have changed, by unit; none is judged yet."""
        self.notice(serials, Round())
        return {one.serial: one.calibration for one in self._challengers(serials)}

    def verify(self, serials: Sequence[str] | None = None) -> dict[str, tuple[int, Verdict]]:
        """Verdicts on units' newest challengers, by unit."""
        units = [standing.serial for standing in self.outlook.standings(serials)]
        done = Round()
        newest = [one for one in map(self.outlook.knowledge.newest, units) if one is not None]
        self._judge(newest, done)
        return done.verdicts

    def notice(self, serials: Sequence[str] | None, done: Round) -> None:
        """Replay what is new at its unit's context; ring where a unit has changed."""
        told = self._told("replaying new logs")
        why = replay_new(self.outlook, serials, engine=self.options.engine, progress=told)
        done.assessed += len(why)
        done.odd |= {log: odd for log, odd in why.items() if odd}
        for standing in self.outlook.standings(serials):
            if (alarm := ring(self.outlook, standing, self.fleet.gate.false_alarms, why)) is not None:
                done.alarms.append(alarm)

    def _challengers(self, serials: Sequence[str] | None) -> list[Context]:
        """Made now, or by an earlier round from the same logs."""
        asked = [job for one in self.outlook.standings(serials) if (job := self._asked(one)) is not None]
        there = {job.serial: known for job in asked if (known := self._made(job)) is not None}
        waiting = [job for job in asked if job.serial not in there]
        told, kept = self._told("relearning units"), []
        keep = lambda job, one: kept.append(self._keep(job, one))  # noqa: E731
        map_jobs(relearn, waiting, engine=self.options.engine, progress=told, keep=keep)
        return [*there.values(), *kept]

    def _asked(self, standing: Standing) -> RelearnJob | None:
        """What to relearn for a unit: all where it is new, what changed where it rang, else nothing.

        Under a new population a unit is as if new, until it has rung: then what has not changed is still
        known of it, where that is a difference from today's reference.
        """
        if self.outlook.is_today(standing) and standing.alarm is None:
            return None
        teach, judges = self.outlook.usable(standing)
        if not teach or not judges:
            return None
        known = standing.context if standing.alarm is not None and self.outlook.compares(standing) else None
        return RelearnJob(
            basis=self.outlook.basis,
            population=self.outlook.population,
            serial=standing.serial,
            logs=[self.fleet.artefacts.folder("logs", name) for name in teach[-MOST_LOGS:]],
            belief=None if known is None else known.belief,
            causes=[] if known is None else self._causes(standing, known),
            parent=None if known is None else standing.calibration,
        )

    def _causes(self, standing: Standing, known: Context) -> list[tuple[str, str]]:
        """What rang, and what the logs since then make of it."""
        alarm, view = standing.alarm, standing.view
        assert alarm is not None, "nothing else is relearned from what was known"
        said = self.outlook.said(standing)
        now = changes(view.bench, view.population, known, said, max(len(said) - 1, 0))
        causes = [(one.hypothesis.family, one.hypothesis.place) for _, one in now]
        return list(dict.fromkeys([(alarm.family, alarm.place), *causes]))

    def _made(self, job: RelearnJob) -> Context | None:
        """The unit's newest challenger, where it comes from these logs and this population."""
        newest = self.outlook.knowledge.newest(job.serial)
        if newest is None or newest.population != self.outlook.population.id:
            return None
        same = self.outlook.logs_of(newest.calibration) == {folder.name for folder in job.logs}
        return newest if same else None

    def _keep(self, job: RelearnJob, one: Challenger) -> Context:
        """Write a challenger and what is believed of its unit down."""
        name, parent = one.calibration.id, job.parent or self.outlook.population.reference
        context = Context(
            calibration=name,
            serial=job.serial,
            population=self.outlook.population.id,
            belief=one.belief,
            from_ns=one.from_ns,
            to_ns=one.to_ns,
        )
        with outrun():
            self.fleet.keep_calibration(one.calibration, serial=job.serial, parent=parent)
        with outrun():
            self.outlook.knowledge.add_context(context)
        return context

    def _judge(self, contexts: Sequence[Context], done: Round) -> None:
        """A verdict for each beside today's champion, unless it has one."""
        jobs = [job for one in contexts if (job := self._gate_of(one)) is not None]
        tried = []

        def keep(job: GateJob, first: Verdict) -> None:
            if first.passed and self._has_battery:
                tried.append((job, first))
            else:
                self._decide(job, first, done)

        told = self._told("judging challengers")
        map_jobs(judge, jobs, engine=self.options.engine, progress=told, keep=keep)
        for job, first in tried:
            self._decide(job, self._battery(job, first), done)

    def _decide(self, job: GateJob, verdict: Verdict, done: Round) -> None:
        """Write a verdict down."""
        with outrun():
            number = self.fleet.registry.add_verdict(
                job.serial,
                job.challenger.name,
                passed=verdict.passed,
                evidence=verdict.evidence,
                beside=job.champion.name,
            )
            done.verdicts[job.serial] = (number, verdict)

    def _gate_of(self, challenger: Context) -> GateJob | None:
        """What judges a challenger; None where it is judged already."""
        calibration, serial = challenger.calibration, challenger.serial
        [standing] = self.outlook.standings([serial])
        champion = standing.calibration
        if (
            champion == calibration
            or challenger.population != self.outlook.population.id
            or self.outlook.knowledge.verdict(serial, calibration, champion) is not None
        ):
            return None
        folder = lambda name: self.fleet.artefacts.folder("calibrations", name)  # noqa: E731
        fitted = self.outlook.logs_of(standing.beside) | self.outlook.logs_of(calibration)
        judges = [name for name in self.outlook.usable(standing)[1] if name not in fitted]
        return GateJob(
            basis=self.outlook.basis,
            population=self.outlook.population,
            serial=serial,
            champion=folder(standing.beside),
            challenger=folder(calibration),
            belief=challenger.belief,
            logs=[self.fleet.artefacts.folder("logs", name) for name in judges],
            tolerance=self.fleet.gate.tolerance,
        )

    @property
    def _has_battery(self) -> bool:
        return self.fleet.gate.policy is not None and self.fleet.gate.battery is not None

    def _battery(self, job: GateJob, verdict: Verdict) -> Verdict:
        """With what the fleet's battery of scenarios says, where a challenger has passed so far."""
        rule = self.fleet.gate
        assert rule.policy is not None and rule.battery is not None, "asked only of a fleet that has one"
        beside = self.fleet.folder / rule.battery
        return with_battery(
            verdict,
            policy=self.fleet.folder / rule.policy,
            battery=str(beside) if beside.is_file() else rule.battery,
            challenger=job.challenger,
            engine=self.options.engine,
            progress=self.options.progress,
        )

    def _promote(self, one: Context, done: Round) -> None:
        """Where a challenger has passed beside today's champion."""
        steps = self.fleet.registry.history(one.serial)
        champion = steps[-1].calibration if steps else None
        verdict = self.outlook.knowledge.verdict(one.serial, one.calibration, champion)
        if verdict is None or not verdict[1]:
            return
        if self.fleet.registry.promote(one.serial, one.calibration, verdict=verdict[0], why="watch"):
            done.promoted[one.serial] = one.calibration

    def _told(self, what: str) -> Progress | None:
        return named(self.options.progress, what)


def take_in(fleet: Fleet, inbox: Sequence[Path], *, enrol: bool) -> list[str]:
    """Logs of an inbox that are there already are left alone; what was turned away, in words."""
    present = [path for path in inbox if path.is_dir() and any(path.glob("[!.]*"))]
    _, turned = fleet.take(present, enrol=enrol) if present else ([], [])
    return [f"{one.folder.name}: {one.why}" for one in turned]
