"""Contexts on a real motor: each position gain of the XL330 bench as a unit that no calibration has seen.

    .venv/bin/python -m tests.benchmarks.fleet_real [--quick] [--told]

For each of the three gains in $HYBRIDSIM_DATA/servo_pendulum: calibrate on the other two gains' six logs;
for each of its own three logs, prompt that calibration with the other two (12 s, no population:
three units are no fleet) and replay the third. Beside it the unprompted calibration (the fleet's mean)
and a calibration on the two logs alone. Nothing is told the gain: every log says 400, the study looks for
one gain, and the context has to find its unit's; with --told, logs say their gain as they were recorded, and
the context is left with the rest. Mean absolute error of the hybrid [mrad]; real data, one motor.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.context.prompt import prompt
from hybridsim.ingest.open import open_logs
from hybridsim.jobs import map_jobs
from hybridsim.replay.variants import CalibratedSimulator, replay_variant
from hybridsim.robot import load_robot
from hybridsim.simulator.inputs import log_inputs

DATA = Path(os.environ.get("HYBRIDSIM_DATA", "../shared/data")) / "servo_pendulum"
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
    words = parser.parse_args()
    paths = sorted(DATA.glob("2026-*.json"))  # the XL330's
    gains = np.array([json.loads(path.read_text(encoding="utf-8"))["kp"] for path in paths])
    everything = []
    with tempfile.TemporaryDirectory() as scratch:
        read, study = (paths, STUDY) if words.told else blind(paths, Path(scratch))
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
