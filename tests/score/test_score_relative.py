"""Errors over the measurement's spread, by hand."""

import numpy as np
import pytest

from hybridsim.replay import Replay
from hybridsim.score.relative import add_relative


def made(error, seconds=10.0, log_id="a"):
    """A log whose first joint swings between -2 and 2, its second between -1 and 1; `error` on both."""
    time = np.arange(round(seconds * 100)) / 100
    measured = np.stack([2.0 * np.sign(np.sin(time * 20)), np.sign(np.cos(time * 20))], 1)
    blank = np.full_like(measured, np.nan)
    return Replay(
        log_id=log_id,
        signal="joint_effort",
        unit="N*m",
        components=("one", "two"),
        time_s=time,
        measured=measured,
        command=blank,
        predicted={"identified": measured + error, "nominal": np.zeros_like(measured)},
        low=None,
        high=None,
        speed=blank,
        load=blank,
        enabled=np.ones(len(time), bool),
    )


def relative(*replays):
    names = ("identified", "nominal")
    scores = {
        "variants": {name: {"signals": {"joint_effort": {}}} for name in names},
        "protocol": {"seed": 0},
    }
    add_relative(scores, replays)
    return {name: scores["variants"][name]["signals"]["joint_effort"]["relative"] for name in names}


def test_by_hand():
    # Errors of 0.2 over spreads of 2 and 1: 0.1 and 0.2, mean 0.15; a zero is off by the spread itself.
    found = relative(made(0.2))
    assert found["identified"]["rmse_over_spread"] == pytest.approx([0.1, 0.2], rel=1e-3)
    assert found["identified"]["mean"] == pytest.approx(0.15, rel=1e-3)
    assert found["nominal"]["mean"] == pytest.approx(1.0, rel=1e-3)
    assert found["identified"]["mean_interval_95"] == pytest.approx([0.15, 0.15], rel=1e-3)


def test_an_error_in_one_stretch_is_uncertain_and_missing_samples_do_not_count():
    error = np.zeros((1000, 2))
    error[:100] = 1.0
    replay = made(error)
    low, high = relative(replay)["identified"]["mean_interval_95"]
    mean = relative(replay)["identified"]["mean"]
    assert low < 0.7 * mean and high > 1.2 * mean
    replay.measured[:100] = np.nan
    replay.predicted["identified"][:100] = 7.0
    assert relative(replay)["identified"]["mean"] == pytest.approx(0.0, abs=1e-12)


def test_logs_are_taken_together():
    both = relative(made(0.2), made(0.4, log_id="b"))["identified"]["rmse_over_spread"]
    assert both[1] == pytest.approx(np.sqrt((0.2**2 + 0.4**2) / 2), rel=1e-3)
