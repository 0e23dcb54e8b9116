"""The baseline of pure delays, and numbers per drive on their way to calibration.json and back."""

from dataclasses import replace

import numpy as np

from hybridsim.replay.variants import DELAY_STEP, LONGEST_DELAY, best_delays, by_signal, delayed, per_drive
from tests.identify.arm import arm, wandering
from tests.identify.bench import log_of, swings


def test_a_delayed_command_is_the_one_of_that_long_ago():
    log = log_of(np.arange(5) * 0.1, np.arange(5.0), np.full(5, 9.0))
    assert delayed(log, np.array([0.2]))[:, 0].tolist() == [9.0, 9.0, 0.0, 1.0, 2.0]
    assert delayed(log, np.array([0.25]))[:, 0].tolist() == [9.0, 9.0, 9.0, 0.0, 1.0]
    assert delayed(log, np.array([0.0]))[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_planted_delay_is_found_for_each_drive():
    planted = np.array([0.0, 0.02, 0.04, 0.1, 0.14, 0.3])
    logs = [wandering(4.0, seed) for seed in range(2)]
    logs = [replace(log, measured=delayed(log, planted)) for log in logs]
    found = best_delays(logs)
    # Commands are held for 20 ms: shorter delays by less than that give the same replay, and come first.
    assert (found <= planted + 1e-9).all() and (found > planted - 0.02).all()


def test_missing_samples_do_not_hide_a_delay():
    (log,) = swings(1, 3.0)
    measured = delayed(log, np.array([0.05]))
    measured[10:40] = np.nan
    assert 0.04 < best_delays([replace(log, measured=measured)])[0] <= 0.05 + 1e-9


def test_no_command_is_answered_after_the_longest_delay():
    (log,) = swings(1, 3.0)
    assert (
        best_delays([replace(log, measured=delayed(log, np.array([5.0])))])[0] <= LONGEST_DELAY - DELAY_STEP
    )


def test_numbers_per_drive_go_through_signals_and_back():
    values = np.arange(6.0)
    kept = by_signal(arm(), values)
    assert kept["gripper_opening"] == {"gripper": 5.0}
    assert kept["joint_position"]["elbow_flex"] == 2.0
    assert per_drive(arm(), kept, 0.0).tolist() == values.tolist()
    del kept["joint_position"]["elbow_flex"]
    assert per_drive(arm(), kept, -1.0)[2] == -1.0
