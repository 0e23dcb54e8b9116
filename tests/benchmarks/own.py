"""What is different in every recording: error with a friction factor and a delay of its own. In-sample.

    .venv/bin/python -m tests.benchmarks.own CALIBRATION

On the SO-101's training logs each joint replays alone, the others as measured; dry friction is scaled and the
delay moved, over a grid, and every log takes what suits it best. Two numbers fitted to each log and joint:
an upper limit of what adapting could give, not a score.
"""

import itertools
import sys

import numpy as np

from hybridsim.calibrate import select_parameters
from hybridsim.calibration import Calibration
from hybridsim.identify.problem import new_problem
from hybridsim.ingest.open import open_logs
from hybridsim.resources import find
from hybridsim.robot import load_robot
from hybridsim.simulator.inputs import log_inputs
from hybridsim.simulator.signs import with_signs
from hybridsim.study import load_study
from tests.benchmarks.recordings import recordings

FACTORS = (1.0, 0.4, 0.6, 0.8, 1.25, 1.6, 2.2)
SHIFTS = (0.0, -0.02, -0.015, -0.01, -0.005, 0.005, 0.01, 0.015, 0.02)
"""Of the delay [s]."""
DRY = ("motor_coulomb", "output_coulomb", "stiction")


def main(calibration: str) -> None:
    """Print a line a joint."""
    found, study = Calibration.load(calibration), load_study(find("calibration", "so101") / "study.toml")
    values, settings = found.values(), found.record.simulation
    robot = load_robot("so101")
    training = {log.log_id for log in found.record.lineage.logs if log.split == "train"}
    logs = [log for log in open_logs([recordings("so101")], robot) if log.log_id in training]
    inputs = [log_inputs(log, robot) for log in logs]
    selection = select_parameters(study, robot, inputs)
    step, plane = settings.physics_timestep_s, settings.plane
    problem = new_problem(with_signs(robot, values), selection, inputs, timestep=step, plane=plane)
    print(f"{len(logs)} training logs, mean absolute error [mrad], in-sample")
    for drive, joint in enumerate(problem.joints):
        prefix = f"drive.{joint}."
        errors = np.empty((len(FACTORS), len(SHIFTS), len(logs)))
        for (f, factor), (s, shift) in itertools.product(enumerate(FACTORS), enumerate(SHIFTS)):
            changed = values | {prefix + name: factor * values[prefix + name] for name in DRY}
            changed[prefix + "delay"] = max(0.0, values[prefix + "delay"] + shift)
            errors[f, s] = 1e3 * problem.per_log(problem.errors(drive, changed), drive)
        print(
            f"{joint:14s} one for all {errors[0, 0].mean():5.2f}   own delay {errors[0].min(0).mean():5.2f}"
            f"   own friction {errors[:, 0].min(0).mean():5.2f}   both {errors.min((0, 1)).mean():5.2f}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
