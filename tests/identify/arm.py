"""Short logs of the six-joint arm: poses that wander, commands that are where it was measured. Synthetic."""

from __future__ import annotations

import numpy as np

from hybridsim.actuators import offered
from hybridsim.identify.problem import WORLD, Problem, new_problem
from hybridsim.robot import Robot, load_robot
from hybridsim.simulator.body import offered_inertials
from hybridsim.simulator.inputs import LogInputs
from hybridsim.study import parse_study

STUDY = 'schema = 1\nrobot = "so101"\nscored_signals = ["joint_position"]\n'
RATE_HZ = 50.0


def arm() -> Robot:
    return load_robot("so101")


def wandering(seconds: float = 2.0, seed: int = 0, size: float = 0.8) -> LogInputs:
    """Slow waves of every joint about the middle of its range [rad]."""
    robot, random = arm(), np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    middle = [(robot.joint(d.joint).lower.value + robot.joint(d.joint).upper.value) / 2 for d in robot.drives]
    waves = np.sin(2 * np.pi * random.uniform(0.1, 0.6, 6) * time[:, None] + random.uniform(0, 6.28, 6))
    angle = np.array(middle) + size * random.uniform(0.4, 1.0, 6) * waves
    ones = np.ones_like(angle)
    return LogInputs(
        log_id=f"{seed:016x}",
        name=f"wandering {seed}",
        time_s=time,
        command=angle,
        measured=angle,
        gain=16.0 * ones,  # what the arm's register is taken as
        voltage=0.0 * ones,
        enabled=ones > 0,
        constants={},
    )


def arm_problem(
    extra: str = "", *logs: LogInputs, plane: bool = False, robot: Robot | None = None
) -> Problem:
    """A fit of every delay, and of what `extra` tables add."""
    design = robot or arm()
    tables = '[[parameter]]\nname = "drive.*.delay"\nunit = "s"\nlow = 0.0\nhigh = 0.08\n'
    models = [*offered(design), *offered_inertials(design), *WORLD]
    chosen = parse_study(STUDY + tables + extra).resolve(models)
    return new_problem(design, chosen, list(logs) or [wandering()], timestep=0.005, plane=plane)
