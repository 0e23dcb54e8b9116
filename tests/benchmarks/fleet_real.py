"""Contexts on a real motor: each position gain of the XL330 bench as a unit that no calibration has seen.

    .venv/bin/python -m tests.benchmarks.fleet_real [--quick]

For each of the three gains in $HYBRIDSIM_DATA/servo_pendulum: calibrate on the other two gains' six logs;
for each of its own three logs, prompt that calibration with the other two (at most 30 s, no population:
three units are no fleet) and replay the third. Beside it the unprompted calibration (the fleet's mean)
and a calibration on the two logs alone. Mean absolute error of the hybrid [mrad]; real data, nine logs of
one motor.
"""

import argparse
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


def error_of(calibration, log, robot):
    """Mean absolute error of one log's free run [mrad]."""
    inputs = log_inputs(log, robot)
    simulator = CalibratedSimulator(calibration=calibration, variant="hybrid", robot=ROBOT)
    [run] = replay_variant(simulator, [inputs], name="hybrid", engine="serial").runs
    return 1e3 * float(np.nanmean(np.abs(run.at("angle", inputs.time_s) - inputs.measured)))


def of_gain(job):
    """Errors of one gain's logs: prompted, unprompted, own."""
    gain, paths, quick = job
    robot = load_robot(ROBOT)
    with tempfile.TemporaryDirectory() as scratch:
        logs = {path: open_logs([path], robot)[0] for path in paths}
        own = [path for path, log in logs.items() if log.constant("position_gain") == gain]
        rest = [path for path in paths if path not in own]
        reference = Calibration.load(
            calibrate(STUDY, rest, out=Path(scratch) / "rest", quick=quick, engine="serial")
        )
        rows = []
        for judge in own:
            prompts = [path for path in own if path != judge]
            found = prompt(reference, [logs[path] for path in prompts], robot)
            alone = Calibration.load(
                calibrate(STUDY, prompts, out=Path(scratch) / judge.stem, quick=True, engine="serial")
            )
            three = (found.calibration, reference, alone)
            rows.append([error_of(one, logs[judge], robot) for one in three])
        return gain, rows


def main():
    """A line a log, then ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    words = parser.parse_args()
    robot, paths = load_robot(ROBOT), sorted(DATA.glob("2026-*.json"))  # the XL330's
    gains = sorted({open_logs([path], robot)[0].constant("position_gain") for path in paths})
    everything = []
    for gain, rows in map_jobs(of_gain, [(gain, paths, words.quick) for gain in gains]):
        for row in rows:
            errors = "prompted {:.1f} mrad, unprompted {:.1f}, own logs alone {:.1f}".format(*row)
            print(f"gain {gain:g}: {errors}", flush=True)
        everything += rows
    prompted, mean, own = np.array(everything).mean(0)
    print(f"prompted over unprompted {prompted / mean:.3f}, over own logs alone {prompted / own:.3f}")


if __name__ == "__main__":
    main()
