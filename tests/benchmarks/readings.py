"""What a servo's reading is proportional to: candidates from the replayed simulator, on logs no fit has seen.

    python -m tests.benchmarks.readings so101/ae3b9d07d9c6 joint_effort_magnitude

prints for every joint how much of the reading's variance on the calibration's test logs (validation logs
where it has none) each candidate explains, times a gain plus a bias that were fitted on its training logs.
"""

import sys

import numpy as np

from hybridsim.calibrate.work import kept_split
from hybridsim.calibration import Calibration
from hybridsim.errors import LogError
from hybridsim.ingest.open import open_logs
from hybridsim.replay.variants import CalibratedSimulator, replay_variant
from hybridsim.robot import load_robot
from hybridsim.sensing.lines import fit_line, fitting
from hybridsim.sensing.watched import watched
from hybridsim.simulator.inputs import log_inputs
from tests.benchmarks.recordings import recordings

SETS = {"so101": "so101", "xl330_pendulum": "servo_pendulum", "sts3250_pendulum": "servo_pendulum"}


def main(name: str, signal: str) -> None:
    """Print a table."""
    found = Calibration.load(name)
    robot = load_robot(found.record.robot)
    logs = open_logs([recordings(SETS[robot.name])], robot)
    split = kept_split(found, logs)
    assert split is not None, "the recordings are not those that the calibration was made from"
    inputs = [log_inputs(log, robot) for log in logs]
    simulator = CalibratedSimulator(calibration=found, variant="identified", robot=str(robot.folder))
    runs = replay_variant(simulator, inputs, name="identified", engine="serial").runs
    side = {log_id: what for what in ("train", "validation", "test") for log_id in getattr(split, what)}
    held_out = "test" if split.test else "validation"
    for d, drive in enumerate(robot.drives):
        rows = {"train": [], held_out: []}
        for log, given, run in zip(logs, inputs, runs, strict=True):
            if side.get(log.log_id) in rows:
                try:
                    seen = watched(log, robot, run, signal, drive.joint)
                except LogError as error:
                    sys.exit(str(error))
                rows[side[log.log_id]].append((seen, _candidates(seen, given, run, d)))
        _table(drive.joint, rows["train"], rows[held_out], held_out)


def _candidates(seen, given, run, d):
    """Series at the reading's times: [name] -> [row]."""
    steps = np.arange(len(run.angle)) * run.timestep

    def at(values):
        return np.interp(seen.time, steps, values)

    error = np.interp(seen.time, given.time_s, given.gain[:, d] * (given.command - given.measured)[:, d])
    motor, duty = run.motor[:, d], run.duty[:, d]
    return {
        "motor effort (winding's current)": at(motor),
        "load on the joint": at(run.load[:, d]),
        "speed": at(run.speed[:, d]),
        "duty": at(duty),
        "effort x duty (supply's current)": at(motor * duty),
        "measured error": error,
        "effort x measured error": at(motor) * error,
    }


def _table(joint, train, held_out, side):
    """One joint's table."""
    unsigned = min(seen.reading.min() for seen, _ in train) >= 0.0
    number = np.concatenate([np.full(len(seen.time), n) for n, (seen, _) in enumerate(train)])
    reading = np.concatenate([seen.reading for seen, _ in train])
    other = np.concatenate([seen.reading for seen, _ in held_out])
    print(f"{joint}: {side} logs, standard deviation {other.std():.4g}")
    for name in train[0][1]:
        x, y = (np.concatenate([c[name] for _, c in logs]) for logs in (train, held_out))
        slope, there = (np.stack([v, np.ones_like(v)], axis=1) for v in (x, y))
        line = fit_line(slope, reading, number, unsigned=unsigned, least=0.01 * reading.std())
        left = other - fitting(line.value, there, unsigned)
        print(
            f"  {name:34s} R2 {1 - (left**2).mean() / other.var():6.3f}  rmse {np.sqrt((left**2).mean()):.4g}"
            f"  mean error {np.abs(left).mean():.4g}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
