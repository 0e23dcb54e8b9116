"""`hybridsim export` from typed words to files: what it prints, what it refuses, and its exit code."""

import subprocess
import sys
import time

import pytest

from hybridsim.cli import main
from hybridsim.log import LogStore
from tests.export.lerobot_layout import check
from tests.export.made import a_draft, a_signal, arm, read_back, same_bits, stamps, store
from tests.tiny import disk_with_room_for, write_logs


@pytest.fixture
def logs(tmp_path):
    return store(tmp_path / "logs", a_draft(arm(), name="one"), a_draft(arm(), name="two", serial="a2"))


def test_bags_are_written_and_named(logs, tmp_path, capsys):
    folder = sorted(logs.iterdir())[0]
    assert main.run(["export", str(folder), "--to", "mcap", "--out", str(tmp_path / "bags")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{folder.name}  ") and lines[0].endswith(".mcap")
    assert lines[-1] == f"read back with {tmp_path / 'bags' / 'ingest.toml'}"
    (bag,) = (tmp_path / "bags").glob("*.mcap")
    back = read_back(bag, tmp_path / "bags" / "ingest.toml")
    assert all(same_bits(signal, back[signal.name]) for signal in arm().values())


def test_ingest_reads_a_bag_back_into_the_same_log(tmp_path):
    """The id is a hash of everything that a log says, every bit of every sample included."""
    logs = write_logs(tmp_path / "logs", count=1, seconds=1.0)
    bags, back = str(tmp_path / "bags"), tmp_path / "back"
    assert main.run(["export", str(logs), "--to", "mcap", "--out", bags]) == 0
    words = ["--spec", f"{bags}/ingest.toml", "--robot", "xl330_pendulum", "--store", str(back)]
    assert main.run(["ingest", bags, *words]) == 0
    assert LogStore(back).ids() == LogStore(logs).ids()


def test_a_dataset_is_written_and_its_resampling_printed(logs, tmp_path, capsys):
    out = tmp_path / "set"
    assert main.run(["export", str(logs), "--to", "lerobot", "--rate", "30", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "14 frames at 30 Hz" in printed  # 0.45 s: the thermometer ends before the joints
    assert "resampled to 30 Hz, LeRobot's common clock:" in printed
    assert "action: joint_position_command at 100 Hz, last sample held" in printed
    assert "one: 0.4333 s of 0.49 s, where every signal has samples" in printed
    assert check(out)[0]["fps"] == 30


def test_a_refused_log_fails_the_command_and_the_others_are_written(logs, tmp_path, capsys):
    (sorted(logs.iterdir())[0] / "temperature.parquet").write_bytes(b"")
    assert main.run(["export", str(logs), "--to", "mcap", "--out", str(tmp_path / "bags")]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and "refused: " in captured.err and "is damaged" in captured.err
    assert len(list((tmp_path / "bags").glob("*.mcap"))) == 1


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["{logs}", "--to", "mcap", "--out", "{tmp}/x", "--rate", "5"], 2, "a rate goes with --to lerobot"),
        (["{logs}", "--to", "lerobot", "--out", "{tmp}/x", "--rate", "0"], 2, "--rate"),
        (["{logs}", "--to", "bag", "--out", "{tmp}/x"], 2, "lerobot"),
        (["{logs}", "--to", "mcap"], 2, "--out"),
        (["{tmp}/none", "--to", "mcap", "--out", "{tmp}/x"], 2, "none"),
        (["{tmp}", "--to", "mcap", "--out", "{tmp}/x"], 1, "no log here"),
        (["{logs}", "--to", "mcap", "--out", "{logs}"], 1, "exists already"),
        (["{logs}", "--to", "lerobot", "--out", "{logs}"], 1, "exists already"),
        (["{logs}", "--to", "mcap", "--out", "{tmp}/x.mcap"], 1, "one file for 2 logs"),
        (["{logs}", "--to", "mcap", "--out", "/proc/x"], 1, "/proc/x: not written"),
    ],
)
def test_wrong_words_are_one_clear_line(logs, tmp_path, capsys, words, code, named):
    assert main.run(["export", *(word.format(logs=logs, tmp=tmp_path) for word in words)]) == code
    captured = capsys.readouterr()
    assert named in captured.err and captured.out == ""
    assert code == 2 or captured.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs"]


def test_a_full_disk_is_one_line(logs, tmp_path, capsys):
    with disk_with_room_for(500):
        assert main.run(["export", str(logs), "--to", "lerobot", "--out", str(tmp_path / "set")]) == 1
    assert capsys.readouterr().err == f"hybridsim: {tmp_path / 'set'}: not written: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_ctrl_c_leaves_nothing(tmp_path):
    """A real signal to a real process that writes for seconds."""
    at = stamps(200_000, 1_000_000)
    root = store(tmp_path / "logs", a_draft({"joint_position": a_signal("joint_position", at=at)}))
    words = ["export", str(root), "--to", "mcap", "--out", str(tmp_path / "bags")]
    code = f"import sys; from hybridsim.cli.main import run; sys.exit(run({words!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    try:
        while process.poll() is None and not list(tmp_path.glob(".export-*/*.mcap")):
            time.sleep(0.01)
        process.send_signal(2)
        _, printed = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, printed) == (130, "hybridsim: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
