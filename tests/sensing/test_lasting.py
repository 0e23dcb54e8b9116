"""Noise is taken apart into what is new at every reading and what lasts, as it was planted (synthetic)."""

import numpy as np
import pytest

from hybridsim.sensing.lasting import noise_values

PERIOD, ROWS, LOGS = 0.02, 4000, 8


def noise(white, drift, time, seed=0):
    """Logs of white noise on a Gauss-Markov process, one after the other."""
    random, kept = np.random.default_rng(seed), np.exp(-PERIOD / time)
    lasting = np.zeros((LOGS, ROWS))
    lasting[:, 0] = random.normal(size=LOGS)
    for k in range(1, ROWS):
        lasting[:, k] = kept * lasting[:, k - 1] + np.sqrt(1 - kept**2) * random.normal(size=LOGS)
    found = drift * lasting + white * random.normal(size=lasting.shape)
    return found.ravel(), np.repeat(np.arange(LOGS), ROWS)


def test_planted_noise_is_found():
    found = noise_values(*noise(0.3, 0.5, 0.4), PERIOD, 0.0)
    # Over 20 ms a drift of 0.4 s changes by 0.5 sqrt(2 (1 - exp(-0.05))) = 0.16, which counts as white:
    # sqrt(0.3^2 + 0.16^2 / 2) = 0.32.
    assert found["white"].value == pytest.approx(0.32, rel=0.05)
    assert found["drift"].value == pytest.approx(0.5, rel=0.1)
    assert found["drift_time"].value == pytest.approx(0.4, rel=0.3)
    assert all(one.identifiable for one in found.values())


def test_white_noise_does_not_last():
    found = noise_values(*noise(0.3, 0.0, 1.0), PERIOD, 0.0)
    assert found["white"].value == pytest.approx(0.3, rel=0.02)
    assert found["drift"].value == 0.0 and not found["drift"].identifiable
    assert not found["drift_time"].identifiable


def test_what_counts_add_is_no_noise():
    # One count of 1.2: 1.2^2 / 12 = 0.12 of variance; sqrt(0.4^2 + 0.12) is read, 0.4 is there.
    values, log = noise(np.sqrt(0.4**2 + 0.12), 0.0, 1.0)
    assert noise_values(values, log, PERIOD, 0.12)["white"].value == pytest.approx(0.4, rel=0.03)


def test_a_bias_outlives_every_log():
    values, log = noise(0.1, 0.0, 1.0)
    found = noise_values(values + np.where(log % 2, 1.0, -1.0), log, PERIOD, 0.0)
    assert found["drift"].value == pytest.approx(1.0, rel=0.05)
    assert not found["drift_time"].identifiable
