"""`hybridsim train --motion`: it learns, says where it came from, and goes on only from the same clip."""

import json

import numpy as np
import pytest

from hybridsim.cli import main
from hybridsim.motion import read_motion
from hybridsim.policy import Policy
from tests.motion.made import going_round, swing_table

FEW = "learning_rate = 0.003\nworlds = 8\nrollout = 64\ncheck_every = 512\njudged = 4\n"
FEW += "hidden = [16, 16]\nblocks = 1\n"
SHORT = "[options]\nepisode_s = 2.0\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imitate")
    (folder / "s.toml").write_text(FEW + "steps = 3072\n" + SHORT)
    words = ["train", "--no-prior", "--motion", str(swing_table(folder / "swing.csv"))]
    words += ["--retarget", str(going_round(folder / "map.toml"))]
    assert main.run([*words, "--settings", str(folder / "s.toml"), "--out", str(folder / "one")]) == 0
    return folder, words


def state(folder):
    return json.loads((folder / "training.json").read_text())


def test_it_comes_nearer_to_the_reference(trained):
    history = state(trained[0] / "one")["history"]
    errors = [row["joint_error [rad]"] for row in history]
    assert errors[-1] < 0.95 * errors[0]


def test_the_policy_says_what_it_imitates(trained):
    folder, _ = trained
    lineage = Policy.load(folder / "one" / "best").contract.lineage
    assert lineage.settings["motion"] == "swing.csv" and lineage.settings["retarget"] == "map.toml"
    assert lineage.settings["motion_sha256"] == read_motion(folder / "swing.csv").sha256
    assert state(folder / "one")["settings"]["robot"] == "xl330_pendulum"


def test_the_same_seed_the_same_curve(trained):
    folder, words = trained
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        (folder / "t.toml").write_text(FEW + "steps = 512\n" + SHORT)
        more = ["--seed", seed, "--settings", str(folder / "t.toml"), "--out", str(folder / name)]
        assert main.run([*words, *more]) == 0
    one, two, other = (state(folder / name)["history"] for name in "abc")
    assert one == two and not np.array_equal(list(one[0].values()), list(other[0].values()))


def test_another_clip_under_the_same_name_is_refused(trained, capsys):
    folder, _ = trained
    before = (folder / "swing.csv").read_text()
    swing_table(folder / "swing.csv", frames=31)
    assert main.run(["train", "--out", str(folder / "one"), "--resume"]) == 1
    assert "began with another motion (sha256" in capsys.readouterr().err
    (folder / "swing.csv").write_text(before)
    assert main.run(["train", "--out", str(folder / "one"), "--resume"]) == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["walk_flat", "--motion", "laikago_walk"], "task 'walk_flat' with --motion; expected imitate"),
        (["--motion", "moonwalk"], "motion 'moonwalk': no such file, log or clip"),
        (["--motion", "humanoid3d_run"], "which robot is to imitate it?"),
        ([], "train: no task; expected its name, such as walk_flat, or --motion FILE"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, capsys, words, line):
    assert main.run(["train", *words, "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()
