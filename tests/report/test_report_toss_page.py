"""The page of a body that nothing drives: its tosses drawn, and no words about commands, joints or loads."""

import json
import re

import numpy as np
import pytest

from hybridsim.report.card import card
from hybridsim.report.page import write_report
from hybridsim.report.toss_body import Body
from hybridsim.report.tosses import toss_scores
from hybridsim.score import display_unit, interval_text, score, signal_unit
from hybridsim.score.scores import plain


@pytest.fixture(scope="module")
def scores(toss_replays):
    replays, _ = toss_replays
    corners = 0.05 * np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    body = Body(
        corners=corners,
        radius=np.full(8, 0.0),
        mass=0.4,
        com=np.zeros(3),
        inertia=7e-4 * np.eye(3),
        gravity=9.81,
        ground=0.0,
    )
    seconds = {"simulated_s": 4.0, "wall_s": 1.0}
    found = score(replays, calibration="c", robot="cube", serial="s", replay_seconds=seconds)
    found["protocol"]["replay"] = "free-running from the first measured state alone: pose and velocity"
    found["passive"] = plain(toss_scores(replays, {replay.log_id: body for replay in replays}))
    return found


@pytest.fixture(scope="module")
def text(scores, toss_replays, tmp_path_factory):
    path = tmp_path_factory.mktemp("tosses") / "report.html"
    write_report(path, scores=scores, replays=toss_replays[0], calibration_info={})
    return path.read_text(encoding="utf-8")


def test_tosses_are_drawn_and_nothing_else_of_joints(text):
    found = re.findall(r'data-figure="plot-([^"]+)"', text)
    assert found == [
        *("worst-frames", "median-frames", "best-frames"),
        *("after-impact", "by-speed", "by-landing", "energy"),
    ]


def test_real_and_simulated_outlines_share_a_frame(text):
    drawn = re.search(r'data-figure="plot-worst-frames">(.*?)</script>', text)
    assert drawn is not None
    data = json.loads(drawn.group(1))["data"]
    in_legend = [trace["name"] for trace in data if trace.get("showlegend")]
    assert in_legend == ["measured", "hybrid"]  # identified is hybrid here
    assert sum(trace["mode"] == "lines" and "fillcolor" in trace for trace in data) == 2 * 2 * 8


def test_words_fit_a_body_that_nothing_drives(text):
    page = text.partition("<script>")[0]
    assert "free-running from the first measured state alone, the hybrid simulator of cube is off by" in page
    assert "No network ships: hybrid is identified." in page and "the same as identified" in page
    assert "mean error, deg" in page and "mrad" not in page
    for odd in ("commands", "ideal drive", "not measurably", "Error by load", "All joints", "w 1.00 to 1.00"):
        assert odd not in page, odd


def test_the_card_says_degrees_too(scores):
    page = card(scores, {})
    assert " deg |" in page and "mrad" not in page and "commands" not in page


def test_whole_bodies_turn_by_degrees_and_joints_by_mrad():
    assert display_unit(signal_unit("joint_position", "rad"))[1] == "mrad"
    assert signal_unit("base_position", "m") == "m"
    # pi / 180 * 2.5 rad
    assert interval_text(0.0436332, None, signal_unit("base_orientation", "rad")) == "2.5 deg"


def test_an_arm_has_no_tosses(arm, tmp_path):
    replays, scores, info = arm
    write_report(tmp_path / "r.html", scores=scores, replays=replays, calibration_info=info)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "toss:" not in page and "plot-energy" not in page
