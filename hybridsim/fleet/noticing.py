"""New logs are replayed beside their units' calibrations; an alarm rings where a unit has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache

from hybridsim.fleet.assess import LogJob, Look, assess, changes, odd
from hybridsim.fleet.outlook import Outlook, Standing
from hybridsim.fleet.registry.knowledge import Alarm
from hybridsim.fleet.registry.transaction import outrun
from hybridsim.jobs import Engine, map_jobs
from hybridsim.progress import Progress


def replay_new(
    outlook: Outlook,
    serials: Sequence[str] | None,
    *,
    engine: Engine = "loky",
    progress: Progress | None = None,
) -> dict[str, str]:
    """Evidence of logs that nobody has looked at yet: by log why nothing explains it, empty for most."""
    standings = {one.serial: one for one in outlook.standings(serials)}
    company, why = cache(outlook.company), {}

    def keep(job: LogJob, look: Look) -> None:
        standing, name = standings[job.serial], job.log.name
        why[name] = odd(job, look, lambda: company(job.population.reference))
        with outrun():
            outlook.knowledge.add_evidence(standing.serial, standing.beside, look.evidence, why[name])

    jobs = [job for standing in standings.values() for job in _new(outlook, standing)]
    map_jobs(assess, jobs, engine=engine, progress=progress, keep=keep)
    return why


def _new(outlook: Outlook, standing: Standing) -> Iterator[LogJob]:
    """Logs of a unit that were not looked at beside its calibration."""
    seen, view = outlook.seen(standing), standing.view
    belief = view.population.prior() if standing.context is None else standing.context.belief
    for log in standing.logs:
        if log.log_id not in seen:
            yield LogJob(
                basis=view.basis,
                population=view.population,
                serial=standing.serial,
                log=outlook.fleet.artefacts.folder("logs", log.log_id),
                belief=belief,
                known=standing.context is not None,
            )


def ring(outlook: Outlook, standing: Standing, rate: float, new: Collection[str]) -> Alarm | None:
    """An alarm, where the logs so far ask for one.

    Decided log by log, so that all writers ring alike; logs before the first new one have not rung.

    Args:
        outlook: of the fleet.
        standing: of the unit.
        rate: of false alarms, per quiet log.
        new: logs that this round has replayed.
    """
    if standing.context is None or standing.calibration is None or standing.alarm is not None:
        return None
    said, view = outlook.said(standing), standing.view
    fresh = (n for n, one in enumerate(said) if one.evidence.log_id in new)
    first = next(fresh, max(len(said) - 1, 0))
    for newest, finding in changes(view.bench, view.population, standing.context, said, first):
        if finding.statistic < 1.0 / rate:
            continue
        alarm = Alarm(
            log_id=said[newest].evidence.log_id,
            calibration=standing.calibration,
            serial=standing.serial,
            since_ns=said[finding.since].began_ns,
            family=finding.hypothesis.family,
            place=finding.hypothesis.place,
            statistic=finding.statistic,
            likelihoods=finding.likelihoods,
        )
        with outrun():
            return alarm if outlook.knowledge.add_alarm(alarm) else None
        return None
    return None
