"""A sensor that nobody tracked is identified by its rests; what they do not tell is said so (synthetic)."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.errors import LogError
from hybridsim.sensing.gravity import fit_gravity
from hybridsim.sensing.recording import Recording
from hybridsim.sensing.resting import fit_rests

PERIOD, GRAVITY, REST_S = 0.005, 9.81, 32.0
SCALE, BIAS = np.array([1.004, 0.997, 1.002]), np.array([0.06, -0.03, 0.02])
GYRO_WHITE, ACC_WHITE, WALK = 1.5e-3, 0.03, 2e-4


def recorded(seed, tilted=True, name=None):
    """Two rests of a sensor, in orientations of their own, and a shake between them."""
    random = np.random.default_rng(seed)
    rows, shake = round(REST_S / PERIOD), round(1.0 / PERIOD)
    gyro, acc = [], []
    for _ in range(2):
        up = random.normal(size=3) if tilted else np.array([0.0, 0.1, 1.0])
        force = GRAVITY * up / np.linalg.norm(up)
        acc += [np.tile(SCALE * force + BIAS, (rows, 1)), random.normal(size=(shake, 3)) * 5.0]
        gyro += [np.zeros((rows, 3)), random.normal(size=(shake, 3))]
    both = np.concatenate([np.concatenate(gyro), np.concatenate(acc)], axis=1)
    both[:, :3] += 0.01 * random.normal(size=3)
    both[:, 3:] += ACC_WHITE * random.normal(size=(len(both), 3))
    both[:, :3] += GYRO_WHITE * random.normal(size=(len(both), 3))
    both[:, 3:] += WALK * np.sqrt(PERIOD) * np.cumsum(random.normal(size=(len(both), 3)), axis=0)
    return Recording(
        log_id=name or f"log {seed}",
        name=name or f"log {seed}",
        labels={},
        period=PERIOD,
        gyro=both[:, :3],
        acc=both[:, 3:],
        orientation=np.tile([0.0, 0.0, 0.0, 1.0], (len(both), 1)),
        position=np.zeros((len(both), 3)),
        missing=np.ones(len(both), bool),
    )


@pytest.fixture(scope="module")
def fitted():
    return fit_rests([recorded(seed) for seed in range(12)], GRAVITY, 0)


def test_scale_and_bias_follow_from_gravity_in_many_orientations(fitted):
    found = fitted[2]
    assert found.half_width is not None
    away = np.abs(np.concatenate([found.scale - SCALE, found.bias - BIAS]))
    assert (away < 1.5 * found.half_width).all() and (away < found.half_width).sum() >= 5
    assert np.abs(found.scale - SCALE).max() < 1e-3 and np.abs(found.bias - BIAS).max() < 0.01


def test_rests_that_lie_alike_tell_no_scale():
    means = np.array([SCALE * [0.0, 0.98, 9.76] + BIAS + 1e-3 * k for k in range(8)])
    found = fit_gravity(means, np.arange(8), GRAVITY)
    assert found.half_width is None
    assert found.scale.tolist() == [1, 1, 1] and found.bias.tolist() == [0, 0, 0]
    turned = np.random.default_rng(0).normal(size=(12, 3))
    few = fit_gravity(GRAVITY * turned / np.linalg.norm(turned, axis=1)[:, None], np.arange(12) % 2, GRAVITY)
    assert few.half_width is None  # two logs have no interval to speak of


def test_noise_and_biases_are_found(fitted):
    found = fitted[1]
    sigma = np.sqrt(np.diag(found.noise.covariance))
    assert sigma == pytest.approx([GYRO_WHITE] * 3 + [ACC_WHITE] * 3, rel=0.03)
    assert found.biases.shape == (12, 3)
    assert found.conversions == (None, None)


def test_other_logs_rest_as_the_model_says(fitted):
    model = fitted[0]
    for seed in (100, 101):
        given = model.given(recorded(seed))
        stated = model.stated(given)
        low, high = stated.interval(0.9)
        inside = ((given.reading >= low) & (given.reading <= high))[given.rest].mean(axis=0)
        assert inside == pytest.approx(0.9, abs=0.03)
        drawn = model.draw(given, np.random.default_rng(seed))
        for column in range(6):
            real, made = (x[given.rest][:, column].std() for x in (given.reading, drawn))
            assert made == pytest.approx(real, rel=0.15)


def test_a_sensor_that_never_rests_or_shows_another_gravity_is_refused():
    one = recorded(0, name="restless")
    shaken = one.gyro + np.random.default_rng(0).normal(size=one.gyro.shape)
    with pytest.raises(LogError, match="log restless: the sensor never rests"):
        fit_rests([replace(one, gyro=shaken)], GRAVITY, 0)
    with pytest.raises(LogError, match="expected 9.81 to .* it looks like g"):
        fit_rests([replace(one, acc=one.acc / GRAVITY)], GRAVITY, 0)
