"""Training: a planted function is learned, the same seed gives the same bits."""

import dataclasses

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.networks.samples import Samples
from hybridsim.networks.store import load_networks, save_networks
from hybridsim.networks.training import TrainingOptions, fit_networks
from tests.networks.planted import spec

QUICK = TrainingOptions(steps=700, batch=64)


def planted(rows=3000, logs=10, seed=0):
    """Group 0: a saturating function of two features; group 1: noise that nothing explains."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 2, 5)).astype(np.float32)
    targets = 0.01 * rng.choice([-1.0, 1.0], size=(rows, 2))
    targets[:, 0] = 0.01 * (np.tanh(2 * features[:, 0, 0]) + 0.5 * features[:, 0, 3])
    return Samples(features=features, targets=targets, log_index=np.arange(rows) * logs // rows)


@pytest.fixture(scope="module")
def networks():
    return fit_networks(spec(), planted(), seed=0, options=QUICK)


def test_a_planted_function_is_learned(networks):
    fresh = planted(seed=1)
    mean, spread = networks.evaluate(fresh.features)
    assert np.abs(mean - fresh.targets)[:, 0].mean() < 0.1 * np.abs(fresh.targets[:, 0]).mean()
    assert spread[:, 0].mean() > 0


def test_the_learned_function_ends_outside_its_support(networks):
    features = np.zeros((3, 2, 5), np.float32)
    features[1, :, 0], features[2, :, 0] = 2.0, 30.0  # data were normal: 99.9 % lie below 3.1
    mean, _ = networks.evaluate(features)
    assert abs(mean[1, 0]) > 0.005 and mean[2, 0] == 0.0


def test_same_seed_same_bits(networks, tmp_path):
    short = dataclasses.replace(QUICK, steps=40)
    one, again, other = (fit_networks(spec(), planted(), seed=seed, options=short) for seed in (0, 0, 1))
    assert save_networks(tmp_path, one) == save_networks(tmp_path, again)
    assert save_networks(tmp_path, one) != save_networks(tmp_path, other)
    # the members of one ensemble differ
    assert not np.array_equal(networks.weights[0][0, 0], networks.weights[0][0, 1])


def test_networks_survive_the_disk(networks, tmp_path):
    terms = save_networks(tmp_path, networks)
    loaded = load_networks(tmp_path, type(terms).model_validate_json(terms.model_dump_json()))
    features = planted(seed=1).features
    assert np.array_equal(loaded.evaluate(features)[0], networks.evaluate(features)[0])


def test_weights_leave_samples_out():
    training, fresh = planted(), planted(seed=1)
    broken = training.targets.copy()
    broken[::2, 0] = 5.0
    weights = np.tile([0.0, 1.0], len(broken))[: len(broken)]
    kept = dataclasses.replace(training, targets=broken, weights=weights)
    mean, _ = fit_networks(spec(), kept, seed=0, options=QUICK).evaluate(fresh.features)
    assert np.abs(mean - fresh.targets)[:, 0].mean() < 0.15 * np.abs(fresh.targets[:, 0]).mean()


def test_progress_is_told_to_the_end():
    told = []
    options = dataclasses.replace(QUICK, steps=40)
    fit_networks(
        spec(), planted(), seed=0, options=options, progress=lambda done, most: told.append((done, most))
    )
    assert told[0] == (2, 40) and told[-1] == (40, 40)


def test_bad_samples_are_refused():
    training = planted()
    with pytest.raises(CalibrationError, match="expected .samples, 1 groups, 5 features"):
        fit_networks(spec(groups=("pan",)), training, seed=0)
    targets = training.targets.copy()
    targets[3, 1] = np.nan
    with pytest.raises(CalibrationError, match=r"targets holds NaN or infinity, first at index \[3, 1\]"):
        dataclasses.replace(training, targets=targets)
