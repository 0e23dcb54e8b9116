"""Training on a real local Ray: it learns, dead workers come back, a stopped one goes on."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hybridsim.envs import Size, make_vector
from hybridsim.errors import PolicyError, SimulationError
from hybridsim.policy import Policy
from hybridsim.train import Settings, train

SMALL = {"task": "swing", "worlds": 8, "rollout": 64, "check_every": 1536, "judged": 4, "hidden": (16, 16)}
SMALL |= {"blocks": 1, "threads": 1, "engine": "ray", "workers": 2, "steps": 9216}


def small(**changed):
    return Settings(**(SMALL | changed))


def runners():
    """Processes of RLlib's environment runners."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"WorldsRunner" in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("ray.rllib", reason="RLlib is not installed (extra 'cluster')")
    from ray.rllib.core.rl_module.rl_module import RLModuleSpec

    from hybridsim.train.cluster.network import Network

    envs = make_vector("swing", size=Size(worlds=2))
    spec = RLModuleSpec(
        module_class=Network,
        observation_space=envs.single_observation_space,
        action_space=envs.single_action_space,
        model_config={"hidden": [16, 16], "exploration": 0.37},
    )
    yield envs, spec.build()
    envs.close()


def test_the_policy_acts_as_rllibs_module_does(network):
    import torch
    from ray.rllib.core.columns import Columns

    from hybridsim.policy.contract import Lineage
    from hybridsim.train.learned import policy_of
    from hybridsim.train.tensors import layers_of

    envs, module = network
    seen = np.random.default_rng(0).normal(0.0, 3.0, (50, envs.single_observation_space.shape[0]))
    with torch.no_grad():
        for parameter in module.parameters():  # first weights of the last layer are almost zero
            parameter.add_(0.1)
        batch = {Columns.OBS: torch.from_numpy(seen.astype(np.float32))}
        inputs = module.forward_inference(batch)[Columns.ACTION_DIST_INPUTS]
    theirs = module.get_inference_action_dist_cls().from_logits(inputs).to_deterministic().sample().numpy()
    policy = policy_of(layers_of([*module.actor]), envs.blocks[0].task, Lineage())
    assert np.abs(theirs).max() > 0.1
    np.testing.assert_allclose(policy.action(seen), theirs, atol=1e-6)


def test_a_rollout_is_whole_parts_of_episodes(network):
    from hybridsim.train.cluster.rollout import Rollout

    del network
    envs = make_vector("swing", size=Size(worlds=3), options={"episode_s": 0.2})  # ten steps
    seen, _ = envs.reset(seed=0)
    rollout, random, finals = Rollout(envs), np.random.default_rng(0), []
    for _ in range(25):
        action = random.normal(0.0, 0.5, (3, 1)).astype(np.float32)
        stepped = envs.step(action)
        rollout.add(seen, (np.zeros((3, 2), np.float32), action, np.zeros(3, np.float32)), stepped)
        seen = stepped[0]
        finals += [stepped[4]["final_obs"]] if stepped[3].any() else []
    envs.close()
    parts = rollout.episodes()
    assert [(len(one), one.is_truncated, one.is_terminated) for one in parts] == [
        (10, True, False),
        (10, True, False),
        (5, False, False),
    ] * 3
    for world in range(3):
        first, second, rest = parts[3 * world : 3 * world + 3]
        np.testing.assert_array_equal(first.get_observations(-1), finals[0][world])
        np.testing.assert_array_equal(second.get_observations(-1), finals[1][world])
        np.testing.assert_array_equal(rest.get_observations(-1), seen[world])
        assert not np.allclose(first.get_observations(-1), second.get_observations(0))


def test_a_worlds_error_is_brought_and_not_raised_where_rllib_would_restart_for_it(network, monkeypatch):
    from hybridsim.train.cluster.runner import WorldsRunner, gather

    def stumble(runner, order):
        raise SimulationError("task swing: observation of world 3 is not finite at step 7")

    del network
    monkeypatch.setattr(WorldsRunner, "gather", stumble)
    found = gather(WorldsRunner.__new__(WorldsRunner), None)
    assert isinstance(found, SimulationError) and "world 3" in str(found)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, network):
    """One whose worker is killed, that is then stopped, and goes on."""
    del network
    out = tmp_path_factory.mktemp("cluster") / "swing"
    told, killed = [], []

    def report(done, steps, note):
        told.append(done)
        if len(told) == 3:
            before = runners()
            killed.append(min(before))
            os.kill(min(before), signal.SIGKILL)
            until = time.monotonic() + 100.0
            while not runners() - before and time.monotonic() < until:  # Ray starts another one
                time.sleep(0.1)
        if done >= 5000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small(), out, progress=report)
    stopped = json.loads((out / "training.json").read_text())
    return stopped, train(small(workers=1), out, resume=True), told, killed


def test_it_learns_on_ray_and_goes_on_where_it_stopped(trained):
    stopped, done, _, _ = trained
    assert len(stopped["history"]) > 2 and done.history[: len(stopped["history"])] == stopped["history"]
    assert done.history[-1]["steps"] >= 9216
    returns = [row["return"] for row in done.history]
    assert max(returns) > returns[0] + 20  # of at most 200: a step at the goal is worth 1


def test_a_worker_that_dies_comes_back_and_its_steps_are_not_counted(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    stopped, done, told, killed = trained
    assert len(killed) == 1 and stopped["missed"] > 0
    assert 256 in np.diff(told)  # one of two workers
    events = EventAccumulator(str(done.folder / "tensorboard"))
    events.Reload()
    workers = [one.value for one in events.Scalars("cluster/workers")]
    assert workers[:3] == [2, 2, 2] and 1 in workers[3:] and 2 in workers[4:]
    assert {"worlds/goal", "train/policy_loss"} <= set(events.Tags()["scalars"])


def test_the_policy_is_one_of_ours(trained):
    policy = Policy.load(trained[1].best)
    assert policy.contract.lineage.settings["engine"] == "ray"
    one, two = policy.action(np.eye(policy.contract.observation_size)[:2])
    assert one != pytest.approx(two)


def test_a_training_of_another_engine_is_not_gone_on_with(trained):
    with pytest.raises(PolicyError, match="holds a training of engine 'ray'; go on with --engine ray"):
        train(small(engine="local"), trained[1].folder, resume=True)


@pytest.mark.parametrize(
    ("workers", "words"), [(500, "500 workers; the Ray cluster has"), (9, "9 workers for 8")]
)
def test_more_workers_than_there_is_work_or_room_for(network, workers, words):
    from hybridsim.train.cluster.engine import workers_of

    del network
    with pytest.raises(PolicyError, match=words):
        workers_of(small(workers=workers), 16)


def test_without_rllib_the_command_says_what_to_install(tmp_path, monkeypatch):
    for name in list(sys.modules):
        if name.startswith("hybridsim.train.cluster"):
            monkeypatch.delitem(sys.modules, name)
        elif name.split(".")[0] == "ray":  # None is what Python itself stores for a module that cannot load
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PolicyError, match=r"needs the package ray.*hybridsim\[training,cluster\]"):
        train(small(), tmp_path / "run")
    assert not (tmp_path / "run" / "training.json").exists()
