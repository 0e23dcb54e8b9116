"""Policies on disk, their observations by hand, and the pilot that runs them."""

import json

import numpy as np
import pytest

from hybridsim.errors import PolicyError, SimulationError
from hybridsim.policy import Pilot, Policy
from hybridsim.policy.contract import GAIT_ROWS
from hybridsim.policy.observing import MOST, Memory, gravity_in_body
from tests.policy.made import JOINTS, contract, policy
from tests.simulator.made import stance

SIGNALS = {
    "base_orientation": np.array([[0.0, 0.0, 0.0, 1.0]]),
    "imu_angular_velocity": np.array([[1.0, 2.0, 3.0]]),
    "joint_position": stance(JOINTS)[None] + 0.1,
    "joint_velocity": np.zeros((1, 12)),
}


def test_a_policy_comes_back_as_it_was(tmp_path):
    before = policy(0.3, gait_period_s=0.5)
    after = Policy.load(before.save(tmp_path / "walks"))
    assert after.contract == before.contract.model_copy(update={"sha256": after.contract.sha256})
    seen = np.random.default_rng(1).normal(size=(5, before.contract.observation_size))
    np.testing.assert_array_equal(before.action(seen), after.action(seen))
    np.testing.assert_array_equal(before.gait, after.gait)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(terms=["sonar"]), "no term 'sonar'; available: gravity"),
        (lambda d: d.update(stance=[0.0]), "stance has 1 numbers for 12 joints"),
        (lambda d: d.update(unknown=1), "unknown"),
        (lambda d: d.update(hidden=[9]), "expected"),
        (lambda d: d.update(weights="../out.safetensors"), "leads outside"),
        (lambda d: d.update(control_period_s=0.0), "control_period_s"),
    ],
)
def test_a_damaged_policy_names_file_and_field(tmp_path, change, words):
    folder = policy().save(tmp_path)
    data = json.loads((folder / "policy.json").read_text())
    change(data)
    (folder / "policy.json").write_text(json.dumps(data))
    with pytest.raises(PolicyError, match=words) as error:
        Policy.load(folder)
    assert "policy" in str(error.value)


def test_changed_weights_are_noticed(tmp_path):
    folder = policy(0.1).save(tmp_path)
    content = bytearray((folder / "policy.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "policy.safetensors").write_bytes(content)
    with pytest.raises(PolicyError, match="sha256"):
        Policy.load(folder)


def test_no_policy_and_one_for_another_robot(tmp_path):
    with pytest.raises(PolicyError, match="no such policy; expected a folder"):
        Policy.load(tmp_path / "nowhere")
    policy(robot="spot").save(tmp_path)
    with pytest.raises(PolicyError, match="a policy for spot; expected one for anymal_c"):
        Pilot.load(tmp_path, robot="anymal_c")


def test_gravity_points_where_the_body_leans():
    half = np.sin(np.pi / 8), np.cos(np.pi / 8)
    # Upright; nose down by 45 deg about +y; rolled to the right by 45 deg about +x.
    turns = np.array([[0, 0, 0, 1], [0, half[0], 0, half[1]], [half[0], 0, 0, half[1]]], float)
    root = np.sqrt(0.5)
    np.testing.assert_allclose(gravity_in_body(turns), [[0, 0, -1], [root, 0, -root], [0, -root, -root]])


def test_an_observation_by_hand():
    # The IMU is turned by 90 deg about z: its x is the base's y, its y the base's -x.
    turned = contract(rotation_base_from_imu=(0, -1, 0, 1, 0, 0, 0, 0, 1))
    memory = Memory(turned, 1)
    memory.advance(np.full((1, 12), 2.0), np.zeros((1, 3)))
    seen = memory.observation(SIGNALS, np.array([[0.5, 0.0, -0.2]]))[0]
    np.testing.assert_allclose(seen[:3], [0, 0, -1])
    np.testing.assert_allclose(seen[3:6], [-2 * 0.25, 1 * 0.25, 3 * 0.25])
    np.testing.assert_allclose(seen[6:9], [0.5, 0.0, -0.2])
    np.testing.assert_allclose(seen[9:21], 0.1)
    np.testing.assert_allclose(seen[21:33], 0.25 * 2.0 - 0.1)  # target less position
    np.testing.assert_allclose(seen[33:], 2.0)


def test_wild_signals_stay_within_bounds_and_missing_ones_are_named():
    memory = Memory(contract(), 1)
    wild = SIGNALS | {"joint_position": np.full((1, 12), 1e6)}
    assert np.abs(memory.observation(wild, np.zeros((1, 3)))).max() == MOST
    with pytest.raises(SimulationError, match="no signal 'base_orientation'; given: joint_position"):
        memory.observation({"joint_position": np.zeros((1, 12))}, np.zeros((1, 3)))


def test_targets_are_stance_gait_and_action_within_limits():
    made = policy(gait_period_s=0.64)  # a row of the table every 10 ms, two a control period
    memory = Memory(made.contract, 1, made.gait)
    command = np.array([[0.1, 0.0, 0.2]])
    first = memory.advance(np.ones((1, 12)), command)[0]
    table = made.gait[0] + 0.1 * made.gait[1] + 0.2 * made.gait[3]
    np.testing.assert_allclose(first, np.clip(stance(JOINTS) + 0.25 + table[0], -2, 2), rtol=1e-6)
    second = memory.advance(np.zeros((1, 12)), command)[0]
    np.testing.assert_allclose(second, np.clip(stance(JOINTS) + table[2], -2, 2), rtol=1e-6)
    assert memory.phase[0] == pytest.approx(4 / GAIT_ROWS)


def test_a_pilot_forgets_at_a_reset_and_refuses_another_command():
    pilot = Pilot(policy(0.5))
    command = np.array([0.3, 0.0, 0.0])
    first = pilot(SIGNALS, command)
    assert not np.array_equal(first, pilot(SIGNALS, command))  # it sees its last action
    pilot.reset()
    np.testing.assert_array_equal(first, pilot({n: v[0] for n, v in SIGNALS.items()}, command))
    with pytest.raises(PolicyError, match="a command of 2 numbers; expected forward, aside, turn"):
        pilot(SIGNALS, command[:2])
