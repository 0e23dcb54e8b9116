"""Encoders are found as they were planted (synthetic motions): counts, noise, how a drive differentiates."""

import numpy as np
import pytest

from hybridsim.sensing.encoder_reading import Turned, fit_encoder, rate_ratio

STEP, COUNT, RATE_COUNT = 0.01, 0.0015, 0.0375


def planted(seed, window=0.04, noise=0.0, rests=True, factor=1.0, logs=4):
    """Logs at 100 Hz: the drive's own velocity is a difference of the true counts over a window."""
    return [_log(np.random.default_rng([seed, n]), window, noise, rests, factor) for n in range(logs)]


def _log(random, window, noise, rests, factor):
    fine = np.arange(0.0, 20.0, 0.001)
    command = 0.8 * np.sin(2 * np.pi * random.uniform(0.3, 0.6) * fine + random.uniform(0, 6.3))
    if rests:
        command[fine > 10.0] = command[fine <= 10.0][-1]
    counts = np.round(command / COUNT) * COUNT
    before = np.round(np.interp(fine - window, fine, command) / COUNT) * COUNT
    velocity = np.round((counts - before) / window / RATE_COUNT) * RATE_COUNT
    at = np.arange(100, len(fine), 10)
    seen = np.round((command[at] + noise * random.normal(size=len(at))) / COUNT) * COUNT
    return Turned(
        time=fine[at],
        position=seen,
        command=command[at],
        velocity_time=fine[at],
        velocity=factor * velocity[at],
    )


def test_counts_and_the_differentiators_window_are_found():
    found = fit_encoder(planted(0, rests=False), STEP)
    assert found["resolution"].value == pytest.approx(COUNT)
    assert found["velocity_resolution"].value == pytest.approx(RATE_COUNT)
    window = found["velocity_window"]
    assert abs(window.value - 4.0) <= window.half_width < 2.0
    assert found["rate"].value == 100.0


def test_noise_at_rest_shows_in_how_often_codes_change():
    found = fit_encoder(planted(1, noise=0.2 * COUNT, logs=40), STEP)["white"]
    assert found.value == pytest.approx(0.2 * COUNT, rel=0.3)
    assert found.half_width < 0.1 * COUNT
    assert found.identifiable
    assert not fit_encoder(planted(1), STEP)["white"].identifiable  # codes that never change


def test_without_rest_there_is_no_noise_at_rest():
    found = fit_encoder(planted(2, rests=False), STEP)["white"]
    assert (found.value, found.identifiable) == (0.0, False)
    assert "hardly rests" in found.source


def test_what_a_drive_hides_is_said_to_be_hidden():
    found = fit_encoder(planted(3), STEP)
    assert [name for name in ("bias", "delay", "play") if found[name].identifiable] == []


def test_velocities_of_few_codes_take_the_stated_count():
    logs = [Turned(**{**vars(one), "velocity": 0.5 * np.sign(one.velocity)}) for one in planted(4)]
    assert fit_encoder(logs, STEP, stated=0.5)["velocity_resolution"].value == 0.5
    assert not fit_encoder(logs, STEP, stated=0.3)["velocity_resolution"].identifiable


def test_degrees_are_no_radians():
    assert rate_ratio(planted(5)[0]) == pytest.approx(1.0, abs=0.1)
    assert rate_ratio(planted(5, factor=57.3)[0]) == pytest.approx(57.3, rel=0.1)
