"""What one log and one unit of a fleet cost, and what a million units need by those numbers.

    .venv/bin/python -m tests.benchmarks.fleet_costs --fleet DIR [--sample 6] [--units-on-paper 1000000]

Works on a copy of the fleet's SQLite registry; its logs and calibrations are read where they lie, and DIR is
not touched. Bytes are of files, and of tables' rows with their indices (sqlite's dbstat, without free space
in pages). Processor seconds are of this process and its children (getrusage), the mean over `--sample` units
or logs, kernels compiled before. What a million units need follows from these alone: rows and challengers
per log are those of DIR, one log a unit and day, one round a day. Whether a log is another unit's is asked
of all of them where it may be, which grows with the square of the units, and is given by itself.
"""

import argparse
import resource
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hybridsim.context.triage import Company
from hybridsim.errors import FleetError, HybridSimError
from hybridsim.fleet.assess import LogJob, assess, odd
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.gate import GateJob, judge
from hybridsim.fleet.noticing import ring
from hybridsim.fleet.outlook import Outlook
from hybridsim.fleet.place import Place, read_place, write_place
from hybridsim.fleet.registry.standing import HEAD
from hybridsim.fleet.relearn import MOST_LOGS, RelearnJob, relearn

TABLES = ("unit", "log", "calibration", "verdict", "promotion", "context", "evidence", "alarm")
MANY = 100_000
"""Other units that a log is asked about, to see what each of them costs."""
SOME = 10
"""Newest logs of each sampled unit, to see how many may be another's."""
LOOKS = 3
"""Times that a round reads how all units stand."""
PARALLEL = 0.8
"""Of a core's time that jobs get; chosen, because rounds begin and end with fewer jobs than cores."""


def spent():
    """Processor seconds of this process and of those it waited for."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, both))


def mean_s(what, items):
    """Mean processor seconds of one, the first done once before."""
    if not items:
        raise FleetError("no sampled unit has a log for this; expected a larger --sample")
    what(items[0])
    start = spent()
    for item in items:
        what(item)
    return (spent() - start) / len(items)


def copied(source, target):
    """The fleet with a registry of its own and the original's logs and calibrations."""
    place = read_place(source)
    url, artefacts = place.database_in(source), place.artefacts_in(source)
    if not url.startswith(HEAD) or "://" in artefacts:
        raise FleetError(f"{source}: expected a fleet in SQLite with artefacts in a folder")
    target.mkdir()
    asked = sqlite3.connect(f"file:{url.removeprefix(HEAD)}?mode=ro", uri=True)
    with closing(asked), closing(sqlite3.connect(target / "registry.db")) as copy:
        asked.backup(copy)
    own = source / place.robot
    robot = str(own.resolve()) if (own / "robot.toml").is_file() else place.robot
    changes = {"robot": robot, "database": "sqlite:///registry.db", "artefacts": artefacts}
    write_place(target, place.model_copy(update=changes))
    return closing(Fleet.open(target))


def bytes_of(folders):
    """Mean bytes of all files of a folder."""
    return float(np.mean([sum(one.stat().st_size for one in folder.iterdir()) for folder in folders]))


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Bytes of a log, of a unit's calibration and of a table's row with its indices; rows by table."""

    log: float
    calibration: float
    row: dict[str, float]
    rows: dict[str, int]

    @property
    def per_log(self):
        """Rows that come with a log, on the average, those of a unit's first calibration among them."""
        return {name: self.rows[name] / self.rows["log"] for name in TABLES if name != "unit"}


def stored(fleet):
    """Of a fleet's files and tables."""
    with closing(sqlite3.connect(fleet.folder / "registry.db")) as asked:
        asked.execute("vacuum")
        rows = {name: asked.execute(f"select count(*) from {name}").fetchone()[0] for name in TABLES}
        sizes = "select sum(payload + 4 * ncell) from dbstat where name in (select name from sqlite_schema"
        used = {n: asked.execute(sizes + " where tbl_name = ?)", (n,)).fetchone()[0] or 0 for n in TABLES}
        contexts = [row[0] for row in asked.execute("select calibration_id from context")]
    folder = fleet.artefacts.folder
    return Stored(
        log=bytes_of([folder("logs", one.log_id) for one in fleet.registry.logs()]),
        calibration=bytes_of([folder("calibrations", name) for name in contexts]),
        row={name: used[name] / max(rows[name], 1) for name in TABLES},
        rows=rows,
    )


class Costs:
    """Processor seconds of what the loop does, each with a sample of the fleet's logs or units."""

    def __init__(self, fleet, sample):
        """Of a fleet that has promoted calibrations of units' own."""
        self.fleet, self.outlook = fleet, Outlook(fleet)
        self.known = [one for one in self.outlook.standings() if one.context is not None][:sample]
        if not self.known:
            raise FleetError(f"{fleet.folder}: no unit has a calibration of its own of today's population")
        self.basis, self.population = self.outlook.basis, self.outlook.population

    def all(self):
        """By name."""
        return {
            "take in a log": self.take,
            "assess a log": self.assess,
            "look at a quiet unit, a round": self.look,
            "relearn a unit that is new": lambda: self.relearn(new=True),
            "relearn a unit that has changed": lambda: self.relearn(new=False),
            "judge a unit's challenger": self.judge,
        }

    def log(self, name):
        return self.fleet.artefacts.folder("logs", name)

    def take(self):
        """A log into an empty fleet."""
        logs = [self.log(one.logs[-1].log_id) for one in self.known if one.logs]
        with tempfile.TemporaryDirectory() as scratch:
            place = Place(schema=1, robot=str(self.fleet.robot.folder))
            with closing(Fleet.init(Path(scratch) / "fleet", place)) as empty:
                start = spent()
                taken, turned = empty.take(logs, enrol=True)
                assert len(taken) == len(logs) and not turned
                return (spent() - start) / len(logs)

    def log_jobs(self, logs=1):
        return [
            LogJob(
                basis=self.basis, population=self.population, serial=one.serial, log=self.log(log.log_id),
                belief=one.context.belief, known=True,
            )
            for one in self.known
            for log in one.logs[-logs:]
        ]  # fmt: skip

    def assess(self):
        """A log at its unit's context."""
        return mean_s(assess, self.log_jobs())

    def others(self):
        """Share of logs that may be another unit's, and seconds that each other unit adds to one of those."""
        jobs = self.log_jobs(SOME)
        looks = [assess(job) for job in jobs]
        asks = np.mean([look.least is not None for look in looks])
        pool = [one.context.belief for one in self.known]
        crowd = Company(beliefs={f"other-{n}": pool[n % len(pool)] for n in range(MANY)})
        asked = [
            (job, replace(look, least=np.inf, alone=None)) for job, look in zip(jobs, looks, strict=True)
        ]
        return float(asks), mean_s(lambda one: odd(*one, lambda: crowd), asked) / MANY

    def look(self):
        """What a round asks of the registry for a unit that has nothing new."""
        start = spent()
        for _ in range(LOOKS):
            units = self.outlook.standings()
        for one in units:
            self.outlook.seen(one)
            ring(self.outlook, one, self.fleet.gate.false_alarms, ())
        return (spent() - start) / len(units)

    def relearn(self, new):
        """A unit's context from its logs: all of it, or after a change."""
        jobs = []
        for one in self.known:
            teach = self.outlook.usable(one)[0]
            places = [h for h in self.outlook.bench.hypotheses if h.place]
            if teach:
                job = RelearnJob(
                    basis=self.basis, population=self.population, serial=one.serial,
                    logs=[self.log(name) for name in teach[-MOST_LOGS:]],
                    belief=None if new else one.context.belief,
                    causes=[] if new else [(places[0].family, places[0].place)],
                    parent=None if new else one.calibration,
                )  # fmt: skip
                jobs.append(job)
        return mean_s(relearn, jobs)

    def judge(self):
        """A unit's calibration beside the reference on the logs that judge it."""
        calibration = lambda name: self.fleet.artefacts.folder("calibrations", name)  # noqa: E731
        jobs = [
            GateJob(
                basis=self.basis, population=self.population, serial=one.serial,
                champion=calibration(self.population.reference), challenger=calibration(one.calibration),
                belief=one.context.belief, logs=[self.log(name) for name in judges],
                tolerance=self.fleet.gate.tolerance,
            )
            for one in self.known
            if (judges := [log.log_id for log in one.logs if log.held_out])
        ]  # fmt: skip
        return mean_s(judge, jobs)


def show(title, lines):
    if title:
        print(f"\n{title}")
    for what, value, unit in lines:
        print(f"  {what:<58} {value:>14} {unit}", flush=True)


def on_paper(units, found, seconds, per_other):
    """What so many units need at one log each a day, from measured numbers alone."""
    per = found.per_log
    rows = sum(per.values())
    database = sum(per[name] * found.row[name] for name in per)
    year = 365.0 * units
    kept = found.log + per["context"] * found.calibration
    a_log = seconds["take in a log"] + seconds["assess a log"] + seconds["look at a quiet unit, a round"]
    learned = seconds["relearn a unit that has changed"] + seconds["judge a unit's challenger"]
    hours = units * (a_log + per["context"] * learned) / 3600
    show(
        f"{units:,} units, one log each a day; challengers per log as in this fleet ({per['context']:.3f})",
        [
            ("logs a year", f"{year * found.log / 1e12:,.1f}", "TB"),
            ("calibrations a year", f"{year * per['context'] * found.calibration / 1e12:,.1f}", "TB"),
            ("both a year", f"{year * kept / 1e12:,.1f}", "TB"),
            ("database a day", f"{units * rows:,.0f}", "rows"),
            ("database a year", f"{year * database / 1e12:,.2f}", "TB"),
            ("compute a day", f"{hours:,.0f}", "core hours"),
            (f"cores, at {PARALLEL:.0%} of their time", f"{np.ceil(hours / 24 / PARALLEL):,.0f}", "cores"),
            (
                "whether logs are other units': adds a day",
                f"{units**2 * per_other / 3600:,.0f}",
                "core hours",
            ),
        ],
    )


def main() -> None:
    """Print what is measured, each as soon as it is, and what follows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--fleet", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=6)
    parser.add_argument("--units-on-paper", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, copied(given.fleet, Path(scratch) / "fleet") as fleet:
        found, costs = stored(fleet), Costs(fleet, given.sample)
        lasted = [(one.ended_ns - one.began_ns) / 1e9 for one in fleet.registry.logs()]
        counted = f"{found.rows['unit']} units, {found.rows['log']} logs of {np.median(lasted):.0f} s"
        print(f"{given.fleet}: {counted}")
        print(f"{len(costs.population.mean)} numbers in a context; {len(costs.known)} units sampled")
        show("stored", shown(found))
        measured = {}
        for what, work in costs.all().items():
            measured[what] = work()
            show("", [(what, f"{measured[what]:.4f}", "processor s")])
        asks, per_other = costs.others()
    may = ("logs that may be another unit's", f"{asks:.3f}", "of all")
    show("", [may, ("each other unit asked about one of those", f"{1e6 * per_other:.3f}", "processor us")])
    on_paper(given.units_on_paper, found, measured, asks * per_other)


def shown(found):
    """What is stored, in lines."""
    rows = [
        (f"row of {name}, {found.rows[name]} of them", f"{found.row[name]:,.0f}", "bytes") for name in TABLES
    ]
    return [
        ("log", f"{found.log:,.0f}", "bytes"),
        ("unit's calibration", f"{found.calibration:,.0f}", "bytes"),
        *rows,
    ]


if __name__ == "__main__":
    try:
        main()
    except HybridSimError as error:
        raise SystemExit(f"fleet_costs: {error}") from None
