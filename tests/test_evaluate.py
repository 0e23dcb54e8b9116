"""Evaluating a calibration: what is written, what is said about the logs, and how wrong it is on them."""

import contextlib
import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from hybridsim.calibration import Calibration
from hybridsim.cli import main
from hybridsim.evaluate import evaluate
from tests.tiny import disk_with_room_for, untimed, write_logs, write_recordings


@dataclass(frozen=True)
class Scored:
    """One run of the command on raw recordings that the calibration never saw."""

    recordings: Any
    code: int
    printed: str
    complaints: str
    text: str
    page: str

    @property
    def scores(self):
        return json.loads(self.text)


@pytest.fixture(scope="module")
def scored(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    recordings = write_recordings(folder / "raw")
    words = [tiny.folder, "--logs", recordings, "--json", folder / "s.json", "--report", folder / "r.html"]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main.run(["evaluate", *map(str, words)])
    assert code == 0, err.getvalue()
    texts = [(folder / name).read_text() for name in ("s.json", "r.html")]
    assert sorted(path.name for path in folder.iterdir()) == ["r.html", "raw", "s.json"]
    return Scored(recordings, code, out.getvalue(), err.getvalue(), *texts)


def error(scores, variant):
    return scores["variants"][variant]["signals"]["joint_position"]["mae_mean"]


def test_the_command_prints_every_variants_error_with_its_interval(scored):
    assert (scored.code, scored.complaints) == (0, "")
    first, last = scored.printed.splitlines()
    assert first.startswith("joint_position, mean absolute error: command ")
    for name in scored.scores["variants"]:
        (shown,) = re.findall(rf" {name} ([0-9.]+) \[[0-9.]+, [0-9.]+\] mrad", first)
        assert float(shown) == pytest.approx(1000 * error(scored.scores, name), abs=0.5)
    assert first.count(" mrad") == 6 and "real time" in last


def test_the_scores_have_the_agreed_shape(scored, tiny, repository, tmp_path):
    scores = scored.scores
    assert scores["calibration"] == tiny.folder.name
    assert (scores["robot"], scores["serial"]) == ("xl330_pendulum", "bam")
    for name, variant in scores["variants"].items():
        entry = variant["signals"]["joint_position"]
        assert (entry["unit"], entry["components"]) == ("rad", ["pendulum"])
        low, high = entry["mae_mean_interval_95"]
        assert low <= entry["mae_mean"] <= high
        each = [log["joint_position"]["mae_mean"] for log in variant["logs"].values()]
        assert entry["mae_mean"] == pytest.approx(sum(each) / 2, rel=1e-12), name
    checker = repository.parent / "shared" / "check_scores.py"
    if not checker.is_file():
        pytest.skip("no ../shared/check_scores.py beside this checkout")
    (tmp_path / "s.json").write_text(scored.text)
    words = [sys.executable, str(checker), str(tmp_path / "s.json")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "the scores file has the agreed shape")


def test_it_is_close_on_swings_that_nothing_was_fitted_on(scored):
    errors = {name: error(scored.scores, name) for name in scored.scores["variants"]}
    # The bend alone is 0.02 rad times the mean of |sin|, 2/pi: 13 mrad.
    assert errors["hybrid"] < errors["identified"] < 0.03
    assert errors["identified"] < 0.1 * min(errors[name] for name in ("command", "nominal", "delayed"))
    assert 0.5 < scored.scores["variants"]["hybrid"]["coverage_90"]["joint_position"]["pendulum"] <= 1.0


def test_short_windows_are_better_than_whole_logs(scored):
    for name in ("identified", "hybrid"):
        windows = scored.scores["variants"][name]["windowed"]["joint_position"]
        assert [window["horizon_s"] for window in windows] == [0.1, 0.4, 1.0]
        assert windows[0]["mae_mean"] < error(scored.scores, name) * 1.5


def test_raw_recordings_and_their_store_score_the_same(scored, tiny, tmp_path):
    words = ["--robot", "xl330_pendulum", "--store", tmp_path / "logs", "--engine", "serial"]
    assert main.run(["ingest", str(scored.recordings), *map(str, words)]) == 0
    stored = evaluate(tiny.folder, [tmp_path / "logs"], json_file=tmp_path / "s.json", engine="serial")
    assert untimed((tmp_path / "s.json").read_text()) == untimed(scored.text)
    assert untimed(json.dumps(stored.scores)) == untimed(scored.text)
    assert len(stored.replays) == 2


def test_the_page_says_whether_logs_are_held_out(scored, tiny, tmp_path):
    assert "2 held-out logs" in scored.page
    evaluate(tiny.folder, [tiny.logs], report_file=tmp_path / "r.html", engine="serial")
    assert "8 partly in-sample logs" in (tmp_path / "r.html").read_text()
    lineage = Calibration.load(tiny.folder).record.lineage.logs
    fitted = [tiny.logs / log.log_id for log in lineage if log.split == "train"]
    evaluate(tiny.folder, fitted[:1], report_file=tmp_path / "r.html", engine="serial")
    assert "1 in-sample log " in (tmp_path / "r.html").read_text()


def test_the_scores_say_how_many_logs_the_fit_has_seen(scored, tiny, repository, tmp_path):
    assert not any("in-sample" in note for note in scored.scores["notes"])
    evaluate(tiny.folder, [tiny.logs], json_file=tmp_path / "s.json", engine="serial")
    # of 8 logs 3 are for training and 3 for validation
    notes = json.loads((tmp_path / "s.json").read_text())["notes"]
    assert "in-sample: the calibration's own fit has seen 6 of 8 logs" in notes


def test_the_page_names_the_command_that_makes_it_again(scored, tiny):
    assert f"hybridsim evaluate {tiny.folder} --logs {scored.recordings}" in scored.page


def spoil(rows):
    """A value that is none, an absurd one, a stamp that goes back, and one row without its angle."""
    rows[20]["position"] = float("nan")
    rows[40]["position"] = 1e279
    rows[60]["timestamp"] -= 0.5
    del rows[80]["position"]


def test_bad_rows_and_files_cost_themselves_and_are_named(scored, tiny, tmp_path):
    recordings = write_recordings(tmp_path / "raw", damage=spoil)
    (recordings / "swing_2.json").write_bytes(bytes(range(256)))
    page = tmp_path / "r.html"
    scores = evaluate(tiny.folder, [recordings], report_file=page, engine="serial").scores
    (note,) = [note for note in scores["notes"] if "swing_2" in note]
    for words in (note, "nan or infinite", "absurd", "joint_position: 1 rows"):
        assert words in page.read_text()
    # 200 samples a log; the stamp takes its command along, single angles are interpolated
    assert scores["protocol"]["signals"]["joint_position"]["samples"] == [399]
    assert error(scores, "hybrid") == pytest.approx(error(scored.scores, "hybrid"), rel=0.2)


@pytest.fixture
def old(tmp_path):
    """Files of an earlier run, as the arguments that replace them."""
    files = {"json_file": tmp_path / "s.json", "report_file": tmp_path / "r.html"}
    for file in files.values():
        file.write_text("old")
    return files


def test_files_are_replaced_whole(tiny, scored, tmp_path, old):
    evaluate(tiny.folder, [scored.recordings], engine="serial", **old)
    assert untimed(old["json_file"].read_text()) == untimed(scored.text)
    assert old["report_file"].read_text().startswith("<!doctype html>")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("one", ["json_file", "report_file"])
def test_a_full_disk_leaves_the_old_file(tiny, scored, tmp_path, old, one):
    with disk_with_room_for(1_000), pytest.raises(OSError, match="File too large"):
        evaluate(tiny.folder, [scored.recordings], engine="serial", **{one: old[one]})
    assert {path.read_text() for path in tmp_path.iterdir()} == {"old"}
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_is_named_by_the_file_that_was_asked_for(tiny, scored, old):
    with disk_with_room_for(1_000), pytest.raises(OSError, match="File too large") as caught:
        evaluate(tiny.folder, [scored.recordings], engine="serial", json_file=old["json_file"])
    assert str(caught.value.filename) == str(old["json_file"])


def test_the_published_pendulum_is_close_on_real_swings(shared_data):
    folder = shared_data / "servo_pendulum"
    logs = [folder / f"2026-01-15_{name}.json" for name in ("10h28m24", "10h29m29")]
    if not all(log.is_file() for log in logs):
        pytest.skip("no servo_pendulum among the real logs")
    scores = evaluate("xl330_pendulum", logs, engine="serial").scores
    # Published: 13 and 24 mrad for these two, nominal 67 and 162.
    assert error(scores, "hybrid") < 0.04
    assert error(scores, "hybrid") < 0.5 * error(scores, "nominal")
    assert set(scores["variants"]["hybrid"]["logs"]) <= {
        log.log_id for log in Calibration.load("xl330_pendulum").record.lineage.logs
    }


def test_a_quick_look_at_one_log_has_an_interval_of_no_width(tiny, tmp_path):
    logs = write_logs(tmp_path / "logs", count=1, seed=7)
    scores = evaluate(tiny.folder, [logs], engine="serial").scores
    entry = scores["variants"]["hybrid"]["signals"]["joint_position"]
    assert entry["mae_mean_interval_95"] == [entry["mae_mean"]] * 2
