"""What a unit's context is worth: new units, wear, and old units beside new ones.

    .venv/bin/python -m tests.benchmarks.fleet_units new  --fleet DIR [--units 4]
    .venv/bin/python -m tests.benchmarks.fleet_units wear --fleet DIR [--units 3]
    .venv/bin/python -m tests.benchmarks.fleet_units old  --fleet DIR [--units 5]

SYNTHETIC: individuals of the demo's arm that the fleet in DIR (made by tests.benchmarks.fleet_loop) has
never seen. `new`: one log of 30 s prompts the fleet's reference; its error on eight other logs over that
of a whole calibration on the unit's own 20 logs (10 minutes), and over that of the fleet's mean. `wear`:
five rounds in which friction grows by 8 % and delay by 1 ms, eight logs each; the loop's calibration
after each round against a calibration from scratch on the round's logs, errors on four more logs, seconds
of one core. `old`: new units join, the population is learned anew; each old unit's error on held-out logs
after over before.
"""

import argparse
import json
import resource
import shutil
import tempfile
from pathlib import Path

import numpy as np

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.context.individual import calibration_of
from hybridsim.context.population import read_population
from hybridsim.context.prompt import prompt
from hybridsim.demo.units import changed, drawn_unit
from hybridsim.fleet.bench import Basis
from hybridsim.fleet.founding import refound
from hybridsim.fleet.gate import replayed
from hybridsim.fleet.watch import Options, Watch
from hybridsim.jobs import map_jobs
from hybridsim.log import LogStore
from tests.benchmarks.fleet_loop import branch, name_of, recent, recorded

FIRST_NEW = 200
ROUNDS, FIRST_WORN = 5, 12


def spent():
    """Processor seconds of this process and of those it waited for."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, both))


def logs_in(store):
    return [LogStore(store).load(path.name) for path in recent(store, 10_000)]


def bench_of(out):
    """The fleet's bench and population."""
    [folder] = sorted((out / "fleet" / "artefacts" / "populations").iterdir())[-1:]
    population = read_population(folder)
    reference = out / "fleet" / "artefacts" / "calibrations" / population.reference
    return Basis((out / "demo" / "arm").resolve(), reference).bench(), population


def error_of(bench, calibration, logs):
    """Mean absolute error of a calibration's hybrid [rad], and of every log."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = calibration.save(scratch) if isinstance(calibration, Calibration) else calibration
        return replayed(bench, Path(folder), logs).error


def new_unit(job):
    """Ratios of one unit that the fleet has not seen."""
    out, seed, unit = job
    bench, population = bench_of(out)
    truth, robot = drawn_unit(seed, unit), out / "demo" / "arm"
    store = out / "new" / name_of(unit)
    shutil.rmtree(store, ignore_errors=True)
    recorded((robot, store / "own", seed, unit, truth, range(20)))
    recorded((robot, store / "judge", seed, unit, truth, range(20, 28)))
    own, judge = logs_in(store / "own"), logs_in(store / "judge")
    start = spent()
    prompted = prompt(bench.reference, own[:1], bench.robot, population)
    prompted_s, start = spent() - start, spent()
    whole = calibrate(
        out / "demo" / "study.toml", [store / "own"], out=store / "whole", engine="serial", synthetic=True
    )
    whole_s = spent() - start
    mean = calibration_of(bench.reference, bench.space, population.prior(), serial="mean", logs=own[:1])
    errors = [error_of(bench, one, judge).mean() for one in (prompted.calibration, whole, mean)]
    return {"unit": unit, "prompted": errors[0], "whole": errors[1], "mean": errors[2],
            "prompted_s": prompted_s, "whole_s": whole_s}  # fmt: skip


def new(out, seed, units):
    """A line a unit, and the ratios' means."""
    rows = []
    for row in map_jobs(new_unit, [(out, seed, FIRST_NEW + u) for u in range(units)]):
        rows.append(row)
        print({k: float(f"{v:.4g}") for k, v in row.items()}, flush=True)
    for other in ("whole", "mean"):
        ratios = np.array([row["prompted"] / row[other] for row in rows])
        print(f"30 s over {other}: {ratios.mean():.3f}, from {ratios.min():.3f} to {ratios.max():.3f}")


def worn(job):
    """Five rounds of one unit: lines to print, ratios of errors, ratios of costs."""
    out, seed, unit = job
    bench, _ = bench_of(out)
    robot, lines, ratios, costs, truth = out / "demo" / "arm", [], [], [], drawn_unit(seed, unit)
    with branch(out, f"wear{unit}") as fleet:
        for n in range(ROUNDS):
            for joint in ("shoulder", "elbow"):
                truth = changed(changed(truth, "friction", joint, 0.08), "delay", joint, 1e-3)
            store, first = out / "wear" / name_of(unit) / str(n), FIRST_WORN + 12 * n
            shutil.rmtree(store, ignore_errors=True)
            recorded((robot, store / "own", seed, unit, truth, range(first, first + 8)))
            recorded((robot, store / "judge", seed, unit, truth, range(first + 8, first + 12)))
            judge, start = logs_in(store / "judge"), spent()
            fleet.take([store / "own"])
            done = Watch(fleet, Options(engine="serial")).round([name_of(unit)])
            loop_s, start = spent() - start, spent()
            scratch = calibrate(
                out / "demo" / "study.toml", [store / "own"], out=store / "scratch", engine="serial",
                synthetic=True,
            )  # fmt: skip
            scratch_s = spent() - start
            current = fleet.registry.history(name_of(unit))[-1].calibration
            folder = fleet.artefacts.folder("calibrations", current)
            errors = [error_of(bench, one, judge).mean() for one in (folder, scratch)]
            ratios.append(errors[0] / errors[1])
            costs.append(loop_s / scratch_s)
            rang = [f"{a.family} of {a.place}" for a in done.alarms]
            lines.append(
                f"{name_of(unit)} round {n}: loop {errors[0] * 1e3:.3f} mrad in {loop_s:.0f} s,"
                f" scratch {errors[1] * 1e3:.3f} mrad in {scratch_s:.0f} s; rang {rang},"
                f" promoted {bool(done.promoted)}"
            )
    return lines, ratios, costs


def wear(out, seed, units):
    """Errors of loop and of scratch, round by round."""
    found = list(map_jobs(worn, [(out, seed, unit) for unit in range(units)]))
    for lines, _, _ in found:
        print("\n".join(lines), flush=True)
    ratios, costs = (np.concatenate([one[k] for one in found]) for k in (1, 2))
    print(f"error of the loop over scratch: {np.mean(ratios):.3f}, worst {np.max(ratios):.3f};"
          f" cost {np.mean(costs):.3f}, worst {np.max(costs):.3f}")  # fmt: skip


def old(out, seed, units):
    """Old units' errors after new ones joined, over before."""
    bench, _ = bench_of(out)
    robot, made = out / "demo" / "arm", json.loads((out / "made.json").read_text())
    joining = range(FIRST_NEW, FIRST_NEW + units)
    jobs = [(robot, out / "joined" / name_of(u), seed, u, drawn_unit(seed, u), range(6)) for u in joining]
    list(map_jobs(recorded, jobs))
    with branch(out, "old") as fleet:
        names = [name_of(u) for u in range(made["units"]) if fleet.registry.history(name_of(u))]

        def folder(name):
            current = fleet.registry.history(name)[-1].calibration
            return fleet.artefacts.folder("calibrations", current)

        before = {name: folder(name) for name in names}
        fleet.take([job[1] for job in jobs], enrol=True)
        refound(fleet)
        done = Watch(fleet, Options()).round()
        ratios = []
        for name in names:
            judge = [LogStore(out / "quiet" / name).load(p.name) for p in recent(out / "quiet" / name, 6)]
            one, other = (error_of(bench, where, judge).mean() for where in (folder(name), before[name]))
            ratios.append(one / other)
            print(f"{name}: {one * 1e3:.3f} mrad after, {other * 1e3:.3f} before", flush=True)
        print(f"{len(done.promoted)} promoted; mean ratio {np.mean(ratios):.4f}, worst {max(ratios):.4f}")


def main():
    """As asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["new", "wear", "old"])
    parser.add_argument("--fleet", type=Path, required=True)
    parser.add_argument("--units", type=int, default=4)
    words = parser.parse_args()
    seed = json.loads((words.fleet / "made.json").read_text())["seed"]
    {"new": new, "wear": wear, "old": old}[words.what](words.fleet.resolve(), seed, words.units)


if __name__ == "__main__":
    main()
