"""Short replays that restart from measured states: what they restart from, and what they average."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.replay.windowed import MOST_TIME, window_errors
from tests.identify.bench import log_of, pendulum, swings
from tests.replay.test_engine import simulator


def errors(logs, horizons=(0.1, 0.4)):
    found = window_errors(
        simulator(), pendulum(), logs, variant="identified", horizons=horizons, engine="serial"
    )
    return {(error.log_id, error.horizon_s): error for error in found}


def free_run(log):
    from hybridsim.replay.engine import replay_logs

    (run,) = replay_logs(simulator(), [log])
    return replace(log, measured=run.at("angle", log.time_s))


def test_an_offset_that_restarts_forget_is_gone():
    # Measured 0.2 rad off for ever, in a drive that holds still without gravity: each window starts there,
    # and the drive moves away from it towards its command.
    time = np.arange(300) / 100.0
    still = replace(log_of(time, np.zeros(300), np.full(300, 0.2)), enabled=np.zeros((300, 1), bool))
    still = replace(still, constants={"payload_mass": 1e-6, "payload_length": 0.1})
    found = errors([still])
    assert found[still.log_id, 0.1].mae[0] == pytest.approx(0.0, abs=1e-6)


def test_errors_grow_with_the_horizon_and_count_their_samples():
    (log,) = swings(1, 4.0)
    wrong = replace(log, measured=0.5 * free_run(log).measured)
    found = errors([wrong])
    short, long = found[log.log_id, 0.1], found[log.log_id, 0.4]
    assert 0.0 < short.mae[0] < long.mae[0]
    # 100 Hz and 9 windows of 0.4 s in 3.99 s: 10 and 39 or 40 samples each, but the one they start from.
    assert short.count == 90 and 9 * 39 <= long.count <= 9 * 40
    assert short.signal == "joint_position" and short.variant == "identified"


def test_restarts_of_the_truth_stay_near_it():
    (log,) = swings(1, 4.0)
    truth = free_run(log)
    found = errors([truth])
    travel = np.abs(np.diff(truth.measured[:, 0])).mean() * 100.0 * 0.4
    # Only the speed and the commands on their way have to be guessed.
    assert found[log.log_id, 0.4].mae[0] < 0.1 * travel


def test_a_log_shorter_than_the_window_is_one_window():
    (log,) = swings(1, 0.3)
    found = errors([log], (0.1, 1.0))
    assert found[log.log_id, 0.1].count == 10
    assert np.isfinite(found[log.log_id, 0.1].mae).all()


def test_a_window_does_not_start_in_a_hole():
    (log,) = swings(1, 4.0)
    log = free_run(log)
    measured = log.measured.copy()
    measured[180:220] = np.nan
    found = errors([replace(log, measured=measured)])
    assert np.isfinite(found[log.log_id, 0.4].mae).all()


def test_a_log_without_a_start_for_any_window_has_no_errors():
    first, other = swings(2, 0.3)
    measured = first.measured.copy()
    measured[0] = np.nan
    found = errors([replace(first, measured=measured), other], (0.1, 1.0))
    assert set(found) == {(other.log_id, 0.1), (other.log_id, 1.0)}


def test_long_logs_are_sampled():
    time = np.arange(6000) / 100.0
    log = log_of(time, np.sin(time), np.zeros(6000))
    found = errors([log], (1.0,))
    assert found[log.log_id, 1.0].count <= (MOST_TIME + 1) * 100
