"""Logs opened from stores and raw recordings alike, and the pages that inspect prints of them."""

import json

import pytest

from hybridsim.errors import HybridSimError, LogError
from hybridsim.ingest.inspect import inspect_path
from hybridsim.ingest.open import open_logs
from hybridsim.log import LogStore
from hybridsim.robot import load_robot

XL330 = load_robot("xl330_pendulum")
STS3250 = load_robot("sts3250_pendulum")


@pytest.fixture
def both(pendulum):
    """A folder with a recording of each servo."""
    pendulum.path.write_text(json.dumps(pendulum.document))
    other = pendulum.document | {"motor": "sts3250"}
    (pendulum.root / "other.json").write_text(json.dumps(other))
    return pendulum.root


def test_raw_recordings_and_their_store_open_to_the_same_logs(both, tmp_path):
    lines = []
    (raw,) = open_logs([both], XL330, refused=lines)
    assert lines == [
        "recordings/other.json: motor is 'sts3250', a log of robot sts3250_pendulum; expected xl330_pendulum"
    ]
    (cached,) = open_logs([both], XL330, cache=tmp_path / "cache")
    (stored,) = open_logs([tmp_path / "cache"], XL330)
    (single,) = open_logs([tmp_path / "cache" / raw.log_id], XL330)
    assert raw.header == cached.header == stored.header == single.header
    assert len(open_logs([both, tmp_path / "cache"], XL330)) == 1  # the same log is there once


def test_a_store_of_two_robots_gives_each_its_own(both, tmp_path):
    for robot in (XL330, STS3250):
        open_logs([both], robot, cache=tmp_path / "cache")
    assert len(LogStore(tmp_path / "cache").ids()) == 2
    lines = []
    (log,) = open_logs([tmp_path / "cache"], STS3250, refused=lines)
    assert log.labels["motor"] == "sts3250"
    (line,) = lines
    assert "log 2026-01-15_one is of robot xl330_pendulum; expected sts3250_pendulum" in line
    with pytest.raises(LogError, match="no log of robot so101 to use; refused: .*is of robot"):
        open_logs([tmp_path / "cache"], load_robot("so101"))


def test_a_damaged_log_costs_that_log(both, tmp_path):
    pendulum_log = open_logs([both], XL330, cache=tmp_path / "cache")[0]
    path = tmp_path / "cache" / pendulum_log.log_id / "joint_position.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LogError, match=r"joint_position\.parquet is damaged"):
        open_logs([tmp_path / "cache"], XL330)


def test_what_holds_no_log_is_an_error(tmp_path):
    with pytest.raises(LogError, match="no such file or folder"):
        open_logs([tmp_path / "nowhere"], XL330)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        LogError, match=r"no log of set servo_pendulum; expected \*\.json; the folder holds none"
    ):
        open_logs([tmp_path / "empty"], XL330)
    with pytest.raises(LogError, match="no set in data/ serves robot anymal_c"):
        open_logs([tmp_path / "empty"], load_robot("anymal_c"))


def test_a_robot_on_one_page(repository):
    for path in ("so101", "robots/so101", repository / "robots" / "so101"):
        sheet = inspect_path(path)
        assert sheet.title == "robot so101" and sheet.problems == ()
    text = str(sheet)
    (line,) = [line.split() for line in text.splitlines() if line.startswith("  armature ")]
    assert line[1:8] == ["0.028", "kg*m^2", "shoulder_pan", "and", "5", "more", "TheRobotStudio/SO-ARM100,"]
    assert json.loads(sheet.json())["robot"]["drive"][0]["armature"]["unit"] == "kg*m^2"
    assert any("impossible inertia" in line for line in inspect_path("anymal_c").problems)


def test_a_log_on_one_page_says_what_looks_wrong(pendulum):
    pendulum.entries[3]["position"] = float("nan")
    pendulum.entries[5]["speed"] = 30.0  # beyond the XL330's 16 rad/s, but believable
    for entry in pendulum.entries[12:]:
        entry["timestamp"] += 0.5
    pendulum.path.write_text(json.dumps(pendulum.document))
    sheet = inspect_path(pendulum.path)
    assert sheet.title == "log 2026-01-15_one"
    assert "position: 1 gaps, the longest 0.505 s" in str(sheet)
    assert "rows refused in joint_position: nan or infinite (row 4)" in str(sheet)
    assert "joint_velocity of pendulum: 1 samples beyond -16 to 16 rad/s, as far as 30" in str(sheet)
    data = json.loads(sheet.json())
    assert data["header"]["signals"]["joint_position"]["rows"] == 19
    # 200 Hz: 5 ms apart
    assert data["header"]["signals"]["joint_velocity"]["rate_hz"] == pytest.approx(200.0)


def test_recordings_and_stores_on_one_page(both, tmp_path):
    page = inspect_path(both)
    assert [row[2] for row in page.grids[0].rows] == ["xl330_pendulum", "sts3250_pendulum"]
    open_logs([both], XL330, cache=tmp_path / "cache")
    page = inspect_path(tmp_path / "cache")
    assert len(page.grids[0].rows) == 1 and page.problems == ()
    log_id = page.grids[0].rows[0][1]
    assert inspect_path(tmp_path / "cache" / log_id).title == "log 2026-01-15_one"


def test_what_is_nothing_is_an_error_that_says_what_was_expected(tmp_path):
    with pytest.raises(
        HybridSimError, match="no such file or folder; robots: anymal_c, cube, imu_broad, so101"
    ):
        inspect_path(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(
        HybridSimError, match=r"no robot, log, store or recording; expected robot\.toml, log\.json"
    ):
        inspect_path(tmp_path)
