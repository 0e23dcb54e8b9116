"""90 % intervals: fitted, kept in calibration.json as plain numbers, and back to the same widths."""

import json

import numpy as np
import pytest

from hybridsim.learn.interval import FEATURES, difficulty_features, fit_intervals, half_width
from hybridsim.learn.residual import Gathered, of_logs, spec_of
from hybridsim.study import Learn
from tests.identify.arm import arm
from tests.simulator.made import random_networks

ROWS, LOGS = 300, 12


@pytest.fixture(scope="module")
def gathered():
    """Errors grow with speed and differ by drive; the logs are alike. Synthetic."""
    random = np.random.default_rng(0)
    rows = ROWS * LOGS
    speed, error = random.normal(size=(2, rows, 6))
    size = (1e-3 + 2e-3 * np.abs(speed)) * np.arange(1.0, 7.0)
    return Gathered(
        features=np.zeros((rows, 6, 1), np.float32),
        left=size * random.laplace(size=(rows, 6)),
        log=np.repeat(np.arange(LOGS), ROWS),
        speed=speed,
        error=error,
        load=np.zeros((rows, 6)),
    )


def fitted(gathered):
    return fit_intervals(arm(), gathered, None, range(6), range(6, LOGS))


def widths(intervals, gathered):
    spread = np.zeros_like(gathered.speed)
    return half_width(intervals, arm(), difficulty_features(gathered.speed, gathered.error, spread))


def test_every_drives_interval_covers_nine_of_ten_where_it_was_read_from(gathered):
    others = of_logs(gathered, range(6, LOGS))
    inside = np.abs(others.left) <= widths(fitted(gathered), others)
    assert inside.mean(axis=0) == pytest.approx(np.full(6, 0.9), abs=0.002)


def test_new_logs_are_covered_too(gathered):
    again = Gathered(**{name: getattr(gathered, name)[::-1] for name in gathered.__dataclass_fields__})
    inside = np.abs(of_logs(again, range(6)).left) <= widths(fitted(gathered), of_logs(again, range(6)))
    assert inside.mean(axis=0) == pytest.approx(np.full(6, 0.9), abs=0.03)


def test_fast_moments_are_wider_and_each_drive_has_its_own(gathered):
    intervals = fitted(gathered)
    still, fast = (
        half_width(intervals, arm(), difficulty_features(*(np.full((1, 6), s) for s in (speed, 0.0, 0.0))))
        for speed in (0.0, 3.0)
    )
    assert (fast > 2.0 * still).all()
    assert (np.diff(fast[0]) > 0).all()  # drive k was made k + 1 times as wide


def test_widths_come_back_from_json_to_the_bit(gathered):
    intervals = fitted(gathered)
    kept = json.loads(json.dumps(intervals))
    assert (widths(kept, gathered) == widths(intervals, gathered)).all()
    row = kept["gripper_opening"]["gripper"]
    assert set(row) == {"multiplier", "sigma of " + ", ".join(FEATURES), "floor"}


def test_a_drive_without_numbers_leaves_no_interval(gathered):
    intervals = fitted(gathered)
    assert half_width({}, arm(), np.ones((2, 6, 4))) is None
    del intervals["joint_position"]["wrist_flex"]
    assert half_width(intervals, arm(), np.ones((2, 6, 4))) is None


def test_what_the_network_takes_away_narrows_the_interval(gathered):
    spec = spec_of(arm(), Learn(hidden=(4,), members=2), 0.005)
    networks = random_networks(spec, bound=0.3)
    features = np.random.default_rng(1).normal(size=(len(gathered.left), 6, len(spec.feature_names)))
    own = Gathered(
        **{
            **{name: getattr(gathered, name) for name in gathered.__dataclass_fields__},
            "features": features.astype(np.float32),
            "left": gathered.left + networks.evaluate(features.astype(np.float32))[0],
        }
    )
    spread = networks.evaluate(own.features)[1]
    with_network = fit_intervals(arm(), own, networks, range(6), range(6, LOGS))
    without = fit_intervals(arm(), own, None, range(6), range(6, LOGS))
    moments = difficulty_features(own.speed, own.error, spread)
    narrow, wide = (half_width(found, arm(), moments).mean() for found in (with_network, without))
    assert narrow < 0.7 * wide


def test_a_single_network_has_no_spread_and_an_interval_all_the_same(gathered):
    none = np.full_like(gathered.speed, np.nan)
    features = difficulty_features(gathered.speed, gathered.error, none)
    assert np.isfinite(half_width(fitted(gathered), arm(), features)).all()
