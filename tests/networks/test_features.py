"""History: hand-computed taps and memories, the same features at every rate, no memory after reset."""

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.networks.contract import NetworkInput
from hybridsim.networks.features import History, leak_weights, log_features
from tests.networks.planted import GIVEN, spec

RAMP = NetworkInput(name="x", unit="1", sign="as measured", taps=(0, 1, 3), leaks=(0.05,))


def one(period, tap_input=RAMP, worlds=1):
    terms = spec(inputs=(tap_input,), groups=("pan",), sample_period=0.02)
    return History(terms, inputs=[("x", "1")], worlds=worlds, period=period)


def test_taps_by_hand():
    # samples 0, 1, 2 ... at the contract's 20 ms; before the first sample the world stood at 0
    history = one(0.02)
    rows = [history.push(np.full((1, 1, 1), float(n)))[0, 0, :3].tolist() for n in range(5)]
    assert rows == [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 2, 0], [4, 3, 1]]
    # at 8 ms, 2.5 steps a sample: tap 1 lies 2.5 steps back, tap 3 7.5 steps
    history = one(0.008)
    rows = [history.push(np.full((1, 1, 1), float(n)))[0, 0, :3].tolist() for n in range(10)]
    assert rows[9] == [9, 6.5, 1.5] and rows[2] == [2, 0, 0] and rows[3] == [3, 0.5, 0]


def test_memory_follows_the_exact_first_order_lag():
    # tau dm/dt = x - m with x = t from rest: m = t - tau (1 - exp(-t / tau)); tau = 50 ms, t = 0.1 s
    exact = 0.1 - 0.05 * (1 - np.exp(-2.0))
    for period in (0.02, 0.01, 0.004):
        history = one(period)
        for n in range(round(0.1 / period) + 1):
            features = history.push(np.full((1, 1, 1), n * period))
        np.testing.assert_allclose(features[0, 0, 3], exact, rtol=1e-6)
    assert sum(leak_weights(0.01, 0.3)) == pytest.approx(1.0)  # a constant is remembered as itself


def wave(t):
    return np.sin(2 * np.pi * 1.3 * t) + 0.3 * np.cos(2 * np.pi * 0.4 * t)


@pytest.mark.parametrize("rate_hz", [50, 100, 200, 130])
def test_the_same_motion_gives_the_same_features_at_every_rate(rate_hz):
    at_50 = log_features(
        spec(inputs=(RAMP,), groups=("pan",)),
        wave(np.arange(150) / 50)[:, None, None],
        inputs=[("x", "1")],
        period=0.02,
    )
    history = one(1 / rate_hz)
    for n in range(int(2.0 * rate_hz) + 1):
        features = history.push(np.full((1, 1, 1), wave(n / rate_hz)))
    np.testing.assert_allclose(features[0], at_50[100], atol=2e-3)  # at 2.0 s


def test_a_period_longer_than_the_contracts_is_refused():
    with pytest.raises(CalibrationError, match=r"asked period is 0.025 s; .* step at 0.02 s or faster"):
        one(0.025)
    with pytest.raises(CalibrationError, match="positive time"):
        one(0.0)


def test_a_whole_log_gives_the_bits_of_pushing_sample_by_sample():
    values = np.random.default_rng(0).normal(size=(40, 2, 2))
    terms = spec()
    history = History(terms, inputs=GIVEN, worlds=1, period=0.015)
    pushed = np.array([history.push(row[None])[0].copy() for row in values])
    assert np.array_equal(pushed, log_features(terms, values, inputs=GIVEN, period=0.015))


def test_reset_leaves_no_memory_and_other_worlds_alone():
    rng = np.random.default_rng(1)
    terms = spec()
    used, never = (History(terms, inputs=GIVEN, worlds=2, period=0.01) for _ in range(2))
    before, after = rng.normal(size=(2, 30, 2, 2, 2))
    for row in before:
        used.push(row)
    used.reset(np.array([True, False]))
    fresh = np.array([never.push(row).copy() for row in after])
    again = np.array([used.push(row).copy() for row in after])
    assert np.array_equal(again[:, 0], fresh[:, 0])
    assert not np.array_equal(again[:, 1], fresh[:, 1])
    used.reset()
    assert np.array_equal(used.push(after[0]), fresh[0])


def test_shuffled_inputs_and_wrong_shapes_are_refused():
    with pytest.raises(CalibrationError, match="expected in this order position_error"):
        History(spec(), inputs=GIVEN[::-1], worlds=1, period=0.02)
    with pytest.raises(CalibrationError, match=r"shape \(1, 2, 3\); expected \(1, 2, 2\)"):
        History(spec(), inputs=GIVEN, worlds=1, period=0.02).push(np.zeros((1, 2, 3)))
