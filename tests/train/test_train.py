"""Training: it learns, the same seed gives the same curve, a killed one goes on bit for bit."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hybridsim.envs import Size, make_vector
from hybridsim.envs.judge import judge
from hybridsim.errors import PolicyError, SimulationError
from hybridsim.policy import Policy
from hybridsim.train import Settings, train
from hybridsim.train.settings import read_settings

SMALL = {"task": "swing", "worlds": 8, "rollout": 64, "check_every": 1024, "judged": 4, "hidden": (16, 16)}
SMALL |= {"blocks": 1, "threads": 1}
SHORT = {"episode_s": 1.0}  # where it does not matter what is learned


def small(**changed):
    return Settings(**(SMALL | {"steps": 4096} | changed))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "swing"
    return train(small(steps=12_288, check_every=3072), folder)


def weights(folder):
    return (folder / "last" / "policy.safetensors").read_bytes()


def test_it_learns(trained):
    returns = [row["return"] for row in trained.history]
    untrained = returns[0]
    assert max(returns) > untrained + 20  # of at most 200: a step at the goal is worth 1
    assert "angle_error [rad]" in trained.history[0]


def test_the_best_policy_is_kept_with_where_it_came_from(trained):
    policy = Policy.load(trained.best)
    lineage = policy.contract.lineage
    top = max(trained.history, key=lambda row: row["return"])
    assert lineage.steps == top["steps"] and lineage.seed == 0 and lineage.variant == "nominal"
    envs = make_vector("swing", size=Size(worlds=4))
    assert judge(policy, envs, 0).score == pytest.approx(top["return"], rel=1e-6)
    envs.close()


def test_tensorboard_has_rewards_by_term(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(trained.folder / "tensorboard"))
    events.Reload()
    assert {"worlds/goal", "train/loss"} <= set(events.Tags()["scalars"])


def test_the_same_seed_gives_the_same_curve_and_another_one_does_not(tmp_path):
    one, two = (train(small(options=SHORT), tmp_path / name) for name in ("one", "two"))
    other = train(small(options=SHORT, seed=1), tmp_path / "other")
    assert one.history == two.history and weights(one.folder) == weights(two.folder)
    assert one.history != other.history


def test_a_killed_training_goes_on_bit_for_bit(tmp_path):
    whole = train(small(options=SHORT), tmp_path / "whole")
    words = ["train", "swing", "--out", str(tmp_path / "killed"), "--settings", str(tmp_path / "s.toml")]
    (tmp_path / "s.toml").write_text(
        "worlds = 8\nrollout = 64\ncheck_every = 1024\njudged = 4\nhidden = [16, 16]\nsteps = 4096\n"
        "blocks = 1\nthreads = 1\noptions = { episode_s = 1.0 }\n"
    )
    code = "import sys; from hybridsim.cli.main import run; sys.exit(run(sys.argv[1:]))"
    process = subprocess.Popen([sys.executable, "-c", code, *words])
    state = tmp_path / "killed" / "training.json"
    while not state.exists() or json.loads(state.read_text())["rollouts"] < 4:
        assert process.poll() is None, "killed before it ended"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads(state.read_text())["rollouts"] < 8
    done = subprocess.run([sys.executable, "-c", code, *words, "--resume"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert weights(tmp_path / "killed") == weights(whole.folder)
    assert json.loads(state.read_text())["history"] == whole.history
    assert len(list((tmp_path / "killed").glob("*.safetensors"))) == 1


def test_a_folder_with_a_training_is_left_alone(trained):
    with pytest.raises(PolicyError, match="holds a training already; go on with --resume"):
        train(small(), trained.folder)


def test_nothing_to_go_on_with(tmp_path):
    with pytest.raises(PolicyError, match="no training to go on with"):
        train(small(), tmp_path, resume=True)


def test_damaged_checkpoints_are_refused(tmp_path):
    done = train(small(steps=1024), tmp_path / "run")
    tensors = next(done.folder.glob("*.safetensors"))
    tensors.write_bytes(tensors.read_bytes()[:100])
    with pytest.raises(PolicyError, match="is no safetensors file"):
        train(small(), done.folder, resume=True)
    (done.folder / "training.json").write_text("{")
    with pytest.raises(PolicyError, match="is not valid JSON"):
        train(small(), done.folder, resume=True)


def test_a_reward_that_turns_nan_stops_with_the_checkpoint_kept(tmp_path, monkeypatch):
    from hybridsim.envs.swing import Swing

    honest, count = Swing.rewards, []

    def dishonest(self, sim, memory, command):
        count.append(0)
        found = dict(honest(self, sim, memory, command))
        return found | {"goal": found["goal"] * np.nan} if len(count) > 600 else found

    monkeypatch.setattr(Swing, "rewards", dishonest)
    with pytest.raises(SimulationError, match="reward term 'goal' of world 0 is not finite at step"):
        train(small(), tmp_path / "run")
    assert json.loads((tmp_path / "run" / "training.json").read_text())["rollouts"] > 0
    Policy.load(tmp_path / "run" / "best")


def test_a_curriculum_begins_with_less_and_asks_for_more(tmp_path):
    done = train(small(curriculum=True, options=SHORT), tmp_path / "run")
    state = json.loads((done.folder / "training.json").read_text())
    assert state["level"] == pytest.approx(0.3 + 0.1 * len(done.history))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stepss = 3", "stepss"),
        ("steps = 'many'", "steps"),
        ("worlds = 1\nrollout = 8", "batch"),
        ("x =", "TOML"),
    ],
)
def test_settings_that_cannot_be_are_named(tmp_path, text, words):
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(PolicyError, match=words):
        read_settings(tmp_path / "s.toml", {"task": "swing"})
