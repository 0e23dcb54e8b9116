"""The whole demo, much smaller: what it writes, what it says, and how it ends."""

import dataclasses
import json

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.cli import demo as command
from hybridsim.cli import main
from hybridsim.demo import ARM, Size, demo
from hybridsim.demo.recovery import Recovery
from hybridsim.demo.standin import swing
from hybridsim.errors import StudyError
from hybridsim.log import LogStore
from tests.demo.bench import TRUTH, one_drive, recorded

SMALL = Size(fitted=3, held_out=1, duration=2.0, timestep=1e-3, quick=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    return out, demo(out, size=SMALL, engine="serial")


def test_everything_it_leaves_is_labelled_synthetic(made):
    out, result = made
    record = Calibration.load(result.calibration).record
    assert record.synthetic and record.serial == "synthetic-0"
    assert "SYNTHETIC" in (out / "report.html").read_text()[:4000]
    assert str(result).startswith("SYNTHETIC")
    for store in ("logs", "held_out"):
        headers = [LogStore(out / store).header(log_id) for log_id in LogStore(out / store).ids()]
        assert {header.labels["synthetic"] for header in headers} == {"yes"}
        assert all("SYNTHETIC" in header.notes[0] for header in headers)


def test_scores_are_of_motions_that_nothing_was_fitted_on(made):
    out, result = made
    fitted = {log.log_id for log in Calibration.load(result.calibration).record.lineage.logs}
    scored = set(json.loads((out / "scores.json").read_text())["variants"]["hybrid"]["logs"])
    assert scored == set(LogStore(out / "held_out").ids())
    assert not scored & fitted


def test_every_planted_number_is_compared(made):
    _, result = made
    assert [one.planted.name for one in result.recoveries] == [one.name for one in ARM.planted]
    assert all(one.planted.name in str(result) for one in result.recoveries)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StudyError, match="'thesis.tex', which no demo wrote"):
        demo(tmp_path, size=SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(("share", "code"), [(0.9, 0), (1.1, 1)])
def test_exit_code_says_whether_the_truth_was_recovered(made, monkeypatch, share, code):
    _, result = made
    first = result.recoveries[0]
    off = first.planted.value + share * first.planted.tolerance
    one = Recovery(planted=first.planted, found=first.found.model_copy(update={"value": off}))
    monkeypatch.setattr(
        command, "implementation", lambda *_: lambda **_: dataclasses.replace(result, recoveries=[one])
    )
    assert main.run(["demo"]) == code


def test_the_same_seed_gives_the_same_logs(tmp_path):
    robot = one_drive(tmp_path / "robot")
    first, again = recorded(robot, tmp_path / "a", 1.0), recorded(robot, tmp_path / "b", 1.0)
    assert [log.log_id for log in first] == [log.log_id for log in again]


def test_the_stand_in_hangs_where_load_and_friction_let_it(tmp_path):
    robot = one_drive(tmp_path / "robot")
    time = np.arange(0.0, 1.0, 0.02)[None]
    _, angles = swing(robot, TRUTH, time, np.zeros((1, time.shape[1], 1)), 1e-3)
    # 0.3 kg at 0.08 m and 0.2 kg at 0.16 + 0.08 m, level: 9.81 * (0.024 + 0.048) = 0.706 N*m; the loop gives
    # 5 / rad * 2.5 N*m = 12.5 N*m/rad, and 0.07 N*m of friction hold it anywhere within 0.0509 to 0.0621 rad,
    # give or take half a count of 0.0015 rad.
    assert -0.063 < angles[-1, 0, 0] < -0.050
    assert np.ptp(angles[-100:]) < 1e-6
