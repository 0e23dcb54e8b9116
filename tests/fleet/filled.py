"""A fleet as its registry would have it after a while, filled without a replay (synthetic)."""

import time
from dataclasses import dataclass

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.context.belief import Belief
from hybridsim.context.evidence import Evidence
from hybridsim.context.population import Population
from hybridsim.context.space import space_of
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.place import Place
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.fleet.registry.knowledge import Alarm, Context

DAY = 86_400 * 10**9
START = time.time_ns() // DAY * DAY - 60 * DAY
ROBOT = "xl330_pendulum"
FAMILIES = ("friction", "gain", "delay", "mass", "sensor bias")


@dataclass
class Filled:
    """A fleet with a population of a space of `count` entries."""

    fleet: Fleet
    population: Population
    count: int

    @classmethod
    def new(cls, folder):
        fleet = Fleet.init(folder, Place(schema=1, robot=ROBOT))
        fleet.add_calibration(ROBOT)
        reference = Calibration.load(ROBOT)
        space = space_of(reference, fleet.robot)
        n, drives = len(space), len(fleet.robot.drives)
        population = Population(
            schema=1,
            robot=ROBOT,
            reference=reference.id,
            entries=space.names,
            sizes=tuple(entry.size for entry in space.entries),
            mean=(0.0,) * n,
            covariance=tuple(map(tuple, np.eye(n).tolist())),
            deviation=(4e-3,) * drives,
            memory=(50.0,) * drives,
            wander=(0.01,) * n,
            misfit=3.0,
            units=(),
        )
        fleet.keep_population(population)
        return cls(fleet, population, n)

    def log(self, serial, day, start=START):
        """Id of a log of half a minute."""
        name = f"{serial}-{day}"
        began = start + day * DAY
        entry = LogEntry(log_id=name, serial=serial, began_ns=began, ended_ns=began + 30 * 10**9, session="")
        self.fleet.registry.add_log(entry)
        return name

    def replayed(self, serial, day, calibration, error, odd="", start=START):
        """What a log says beside a calibration."""
        evidence = Evidence(
            log_id=self.log(serial, day, start),
            pull=np.zeros(self.count),
            information=np.eye(self.count),
            misfit=1.0,
            error=np.array([error]),
        )
        self.fleet.registry.knowledge.add_evidence(serial, calibration, evidence, odd)

    def own(self, serial, name, days, deviation=0.1, promote=True, **verdict):
        """A calibration of a unit's own, judged and promoted; its belief one size above the mean."""
        registry = self.fleet.registry
        registry.add_calibration(name, serial=serial)
        belief = Belief(mean=np.ones(self.count), precision=np.eye(self.count) / deviation**2)
        registry.knowledge.add_context(
            Context(
                calibration=name,
                serial=serial,
                population=self.population.id,
                belief=belief,
                from_ns=START + days[0] * DAY,
                to_ns=START + days[1] * DAY,
            )
        )
        said = {"against": [], "logs": [], "champion_error_rad": [], "challenger_error_rad": []} | verdict
        number = registry.add_verdict(serial, name, passed=not said["against"], evidence=said)
        if promote and not said["against"]:
            registry.promote(serial, name, verdict=number, why="watch")

    def rang(self, serial, day, calibration, family="friction", place="pendulum"):
        """An alarm at a log."""
        shares = dict.fromkeys(FAMILIES, 0.05) | {family: 0.8}
        self.fleet.registry.knowledge.add_alarm(
            Alarm(
                log_id=f"{serial}-{day}",
                calibration=calibration,
                serial=serial,
                since_ns=START + day * DAY,
                family=family,
                place=place,
                statistic=2e3,
                likelihoods=shares,
            )
        )


def one_of_each(folder):
    """A unit in every state there is."""
    filled = Filled.new(folder)
    registry = filled.fleet.registry
    registry.enrol(["bare", "fresh", "odd", "quiet", "refused", "ringing", "worn"])
    filled.log("fresh", 0)
    for serial in ("odd", "quiet", "refused", "ringing", "worn"):
        for day in range(4):
            filled.replayed(serial, day, filled.population.reference, 8e-3)
        filled.own(serial, f"{serial}-1", (0, 3), logs=[f"{serial}-3"], challenger_error_rad=[2e-3])
        filled.replayed(serial, 3, f"{serial}-1", 2e-3)
        for day in (4, 5, 6):
            filled.replayed(serial, day, f"{serial}-1", 2e-3 if serial == "quiet" else 3e-3)
    filled.replayed("odd", 7, "odd-1", 0.4, odd="no unit of this robot does that: misfit 9, at most 3")
    for serial in ("refused", "ringing", "worn"):
        filled.rang(serial, 5, f"{serial}-1")
    against = ["error on held-out logs changes by +9.0% [+7.0%, +11.0%]; at most +2.0%"]
    filled.own("refused", "refused-2", (5, 6), against=against, logs=["refused-6"])
    said = {"champion_error_rad": [3e-3], "challenger_error_rad": [1.5e-3], "coverage_90": [0.7, None]}
    interval = {"change_mean": -0.5, "change_interval_95": [-0.6, -0.4]}
    filled.own("worn", "worn-2", (5, 6), logs=["worn-6"], **said, **interval)
    return filled
