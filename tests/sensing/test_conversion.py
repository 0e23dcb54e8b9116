"""A clock of conversions is found by what it adds to readings in motion (synthetic recordings)."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.sensing.conversion import aged, find_conversion, parted, wave_of
from tests.sensing.made import PERIOD, planted, recorded


def gyros(rate, logs=4, white=2e-4):
    truth = replace(planted(0), gyro_conversion=rate, gyro_white=white)
    return [recorded(truth, n).gyro for n in range(logs)]


@pytest.mark.parametrize("rate", [1000.26, 800.0, 1333.0])
def test_a_planted_clock_is_found(rate):
    found = find_conversion(gyros(rate), PERIOD)
    assert found is not None
    # Rates that lie at the same alias read alike: so far from a multiple of the readings' own rate.
    own = 1.0 / PERIOD
    alias = abs(rate - own * round(rate / own))
    assert found.alias == pytest.approx(alias, abs=0.02)
    assert abs(found.rate - own * round(found.rate / own)) == pytest.approx(found.alias, abs=1e-6)
    assert found.rate == pytest.approx(rate, rel=0.1)
    assert found.explained > 0.3


def test_what_it_adds_is_taken_off():
    (clear,) = gyros(1000.26, 1, white=1e-6)
    high, slope = parted(clear, PERIOD)
    left = high - aged(slope, PERIOD, wave_of(high, slope, PERIOD))
    inside = slice(500, -500)
    # Harmonics beyond the third keep (1/5^2 + 1/7^2 + ...) / (1 + 1/3^2 + ...) = 10 % of a square's variance.
    assert (left[inside] ** 2).sum() / (high[inside] ** 2).sum() < 0.15


def test_readings_of_one_moment_show_no_clock():
    assert find_conversion(gyros(0.0), PERIOD) is None
    random = np.random.default_rng(0)
    assert find_conversion([random.normal(size=(10_000, 3)) for _ in range(3)], PERIOD) is None


def test_a_clock_whose_alias_lies_where_bodies_move_is_not_told():
    # 825 Hz lies at 32 Hz, its third harmonic at 96 Hz, its second at 64 Hz: neither is a first one.
    assert find_conversion(gyros(825.0), PERIOD) is None


def test_a_clock_that_most_logs_lack_is_none():
    some = [*gyros(1000.26, 1), *gyros(0.0, 3)]
    assert find_conversion(some, PERIOD) is None
