"""How closely an arm repeats itself, and how far the identified simulator is off in the same motions.

    .venv/bin/python -m tests.benchmarks.repeatability CALIBRATION

Needs the recordings under $HYBRIDSIM_DATA or ../shared/data. Looks for motions whose commands repeat, and
compares each measured angle with the one a period later: what a simulator of these commands could not know.
"""

import sys

import numpy as np

from hybridsim.calibration import Calibration
from hybridsim.ingest.open import open_logs
from hybridsim.replay.variants import CalibratedSimulator, replay_variant
from hybridsim.robot import load_robot
from hybridsim.simulator.inputs import LogInputs, log_inputs
from tests.benchmarks.recordings import recordings

SAME = 3e-3
"""Commands this close are the same [rad]."""
SHORTEST, LONGEST = 60, 1200
"""Periods that are looked for [samples]."""
LEAST, SHARE = 500, 0.3
"""Pairs of samples that make a log count, and their share of it."""


def main(calibration: str) -> None:
    """Print a line a log that repeats itself, and the mean over them."""
    found = Calibration.load(calibration)
    robot = load_robot(found.record.robot)
    inputs = [log_inputs(log, robot) for log in open_logs([recordings(robot.name)], robot)]
    simulator = CalibratedSimulator(calibration=found, variant="identified", robot=str(robot.folder))
    runs = replay_variant(simulator, inputs, name="identified").runs
    print(f"{'mean absolute, mrad':28s} period [s]  {'repeats to':42s} simulator off by")
    rows = []
    for log, run in zip(inputs, runs, strict=True):
        if (repeated := repeats(log)) is None:
            continue
        period, pairs = repeated
        apart = np.abs(log.measured[period:] - log.measured[:-period])[pairs].mean(axis=0)
        off = np.abs(run.at("angle", log.time_s) - log.measured)[:-period][pairs].mean(axis=0)
        # Two draws of one spread differ by sqrt 2 times what each differs from their middle.
        rows.append((1e3 * apart / np.sqrt(2.0), 1e3 * off))
        print(f"{log.name:28s} {log.time_s[period]:10.1f}  {numbers(rows[-1][0])}  {numbers(rows[-1][1])}")
    repeat, off = np.mean(rows, axis=0)
    print(f"{'mean over these logs':28s} {'':10s}  {numbers(repeat)}  {numbers(off)}")
    print(f"columns: {', '.join(drive.joint for drive in robot.drives)}")


def repeats(log: LogInputs) -> tuple[int, np.ndarray] | None:
    """Period [samples] and the rows, of all but the last period, whose command comes again in motion."""
    best = None
    moving = (np.abs(np.gradient(log.command, axis=0)) > 1e-4).any(axis=1)
    for period in range(SHORTEST, min(LONGEST, len(log.command) // 2)):
        same = np.abs(log.command[period:] - log.command[:-period]).max(axis=1) < SAME
        pairs = same & moving[:-period]
        enough = pairs.sum() > LEAST and pairs.mean() > SHARE
        if enough and (best is None or pairs.sum() > best[1].sum()):
            best = period, pairs
    return best


def numbers(values: np.ndarray) -> str:
    """A row of the table."""
    return " ".join(f"{value:6.2f}" for value in values)


if __name__ == "__main__":
    main(*sys.argv[1:])
