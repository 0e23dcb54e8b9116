"""A fleet: its registry, its artefacts, and what people ask of both."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hybridsim.calibration import Calibration
from hybridsim.context.population import Population, write_population
from hybridsim.errors import FleetError, HybridSimError
from hybridsim.fleet.artefacts import Artefacts
from hybridsim.fleet.intake import Taken, Turned, entry_of, folders_of
from hybridsim.fleet.place import GateRule, Place, read_place, require_own, write_place
from hybridsim.fleet.registry.registry import Registry
from hybridsim.log import read_log
from hybridsim.progress import Progress
from hybridsim.robot import Robot, load_robot


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """An open fleet; `close` gives its database back.

    Attributes:
        folder: that holds fleet.toml.
        robot: that all units are individuals of.
        registry: what is remembered.
        artefacts: logs and calibrations themselves.
        gate: when units ring, and what lets their challengers pass.
    """

    folder: Path
    robot: Robot
    registry: Registry
    artefacts: Artefacts
    gate: GateRule

    @classmethod
    def init(cls, folder: Path, place: Place) -> Fleet:
        """Make a fleet, or open it where it is there already.

        Raises:
            FleetError: another fleet is there, or the database or the artefacts cannot be reached.
            RobotError: no such robot.
        """
        require_own(folder, place)
        fleet = cls._of(folder, place, new=True)
        write_place(folder, place)
        return fleet

    @classmethod
    def open(cls, folder: Path) -> Fleet:
        """The fleet of a folder."""
        return cls._of(folder, read_place(folder))

    @classmethod
    def _of(cls, folder: Path, place: Place, new: bool = False) -> Fleet:
        own = folder / place.robot
        robot = load_robot(own if (own / "robot.toml").is_file() else place.robot)
        artefacts = Artefacts(place.artefacts_in(folder), folder / "cache")
        if new:
            artefacts.prepare()
        folder.mkdir(parents=True, exist_ok=True)
        return cls(
            folder=folder,
            robot=robot,
            registry=Registry.open(place.database_in(folder)),
            artefacts=artefacts,
            gate=place.gate,
        )

    def close(self) -> None:
        """Give the database back."""
        self.registry.close()

    def take(
        self, stores: Sequence[Path], *, enrol: bool = False, progress: Progress | None = None
    ) -> tuple[list[Taken], list[Turned]]:
        """Add logs of stores; what is wrong with one turns it away and touches no other.

        A log goes to the artefacts first and to the registry then, so that what the registry has is there.
        The same log twice changes nothing.

        Args:
            stores: folders of logs, as `hybridsim ingest` writes them, or logs themselves.
            enrol: whether units that the fleet does not know join it; else their logs are turned away.
            progress: called as progress(done, total).
        """
        folders = folders_of(stores)
        taken: list[Taken] = []
        turned: list[Turned] = []
        for done, folder in enumerate(folders, start=1):
            try:
                taken.append(self._take(folder, enrol))
            except HybridSimError as error:
                turned.append(Turned(folder=folder, why=str(error)))
            if progress is not None:
                progress(done, len(folders))
        return taken, turned

    def _take(self, folder: Path, enrol: bool) -> Taken:
        """One log, checked to the last sample."""
        log = read_log(folder)
        entry = entry_of(log, self.robot)
        self._require_robot(f"log {log.log_id}", log.robot)
        if enrol:
            self.registry.enrol([entry.serial])
        self.registry.require_fit(entry)
        self.artefacts.put("logs", log.log_id, folder)
        return Taken(log_id=log.log_id, serial=entry.serial, new=self.registry.add_log(entry))

    def add_calibration(self, given: str | Path) -> str:
        """Id of a calibration, which belongs to its serial if that is a unit of the fleet, else to all.

        Raises:
            FleetError: it is of another robot.
            CalibrationError: damaged, or none there.
        """
        found = Calibration.load(given)
        self._require_robot(f"calibration {found.id}", found.record.robot)
        assert found.folder is not None, "it was loaded from there"
        serial = found.record.serial if found.record.serial in self.registry.units() else None
        self.artefacts.put("calibrations", found.id, found.folder)
        self.registry.add_calibration(found.id, serial=serial)
        return found.id

    def keep_calibration(
        self, calibration: Calibration, *, serial: str | None = None, parent: str | None = None
    ) -> None:
        """Write a calibration that was made for this fleet."""
        with tempfile.TemporaryDirectory() as scratch:
            self.artefacts.put("calibrations", calibration.id, calibration.save(scratch))
        self.registry.add_calibration(calibration.id, serial=serial, parent=parent)

    def keep_population(self, population: Population) -> None:
        """Write down what the units have in common; it counts from now on."""
        with tempfile.TemporaryDirectory() as scratch:
            write_population(Path(scratch), population)
            self.artefacts.put("populations", population.id, Path(scratch))
        self.registry.knowledge.add_population(population.id, population.reference)

    def _require_robot(self, what: str, robot: str) -> None:
        """Refuse what is of another robot."""
        if robot != self.robot.name:
            raise FleetError(f"{what}: is of robot '{robot}'; this fleet's is {self.robot.name}")
