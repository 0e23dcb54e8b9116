"""Contexts on a real motor: each position gain of the XL330 bench as a unit that no calibration has seen.

    .venv/bin/python -m tests.benchmarks.fleet_real [--quick] [--told | --loop]

For each of the three gains in $HYBRIDSIM_DATA/servo_pendulum: calibrate on the other two gains' six logs;
for each of its own three logs, prompt that calibration with the other two (12 s, no population:
three units are no fleet) and replay the third. Beside it the unprompted calibration (the fleet's mean)
and a calibration on the two logs alone. Nothing is told the gain: every log says 400, the study looks for
one gain, and the context has to find its unit's; with --told, logs say their gain as they were recorded, and
the context is left with the rest. With --loop, the three are a fleet that the commands of a user know:
ingest, calibrate on two gains' logs, fleet init, ingest, relearn --all and watch, each gain in turn the new
unit, which is taught by two of its logs and judged on the third beside the reference; the other two have
taught the reference, and nothing judges them. Mean absolute error of the hybrid [mrad]; real data, one motor.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.context.prompt import prompt
from hybridsim.fleet.fleet import Fleet
from hybridsim.ingest.open import open_logs
from hybridsim.jobs import map_jobs
from hybridsim.log import LogStore
from hybridsim.replay.variants import CalibratedSimulator, replay_variant
from hybridsim.robot import load_robot
from hybridsim.simulator.inputs import log_inputs

DATA = Path(os.environ.get("HYBRIDSIM_DATA", "../shared/data")) / "servo_pendulum"
SERIAL = ("--engine", "serial")
ROBOT, STUDY = "xl330_pendulum", Path("calibration/xl330_pendulum/study.toml")
GAIN = """
[[parameter]]
name = "drive.pendulum.position_gain"
unit = "1/rad"
low = 0.0003
high = 0.012
value = 0.0015
scale = "log"
"""


def error_of(calibration, log, robot):
    """Mean absolute error of one log's free run [mrad]."""
    inputs = log_inputs(log, robot)
    simulator = CalibratedSimulator(calibration=calibration, variant="hybrid", robot=ROBOT)
    [run] = replay_variant(simulator, [inputs], name="hybrid", engine="serial").runs
    return 1e3 * float(np.nanmean(np.abs(run.at("angle", inputs.time_s) - inputs.measured)))


def of_gain(job):
    """Errors of one gain's logs: prompted, unprompted, own."""
    own, rest, study, quick = job
    robot = load_robot(ROBOT)
    with tempfile.TemporaryDirectory() as scratch:
        logs = {path: open_logs([path], robot)[0] for path in own}
        reference = Calibration.load(
            calibrate(study, rest, out=Path(scratch) / "rest", quick=quick, engine="serial")
        )
        rows = []
        for judge in own:
            prompts = [path for path in own if path != judge]
            found = prompt(reference, [logs[path] for path in prompts], robot)
            alone = Calibration.load(
                calibrate(study, prompts, out=Path(scratch) / judge.stem, quick=quick, engine="serial")
            )
            three = (found.calibration, reference, alone)
            rows.append([error_of(one, logs[judge], robot) for one in three])
        return rows


def looped(job):
    """One gain as a fleet's new unit: the gate's verdict, and the error of its teaching logs' calibration."""
    gain, units, study, quick = job
    robot, serials = load_robot(ROBOT), {other: f"gain-{other:g}" for other in units}
    with tempfile.TemporaryDirectory() as scratch:
        store, folder, alone = (Path(scratch) / name for name in ("logs", "fleet", "alone"))
        for other, paths in units.items():
            must("ingest", *paths, "--robot", ROBOT, "--serial", serials[other], "--store", store, *SERIAL)
        rest = [path for other, paths in units.items() if other != gain for path in paths]
        reference = calibrate(study, rest, out=Path(scratch) / "rest", quick=quick, engine="serial")
        must("fleet", "init", "--fleet", folder, "--robot", ROBOT)
        must("fleet", "ingest", store, "--fleet", folder, "--enrol")
        must("fleet", "relearn", "--all", "--reference", reference, "--fleet", folder, *SERIAL)
        must("fleet", "watch", "--fleet", folder, *SERIAL)
        with closing(Fleet.open(folder)) as fleet:
            logs = fleet.registry.logs(serials[gain])
            verdicts = [one for one in fleet.registry.timeline.verdicts() if one.serial == serials[gain]]
        teach = [store / log.log_id for log in logs if not log.held_out]
        own = Calibration.load(calibrate(study, teach, out=alone, quick=quick, engine="serial"))
        judges = [LogStore(store).load(name) for name in verdicts[-1].evidence["logs"]]
        return gain, verdicts[-1], np.mean([error_of(own, log, robot) for log in judges])


def must(*words):
    """Run a command of hybridsim's; what it says is kept for the case that it fails."""
    command = [Path(sys.executable).with_name("hybridsim"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)


def blind(paths, folder):
    """Copies of recordings that all say a gain of 400, and a study that looks for it."""
    for path in paths:
        recording = json.loads(path.read_text(encoding="utf-8"))
        (folder / path.name).write_text(json.dumps({**recording, "kp": 400}), encoding="utf-8")
    study = folder / "study.toml"
    study.write_text(STUDY.read_text(encoding="utf-8").replace("[identify]", GAIN + "\n[identify]"))
    return [folder / path.name for path in paths], study


def main():
    """A line a log, then ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--told", action="store_true")
    parser.add_argument("--loop", action="store_true")
    words = parser.parse_args()
    paths = sorted(DATA.glob("2026-*.json"))  # the XL330's
    gains = np.array([json.loads(path.read_text(encoding="utf-8"))["kp"] for path in paths])
    everything = []
    with tempfile.TemporaryDirectory() as scratch:
        read, study = (paths, STUDY) if words.told else blind(paths, Path(scratch))
        if words.loop:
            by_gain = {float(g): [read[k] for k in np.flatnonzero(gains == g)] for g in np.unique(gains)}
            jobs = [(gain, by_gain, study, words.quick) for gain in by_gain]
            for gain, verdict, own in map_jobs(looped, jobs):
                champion, challenger = (
                    1e3 * np.mean(verdict.evidence[f"{who}_error_rad"]) for who in ("champion", "challenger")
                )
                everything.append([champion, challenger, own])
                print(
                    f"gain {gain:g}: reference {champion:.1f} mrad, challenger {challenger:.1f},"
                    f" its teaching logs alone {own:.1f};"
                    f" {'promoted' if verdict.passed else verdict.evidence['against']}"
                )
            mean = "mean: reference {:.1f} mrad, challenger {:.1f}, its teaching logs alone {:.1f}"
            print(mean.format(*np.mean(everything, axis=0)))
            return
        units = [np.flatnonzero(gains == gain) for gain in np.unique(gains)]
        jobs = [
            ([read[k] for k in own], [read[k] for k in range(len(read)) if k not in own], study, words.quick)
            for own in units
        ]
        for gain, rows in zip(np.unique(gains), map_jobs(of_gain, jobs), strict=True):
            for row in rows:
                errors = "prompted {:.1f} mrad, unprompted {:.1f}, own logs alone {:.1f}".format(*row)
                print(f"gain {gain:g}: {errors}", flush=True)
            everything += rows
    prompted, mean, own = np.array(everything).mean(0)
    print(f"prompted over unprompted {prompted / mean:.3f}, over own logs alone {prompted / own:.3f}")


if __name__ == "__main__":
    main()
