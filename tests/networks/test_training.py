"""Training: a planted function is learned, noise is not, the same seed gives the same bits."""

import dataclasses

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.networks.samples import Samples, log_means
from hybridsim.networks.store import load_networks, save_networks
from hybridsim.networks.training import TrainingOptions, fit_networks
from tests.networks.planted import spec

QUICK = TrainingOptions(steps=700, batch=64, evaluations=5)


def planted(rows=3000, logs=10, seed=0):
    """Group 0: a saturating function of two features; group 1: noise that nothing explains."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 2, 5)).astype(np.float32)
    targets = 0.01 * rng.choice([-1.0, 1.0], size=(rows, 2))
    targets[:, 0] = 0.01 * (np.tanh(2 * features[:, 0, 0]) + 0.5 * features[:, 0, 3])
    return Samples(features=features, targets=targets, log_index=np.arange(rows) * logs // rows)


@pytest.fixture(scope="module")
def data():
    samples = planted()
    return samples.of_logs(range(7)), samples.of_logs([7, 8, 9])


@pytest.fixture(scope="module")
def fit(data):
    return fit_networks(spec(), *data, seed=0, options=QUICK)


def test_a_planted_function_is_learned_and_noise_is_left_alone(fit):
    assert fit.kept == (True, False)
    assert fit.error[0] < 0.1 * fit.zero_error[0] and fit.error[1] == fit.zero_error[1]
    fresh = planted(seed=1)
    mean, spread = fit.networks.evaluate(fresh.features)
    assert np.abs(mean[:, 0] - fresh.targets[:, 0]).mean() < 0.1 * np.abs(fresh.targets[:, 0]).mean()
    assert not mean[:, 1].any() and not spread[:, 1].any()
    assert spread[:, 0].mean() > 0


def test_the_reported_error_is_that_of_the_compiled_networks(fit, data):
    validation = data[1]
    mean, _ = fit.networks.evaluate(validation.features)
    _, errors = log_means(np.abs(mean - validation.targets), validation.log_index)
    np.testing.assert_allclose(errors.mean(axis=0), fit.error, rtol=1e-4)


def test_the_learned_function_ends_outside_its_support(fit):
    features = np.zeros((3, 2, 5), np.float32)
    features[1, :, 0], features[2, :, 0] = 2.0, 30.0  # data were normal: 99.9 % lie below 3.1
    mean, _ = fit.networks.evaluate(features)
    assert abs(mean[1, 0]) > 0.005 and mean[2, 0] == 0.0


def test_same_seed_same_bits(fit, data, tmp_path):
    short = dataclasses.replace(QUICK, steps=40, least_gain=-1.0)  # keep what so few steps give
    one, again, other = (fit_networks(spec(), *data, seed=seed, options=short) for seed in (0, 0, 1))
    assert save_networks(tmp_path, one.networks) == save_networks(tmp_path, again.networks)
    assert save_networks(tmp_path, one.networks) != save_networks(tmp_path, other.networks)
    # the members of one ensemble differ
    assert not np.array_equal(fit.networks.weights[0][0, 0], fit.networks.weights[0][0, 1])


def test_a_fit_survives_the_disk(fit, data, tmp_path):
    terms = save_networks(tmp_path, fit.networks)
    loaded = load_networks(tmp_path, type(terms).model_validate_json(terms.model_dump_json()))
    features = data[1].features
    assert np.array_equal(loaded.evaluate(features)[0], fit.networks.evaluate(features)[0])


def test_weights_leave_samples_out(data):
    training = data[0]
    broken = training.targets.copy()
    broken[::2, 0] = 5.0
    weights = np.tile([0.0, 1.0], len(broken))[: len(broken)]
    kept = dataclasses.replace(training, targets=broken, weights=weights)
    fit = fit_networks(spec(), kept, data[1], seed=0, options=QUICK)
    assert fit.error[0] < 0.15 * fit.zero_error[0]


def test_a_time_limit_cuts_short_and_progress_is_told(data):
    told = []
    options = dataclasses.replace(QUICK, seconds=0.0)
    fit = fit_networks(
        spec(), *data, seed=0, options=options, progress=lambda done, most: told.append((done, most))
    )
    assert fit.cut_short and fit.steps == 140 and told == [(140, 700)]


def test_bad_samples_are_refused(data):
    training, validation = data
    with pytest.raises(CalibrationError, match=r"logs \[7, 8, 9\] are in both training and validation"):
        fit_networks(spec(), validation, validation, seed=0)
    with pytest.raises(CalibrationError, match="expected .samples, 1 groups, 5 features"):
        fit_networks(spec(groups=("pan",)), training, validation, seed=0)
    targets = training.targets.copy()
    targets[3, 1] = np.nan
    with pytest.raises(CalibrationError, match=r"targets holds NaN or infinity, first at index \[3, 1\]"):
        dataclasses.replace(training, targets=targets)
