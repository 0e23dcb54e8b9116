"""Replays: commands and samples stay aligned, logs do not mix, and measurements are never looked at again."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibrate import IdentifiedSimulator
from hybridsim.calibration import SimulationSettings
from hybridsim.identify.problem import WORLD
from hybridsim.log import Constant, LogDraft, Signal, log_of
from hybridsim.replay.engine import Trajectory, batches, first_angle, replay_logs
from hybridsim.replay.variants import replay_variant
from hybridsim.simulator.inputs import log_inputs
from tests.identify.bench import PREFIX, TRUTH, pendulum, swings

STEP = 0.005
START_NS = 1_700_000_000_000_000_000


def simulator():
    values = {p.name: p.value for p in [*offered(pendulum()), *WORLD]}
    values |= {f"{PREFIX}{name}": value for name, value in TRUTH.items()}
    values[f"{PREFIX}position_gain"] = 4.0
    settings = SimulationSettings(physics_timestep_s=STEP, plane=False)
    return IdentifiedSimulator(robot=pendulum(), values=values, settings=settings)


def trajectory(angle, timestep=0.01):
    column = np.asarray(angle, float)[:, None]
    names = ("angle", "analytic", "speed", "load", "command", "spread", "motor", "duty")
    return Trajectory(log_id="a", timestep=timestep, **dict.fromkeys(names, column))


def test_between_steps_a_trajectory_is_a_straight_line():
    run = trajectory([0.0, 1.0, 3.0])
    time = np.array([0.0, 0.005, 0.01, 0.0125, 0.02])
    # 0.0125 s is a quarter of the way from 1 to 3.
    assert run.at("angle", time)[:, 0] == pytest.approx([0.0, 0.5, 1.0, 1.5, 3.0])


def test_outside_a_trajectory_its_ends_hold():
    assert trajectory([0.0, 1.0]).at("angle", np.array([-1.0, 5.0]))[:, 0].tolist() == [0.0, 1.0]
    assert trajectory([2.0]).at("angle", np.array([0.0, 1.0]))[:, 0].tolist() == [2.0, 2.0]


def test_a_batch_has_one_set_up_and_logs_alike_in_length():
    logs = [
        replace(log, log_id=f"{n}-{m}") for m in (0.1, 0.4) for n, log in enumerate(swings(3, 0.5, mass=m))
    ]
    found = batches(logs, 2)
    assert sorted(log.log_id for batch in found for log in batch) == sorted(log.log_id for log in logs)
    assert [len(batch) for batch in found] == [2, 1, 2, 1]
    for batch in found:
        assert len({tuple(log.constants.items()) for log in batch}) == 1


def test_two_logs_together_equal_each_alone_and_keep_their_order():
    logs = [*swings(2, 1.0), replace(swings(1, 2.0, seed=3)[0], log_id="long")]
    together = replay_logs(simulator(), logs)
    assert [run.log_id for run in together] == [log.log_id for log in logs]
    for log, run in zip(logs, together, strict=True):
        (alone,) = replay_logs(simulator(), [log])
        for field in ("angle", "analytic", "speed", "load", "command", "spread", "motor", "duty"):
            assert np.array_equal(getattr(run, field), getattr(alone, field)), field
        assert len(run.angle) == round(log.time_s[-1] / STEP) + 1


def test_measurements_after_the_first_row_change_nothing():
    (log,) = swings(1, 1.0)
    other = log.measured.copy()
    other[1:] = np.random.default_rng(0).normal(size=other[1:].shape)
    other[5] = np.nan
    (run,), (seen,) = (replay_logs(simulator(), [one]) for one in (log, replace(log, measured=other)))
    assert np.array_equal(run.angle, seen.angle)
    other[0] += 0.1
    (moved,) = replay_logs(simulator(), [replace(log, measured=other)])
    assert moved.angle[0, 0] == pytest.approx(0.1)


def test_a_replay_starts_where_the_log_does_and_at_its_speed():
    (log,) = swings(1, 0.5)
    log = replace(
        log, measured=log.measured + 0.7, first_speed=np.array([2.0]), enabled=np.zeros_like(log.enabled)
    )
    (run,) = replay_logs(simulator(), [log])
    assert run.angle[0, 0] == pytest.approx(0.7)
    assert run.speed[0, 0] == pytest.approx(2.0)
    assert run.angle[1, 0] - run.angle[0, 0] == pytest.approx(2.0 * STEP, rel=0.2)


def test_a_hole_at_the_start_is_filled_by_the_first_sample_there_is():
    (log,) = swings(1, 0.5)
    measured = log.measured + 0.3
    measured[:4] = np.nan
    assert first_angle(replace(log, measured=measured)) == pytest.approx([0.3])


def stored(time_s, command, measured, late_ns=0):
    """A log as a store keeps it; what was measured is stamped `late_ns` later."""
    stamps = START_NS + np.round(np.asarray(time_s) * 1e9).astype(np.int64)

    def signal(name, values, shift=0):
        column = np.asarray(values, float)[:, None]
        return Signal(name, "rad", ("pendulum",), stamps + shift, column)

    draft = LogDraft(
        robot="xl330_pendulum",
        serial="x",
        name="ramp",
        signals={
            "joint_position_command": signal("joint_position_command", command),
            "joint_position": signal("joint_position", measured, late_ns),
        },
        constants={
            "payload_mass": Constant(value=1e-6, unit="kg"),
            "payload_length": Constant(value=0.1, unit="m"),
            "position_gain": Constant(value=1.0, unit="1"),
        },
    )
    return log_inputs(log_of(draft), pendulum())


RATE, SPEED = 100.0, 0.8


def ramp():
    """One second at rest, then at a constant speed: the response follows at that speed, later."""
    time = np.arange(400) / RATE
    return time, np.where(time > 1.0, SPEED * (time - 1.0), 0.0)


def late_error(log):
    """Signed mean of replay minus measured on most of the last second: everything moves evenly [rad]."""
    (run,) = replay_logs(simulator(), [log])
    rows = (log.time_s > 3.0) & (log.time_s < 3.9)
    return float((run.at("angle", log.time_s) - log.measured)[rows, 0].mean())


@pytest.fixture(scope="module")
def response():
    """What the simulator itself does on the ramp: the measurement that leaves no error."""
    time, command = ramp()
    log = stored(time, command, np.zeros(400))
    (run,) = replay_logs(simulator(), [log])
    return run.at("angle", log.time_s)[:, 0]


def test_an_aligned_log_leaves_no_error(response):
    time, command = ramp()
    assert response[-1] == pytest.approx(SPEED * 3.0, abs=0.15)
    assert late_error(stored(time, command, response)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("shift", [1, -1, 3])
def test_each_sample_of_misalignment_costs_its_travel(response, shift):
    # A response that comes `shift` samples later reads less by speed * shift / rate: 8 mrad a sample here.
    time, command = ramp()
    error = late_error(stored(time, command, np.roll(response, shift)))
    assert abs(error) == pytest.approx(SPEED * abs(shift) / RATE, rel=1e-3)
    assert np.sign(error) == np.sign(shift)


@pytest.mark.parametrize("late_ns", [10_000_000, 2_500_000])
def test_stamps_say_when_a_sample_was_taken(response, late_ns):
    # The same values stamped later are a later response, also by a part of a sample.
    time, command = ramp()
    error = late_error(stored(time, command, response, late_ns))
    assert error == pytest.approx(SPEED * late_ns * 1e-9, rel=1e-3)


def test_variants_in_worker_processes_equal_those_here():
    logs = swings(3, 0.5)
    here, there = (
        replay_variant(simulator(), logs, name="identified", engine=engine) for engine in ("serial", "loky")
    )
    for one, other in zip(here.runs, there.runs, strict=True):
        assert np.array_equal(one.angle, other.angle)
    assert here.simulated_s == pytest.approx(3 * 0.49)
    assert here.wall_s > 0
