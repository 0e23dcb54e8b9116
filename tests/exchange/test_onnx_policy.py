"""A policy's ONNX file gives the policy's own actions and carries what is needed to run it."""

import json

import numpy as np
import onnxruntime
import pytest

from hybridsim.cli import main
from hybridsim.policy.observing import Memory
from tests.policy.made import policy

WORLDS = 7


@pytest.mark.parametrize("activation", ["elu", "tanh"])
def test_actions_are_the_policys_own(tmp_path, activation, capsys):
    made = policy(0.4, activation=activation, gait_period_s=0.5, hidden=(16, 8))
    made.save(tmp_path / "policy")
    out = tmp_path / "onnx"
    assert main.run(["export", str(tmp_path / "policy"), "--to", "onnx", "--out", str(out)]) == 0
    assert str(out / "policy.onnx") in capsys.readouterr().out
    session = onnxruntime.InferenceSession(str(out / "policy.onnx"))
    seen = np.random.default_rng(0).normal(size=(WORLDS, made.contract.observation_size)).astype(np.float32)
    (action,) = session.run(["action"], {"observation": seen})
    np.testing.assert_allclose(action, made.action(seen), atol=1e-5)


def test_the_file_alone_says_how_to_run_it(tmp_path):
    from hybridsim.exchange.onnx_policy import policy_to_onnx

    made = policy(0.4, gait_period_s=0.5)
    (written,) = policy_to_onnx(made, tmp_path / "onnx")
    session = onnxruntime.InferenceSession(str(written.path))
    carried = session.get_modelmeta().custom_metadata_map
    assert carried["robot"] == "anymal_c" and json.loads(carried["control_period_s"]) == 0.02
    assert [one["name"] for one in json.loads(carried["terms"])] == list(made.contract.terms)
    gait, action = np.array(json.loads(carried["gait"])), np.full((1, 12), 0.3)
    first = Memory(made.contract, 1, made.gait).advance(action, np.array([[0.2, 0.0, 0.1]]))
    wanted = np.array(json.loads(carried["stance"])) + gait[0, 0] + 0.2 * gait[1, 0] + 0.1 * gait[3, 0]
    wanted += np.array(json.loads(carried["action_scale"])) * 0.3
    limits = (json.loads(carried["low"]), json.loads(carried["high"]))
    np.testing.assert_allclose(first[0], np.clip(wanted, *limits), atol=1e-6)


def test_a_policy_goes_to_nothing_else(tmp_path, capsys):
    folder = policy().save(tmp_path / "policy")
    assert main.run(["export", str(folder), "--to", "isaaclab", "--out", str(tmp_path / "x")]) == 1
    assert "is a policy; expected --to onnx" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
