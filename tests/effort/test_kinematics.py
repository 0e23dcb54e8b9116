"""Filters and derivatives that do not move a signal in time."""

import numpy as np
import pytest

from hybridsim.effort.kinematics import kinematics, low_pass, shifted
from hybridsim.effort.motion import Motion

PERIOD = 0.008
TIME = PERIOD * np.arange(2000)


def test_a_slow_sine_stays_in_place_and_a_fast_one_goes():
    slow, fast = np.sin(2 * np.pi * 0.5 * TIME), np.sin(2 * np.pi * 30.0 * TIME)
    kept = low_pass(np.stack([slow, fast], 1), 8.0, PERIOD)[100:-100]
    np.testing.assert_allclose(kept[:, 0], slow[100:-100], atol=1e-3)
    # Twice second order: (8/30)^4 squared... the filter's amplitude is 1 / (1 + (30/8)^4) = 0.005 each way.
    assert np.abs(kept[:, 1]).max() < 0.006


@pytest.mark.parametrize("hz", [0.0, 60.0, 1e6])
def test_a_filter_without_a_use_gives_the_very_values(hz):
    values = np.random.default_rng(0).normal(size=(100, 2))
    assert low_pass(values, hz, PERIOD) is values


@pytest.mark.parametrize("source", ["measured", "differentiated"])
def test_derivatives_of_a_sine(source):
    w = 2 * np.pi * 0.4
    q = np.stack([np.sin(w * TIME), np.cos(w * TIME)], 1)
    v = w * np.stack([np.cos(w * TIME), -np.sin(w * TIME)], 1)
    motion = Motion(
        log_id="a", name="a", time_s=TIME, period=PERIOD, position=q, velocity=v, effort=np.zeros_like(q)
    )
    position, velocity, acceleration = (x[100:-100] for x in kinematics(motion, source, 10.0))
    np.testing.assert_allclose(position, q[100:-100], atol=1e-3)
    np.testing.assert_allclose(velocity, v[100:-100], atol=1e-3 * w)
    np.testing.assert_allclose(acceleration, -w * w * q[100:-100], atol=2e-3 * w * w)


def test_a_log_without_a_measured_velocity_is_differentiated():
    q = np.sin(TIME)[:, None]
    motion = Motion(log_id="a", name="a", time_s=TIME, period=PERIOD, position=q, velocity=None, effort=0 * q)
    np.testing.assert_allclose(kinematics(motion, "measured", 0.0)[1][1:-1, 0], np.cos(TIME)[1:-1], atol=1e-4)


def test_a_shift_by_hand():
    # 1.5 rows later: row 3 shows what was halfway between rows 1 and 2.
    values = np.array([[0.0], [10.0], [20.0], [30.0], [40.0]])
    assert shifted(values, 1.5 * PERIOD, PERIOD)[:, 0].tolist() == pytest.approx([0, 0, 5, 15, 25])
    assert shifted(values, -PERIOD, PERIOD)[:, 0].tolist() == pytest.approx([10, 20, 30, 40, 40])
    assert shifted(values, 0.0, PERIOD) is values
