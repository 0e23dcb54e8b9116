"""The page of worlds that spread: two more figures, their sentences, and the card's; none without draws."""

import json
import re
from typing import Any

import numpy as np
import pytest

from hybridsim.evaluate_spread import LEVELS, binomial_interval
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.spread_panels import spread_panels

LOGS = [f"log-{n}" for n in range(8)]


def variation():
    """Eight logs, six of them drawn, 7 of 8 inside the region of 90 %."""
    random = np.random.default_rng(0)
    each = {"unit": "m", "mean": 0.016, "interval_95": [0.014, 0.018]}
    inside = [round(level * 8 - 0.2) for level in LEVELS]
    logs: dict[str, dict[str, Any]] = {
        name: {"energy_score_m": 0.01 * (8 - n), "level": 0.1 * n} for n, name in enumerate(LOGS)
    }
    for name in LOGS[:6]:
        logs[name] |= {"real_m": [0.1, 0.2], "without_draws_m": [0.12, 0.2]}
        logs[name] |= {"drawn_m": random.normal([0.1, 0.2], 0.01, (49, 2)).tolist()}
    coverage = [
        {"level": level, "covers": count / 8, "interval_95": binomial_interval(count, 8)}
        for level, count in zip(LEVELS, inside, strict=True)
    ]
    return {
        "draws": 49,
        "members": 16,
        "scale": 1.0,
        "energy_score": each,
        "energy_score_without_draws": each | {"mean": 0.023, "interval_95": [0.02, 0.025]},
        "energy_score_difference": each | {"mean": -0.007, "interval_95": [-0.008, -0.006]},
        "coverage": coverage,
        "coverage_90": coverage[LEVELS.index(0.9)],
        "logs": logs,
    }


@pytest.fixture
def panels():
    info = CalibrationInfo.of({"log_names": {LOGS[0]: "<b>toss</b> 0"}})
    return {one.key: one for one in spread_panels({"variation": variation()}, info)}


def test_rests_and_coverage_are_drawn(panels):
    assert list(panels) == ["rests", "rests-coverage"]
    data = json.loads(panels["rests"].json)["data"]
    drawn = [trace for trace in data if trace["name"] == "drawn worlds"]
    assert len(drawn) == 6
    assert [trace["name"] for trace in data if trace["showlegend"]] == [
        "drawn worlds",
        "without draws",
        "measured",
    ]


def test_places_are_told_from_the_real_one_in_mm(panels):
    data = json.loads(panels["rests"].json)["data"]
    alone = next(trace for trace in data if trace["name"] == "without draws")
    assert alone["x"] == [20.0] and alone["y"] == [0.0]


def test_sentences_say_scores_and_coverage(panels):
    assert "16.0 [14.0, 18.0] mm; 23.0 [20.0, 25.0] mm without draws" in panels["rests"].caption
    assert "covers 88 % [53, 98] of 8 logs" in panels["rests-coverage"].caption


def test_names_of_logs_cannot_act_as_markup(panels):
    assert not re.search(r"<b>|\\u003cb", panels["rests"].json)


def test_without_draws_there_is_nothing():
    assert list(spread_panels({}, CalibrationInfo.of({}))) == []
