"""How well, and how fast, a servo is identified from pendulum logs: seen ones, unseen gains, unseen motions.

    .venv/bin/python -m tests.benchmarks.pendulum [xl330_pendulum|sts3250_pendulum] [SEED]

Reads the recordings from $HYBRIDSIM_DATA or ../shared/data. Every line is a fit of its own; `unseen` are
logs that it never saw, replayed free-running from their first measured state. Parameters only, one core, the
study's budget.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np

from hybridsim.calibrate import select_parameters
from hybridsim.identify.fit import fit
from hybridsim.identify.problem import new_problem
from hybridsim.ingest.open import open_logs
from hybridsim.log import Log
from hybridsim.resources import find
from hybridsim.robot import load_robot
from hybridsim.simulator.inputs import LogInputs, log_inputs
from hybridsim.study import load_study
from tests.benchmarks.recordings import recordings


def main(name: str = "xl330_pendulum", seed: int = 0) -> None:
    """Print one line a fit."""
    robot, study = load_robot(name), load_study(find("calibration", name) / "study.toml")
    logs = open_logs([recordings("servo_pendulum")], robot)
    inputs = [log_inputs(log, robot) for log in logs]

    def report(label: str, training: Sequence[LogInputs]) -> None:
        selection = select_parameters(study, robot, training)
        timestep = study.simulation.physics_timestep_s or robot.rigid_body.timestep.value
        problem = new_problem(robot, selection, training, timestep=timestep, plane=False)
        start = time.perf_counter()
        found = fit(problem, study.identify, seed, engine="serial")
        seconds = time.perf_counter() - start
        everything = new_problem(robot, selection, inputs, timestep=timestep, plane=False)
        values = everything.values(found.point)
        error = 1e3 * everything.per_log(everything.errors(0, values), 0)
        seen = np.array([log in training for log in inputs])
        unseen = f"{error[~seen].mean():6.1f}" if not seen.all() else "     -"
        print(f"{label:28s} {error[seen].mean():6.1f} {unseen}   {seconds:5.1f}", flush=True)

    print(f"{name}, seed {seed}, mean absolute position error [mrad]\n{'':28s}   seen unseen  fit [s]")
    report("all logs (compiles first)", inputs)
    report("all logs", inputs)
    for label, groups in (
        ("gain", [g.gain[0, 0] for g in inputs]),
        ("motion", [_motion(log) for log in logs]),
    ):
        for group in sorted(set(groups)) if len(set(groups)) > 1 else ():
            rest = [log for log, own in zip(inputs, groups, strict=True) if own != group]
            report(f"without {label} {group}", rest)


def _motion(log: Log) -> str:
    return log.labels.get("trajectory", log.name)


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(seed) for seed in sys.argv[2:3]))
