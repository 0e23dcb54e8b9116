"""`hybridsim standin` as it is typed: exit codes, one-line errors, and a policy through its only seam."""

import json
import subprocess
import sys

import pytest

from hybridsim.cli import main
from hybridsim.standin.record import Recorded
from hybridsim.standin.stance import stance, standing_target
from tests.policy.made import policy


@pytest.fixture
def failed(capsys):
    """Run a command that must fail; gives back its error line."""

    def run(*words, code=1):
        assert main.run([str(word) for word in words]) == code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err and captured.out == ""
        if code == 1:
            assert captured.err.startswith("hybridsim: ") and captured.err.count("\n") == 1
        return captured.err

    return run


def test_bags_are_recorded_and_listed(tmp_path, capsys):
    words = ["standin", "record", "--seed", "2", "--out", str(tmp_path), "--logs", "1", "--seconds", "4"]
    assert main.run(words) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("SYNTHETIC")
    assert (tmp_path / "standin-2_00_multisine" / "metadata.yaml").is_file()
    assert main.run(words) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("(already there)")


def test_a_fall_is_an_exit_code(tmp_path, capsys, monkeypatch):
    fallen = [Recorded(tmp_path / "bag", "walk", True, 3.2)]
    monkeypatch.setattr("hybridsim.standin.record.record", lambda *_: fallen)
    assert main.run(["standin", "record", "--seed", "2", "--out", str(tmp_path)]) == 1
    assert "bag  (fell after 3.2 s)" in capsys.readouterr().out


def test_a_policy_is_scored(tmp_path, capsys):
    lead = standing_target(stance())  # as far ahead of the stance as its weight bends the drives
    policy(stance=tuple(lead.tolist())).save(tmp_path / "policy")
    words = ["standin", "run", str(tmp_path / "policy"), "--seed", "2", "--episodes", "1"]
    assert main.run([*words, "--json", str(tmp_path / "scores.json")]) == 0
    assert capsys.readouterr().out.startswith("SYNTHETIC")
    data = json.loads((tmp_path / "scores.json").read_text())
    assert data["serial"] == "standin-2" and len(data["episodes"]) == 1
    assert data["mean"] == data["episodes"][0] and data["mean"]["falls"] == 0.0


def test_a_negative_seed_is_wrong_usage(failed, tmp_path):
    assert "--seed" in failed("standin", "record", "--seed", -1, "--out", tmp_path, code=2)


def test_a_folder_that_cannot_be_written_is_named(failed, tmp_path):
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "bags"
    line = failed("standin", "record", "--seed", 2, "--out", out, "--logs", 1, "--seconds", 4)
    assert str(out) in line and "Not a directory" in line


def test_a_missing_policy_is_named(failed, tmp_path):
    line = failed("standin", "run", tmp_path / "none", "--seed", 2)
    assert "none: no such policy; expected a file or folder" in line


def test_without_mujoco_the_extra_is_named(tmp_path):
    script = (
        "import sys; sys.modules['mujoco'] = None\nfrom hybridsim.cli.main import run\n"
        f"sys.exit(run(['standin', 'record', '--seed', '2', '--out', {str(tmp_path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "'mujoco' is not installed" in done.stderr and "hybridsim[standin]" in done.stderr
