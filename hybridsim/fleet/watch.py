"""The loop: notice, relearn, judge, promote. Each step asks the registry what is left to do.

Whoever is killed, or comes second, leaves nothing half done: a step's result is found by its content, and the
next round of anyone goes on from what the registry has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hybridsim.calibration import Calibration
from hybridsim.context.notice import RATE
from hybridsim.context.population import Population, read_population
from hybridsim.errors import FleetError
from hybridsim.fleet.assess import LogJob, assess, change
from hybridsim.fleet.bench import Basis, Bench
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.gate import GateJob, Verdict, judge
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.fleet.registry.knowledge import Alarm, Context, Said, beliefs, quiet
from hybridsim.fleet.registry.transaction import OutrunError
from hybridsim.fleet.relearn import Challenger, RelearnJob, relearn
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import NamedProgress, Progress, named

TOLERANCE = 0.02
"""Share by which a unit's error may grow, unless asked otherwise."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a fleet is watched.

    Attributes:
        rate: of false alarms, per quiet log.
        tolerance: share by which a unit's error may grow.
        engine: where replays run.
        progress: called as progress(done, total, what).
    """

    rate: float = RATE
    tolerance: float = TOLERANCE
    engine: Engine = "loky"
    progress: NamedProgress | None = None


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


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A unit at the beginning of a step.

    Attributes:
        serial: of the unit.
        calibration: current; the reference where none was promoted.
        context: what is believed of it; None where the calibration is not its own, or of an older population.
        since_ns: when the unit became what its own calibration says; 0 where it has none.
        logs: all, from old to new.
    """

    serial: str
    calibration: str | None
    context: Context | None
    since_ns: int
    logs: Sequence[LogEntry]

    @property
    def recent(self) -> list[LogEntry]:
        """Those since the unit is as its calibration says, all for a new one."""
        return [log for log in self.logs if log.began_ns >= self.since_ns]


class Watch:
    """One fleet, one population."""

    def __init__(self, fleet: Fleet, options: Options) -> None:
        """Read what the units have in common.

        Raises:
            FleetError: nothing was learned from the fleet yet.
        """
        self.fleet, self.options = fleet, options
        self.knowledge = fleet.registry.knowledge
        newest = self.knowledge.population()
        if newest is None:
            raise FleetError(
                f"{fleet.folder}: nothing is known of its units yet; run hybridsim fleet relearn --all first"
            )
        self.population: Population = read_population(fleet.artefacts.folder("populations", newest))
        self.basis = Basis(
            fleet.robot.folder, fleet.artefacts.folder("calibrations", self.population.reference)
        )
        self.bench: Bench = self.basis.bench()
        self.population.require(self.bench.space)

    def round(self, serials: Sequence[str] | None = None) -> Round:
        """Notice, relearn, judge and promote for some units, or for all."""
        done = Round()
        units = list(serials) if serials is not None else self.fleet.registry.units()
        self.notice(units, done)
        waiting = [one for one in map(self.challenge_of, units) if one is not None]
        told = self._told("relearning units")
        made = map_jobs(relearn, waiting, engine=self.options.engine, progress=told)
        kept = [self.keep(job, one) for job, one in zip(waiting, made, strict=True)]
        self._judge(kept, done, promote=True)
        return done

    def challenge(self, serials: Sequence[str] | None = None) -> dict[str, str]:
        """Challengers of units that are new or have changed, by unit; none is judged yet."""
        units = list(serials) if serials is not None else self.fleet.registry.units()
        self.notice(units, Round())
        waiting = [one for one in map(self.challenge_of, units) if one is not None]
        told = self._told("relearning units")
        made = map_jobs(relearn, waiting, engine=self.options.engine, progress=told)
        return {job.serial: self.keep(job, one).calibration for job, one in zip(waiting, made, strict=True)}

    def verify(self, serials: Sequence[str] | None = None) -> dict[str, tuple[int, Verdict]]:
        """Verdicts on units' newest challengers, by unit."""
        units = list(serials) if serials is not None else self.fleet.registry.units()
        done = Round()
        newest = [one for one in map(self.knowledge.newest, units) if one is not None]
        self._judge(newest, done, promote=False)
        return done.verdicts

    def standing(self, serial: str, contexts: dict[str, Context]) -> Standing:
        """Of a unit."""
        steps = self.fleet.registry.history(serial)
        return Standing(
            serial=serial,
            calibration=steps[-1].calibration if steps else None,
            context=self._own(contexts.get(serial)),
            since_ns=contexts[serial].from_ns if serial in contexts else 0,
            logs=self.fleet.registry.logs(serial),
        )

    def notice(self, units: Sequence[str], done: Round) -> None:
        """Replay what is new at its unit's context; ring where a unit has changed."""
        contexts = self.knowledge.contexts()
        standings = [self.standing(serial, contexts) for serial in units]
        jobs = [job for standing in standings for job in self._new(standing, contexts)]
        found = map_jobs(
            assess,
            [job for _, job in jobs],
            engine=self.options.engine,
            progress=self._told("replaying new logs"),
        )
        for (standing, job), (evidence, odd) in zip(jobs, found, strict=True):
            with _outrun():
                self.knowledge.add_evidence(standing.serial, self._beside(standing), evidence, odd)
            done.assessed += 1
            if odd:
                done.odd[job.log.name] = odd
        for standing in standings:
            self._ring(standing, done)

    def _new(self, standing: Standing, contexts: dict[str, Context]) -> Iterator[tuple[Standing, LogJob]]:
        """Logs that nobody has looked at beside the unit's calibration."""
        calibration = self._beside(standing)
        there = {one.evidence.log_id for one in self.knowledge.evidence(standing.serial, calibration)}
        there |= set(self._taught(standing))
        belief = self.population.prior() if standing.context is None else standing.context.belief
        for log in standing.recent:
            if log.log_id not in there:
                yield (
                    standing,
                    LogJob(
                        basis=self.basis,
                        population=self.population,
                        log=self.fleet.artefacts.folder("logs", log.log_id),
                        belief=belief,
                        known=standing.context is not None,
                        others=beliefs(contexts, standing.serial, self.population.id),
                    ),
                )

    def _ring(self, standing: Standing, done: Round) -> None:
        """An alarm where the logs so far ask for one; decided log by log, so that all writers ring alike."""
        if standing.context is None or standing.calibration is None:
            return
        if self.knowledge.alarm(standing.serial, standing.calibration) is not None:
            return
        said = quiet(self.knowledge.evidence(standing.serial, standing.calibration))
        for count in range(1, len(said) + 1):
            finding = change(self.bench, self.population, standing.context.belief, said[:count])
            if finding is None or finding.statistic < 1.0 / self.options.rate:
                continue
            alarm = Alarm(
                log_id=said[count - 1].evidence.log_id,
                calibration=standing.calibration,
                serial=standing.serial,
                since_ns=said[finding.since].began_ns,
                family=finding.hypothesis.family,
                place=finding.hypothesis.place,
                statistic=finding.statistic,
                likelihoods=finding.likelihoods,
            )
            with _outrun():
                if self.knowledge.add_alarm(alarm):
                    done.alarms.append(alarm)
            return

    def challenge_of(self, serial: str) -> RelearnJob | None:
        """What to relearn for a unit: all where it is new, what changed where it rang, else nothing."""
        standing = self.standing(serial, self.knowledge.contexts())
        alarm = self._alarm(standing)
        if standing.context is not None and alarm is None:
            return None
        since = standing.since_ns if alarm is None else alarm.since_ns
        teach, judges = self._usable(standing, since)
        if not teach or not judges:
            return None
        return RelearnJob(
            basis=self.basis,
            population=self.population,
            serial=serial,
            logs=[self.fleet.artefacts.folder("logs", name) for name in teach],
            belief=None if standing.context is None else standing.context.belief,
            causes=self._causes(standing, alarm),
            parent=None if standing.context is None else standing.calibration,
        )

    def keep(self, job: RelearnJob, one: Challenger) -> Context:
        """Write a challenger and what is believed of its unit down."""
        name, parent = one.calibration.id, job.parent or self.population.reference
        self.fleet.keep_calibration(one.calibration, serial=job.serial, parent=parent)
        context = Context(
            calibration=name,
            serial=job.serial,
            population=self.population.id,
            belief=one.belief,
            from_ns=one.from_ns,
            to_ns=one.to_ns,
        )
        with _outrun():
            self.knowledge.add_context(context)
        return context

    def _judge(self, contexts: Sequence[Context], done: Round, *, promote: bool) -> None:
        """A verdict for each, unless it has one beside today's champion; those that pass may be promoted."""
        jobs = [job for one in contexts if (job := self.gate_of(one)) is not None]
        found = map_jobs(judge, jobs, engine=self.options.engine, progress=self._told("judging challengers"))
        for job, verdict in zip(jobs, found, strict=True):
            with _outrun():
                self._conclude(job.serial, job.challenger.name, verdict, done, promote)

    def gate_of(self, challenger: Context) -> GateJob | None:
        """What judges a challenger; None where it is judged already."""
        calibration, serial = challenger.calibration, challenger.serial
        standing = self.standing(serial, self.knowledge.contexts())
        champion = standing.calibration
        if champion == calibration or self.knowledge.verdict(serial, calibration, champion) is not None:
            return None
        alarm = self._alarm(standing)
        _, judges = self._usable(standing, standing.since_ns if alarm is None else alarm.since_ns)
        folder = lambda name: self.fleet.artefacts.folder("calibrations", name)  # noqa: E731
        return GateJob(
            basis=self.basis,
            population=self.population,
            serial=serial,
            champion=folder(champion or self.population.reference),
            challenger=folder(calibration),
            belief=challenger.belief,
            logs=[self.fleet.artefacts.folder("logs", name) for name in judges],
            tolerance=self.options.tolerance,
        )

    def _conclude(self, serial: str, calibration: str, verdict: Verdict, done: Round, promote: bool) -> None:
        """Write a verdict down and act on it; who is outrun leaves that to the next round."""
        registry = self.fleet.registry
        number = registry.add_verdict(serial, calibration, passed=verdict.passed, evidence=verdict.evidence)
        done.verdicts[serial] = (number, verdict)
        if promote and verdict.passed:
            registry.promote(serial, calibration, verdict=number, why="watch")
            done.promoted[serial] = calibration

    def _usable(self, standing: Standing, since_ns: int) -> tuple[list[str], list[str]]:
        """Logs since a moment that something explains: those that teach, and those that judge."""
        said: Sequence[Said] = self.knowledge.evidence(standing.serial, self._beside(standing))
        good = {one.evidence.log_id for one in quiet(said)} | set(self._taught(standing))
        recent = [log for log in standing.logs if log.began_ns >= since_ns and log.log_id in good]
        teach = [log.log_id for log in recent if not log.held_out]
        return teach, [log.log_id for log in recent if log.held_out]

    def _causes(self, standing: Standing, alarm: Alarm | None) -> list[tuple[str, str]]:
        """What rang, by the newest log's likelihoods where there are more than rang it."""
        if alarm is None or standing.context is None:
            return []
        said = quiet(self.knowledge.evidence(standing.serial, self._beside(standing)))
        finding = change(self.bench, self.population, standing.context.belief, said)
        causes = [(alarm.family, alarm.place)]
        if finding is not None:
            causes.append((finding.hypothesis.family, finding.hypothesis.place))
        return list(dict.fromkeys(causes))

    def _alarm(self, standing: Standing) -> Alarm | None:
        if standing.calibration is None:
            return None
        return self.knowledge.alarm(standing.serial, standing.calibration)

    def _beside(self, standing: Standing) -> str:
        """The calibration that a unit's logs are replayed by."""
        return standing.calibration or self.population.reference

    def _taught(self, standing: Standing) -> tuple[str, ...]:
        """Logs that the unit's own calibration comes from."""
        if standing.context is None or standing.calibration is None:
            return ()
        folder = self.fleet.artefacts.folder("calibrations", standing.calibration)
        return tuple(log.log_id for log in Calibration.load(folder).record.lineage.logs)

    def _own(self, context: Context | None) -> Context | None:
        """A context that today's population understands."""
        return context if context is not None and context.population == self.population.id else None

    def _told(self, what: str) -> Progress | None:
        return named(self.options.progress, what)


@contextmanager
def _outrun() -> Iterator[None]:
    """Another writer that was first has done the same."""
    try:
        yield
    except OutrunError:
        return


def take_in(fleet: Fleet, inbox: Sequence[Path], *, enrol: bool) -> list[str]:
    """Logs of an inbox that are there already are left alone; what was turned away, in words."""
    present = [path for path in inbox if path.is_dir()]
    _, turned = fleet.take(present, enrol=enrol) if present else ([], [])
    return [f"{one.folder.name}: {one.why}" for one in turned]
