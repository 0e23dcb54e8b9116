"""The fleet's loop on a stand-in fleet whose truth is known: what it notices, names, learns and refuses.

    .venv/bin/python -m tests.benchmarks.fleet_loop make   --out DIR [--seed 5] [--units 20]
    .venv/bin/python -m tests.benchmarks.fleet_loop found  --out DIR
    .venv/bin/python -m tests.benchmarks.fleet_loop notice --out DIR
    .venv/bin/python -m tests.benchmarks.fleet_loop poison --out DIR

SYNTHETIC: individuals of the demo's arm (hybridsim/demo/units.py), logs of 30 s, one a day. `make`
calibrates on twelve logs of an individual that is none of the fleet's, founds the fleet on all units' first
twelve and promotes what passes; `found` does the last two again with what was made before. `notice` gives
every unit 50 quiet logs, then in five branches one change each: friction +30 %, delay +5 ms, forearm's mass
+10 %, position gain -15 %, a reading's bias +10 mrad. `poison` gives batches of three logs, each time on a
copy of the registry: positions mis-scaled, joints swapped, another unit's logs, frozen encoders.
"""

import argparse
import json
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from hybridsim.calibrate import calibrate
from hybridsim.demo.chain import prepare
from hybridsim.demo.recorder import Recording
from hybridsim.demo.units import DAY_NS, changed, drawn_unit
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.founding import refound
from hybridsim.fleet.place import Place
from hybridsim.fleet.watch import Options, Watch
from hybridsim.jobs import map_jobs
from hybridsim.log import LogStore
from hybridsim.robot import load_robot

BASE, QUIET, AFTER = 12, 50, 4
OUTSIDE = 199
CHANGES = {"friction": 0.3, "delay": 5e-3, "mass": 0.1, "gain": -0.15, "sensor bias": 0.01}
JOINTS = ("shoulder", "elbow")


def name_of(unit):
    return f"arm-{unit:02d}"


def recorded(job):
    """One unit's recordings of some days into a store of their own."""
    robot, store, seed, unit, truth, numbers = job
    recording = Recording(
        robot=load_robot(robot), truth=truth, seed=1000 * seed + unit, duration=30.0, timestep=1e-3,
        unit=name_of(unit), apart_ns=DAY_NS,
    )  # fmt: skip
    recording.record(store, numbers)
    return store


def joint_of(unit, family):
    return JOINTS[(unit + list(CHANGES).index(family)) % 2]


def make(out, seed, units):
    """Logs, reference, fleet."""
    prepare(out / "demo")
    robot = out / "demo" / "arm"
    truths = [drawn_unit(seed, unit) for unit in range(units)]
    outside = (robot, out / "outside", seed, OUTSIDE, drawn_unit(seed, OUTSIDE), range(BASE))
    jobs = [(robot, out / "base" / name_of(u), seed, u, truths[u], range(BASE)) for u in range(units)]
    jobs += [
        (robot, out / "quiet" / name_of(u), seed, u, truths[u], range(BASE, BASE + QUIET))
        for u in range(units)
    ]
    days = range(BASE + QUIET, BASE + QUIET + AFTER)
    for family, size in CHANGES.items():
        jobs += [
            (robot, out / family / name_of(u), seed, u, changed(t, family, joint_of(u, family), size), days)
            for u, t in enumerate(truths)
        ]
    list(map_jobs(recorded, [outside, *jobs]))
    calibrate(out / "demo" / "study.toml", [out / "outside"], out=out / "reference", synthetic=True)
    (out / "made.json").write_text(json.dumps({"seed": seed, "units": units}))
    found(out, units)


def found(out, units):
    """A fleet of what was made, in the place of an earlier one."""
    shutil.rmtree(out / "fleet", ignore_errors=True)
    [reference] = (path for path in (out / "reference").iterdir() if path.is_dir())
    robot = (out / "demo" / "arm").resolve()
    with closing(Fleet.init(out / "fleet", Place(schema=1, robot=str(robot)))) as fleet:
        fleet.take([out / "base" / name_of(u) for u in range(units)], enrol=True)
        refound(fleet, str(reference))
        done = Watch(fleet, Options()).round()
        print(f"{len(done.promoted)} of {units} units promoted")


def branch(out, name):
    """The fleet's copy, whose logs lie where the original's do."""
    target = out / "branches" / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    text = (
        (out / "fleet" / "fleet.toml")
        .read_text()
        .replace('artefacts = "artefacts"', f'artefacts = "{(out / "fleet" / "artefacts").resolve()}"')
    )
    (target / "fleet.toml").write_text(text)
    for path in (out / "fleet").glob("registry.db*"):
        shutil.copy(path, target / path.name)
    return closing(Fleet.open(target))


def notice(out, units):
    """False alarms first, then how soon and how rightly changes are named."""
    with branch(out, "quiet") as fleet:
        fleet.take([out / "quiet" / name_of(u) for u in range(units)])
        done = Watch(fleet, Options()).round()
        print(f"quiet: {len(done.alarms)} alarms in {done.assessed} logs, {len(done.odd)} set aside")
        for alarm in done.alarms:
            print(f"   {alarm.serial} {alarm.family} {alarm.place} {alarm.statistic:.3g}")
    after, named, placed, promoted, missed = Counter(), Counter(), Counter(), Counter(), []
    for family in CHANGES:
        with branch(out, family.replace(" ", "_")) as fleet:
            few = [store for u in range(units) for store in recent(out / "quiet" / name_of(u), 5)]
            fleet.take(few)
            fleet.take([out / family / name_of(u) for u in range(units)])
            done = Watch(fleet, Options()).round()
            alarms = {alarm.serial: alarm for alarm in done.alarms}
            for u in range(units):
                alarm = alarms.get(name_of(u))
                if alarm is None:
                    missed.append((family, name_of(u)))
                    continue
                logs = [log for log in fleet.registry.logs(name_of(u))][-AFTER:]
                place = (
                    [log.log_id for log in logs].index(alarm.log_id) + 1
                    if alarm.log_id in {log.log_id for log in logs}
                    else 0
                )
                after[place] += 1
                named[family] += alarm.family == family
                placed[family] += alarm.place == ("forearm" if family == "mass" else joint_of(u, family))
            promoted[family] = len(done.promoted)
            print(f"{family}: {len(alarms)} of {units} noticed, {named[family]} rightly named,"
                  f" {placed[family]} at the right place, {promoted[family]} relearned and promoted,"
                  f" {len(done.odd)} logs set aside", flush=True)  # fmt: skip
    total = units * len(CHANGES)
    print(
        f"noticed by the n-th log after the change (0: before it): {dict(sorted(after.items()))} of {total}"
    )
    print(f"rightly named: {sum(named.values())} of {sum(after.values())}; missed: {missed}")


def recent(store, count):
    """The last recordings of a store, as folders."""
    logs = LogStore(store)
    ids = sorted(logs.ids(), key=lambda one: logs.load(one).name)
    return [store / one for one in ids[-count:]]


def poisoned(draft, kind, random, other):
    """A recording that something is wrong with."""
    signals = dict(draft.signals)
    measured = signals["joint_position"]
    values = np.array(measured.values)
    if kind == "scaled":
        values *= random.choice([0.5, 0.9, 0.95, 1.05, 1.1, 1.2, 180 / np.pi])
    elif kind == "one scaled":
        values[:, random.integers(2)] *= random.choice([0.8, 0.9, 1.1, 1.25, -1.0])
    elif kind == "swapped":
        values = values[:, ::-1]
    elif kind == "swapped both":
        command = signals["joint_position_command"]
        signals["joint_position_command"] = replace(command, values=np.array(command.values)[:, ::-1])
        values = values[:, ::-1]
    elif kind == "frozen":
        start = random.integers(0, len(values) // 2)
        joint = random.integers(2)
        values[start:, joint] = values[start, joint]
    signals["joint_position"] = replace(measured, values=np.ascontiguousarray(values))
    return replace(other if kind == "wrong unit" else draft, serial=draft.serial,
                   **({} if kind == "wrong unit" else {"signals": signals}))  # fmt: skip


KINDS = ("scaled", "one scaled", "swapped", "swapped both", "wrong unit", "frozen")


def poison_job(job):
    """Three recordings of one unit, all with the same thing wrong."""
    robot, store, seed, unit, stranger, kind, batch = job
    design, days = load_robot(robot), range(BASE + batch * 3, BASE + batch * 3 + 3)

    def drafts(one):
        return Recording(
            robot=design, truth=drawn_unit(seed, one), seed=1000 * seed + one, duration=30.0, timestep=1e-3,
            unit=name_of(one), apart_ns=DAY_NS,
        ).drafts(days)  # fmt: skip

    random = np.random.default_rng([seed, 9, unit, batch])
    others = drafts(stranger) if kind == "wrong unit" else [None] * 3
    for draft, other in zip(drafts(unit), others, strict=True):
        LogStore(store).add(poisoned(draft, kind, random, other))


def poison(out, seed, units, batches):
    """How many poisoned batches end in a promotion."""
    rounds, promoted, aside, alarms, tried = -(-batches // units), [], Counter(), Counter(), Counter()
    for n in range(rounds):
        random = np.random.default_rng([seed, 8, n])
        kinds = [KINDS[(u + n) % len(KINDS)] for u in range(units)]
        strangers = [int((u + random.integers(1, units)) % units) for u in range(units)]
        store = out / "poison" / str(n)
        shutil.rmtree(store, ignore_errors=True)
        jobs = [
            (out / "demo" / "arm", store / name_of(u), seed, u, strangers[u], kinds[u], n)
            for u in range(units)
        ]
        list(map_jobs(poison_job, jobs))
        with branch(out, "poison") as fleet:
            fleet.take([store / name_of(u) for u in range(units)])
            done = Watch(fleet, Options()).round()
        for u, kind in enumerate(kinds):
            tried[kind] += 1
            if name_of(u) in done.promoted:
                promoted.append((n, name_of(u), kind))
        where = {path.name: kinds[u] for u in range(units) for path in (store / name_of(u)).glob("[!.]*")}
        aside.update(where[log] for log in done.odd)
        alarms.update(kinds[int(alarm.serial[-2:])] for alarm in done.alarms)
        print(f"round {n}: {len(promoted)} of {sum(tried.values())} batches promoted so far", flush=True)
    print(f"tried {dict(tried)}; logs set aside {dict(aside)}; alarms {dict(alarms)}; promoted {promoted}")


def main():
    """As asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["make", "found", "notice", "poison"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--batches", type=int, default=200)
    words = parser.parse_args()
    if words.what == "make":
        make(words.out, words.seed, words.units)
        return
    made = json.loads((words.out / "made.json").read_text())
    if words.what == "found":
        found(words.out, made["units"])
    elif words.what == "notice":
        notice(words.out, made["units"])
    else:
        poison(words.out, made["seed"], made["units"], words.batches)


if __name__ == "__main__":
    main()
