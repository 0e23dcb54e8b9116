"""`hybridsim calibrate` from typed words to a folder: as a process, interrupted, and on a full disk."""

import signal
import subprocess
import sys
import time

import pytest

from hybridsim.calibration import Calibration
from hybridsim.cli import main
from tests.tiny import content, disk_with_room_for, write_recordings

PROGRAM = [sys.executable, "-c", "from hybridsim.cli.main import main; main()"]


def words(tiny, out, *more):
    return ["calibrate", str(tiny.study), "--logs", str(tiny.logs), "--out", str(out), *more]


def calibrate(tiny, out, *more):
    return main.run(words(tiny, out, "--engine", "serial", *more))


def left(out):
    """Files below the output folder that are not the memory of an unfinished run."""
    files = [path for path in out.rglob("*") if path.is_file()]
    return [path.relative_to(out) for path in files if ".resume" not in path.parts]


def test_its_options_reach_the_calibration(tiny, tmp_path, capsys):
    assert calibrate(tiny, tmp_path, "--quick", "--seed", "3") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lineage = Calibration.load(captured.out.strip()).record.lineage
    assert (lineage.quick, lineage.seed) == (True, 3)


def test_by_default_it_lies_beside_the_study(tiny, tmp_path, capsys):
    study = tiny.edited(tmp_path)
    arguments = ["calibrate", str(study), "--logs", str(tiny.logs), "--quick", "--engine", "serial"]
    assert main.run(arguments) == 0
    (record,) = tmp_path.glob("*/calibration.json")
    assert capsys.readouterr().out == f"{record.parent}\n"


def test_raw_recordings_will_do(tiny, tmp_path, capsys):
    recordings = write_recordings(tmp_path / "raw", count=4)
    arguments = ["calibrate", str(tiny.study), "--logs", str(recordings), "--out", str(tmp_path / "out")]
    assert main.run([*arguments, "--quick", "--engine", "serial"]) == 0
    lineage = Calibration.load(capsys.readouterr().out.strip()).record.lineage
    assert sorted(log.name for log in lineage.logs) == [f"swing_{n}" for n in range(4)]
    assert not (tmp_path / "out" / ".resume").exists()


def test_an_output_folder_that_cannot_be_is_known_before_the_search(tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("hybridsim.calibrate.chain.find", None)  # the search would stumble
    (tmp_path / "file").touch()
    assert calibrate(tiny, tmp_path / "file" / "out") == 1
    assert capsys.readouterr().err == (
        f"hybridsim: {tmp_path / 'file' / 'out'}: cannot hold a calibration: Not a directory; "
        "expected a folder that can be written\n"
    )


def test_ctrl_c_is_one_line_and_the_same_command_goes_on(tiny, tmp_path, capsys):
    command = [*PROGRAM, *words(tiny, tmp_path, "--engine", "serial")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(tmp_path.glob(".resume/*/drive-*.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=120)
    assert (process.returncode, *printed) == (130, "", "hybridsim: interrupted\n")
    assert left(tmp_path) == []
    # To the bytes of one undisturbed process, though another one searched and workers replay.
    assert main.run(words(tiny, tmp_path, "--engine", "loky")) == 0
    folder = tmp_path / tiny.folder.name
    assert capsys.readouterr() == (f"{folder}\n", "")
    assert content(folder) == content(tiny.folder)


# A remembered step has about 60 bytes, weights 1,600, calibration.json 20,000.
@pytest.mark.parametrize("room", [20, 1_000, 10_000])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tiny, tmp_path, capsys, room):
    with disk_with_room_for(room):
        assert calibrate(tiny, tmp_path, "--quick") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("hybridsim: ") and "File too large" in captured.err
    assert captured.err.count("\n") == 1
    assert left(tmp_path) == []


def test_a_full_disk_leaves_the_calibration_that_was_there(tiny, tmp_path, capsys):
    assert calibrate(tiny, tmp_path, "--quick") == 0
    (folder,) = tmp_path.glob("[!.]*")
    before = content(folder)
    with disk_with_room_for(10_000):
        assert calibrate(tiny, tmp_path, "--quick") == 1
    assert f"/{folder.name}: was not written" in capsys.readouterr().err
    assert list(tmp_path.glob("[!.]*")) == [folder]
    assert content(folder) == before
    assert calibrate(tiny, tmp_path, "--quick") == 0  # once there is room, it goes on
    assert content(folder) == before
