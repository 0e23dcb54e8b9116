"""Intervals cover what they promise, follow the difficulty, and weigh every log the same."""

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.networks.conformal import conformal_multipliers, covered, fit_difficulty

NAMES = ("1", "|speed|", "|load|")


def planted(seed, logs=20, samples=400):
    """Residuals of scale 0.5 + 2 |speed|; the load does not matter."""
    rng = np.random.default_rng(seed)
    features = np.abs(rng.normal(size=(logs * samples, 2, 3)))
    features[..., 0] = 1.0
    scale = (0.5 + 2.0 * features[..., 1]) * np.array([1.0, 0.1])
    return rng.laplace(size=scale.shape) * scale, features, np.repeat(np.arange(logs), samples)


def test_coverage_holds_on_new_logs_overall_and_at_every_speed():
    residual, features, logs = planted(0)
    difficulty = fit_difficulty(residual, features, NAMES, logs)
    # the mean of |laplace| is its scale, so the planted weights come back
    np.testing.assert_allclose(difficulty.weights[0], [0.5, 2.0, 0.0], atol=0.1)
    np.testing.assert_allclose(difficulty.weights[1] * 10, [0.5, 2.0, 0.0], atol=0.1)
    residual, features, logs = planted(1)
    q = conformal_multipliers(residual, difficulty.sigma(features), logs)
    np.testing.assert_allclose(q, np.log(10), rtol=0.06)  # P(|laplace| > q) = exp(-q) = 0.1
    residual, features, logs = planted(2)
    half_width = q * difficulty.sigma(features)
    assert (((inside := covered(residual, half_width, logs)) > 0.88) & (inside < 0.92)).all()
    slow = features[:, 0, 1] < 0.3
    for chosen in (slow, ~slow):
        assert 0.87 < covered(residual[chosen], half_width[chosen], logs[chosen])[0] < 0.93


def test_sigma_never_decreases_and_never_vanishes():
    difficulty = fit_difficulty(*planted(3)[:2], NAMES, planted(3)[2])
    assert (difficulty.weights >= 0).all()
    assert (difficulty.sigma(np.zeros((1, 2, 3))) > 0).all()
    with pytest.raises(CalibrationError, match=r"3 features 1, \|speed\|, \|load\|"):
        difficulty.sigma(np.zeros((1, 2, 2)))


def test_every_log_weighs_the_same():
    # one log of 10 samples with |r| = 1..10, one of 1000 samples with |r| = 0.5: by logs, half the weight
    # lies at 0.5 and each of 1..10 holds 5 %, so 90 % is reached at 8; by samples it would be 0.5
    residual = np.concatenate([np.arange(1.0, 11.0), np.full(1000, 0.5)])[:, None]
    logs = np.concatenate([np.zeros(10, int), np.ones(1000, int)])
    assert conformal_multipliers(residual, np.ones_like(residual), logs).tolist() == [8.0]
    assert covered(residual, np.full_like(residual, 8.0), logs).tolist() == pytest.approx([0.9])


def test_broken_numbers_are_refused():
    ones, logs = np.ones((4, 1)), np.zeros(4, int)
    with pytest.raises(CalibrationError, match="expected all above zero"):
        conformal_multipliers(ones, 0 * ones, logs)
    with pytest.raises(CalibrationError, match=r"residual holds NaN or infinity, first at index \[0, 0\]"):
        conformal_multipliers(ones * np.nan, ones, logs)
