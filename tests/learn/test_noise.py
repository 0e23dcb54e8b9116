"""What a sensor's noise follows is learned; it ships only where logs that no network saw say so (planted)."""

import numpy as np
import pytest

from hybridsim.learn.noise import crps, learn_noise
from hybridsim.learn.residual import Leftover
from hybridsim.networks.features import log_features
from hybridsim.sensors.residual import DRIVE, SHIFT, STRENGTH, inputs_given, noise_spec
from hybridsim.study import Learn

PERIOD, ROWS, LOGS = 0.01, 600, 12
GROUPS = ("follows", "even", "shifted")
LEARN = Learn(hidden=(16,), members=2, history_s=(0.0, 0.02), epochs=20)


def specs():
    known = {"period": PERIOD, "history": LEARN.history_s, "hidden": LEARN.hidden, "members": LEARN.members}
    return tuple(noise_spec(DRIVE, what, GROUPS, **known) for what in (SHIFT, STRENGTH))


def planted(seed=0):
    """Noise of 0.1 (1 + 2 |speed|); of 0.1; of 0.1 about 0.2 tanh(4 effort)."""
    random, (shift, _) = np.random.default_rng(seed), specs()
    features, left, log = [], [], []
    for n in range(LOGS):
        time = np.arange(ROWS) * PERIOD
        rate, phase = random.uniform(0.3, 1.0, 2), random.uniform(0, 6.3, 2)
        speed, effort = np.sin(2 * np.pi * rate[:, None] * time + phase[:, None])
        inputs = np.repeat(np.stack([speed, effort, 0.5 * effort], 1)[:, None], len(GROUPS), axis=1)
        features.append(log_features(shift, inputs, inputs=inputs_given(DRIVE), period=PERIOD))
        noise = 0.1 * random.normal(size=(ROWS, 3))
        noise[:, 0] *= 1.0 + 2.0 * np.abs(speed)
        noise[:, 2] += 0.2 * np.tanh(4.0 * effort)
        left.append(noise)
        log.append(np.full(ROWS, n))
    return Leftover(features=np.concatenate(features), left=np.concatenate(left), log=np.concatenate(log))


@pytest.fixture(scope="module")
def learned():
    return learn_noise(specs(), planted(), range(8), range(8, LOGS), LEARN, seed=0)


def test_only_what_is_there_ships(learned):
    assert {name: one.ships for name, one in learned.shift.items()} == {
        "follows": False,
        "even": False,
        "shifted": True,
    }
    assert {name: one.ships for name, one in learned.strength.items()} == {
        "follows": True,
        "even": False,
        "shifted": False,
    }


def test_strength_and_shift_are_those_planted(learned):
    fresh = planted(seed=1)
    by_name = {one.contract.name: one.evaluate(fresh.features)[0] for one in learned.networks}
    speed, effort = np.abs(fresh.features[:, 0, 0]), fresh.features[:, 2, 2]
    strength = np.exp(by_name["sensor_drive_strength"][:, 0])
    # Strength 1 is that of the middle of all rows, so only ratios are planted: 1 + 2 |speed|.
    ratio = np.median(strength[speed > 0.95]) / np.median(strength[speed < 0.05])
    assert ratio == pytest.approx(2.95 / 1.05, rel=0.25)
    shift = by_name["sensor_drive_shift"][:, 2]
    assert np.abs(shift - 0.2 * np.tanh(4.0 * effort)).mean() < 0.02
    assert (
        not by_name["sensor_drive_shift"][:, :2].any() and not by_name["sensor_drive_strength"][:, 1:].any()
    )


def test_noise_that_follows_nothing_gets_no_network():
    even = planted()
    even.left[:] = 0.1 * np.random.default_rng(5).normal(size=even.left.shape)
    assert learn_noise(specs(), even, range(8), range(8, LOGS), LEARN, seed=0).networks == ()


def test_score_of_a_normal_distribution():
    # Of 0 under N(0, 1): (sqrt(2) - 1) / sqrt(pi) = 0.2337; far out it is the distance less 1 / sqrt(pi).
    found = crps(np.array([[0.0], [50.0]]), np.ones((1, 1)))[:, 0]
    assert found == pytest.approx([0.23370, 50.0 - 0.56419], abs=1e-5)
    assert crps(np.array([[0.0]]), np.full((1, 1), 3.0))[0, 0] == pytest.approx(3 * 0.23370, abs=1e-4)
