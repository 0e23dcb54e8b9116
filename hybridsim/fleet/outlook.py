"""A fleet through one population: how each unit stands, and which of its logs count for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hybridsim.calibration import Calibration
from hybridsim.context.population import Population, read_population
from hybridsim.errors import FleetError
from hybridsim.fleet.bench import Basis, Bench
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.fleet.registry.knowledge import Alarm, Context, Knowledge, Said, quiet


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A unit at the beginning of a step.

    Attributes:
        serial: of the unit.
        calibration: current; None where none was promoted.
        beside: that the unit's logs are replayed by: the current one, or else the population's reference.
        context: what is believed of it; None where the calibration is not its own, or of an older population.
        alarm: that the calibration has rung.
        since_ns: when the unit became what it is: its alarm, or its own calibration's first log; 0 without.
        logs: from then on, from old to new.
    """

    serial: str
    calibration: str | None
    beside: str
    context: Context | None
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
        self.population: Population = read_population(fleet.artefacts.folder("populations", newest))
        reference = fleet.artefacts.folder("calibrations", self.population.reference)
        self.basis = Basis(fleet.robot.folder, reference)
        self.bench: Bench = self.basis.bench()
        self.population.require(self.bench.reference.id, self.bench.space)

    def standings(self, serials: Sequence[str] | None = None) -> list[Standing]:
        """Of some units, or of all."""
        contexts = self.knowledge.contexts()
        units = self.fleet.registry.units() if serials is None else serials
        return [self._standing(serial, contexts) for serial in units]

    def _standing(self, serial: str, contexts: Mapping[str, Context]) -> Standing:
        steps = self.fleet.registry.history(serial)
        current = steps[-1].calibration if steps else None
        own = contexts.get(serial)
        alarm = None if current is None else self.knowledge.alarm(serial, current)
        since = alarm.since_ns if alarm is not None else 0 if own is None else own.from_ns
        return Standing(
            serial=serial,
            calibration=current,
            beside=current or self.population.reference,
            context=own if own is not None and own.population == self.population.id else None,
            alarm=alarm,
            since_ns=since,
            logs=[log for log in self.fleet.registry.logs(serial) if log.began_ns >= since],
        )

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
