"""The offline rollout against the simulator on the same commands, and each log against its batch."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibrate import IdentifiedSimulator
from hybridsim.calibration import SimulationSettings
from hybridsim.identify.problem import WORLD
from hybridsim.replay.engine import replay_logs
from tests.identify.arm import arm, arm_problem, wandering
from tests.identify.bench import (
    PREFIX,
    STEP,
    TRUTH,
    log_of,
    pendulum,
    problem_of,
    recorded,
    selection,
    swings,
)

# What a drive can do, one at a time and together; each changes the motion by much more than the tolerance.
EFFECTS = {
    "plain": {},
    "delayed": {"delay": 0.0083},
    "rubbed": {"motor_coulomb": 0.03, "output_coulomb": 0.02, "stiction": 0.03, "motor_viscous": 0.02},
    "geared": {
        "gear_loss_drive": 0.2,
        "gear_loss_back": 0.5,
        "gear_loss_drive_rest": 0.1,
        "gear_loss_growth": 0.1,
    },
    "counted": {
        "encoder_resolution": 0.0015,
        "encoder_offset": 0.04,
        "command_offset": -0.02,
        "deadband": 0.003,
    },
    "loose": {"backlash": 0.03, "stiffness": 20.0},
    "slow": {"motor_lag": 0.02, "rate_limit": 3.0, "velocity_gain": 0.02, "integral_gain": 2.0},
    "stopped": {"stop_low": -0.3, "stop_high": 0.4},
    "weak": {"supply_drop": 0.2, "ripple_drop": 0.5, "off_braking": 0.7, "duty_limit": 0.8},
}


def simulated(robot, values, logs):
    """Free runs in HybridSim, at the logs' stamps [rad]."""
    settings = SimulationSettings(physics_timestep_s=STEP, plane=False)
    runs = replay_logs(IdentifiedSimulator(robot=robot, values=values, settings=settings), logs)
    return [run.at("angle", log.time_s) for run, log in zip(runs, logs, strict=True)]


def prior(robot):
    return {p.name: p.value for p in [*offered(robot), *WORLD]}


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_rollout_is_the_simulator_on_one_joint(effect):
    (log,) = swings(1, 3.0)
    log = replace(log, voltage=np.full_like(log.voltage, 4.5), gain=np.full_like(log.gain, 1.2))
    problem = problem_of(selection("delay"), [log])
    own = {"position_gain": 2.0, "stall_effort": 0.8, "armature": 0.004, **EFFECTS[effect]}
    values = prior(pendulum()) | {f"{PREFIX}{name}": value for name, value in own.items()}
    angle, load, _ = problem.simulate(0, values)
    (expected,) = simulated(pendulum(), values, [log])
    # Path and simulator interpolate and weigh the same body; what is left is rounding and one step's load.
    assert np.abs(angle - expected[:, 0]).max() < 1e-6
    assert np.ptp(angle) > 0.3
    assert np.isfinite(load).all()


@pytest.mark.parametrize("effect", [name for name in EFFECTS if name != "plain"])
def test_each_effect_shows(effect):
    problem = problem_of(selection("delay"), swings(1, 3.0))
    values = prior(pendulum()) | {f"{PREFIX}position_gain": 2.0}
    plain, _, _ = problem.simulate(0, values)
    changed, _, _ = problem.simulate(0, values | {f"{PREFIX}{k}": v for k, v in EFFECTS[effect].items()})
    assert np.abs(changed - plain).max() > 1e-3


def test_the_rollout_is_near_the_simulator_on_an_arm():
    # The rollout weighs the other joints where they were measured, at rest; a free arm's own motion adds the
    # rest: centrifugal and coupling loads, small against the drives.
    log = wandering(3.0, size=0.4)
    values = prior(arm()) | {f"drive.{name}.delay": 0.012 for name in arm().joint_names}
    (free,) = simulated(arm(), values, [log])
    problem = arm_problem("", replace(log, measured=free))
    for drive in range(6):
        angle, _, _ = problem.simulate(drive, values)
        assert np.abs(angle - free[:, drive]).max() < 4e-3
        assert np.abs(angle - free[:, drive]).mean() < 1.5e-3


def test_two_logs_together_equal_each_alone():
    logs = recorded([*swings(2, 2.0), replace(swings(1, 3.0, seed=4)[0], log_id="c")])
    both = problem_of(selection(*TRUTH), logs)
    values = both.values(np.full(len(both.space), 0.4))
    angle, load, _ = both.simulate(0, values)
    for k, log in enumerate(logs):
        alone, weighed, _ = problem_of(selection(*TRUTH), [log]).simulate(0, values)
        rows = slice(both.body.first[k], both.body.first[k + 1])
        assert (angle[rows] == alone).all()
        assert (load[rows] == weighed).all()


def test_a_rollout_looks_at_the_first_measurement_only():
    (log,) = recorded(swings(1, 2.0))
    values = problem_of(selection(*TRUTH), [log]).values(np.full(6, 0.4))
    truth, _, _ = problem_of(selection(*TRUTH), [log]).simulate(0, values)
    other = log.measured.copy()
    other[1:] = 0.3 * np.sin(9.0 * log.time_s[1:])[:, None]
    seen, _, _ = problem_of(selection(*TRUTH), [replace(log, measured=other)]).simulate(0, values)
    assert seen == pytest.approx(truth, abs=1e-4)  # the body's path is measured, gravity about it is exact
    other[0] += 0.2
    moved, _, _ = problem_of(selection(*TRUTH), [replace(log, measured=other)]).simulate(0, values)
    assert np.abs(moved - truth).max() > 0.1


def test_a_step_response_begins_one_delay_after_the_command():
    # The command jumps at 0.5 s; a drive with 37 ms of delay has not moved at 0.53 s and has at 0.55 s.
    time = np.arange(200) / 100.0
    log = log_of(time, np.where(time >= 0.5, 0.5, 0.0), np.zeros(200))
    problem = problem_of(selection("delay", position_gain=5.0), [log])
    values = problem.values(problem.space.to_vector({f"{PREFIX}delay": 0.037}))
    angle, _, _ = problem.simulate(0, values)
    assert (angle[time <= 0.53] == 0.0).all()
    assert angle[time >= 0.55][0] > 1e-4


def test_uneven_stamps_give_the_same_motion_as_even_ones():
    # The same commands held at twice as many, unevenly placed, stamps.
    (even,) = swings(1, 2.0)
    random = np.random.default_rng(0)
    between = even.time_s[:-1] + random.uniform(0.2, 0.8, len(even.time_s) - 1) / 100.0
    time = np.sort(np.concatenate([even.time_s, between]))
    row = np.searchsorted(even.time_s, time, side="right") - 1
    uneven = replace(
        log_of(time, even.command[row, 0], np.zeros(len(time))),
        enabled=even.enabled[row],
        constants=even.constants,
    )
    values = prior(pendulum()) | {f"{PREFIX}{name}": value for name, value in TRUTH.items()}
    values |= {f"{PREFIX}position_gain": 2.0}
    one, other = (
        replace(problem_of(selection("delay"), [log]), timestep=0.001).simulate(0, values)[0]
        for log in (even, uneven)
    )
    at = np.searchsorted(time, even.time_s)
    assert np.abs(other[at] - one).mean() < 1e-3  # the steps differ, first order in their length
    assert np.ptp(one) > 0.5
