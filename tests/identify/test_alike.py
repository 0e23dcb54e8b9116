"""A drive whose search ended in a side valley is freed by what the others of its model found."""

import numpy as np

from hybridsim.actuators import offered
from hybridsim.identify.alike import from_the_others
from hybridsim.identify.pushed import pushed_problem
from hybridsim.identify.search import mean_error
from hybridsim.log import log_of
from hybridsim.simulator.along import along_of
from hybridsim.study import parse_study
from tests.leg import STEP, TRUTH, draft, leg

HEAD = 'schema = 1\nrobot = "so101"\nscored_signals = ["joint_effort"]\n[drive]\n'
SEARCHED = {"delay": 0.05, "motor_lag": 0.06}
"""Highest values [s]."""


def problem_of(folder, joints):
    """Delay and lag are searched, everything else is true."""
    robot, text = leg(folder, joints), HEAD
    units = {p.name.split(".")[2]: p.unit for p in offered(robot)}
    for name, value in TRUTH.items():
        text += f'[[parameter]]\nname = "drive.*.{name}"\nunit = "{units[name]}"\nvalue = {value}\n'
        text += f"low = 0.0\nhigh = {SEARCHED[name]}\n" if name in SEARCHED else "identify = false\n"
    selection = parse_study(text).resolve(offered(robot))
    logs = [along_of(log_of(draft(robot, seed, seconds=3.0)), robot, STEP) for seed in (0, 1)]
    return pushed_problem(robot, selection, logs, STEP)


def off(problem, joint):
    """Everything true but one drive, which is late instead of slow."""
    values = problem.space.prior() | {f"drive.{joint}.delay": 0.04, f"drive.{joint}.motor_lag": 0.001}
    return problem.space.to_vector(values)


def errors(problem, point):
    return np.array([mean_error(problem, d, problem.values(point)) for d in range(len(problem.joints))])


def test_a_drive_starts_again_from_where_the_others_ended(tmp_path):
    problem = problem_of(tmp_path, ("a", "b", "c"))
    found = from_the_others(problem, off(problem, "b"), iterations=10)
    true = errors(problem, problem.space.to_vector(problem.space.prior()))
    assert errors(problem, off(problem, "b"))[1] > 2.0 * true[1]
    assert (errors(problem, found) < 1.02 * true).all()
    delay = problem.space.from_vector(found)["drive.b.delay"]
    assert abs(delay - TRUTH["delay"]) < 5e-4


def test_two_drives_say_nothing_about_each_other(tmp_path):
    problem = problem_of(tmp_path, ("a", "b"))
    assert (from_the_others(problem, off(problem, "b"), iterations=10) == off(problem, "b")).all()
