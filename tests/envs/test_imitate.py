"""Imitation: rewards by hand at the reference, starts anywhere in it, ends when it is lost."""

import numpy as np
import pytest

from hybridsim.envs import Origin, Size, make_vector
from hybridsim.envs.imitate import WEIGHTS
from hybridsim.errors import MotionError
from hybridsim.policy import Pilot
from tests.motion.made import going_round, swing_table
from tests.policy.made import policy


def pendulum(tmp_path, worlds=3, loop=True, **options):
    given = {"motion": str(swing_table(tmp_path / "swing.csv"))} | options
    if loop:
        given["retarget"] = str(going_round(tmp_path / "map.toml"))
    return make_vector("imitate", Origin(robot="xl330_pendulum"), size=Size(worlds=worlds), options=given)


def test_worlds_begin_in_the_reference_and_follow_it_without_a_policy(tmp_path):
    envs = pendulum(tmp_path, worlds=8)
    envs.reset(seed=3)
    block = envs.blocks[0]
    phase = block.memory.phase.copy()
    assert len(np.unique(phase)) == 8  # anywhere
    angle, speed = block.sim.joint_motion
    np.testing.assert_allclose(angle[:, 0], 0.6 * np.sin(2 * np.pi * phase), atol=0.031)
    np.testing.assert_allclose(speed[:, 0], 0.6 * np.pi * np.cos(2 * np.pi * phase), atol=0.01)
    errors = []
    for _ in range(50):
        envs.step(np.zeros((8, 1)))
        errors.append(envs.last.measures["joint_error [rad]"])
    assert np.mean(errors) < 0.1
    np.testing.assert_allclose(block.memory.phase, (phase + 50 * 0.02 / 2.0) % 1.0, atol=1e-9)
    envs.close()


def test_rewards_by_hand(tmp_path):
    envs = pendulum(tmp_path)
    envs.reset(seed=0)
    block = envs.blocks[0]
    task, sim = block.task, block.sim
    block.memory.phase[:] = [0.0, 0.25, 0.25]  # the reference is at 0, 0.6 and 0.6 rad
    sim.reset(np.array([[0.0], [0.6], [0.4]]), np.array([[0.6 * np.pi], [0.0], [1.0]]))
    found = task.rewards(sim, block.memory, block.command)
    weights = np.array([WEIGHTS[name] for name in ("pose", "speed", "ends")])
    pose, speed, ends = weights / weights.sum()  # there is no base
    # 0.2 rad and 1 rad/s off in the third world, and nothing in the others.
    np.testing.assert_allclose(found["pose"], pose * np.exp([0, 0, -5 * 0.2**2]), rtol=1e-3)
    np.testing.assert_allclose(found["speed"], speed * np.exp([0, 0, -0.1]), rtol=1e-2)
    assert found["ends"][0] == pytest.approx(ends, rel=1e-3)
    assert not task.ended(sim).any()
    envs.close()


def test_one_that_plays_once_stays_at_its_end(tmp_path):
    envs = pendulum(tmp_path, worlds=2, loop=False)
    envs.reset(seed=0)
    block = envs.blocks[0]
    assert not block.task.contract.gait_loops
    for _ in range(101):
        envs.step(np.zeros((2, 1)))
    np.testing.assert_allclose(block.memory.phase, 0.99)
    np.testing.assert_allclose(block.memory.target, 0.0, atol=1e-6)  # where the swing ends
    envs.close()


def test_a_quadruped_imitates_laikago_until_it_loses_it():
    envs = make_vector("imitate", size=Size(worlds=2))
    envs.reset(seed=0)
    block = envs.blocks[0]
    base = block.sim.body.base
    heights = block.task.wanted.at(block.memory.phase).height
    np.testing.assert_allclose(base.position[:, 2], heights + 0.01, atol=1e-3)
    ahead = np.einsum("wij,wi->wj", base.rotation_world_from_body, base.linear_velocity)[:, 0]
    assert (ahead > 0.15).all()  # in the middle of a trot, whatever way it looks
    np.testing.assert_allclose(block.command[:, 0], block.task.reference.base.mean[0])
    for _ in range(10):
        envs.step(np.zeros((2, 12)))
    assert not block.task.ended(block.sim).any()
    stood = np.tile(block.task.contract.stance, (2, 1))
    block.sim.reset(stood, base_position=np.array([[0, 0, 0.2], [0, 0, 0.56]], float))
    assert block.task.ended(block.sim).tolist() == [True, False]
    lying = np.array([[0.0, 0.0, 0.0, 1.0], [0.7, 0.0, 0.0, 0.714]])
    block.sim.reset(stood, base_position=np.tile([0, 0, 0.56], (2, 1)), base_orientation=lying)
    assert block.task.ended(block.sim).tolist() == [False, True]
    envs.close()


def test_a_pilot_plays_what_the_worlds_played(tmp_path):
    envs = pendulum(tmp_path, worlds=1)
    envs.reset(seed=0)
    block = envs.blocks[0]
    block.memory.reset(np.zeros(1, np.int64))  # a pilot begins where the motion does
    contract = block.task.contract
    made = policy(0.5, **contract.model_dump(by_alias=False, exclude={"lineage", "schema_version"}))
    made = type(made)(made.contract, made.layers, made.mean, made.deviation, block.task.gait)
    saved = made.save(tmp_path / "policy")
    pilot = Pilot.load(saved, robot="xl330_pendulum")
    for _ in range(5):
        signals = block.sim.observe()
        seen = block.memory.observation(signals, block.command)
        action = pilot.policy.action(seen)
        told = pilot(signals, np.zeros(0))
        envs.step(action)
        np.testing.assert_allclose(told, block.memory.target[0], rtol=1e-6)
    envs.close()


def test_a_robot_that_cannot_take_part_is_refused(tmp_path):
    (tmp_path / "jaw.csv").write_text("time_s,gripper_rad\n0,0\n1,1\n")
    with pytest.raises(
        MotionError, match="the motion moves gripper; its drives take positions of elbow_flex"
    ):
        make_vector("imitate", Origin(robot="so101"), options={"motion": str(tmp_path / "jaw.csv")})
