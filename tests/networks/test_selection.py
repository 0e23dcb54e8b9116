"""The gate: ships what is better, refuses what is not, says when the logs are too few."""

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.networks.selection import gate_verdict


def test_each_group_gets_its_own_verdict():
    rng = np.random.default_rng(0)
    without = rng.uniform(5, 20, size=(10, 3))
    change = rng.normal([-2.0, 0.0, 2.0], 0.5, size=(10, 3))
    verdict = gate_verdict(without + change, without, ["better", "same", "worse"], seed=1)
    assert [verdict.groups[name].ships for name in ("better", "same", "worse")] == [True, False, False]
    assert verdict.overall.mean_difference == pytest.approx(change.mean())
    low, high = verdict.groups["better"].interval_95
    # standard error of the mean of 10 is 0.5 / sqrt(10) = 0.16, so about 2 * 1.96 * 0.16 = 0.62 wide
    assert low < change[:, 0].mean() < high < 0 and 0.3 < high - low < 0.9
    assert "not better" in verdict.groups["worse"].reason


def test_a_network_without_merit_rarely_ships():
    rng = np.random.default_rng(2)
    nothing = np.zeros((12, 400))
    names = [str(n) for n in range(400)]
    verdict = gate_verdict(rng.normal(size=(12, 400)), nothing, names, seed=0, draws=1000)
    share = np.mean([one.ships for one in verdict.groups.values()])
    assert 0.005 < share < 0.06  # 2.5 % wanted; percentile intervals of 12 logs are a little narrow


def test_two_logs_are_too_few_and_broken_errors_are_refused():
    verdict = gate_verdict(np.array([[1.0], [1.1]]), np.array([[5.0], [5.0]]), ["pan"], seed=0)
    assert not verdict.overall.ships and "too few" in verdict.overall.reason
    with pytest.raises(CalibrationError, match="log 0, group 'pan' is not finite"):
        gate_verdict(np.array([[np.nan]]), np.array([[5.0]]), ["pan"], seed=0)
    with pytest.raises(CalibrationError, match="at least one log"):
        gate_verdict(np.zeros((0, 1)), np.zeros((0, 1)), ["pan"], seed=0)
