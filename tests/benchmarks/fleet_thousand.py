"""A thousand units through the fleet's loop: what each step takes, and whether it rings where it should.

    .venv/bin/python -m tests.benchmarks.fleet_thousand --out DIR [--units 1000] [--logs 10] [--seconds 3]
        [--founders 20] [--changed 10] [--seed 7] [--engine loky|ray|serial]

SYNTHETIC: individuals of the demo's arm (hybridsim/demo/units.py), short logs, one a day. The reference is
the demo's truth without networks (tests.context.made), so that no time goes into a calibration; `--founders`
units found the population. All units come in with the first six of ten logs and get calibrations of their
own in one round; the other logs come in for another round, before which something happened to every
`--changed`-th unit: friction +30 %, delay +9 ms, gain -15 %, forearm +10 % or a reading's bias +10 mrad, in
turn. A run that was cut goes on: steps that are done cost little. Processor seconds are of this process and
its children (getrusage); loky's workers are sent home after each step, so that they count, and start anew;
those of a Ray cluster are not seen. The last line is a hash of all calibrations that were ever promoted: two
engines have to give the same.
"""

import argparse
import hashlib
import json
import resource
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from joblib.externals.loky import get_reusable_executor

from hybridsim.demo.recorder import Recording
from hybridsim.demo.units import DAY_NS, changed, drawn_unit
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.founding import refound
from hybridsim.fleet.place import Place
from hybridsim.fleet.watch import Options, Watch
from hybridsim.jobs import map_jobs
from hybridsim.robot import load_robot
from tests.context.made import DEMO, reference

CHANGES = (("friction", 0.3), ("delay", 9e-3), ("gain", -0.15), ("mass", 0.1), ("sensor bias", 0.01))
JOINTS = ("shoulder", "elbow")
EARLY = 0.6
"""Of a unit's logs, before anything changes."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Of a run; what changes on which unit follows from the unit's number."""

    out: Path
    units: int
    logs: int
    seconds: float
    founders: int
    every: int
    seed: int
    engine: str

    @property
    def early(self):
        return max(2, round(EARLY * self.logs))

    def change(self, unit):
        """Family, joint and size; None where nothing happens."""
        if unit % self.every != self.every - 1:
            return None
        turn = unit // self.every
        family, size = CHANGES[turn % len(CHANGES)]
        return family, JOINTS[turn // len(CHANGES) % 2], size

    def store(self, part, unit):
        return self.out / part / name_of(unit)


def name_of(unit):
    return f"arm-{unit:04d}"


def record(job):
    """A unit's logs before and after."""
    plan, unit = job
    truth, change = drawn_unit(plan.seed, unit), plan.change(unit)
    later = truth if change is None else changed(truth, *change)
    parts = (("early", truth, range(plan.early)), ("later", later, range(plan.early, plan.logs)))
    for part, hidden, days in parts:
        Recording(
            robot=load_robot(DEMO / "arm"), truth=hidden, seed=1000 * plan.seed + unit, duration=plan.seconds,
            timestep=1e-3, unit=name_of(unit), apart_ns=DAY_NS,
        ).record(plan.store(part, unit), days)  # fmt: skip


def spent():
    """Processor seconds of this process and of those it waited for."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, both))


@contextmanager
def step(what, each):
    """Print what a block took; it says how many it did by adding to the list that it gets."""
    wall, start, did = time.perf_counter(), spent(), []
    yield did
    get_reusable_executor().shutdown(wait=True)
    wall, used, count = time.perf_counter() - wall, spent() - start, sum(did)
    one = f"{used / count:7.3f} a {each} ({count})" if count else "nothing to do"
    print(f"{what:<28} {wall:8.1f} s {used:8.1f} processor s {one}", flush=True)


class Timed(Watch):
    """A watch whose steps say what they took."""

    def notice(self, serials, done):
        with step("  replay new logs, ring", "log") as did:
            super().notice(serials, done)
            did.append(done.assessed)

    def _challengers(self, serials):
        with step("  relearn units", "unit") as did:
            found = super()._challengers(serials)
            did.append(len(found))
        return found

    def _judge(self, contexts, done):
        with step("  judge challengers", "unit") as did:
            super()._judge(contexts, done)
            did.append(len(done.verdicts))


def done_once(plan, name, work):
    """Do a step whose files are there afterwards, where no earlier run has."""
    mark = plan.out / f"{name}.done"
    if mark.is_file():
        print(f"{name}: kept from an earlier run")
        return
    work()
    mark.write_text("")


def make_logs(plan):
    with step("record", "log") as did:
        did.append(plan.units * plan.logs)
        map_jobs(record, [(plan, unit) for unit in range(plan.units)], engine=plan.engine)


def found(plan):
    """A population of some units."""
    with closing(Fleet.init(plan.out / "fleet", Place(schema=1, robot=str(DEMO / "arm")))) as fleet:
        few = min(plan.founders, plan.units)
        fleet.take([plan.store("early", unit) for unit in range(few)], enrol=True)
        with step("found the population", "unit") as did:
            did.append(few)
            refound(fleet, str(reference().save(plan.out / "reference")), engine=plan.engine)


def take(plan, part):
    with closing(Fleet.open(plan.out / "fleet")) as fleet:
        with step(f"take in {part} logs", "log") as did:
            taken, turned = fleet.take([plan.store(part, unit) for unit in range(plan.units)], enrol=True)
            did.append(sum(one.new for one in taken))
        assert not turned


def watch(plan, what):
    """One round, and what it did."""
    with closing(Fleet.open(plan.out / "fleet")) as fleet, step(what, "unit") as did:
        did.append(plan.units)
        done = Timed(fleet, Options(engine=plan.engine)).round()
    print(f"    {done.assessed} logs replayed, {len(done.odd)} set aside, {len(done.alarms)} alarms,"
          f" {len(done.verdicts)} judged, {len(done.promoted)} promoted")  # fmt: skip


def told(plan):
    """Alarms of all rounds so far beside what happened."""
    happened = {name_of(u): plan.change(u) for u in range(plan.units) if plan.change(u) is not None}
    with closing(Fleet.open(plan.out / "fleet")) as fleet:
        rung = {alarm.serial: alarm for alarm in fleet.registry.knowledge.alarms()}
        steps = fleet.registry.history()
    again = {step.serial for step in steps if step.number > 1}
    names = sorted(f"{step.serial} {step.number} {step.calibration}" for step in steps)
    right = 0
    for serial, (family, joint, _) in happened.items():
        place = "forearm" if family == "mass" else joint
        right += serial in rung and (rung[serial].family, rung[serial].place) == (family, place)
    false = sorted(set(rung) - set(happened))
    both = len(set(rung) & set(happened))
    print(f"{len(happened)} units changed: {both} rang, {right} with the right family"
          f" and place; {len(again & set(happened))} got another calibration")  # fmt: skip
    print(f"{len(false)} of {plan.units - len(happened)} units rang that had not changed: {false[:5]}")
    print(f"all promotions: {hashlib.sha256(' '.join(names).encode()).hexdigest()[:16]}")


def main() -> None:
    """Run it, or go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--logs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--founders", type=int, default=20)
    parser.add_argument("--changed", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--engine", default="loky")
    given = parser.parse_args()
    plan = Plan(
        out=given.out, units=given.units, logs=given.logs, seconds=given.seconds, founders=given.founders,
        every=given.changed, seed=given.seed, engine=given.engine,
    )  # fmt: skip
    plan.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**vars(plan), "out": "", "engine": ""})
    if (mark := plan.out / "plan.json").is_file() and mark.read_text() != text:
        raise SystemExit(f"{plan.out}: holds another run; expected {mark.read_text()}")
    mark.write_text(text)
    done_once(plan, "recorded", lambda: make_logs(plan))
    done_once(plan, "founded", lambda: found(plan))
    take(plan, "early")
    watch(plan, "round 1, all new")
    watch(plan, "round 2, logs that judged")
    take(plan, "later")
    watch(plan, "round 3, some changed")
    watch(plan, "round 4, what is left")
    told(plan)


if __name__ == "__main__":
    main()
