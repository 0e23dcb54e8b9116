"""In which direction units differ: found where there is one, nothing where there is none. Synthetic."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.context.latent import direction_of, individual, latents_of
from hybridsim.fleet.differing import direction
from hybridsim.learn.residual import Leftover
from hybridsim.networks.inference import added
from tests.networks.planted import random_features, random_networks

UNITS, LOGS, ROWS, NOISE = 12, 4, 400, 0.002
"""Noise of a leftover; networks add some 0.1, and units differ by 0.01."""


@pytest.fixture(scope="module")
def fleet():
    """A shared network, a hidden direction in the first group, units' amounts, and what they leave over."""
    shared, random = random_networks(ensemble=2), np.random.default_rng(3)
    names = replace(shared, contract=shared.contract.model_copy(update={"name": "drive_residual"}))
    last = random.normal(0.0, 0.15, shared.weights[-1].shape).astype(np.float32)
    last[1] = 0.0
    hidden = replace(
        names, weights=(*names.weights[:-1], last), biases=(*names.biases[:-1], 0 * names.biases[-1])
    )
    amounts = random.normal(0.0, 1.0, UNITS)
    features = np.clip(random_features(names, rows=UNITS * LOGS * ROWS), -2, 3)
    log = np.repeat(np.arange(UNITS * LOGS), ROWS)
    left = np.empty((len(log), 2))
    for unit, amount in enumerate(amounts):
        rows = log // LOGS == unit
        left[rows] = added(names, hidden, np.array([amount, 0.0])).evaluate(features[rows])[0]
    left += random.normal(0.0, NOISE, left.shape)
    return names, hidden, amounts, Leftover(features=features, left=left, log=log)


def numbers(units):
    return [list(range(LOGS * unit, LOGS * (unit + 1))) for unit in units]


def test_a_planted_direction_is_found_at_its_joint_alone(fleet):
    shared, hidden, amounts, left = fleet
    way = direction(shared, left, numbers(range(9)), numbers(range(9, 12)), 0)
    assert way is not None and not way.weights[-1][1].any() and not way.biases[-1][1].any()
    sample = left.features[::7]
    size = np.sqrt(np.mean(amounts[:9] ** 2))

    def effect(of, amount):
        return (added(shared, of, np.array([amount, 0.0])).evaluate(sample)[0] - shared.evaluate(sample)[0])[
            :, 0
        ]

    truth, found = effect(hidden, size), effect(way, 1.0)
    found *= np.sign(found @ truth)
    assert np.sqrt(np.mean((found - truth) ** 2)) < 0.2 * np.sqrt(np.mean(truth**2))


def test_units_that_differ_by_chance_alone_give_none(fleet):
    shared, _, _, left = fleet
    alike = replace(left, left=shared.evaluate(left.features)[0] + 0.0)
    random = np.random.default_rng(5)
    alike.left[:] += random.normal(0.0, NOISE, alike.left.shape)
    assert direction(shared, alike, numbers(range(9)), numbers(range(9, 12)), 0) is None


def test_one_unit_or_judges_of_one_log_say_nothing(fleet):
    shared, _, _, left = fleet
    assert direction(shared, left, numbers([0]), numbers([9]), 0) is None
    assert direction(shared, left, numbers(range(9)), [[40]], 0) is None


def test_an_individuals_networks_are_the_shared_ones_and_its_share_of_the_direction(fleet):
    shared, _, _, left = fleet
    way = direction(shared, left, numbers(range(9)), numbers(range(9, 12)), 0)
    both, (first, second) = (way, shared), shared.contract.groups
    assert [joint for joint, _ in latents_of(both)] == [first] and direction_of(both) is way
    sample = left.features[:50]
    [same] = individual(both, {})
    assert (same.evaluate(sample)[0] == shared.evaluate(sample)[0]).all()
    [own] = individual(both, {f"latent.{first}": 1.5, f"latent.{second}": 1.5})
    apart = own.evaluate(sample)[0] - shared.evaluate(sample)[0]
    assert np.abs(apart[:, 0]).max() > 1e-3 and (apart[:, 1] == 0).all()
    assert individual((shared,), {f"latent.{first}": 1.5}) == (shared,)
