"""report.html: complete, self-contained, safe against the strings of strangers."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from hybridsim.errors import CalibrationError
from hybridsim.report.info import CalibrationInfo
from hybridsim.report.page import write_report
from hybridsim.report.sentences import evidence
from hybridsim.report.traces import peaks, trace_figure
from hybridsim.score import score

HOSTILE = '</script><script>document.title="hostile mark"</script><img src=x onerror=alert(1)>'
FETCHING = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href", "formaction"}


class Page(HTMLParser):
    """Tags, attributes, visible text, and the content of script and style elements."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.raw, self.inside = [], "", [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag if tag in ("script", "style") else self.inside

    def handle_endtag(self, tag):
        self.inside = None if tag == self.inside else self.inside

    def handle_data(self, data):
        if self.inside is None:
            self.text += data
        else:
            self.raw.append((self.inside, data))


def page_of(path, replays, scores, info, **given):
    write_report(path, scores=scores, replays=replays, calibration_info=info, **given)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(arm, tmp_path_factory):
    replays, scores, info = arm
    refused = ["motion_07/state_motor.csv row 812: 1e279 rad is outside -10 to 10"]
    return page_of(tmp_path_factory.mktemp("report") / "report.html", replays, scores, info, refused=refused)


def figures(page):
    names = [attributes["data-figure"] for tag, attributes in page.tags if "data-figure" in attributes]
    found = [json.loads(data) for tag, data in page.raw if tag == "script" and data.startswith('{"data"')]
    return dict(zip(names, found, strict=True))


def test_the_page_says_what_a_person_asks(page):
    for asked in [
        "On 4 held-out synthetic logs",
        "hybrid is better than identified",
        "SYNTHETIC LOGS",
        "Worst motion",
        "Median motion",
        "Best motion",
        "shoulder_lift.coulomb_friction",
        "at bound",
        "not identifiable",
        "1e279 rad is outside",
        "never looks at a measurement again",
        "wrist_roll.stiffness",
        "calibration/so101/study.toml",
        "1 refused",
    ]:
        assert asked in page.text, asked


def test_every_figure_is_there_with_the_motions_in_it(page):
    found = figures(page)
    kinds = ["horizon-joint_position", "speed-joint_position", "load-joint_position"]
    kinds += ["horizon-gripper_opening", "speed-gripper_opening"]  # the jaw has no known load
    assert set(found) == {
        f"plot-{name}" for name in ["joints", "worst", "median", "best", "coverage", *kinds]
    }
    names = [trace.get("name") for trace in found["plot-worst"]["data"]]
    # Six rows, each with a motion and an error; measured only left; two band edges on both sides.
    assert (names.count("measured"), names.count("identified"), names.count("hybrid")) == (6, 12, 12)
    assert names.count("90 % interval of hybrid") == 12
    axes = [value for key, value in found["plot-worst"]["layout"].items() if key.startswith("xaxis")]
    assert [axis.get("matches") for axis in axes].count("x") == 11  # all follow the first


def test_the_page_loads_nothing_and_runs_only_its_own_two_scripts(page):
    for tag, attributes in page.tags:
        assert not FETCHING & set(attributes), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert tag not in ("link", "iframe", "object", "embed", "base", "img")
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy and policy.count("'sha256-") == 2
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert not any("@import" in data or "url(" in data for tag, data in page.raw if tag == "style")


def test_hostile_names_stay_text(arm, tmp_path):
    replays, scores, info = arm
    names = {log_id: HOSTILE for log_id in info["log_names"]}
    info = info | {
        "log_names": names,
        "gate": HOSTILE,
        "lineage": {HOSTILE: HOSTILE},
        "networks": {HOSTILE: HOSTILE},
    }
    scores = scores | {"robot": HOSTILE, "serial": HOSTILE, "notes": [HOSTILE]}
    page = page_of(tmp_path / "r.html", replays, scores, info | {"command": HOSTILE}, refused=[HOSTILE])
    assert "img" not in {tag for tag, _ in page.tags}
    assert len([1 for tag, a in page.tags if tag == "script" and "type" not in a]) == 2
    assert not any("hostile mark" in data for tag, data in page.raw)
    assert page.text.count('document.title="hostile mark"') >= 10


def test_hostile_component_names_stay_text_inside_figures(make, tmp_path):
    joint = '<a href="javascript:alert(1)">x</a></script><script>alert(2)</script>'
    replays = make.replays(logs=1, seconds=3.0, joints=(joint,))
    page = page_of(tmp_path / "r.html", replays, make.scores(replays), {})
    assert len([1 for tag, a in page.tags if tag == "script" and "type" not in a]) == 2
    assert "<a href" not in json.dumps(figures(page), ensure_ascii=False)


def test_a_long_set_of_many_joints_stays_small(make, tmp_path):
    replays = make.replays(logs=3, seconds=120.0, joints=tuple(f"joint_{i}" for i in range(12)))
    path = tmp_path / "report.html"
    page_of(path, replays, make.scores(replays), {})
    assert path.stat().st_size < 8e6


def test_a_calibration_without_networks_or_windows_still_has_a_page(arm, tmp_path):
    plain = [
        replace(r, predicted={"identified": r.predicted["identified"]}, low=None, high=None)
        for r in arm[0][:1]
    ]
    seconds = {"simulated_s": 1.0, "wall_s": 1.0}
    scores = score(plain, calibration="c", robot="r", serial="s", replay_seconds=seconds)
    page = page_of(tmp_path / "r.html", plain, scores, {})
    assert "the identified simulator of r is off by" in page.text
    assert "Nothing was refused." in page.text and "SYNTHETIC" not in page.text
    assert "nine tenths" not in page.text
    assert set(figures(page)) == {
        "plot-joints",
        "plot-worst",
        "plot-speed-joint_position",
        "plot-load-joint_position",
    }


def test_logs_that_the_fit_has_seen_are_called_in_sample(arm):
    _, scores, given = arm
    every = tuple(given["log_names"])
    assert evidence(scores, CalibrationInfo.of(given)).startswith("4 held-out synthetic logs (")
    assert evidence(scores, CalibrationInfo.of(given | {"fitted_on": every})).startswith(
        "4 in-sample synthetic"
    )
    assert evidence(scores, CalibrationInfo.of({"fitted_on": every[:1]})).startswith(
        "4 partly in-sample logs"
    )


def test_an_unknown_key_is_named(arm, tmp_path):
    replays, scores, info = arm
    with pytest.raises(CalibrationError, match=r"unknown key 'gait'; known keys: .*gate"):
        write_report(
            tmp_path / "r.html", scores=scores, replays=replays, calibration_info=info | {"gait": "x"}
        )
    assert not list(tmp_path.iterdir())


def test_thinning_keeps_the_ends_and_the_worst_errors():
    generator = np.random.default_rng(0)
    lines = generator.normal(size=(2, 20_000))
    lines[0, 7777], lines[1, 12345] = 9.0, -9.0
    kept = peaks(lines, 800)
    assert len(kept) <= 802 and {0, 19_999, 7777, 12345} <= set(kept.tolist())
    assert np.all(np.diff(kept) > 0)
    assert peaks(lines[:, :500], 800).tolist() == list(range(500))


def test_thinning_survives_stretches_without_measurement():
    lines = np.full((1, 5000), np.nan)
    lines[0, 100] = 1.0
    assert 100 in peaks(lines, 200)


def test_missing_measurements_leave_gaps_not_errors(arm):
    replay = arm[0][0]
    measured = replay.measured.copy()
    measured[:, 1] = np.nan
    figure = trace_figure([replace(replay, measured=measured)])
    assert figure is not None
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles[3] == "error, mrad: not measured"
