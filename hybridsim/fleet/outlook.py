"""A fleet through its populations: how each unit stands, and which of its logs count for what.

A unit is watched through the population that its calibration's context is of, also where there is a newer one
whose challenger was refused: what logs say is about the calibration that the unit runs with, and pulls and
contexts of one reference mean nothing beside another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hybridsim.calibration import Calibration
from hybridsim.context.population import Population, read_population
from hybridsim.context.triage import Company
from hybridsim.errors import FleetError
from hybridsim.fleet.bench import Basis, Bench
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.fleet.registry.knowledge import Alarm, Context, Knowledge, Said, quiet
from hybridsim.fleet.registry.timeline import FEW


@dataclass(frozen=True, kw_only=True)
class View:
    """What a unit's logs are replayed by, and compared with.

    Attributes:
        population: what units have in common.
        basis: robot and the reference that its contexts are differences from.
    """

    population: Population
    basis: Basis

    @property
    def bench(self) -> Bench:
        """What the basis holds, read once a process."""
        return self.basis.bench()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A unit at the beginning of a step.

    Attributes:
        serial: of the unit.
        calibration: current; None where none was promoted.
        beside: that the unit's logs are replayed by: the current one, or else the population's reference.
        context: what is believed of it; None where the calibration is not its own.
        view: through which its logs are seen: its context's population, or today's where it has none.
        alarm: that the calibration has rung.
        since_ns: when the unit became what it is: its alarm, or its own calibration's first log; 0 without.
        logs: from then on, from old to new.
    """

    serial: str
    calibration: str | None
    beside: str
    context: Context | None
    view: View
    alarm: Alarm | None
    since_ns: int
    logs: Sequence[LogEntry]


class Outlook:
    """What any step of the loop reads."""

    def __init__(self, fleet: Fleet) -> None:
        """Read what the units have in common.

        Raises:
            FleetError: nothing was learned from the fleet yet.
        """
        self.fleet = fleet
        self.knowledge: Knowledge = fleet.registry.knowledge
        newest = self.knowledge.population()
        if newest is None:
            raise FleetError(
                f"{fleet.folder}: nothing is known of its units yet; run hybridsim fleet relearn --all first"
            )
        self.view: View = self._through(newest)
        self._views: dict[str, View] = {newest: self.view}
        self._references = self.knowledge.references()
        self.population, self.basis, self.bench = self.view.population, self.view.basis, self.view.bench
        self.population.require(self.bench.reference.id, self.bench.space)

    def _through(self, name: str) -> View:
        """Of a population by its id."""
        artefacts = self.fleet.artefacts
        population = read_population(artefacts.folder("populations", name))
        reference = artefacts.folder("calibrations", population.reference)
        return View(population=population, basis=Basis(self.fleet.robot.folder, reference))

    def standings(self, serials: Sequence[str] | None = None) -> list[Standing]:
        """Of some units, or of all."""
        few = serials if serials is not None and len(serials) <= FEW else None
        contexts = self.knowledge.contexts(few)
        units = self.fleet.registry.units() if serials is None else serials
        return [self._standing(serial, contexts.get(serial)) for serial in units]

    def _standing(self, serial: str, own: Context | None) -> Standing:
        steps = self.fleet.registry.history(serial)
        current = steps[-1].calibration if steps else None
        alarm = None if current is None else self.knowledge.alarm(serial, current)
        since = alarm.since_ns if alarm is not None else 0 if own is None else own.from_ns
        view = None if own is None else self._understood(own.population)
        return Standing(
            serial=serial,
            calibration=current,
            beside=current or self.population.reference,
            context=None if view is None else own,
            view=view or self.view,
            alarm=alarm,
            since_ns=since,
            logs=[log for log in self.fleet.registry.logs(serial) if log.began_ns >= since],
        )

    def _understood(self, population: str) -> View | None:
        """Of any population; None where today's models have other parameters than its contexts."""
        view = self._views.get(population)
        if view is None:
            view = self._views[population] = self._through(population)
        return view if view.population.entries == view.bench.space.names else None

    def is_today(self, standing: Standing) -> bool:
        """Whether what is believed of a unit is of today's population."""
        return standing.context is not None and standing.context.population == self.population.id

    def compares(self, standing: Standing) -> bool:
        """Whether what is believed of a unit is a difference from today's reference."""
        return (
            standing.context is not None and standing.view.population.reference == self.population.reference
        )

    def company(self, reference: str) -> Company:
        """All units whose contexts are differences from a reference."""
        alike = {name for name, its in self._references.items() if its == reference}
        contexts = self.knowledge.contexts().items()
        return Company(beliefs={serial: one.belief for serial, one in contexts if one.population in alike})

    def said(self, standing: Standing) -> list[Said]:
        """What the unit's logs say beside its calibration, those left out that nothing explains."""
        return quiet(self.knowledge.evidence(standing.serial, standing.beside))

    def seen(self, standing: Standing) -> set[str]:
        """Logs that were looked at beside the unit's calibration, or that it comes from."""
        there = self.knowledge.evidence(standing.serial, standing.beside)
        return {one.evidence.log_id for one in there} | self.taught(standing)

    def taught(self, standing: Standing) -> set[str]:
        """Logs that the unit's own calibration comes from."""
        return set() if standing.context is None else self.logs_of(standing.context.calibration)

    def logs_of(self, calibration: str) -> set[str]:
        """Logs that a calibration comes from."""
        folder = self.fleet.artefacts.folder("calibrations", calibration)
        return {log.log_id for log in Calibration.load(folder).record.lineage.logs}

    def usable(self, standing: Standing) -> tuple[list[str], list[str]]:
        """Logs since the unit is what it is that something explains: those that teach, those that judge."""
        good = {one.evidence.log_id for one in self.said(standing)} | self.taught(standing)
        recent = [log for log in standing.logs if log.log_id in good]
        teach = [log.log_id for log in recent if not log.held_out]
        return teach, [log.log_id for log in recent if log.held_out]
