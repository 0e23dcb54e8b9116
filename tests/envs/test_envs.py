"""Environments: the contracts of others, seeds, companies, resets, what is not finite."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_for_sb3

import hybridsim.envs
from hybridsim.calibration import SimulationSettings
from hybridsim.envs import Origin, Size, make_vector
from hybridsim.envs.draws import Draws, Spread
from hybridsim.envs.render import write_video
from hybridsim.envs.walk import base_of
from hybridsim.envs.worlds import load, make_source
from hybridsim.errors import SimulationError
from hybridsim.policy import Pilot, Policy
from hybridsim.robot import load_robot
from hybridsim.walking.legs import Legs
from hybridsim.walking.trot import Trot
from tests.exchange.made import anymal
from tests.policy.made import policy
from tests.simulator.made import stance

SHARED = (
    "terms",
    "command",
    "stance",
    "action_scale",
    "low",
    "high",
    "rotation_base_from_imu",
    "gait_period_s",
)


@pytest.mark.parametrize("name", list(hybridsim.envs.TASKS))
@pytest.mark.filterwarnings("ignore")
def test_every_task_keeps_the_contracts_of_gymnasium_and_sb3(name):
    env = gymnasium.make(f"hybridsim/{name}-v0", render_mode="rgb_array").unwrapped
    check_env(env)
    check_for_sb3(env)
    image = env.render()
    assert image.shape == (360, 480, 3) and image.dtype == np.uint8
    env.close()


def run(envs, steps, seed):
    """Everything that comes of random actions."""
    random = np.random.default_rng(0)
    found = [envs.reset(seed=seed)[0]]
    for _ in range(steps):
        found.append(np.column_stack(envs.step(0.3 * random.normal(size=envs.action_space.shape))[:2]))
    return found


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_same_seed_gives_the_same_bits_even_after_other_episodes():
    envs = make_vector("walk_rough", size=Size(worlds=3, blocks=2), options={"pushes": 0.3})
    first = run(envs, 30, 5)
    assert not same(first, run(envs, 30, 6)) and same(first, run(envs, 30, 5))
    envs.close()
    again = make_vector("walk_rough", size=Size(worlds=3, blocks=1), options={"pushes": 0.3})
    for one, other in zip(first, run(again, 30, 5), strict=True):  # in another company
        np.testing.assert_array_equal(one[:, :-1], other[:, :-1])
        np.testing.assert_allclose(one, other, rtol=1e-12)
    again.close()


def test_worlds_begin_anew_in_the_step_in_which_their_episode_ends():
    envs = make_vector("swing", size=Size(worlds=2), options={"episode_s": 0.1})
    observation, _ = envs.reset(seed=0)
    for step in range(1, 11):
        observation, _, terminated, truncated, info = envs.step(np.ones((2, 1)))
        assert not terminated.any() and truncated.all() == (step % 5 == 0)
        assert ("final_obs" in info) == truncated.all()
    assert not np.array_equal(info["final_obs"], observation)
    assert (observation[:, 3] == 0.0).all() and (info["final_obs"][:, 3] == 1.0).all()  # the last action
    envs.close()


def test_what_is_not_finite_is_named_with_world_step_and_term():
    envs = make_vector("swing", size=Size(worlds=3))
    envs.reset(seed=0)
    action = np.zeros((3, 1))
    envs.step(action)
    action[1] = np.nan
    with pytest.raises(SimulationError, match="task swing: action of world 1 is not finite at step 1"):
        envs.step(action)
    block = envs.blocks[0]
    block.task.rewards = lambda *_: {"goal": np.array([0.0, 0.0, np.inf])}
    with pytest.raises(SimulationError, match="reward term 'goal' of world 2 is not finite at step 2"):
        envs.step(np.zeros((3, 1)))
    envs.close()


def test_a_fallen_robot_ends_its_episode():
    envs = make_vector("walk_flat", size=Size(worlds=2))
    envs.reset(seed=0)
    ended = []
    for _ in range(60):
        action = np.zeros((2, 12))
        action[1, [0, 3, 6, 9]] = 4.0, -4.0, 4.0, -4.0  # legs folded away from under it
        action[1, [2, 5, 8, 11]] = -4.0, -4.0, 4.0, 4.0
        ended.append(envs.step(action)[2])
    assert np.any(ended, axis=0).tolist() == [False, True]
    envs.close()


def test_one_walker_in_four_begins_as_a_robot_that_stands():
    """With late drives too it bears its weight until the first target arrives; the others are lower."""
    late = Origin(spreads={"drive.*.delay": Spread(low=0.0999, high=0.1)})
    envs = make_vector("walk_flat", late, size=Size(worlds=32))
    envs.reset(seed=0)
    base = base_of(envs.blocks[0].sim)
    first = base.position[:, 2].copy()
    stands = first > 0.95 * envs.blocks[0].task.height
    assert 3 < stands.sum() < 14 and first[~stands].max() < 0.52 and first.min() > 0.33
    for _ in range(5):  # 0.1 s, in which a robot that nothing bears falls by 5 cm
        envs.step(np.zeros((32, 12)))
    assert (first - base.position[:, 2])[stands].max() < 0.02
    envs.close()
    envs = make_vector("walk_flat", size=Size(worlds=8), options={"stands": 1.0})
    envs.reset(seed=0)
    assert (base_of(envs.blocks[0].sim).position[:, 2] > 0.95 * envs.blocks[0].task.height).all()
    envs.close()


def test_the_pilot_does_on_signals_what_the_environment_does():
    envs = make_vector("walk_flat")
    block = envs.blocks[0]
    own = policy(0.1, **{name: getattr(block.task.contract, name) for name in SHARED})
    own = Policy(own.contract, own.layers, own.mean, own.deviation, block.task.gait)
    block.reset(3)
    block.memory.phase[:] = 0.0  # where a pilot begins
    pilot = Pilot(own)
    for _ in range(20):
        signals, command = block.sim.observe(), block.command.copy()
        target = pilot(signals, command[0])
        block.step(own.action(block.memory.observation(signals, command)))
        np.testing.assert_array_equal(target, block.memory.target[0])
    envs.close()


def test_draws_stay_in_their_ranges_and_joints_go_together_where_asked():
    values = {"drive.a.delay": 0.01, "drive.b.delay": 0.02, "drive.a.motor_lag": 0.0, "link.base.mass": 3.0}
    spreads = {"drive.*.delay": Spread(share=0.5), "drive.a.motor_lag": Spread(low=0.01, high=0.03)}
    draws = Draws(values=values, spreads=spreads, together=frozenset(["drive.*.delay"]))
    drawn = [draws.own(np.random.default_rng(n)) for n in range(200)]
    shares = np.array([[d["drive.a.delay"] / 0.01, d["drive.b.delay"] / 0.02] for d in drawn])
    np.testing.assert_allclose(shares[:, 0], shares[:, 1])
    assert shares.min() > 0.5 and shares.max() < 1.5 and shares.std() > 0.2
    lags = [d["drive.a.motor_lag"] for d in drawn]
    assert min(lags) >= 0.01 and max(lags) <= 0.03
    assert "link.base.mass" not in drawn[0]
    with pytest.raises(SimulationError, match=r"no parameter is called 'drive\.x\.delay'"):
        Draws(values=values, spreads={"drive.x.delay": Spread(share=0.1)})


def test_worlds_of_a_calibration_differ_within_its_intervals():
    envs = make_vector("swing", Origin(calibration="xl330_pendulum"), size=Size(worlds=20))
    envs.reset(seed=1)
    found = envs.blocks[0].sim.drives.parameters
    spread = found.std(axis=0)[0]
    assert (spread > 0).sum() >= 5
    still = make_vector("swing", Origin(calibration="xl330_pendulum", drawn=False), size=Size(worlds=2))
    still.reset(seed=1)
    assert not still.blocks[0].sim.drives.parameters.std(axis=0).any()
    envs.close()
    still.close()


def test_sensors_that_a_calibration_does_not_know_can_be_given_ranges():
    bias, found = {"sensor.*.bias": Spread(low=0.1, high=0.2)}, anymal()
    assert not any(name.startswith("sensor.") for name in found.values())
    source = load(Origin(calibration=found, variant="identified", spreads=bias), "anymal_c")
    envs = make_source("walk_flat", source, size=Size(worlds=1), seed=0, options={})
    envs.reset(seed=0)
    signals = envs.blocks[0].sim.observe()
    off = signals["joint_position"] - envs.blocks[0].sim.encoder_angle()
    assert ((off > 0.1) & (off < 0.2)).all()
    envs.close()


@pytest.mark.parametrize(
    ("task", "origin", "words"),
    [
        ("dance", None, "no task 'dance'; available: walk_flat"),
        ("swing", Origin(calibration="so101"), "is of robot so101; the task's is xl330_pendulum"),
        ("swing", Origin(variant="magic"), "variant 'magic'; available: hybrid"),
    ],
)
def test_what_does_not_fit_is_refused(task, origin, words):
    with pytest.raises(SimulationError, match=words):
        make_vector(task, origin)


def test_options_that_a_task_does_not_have_are_refused():
    with pytest.raises(SimulationError, match="no option pushes; available: episode_s, level"):
        make_vector("swing", options={"pushes": 1.0})


def test_a_calibration_of_another_control_period_is_refused():
    source = load(Origin(), "xl330_pendulum")
    faster = replace(source, settings=SimulationSettings(physics_timestep_s=0.002, rate_hz=100.0))
    words = r"task swing: its control period is 0\.02 s, the simulator's 0\.01 s; expected a calibration at"
    with pytest.raises(SimulationError, match=words):
        make_source("swing", faster, size=Size(), seed=0, options={})


def test_rough_ground_carries_and_slopes_tilt():
    envs = make_vector("walk_sloped", size=Size(worlds=4), seed=2)
    normals = np.array([terrain.normal for terrain in envs.blocks[0].sim.terrains])
    assert (normals[:, 2] < 1.0).all() and (normals[:, 2] > np.cos(0.16)).all()
    envs.reset(seed=0)
    for _ in range(50):
        envs.step(np.zeros((4, 12)))
    place = envs.blocks[0].sim.observe()["base_position"]
    even = np.array(
        [t.height(p[None, :2])[0] for t, p in zip(envs.blocks[0].sim.terrains, place, strict=True)]
    )
    assert (place[:, 2] - even > 0.3).all()
    envs.close()


def test_feet_of_the_trot_take_turns_and_go_back_under_the_base():
    robot = load_robot("anymal_c")
    legs, standing = Legs(robot), stance(robot.joint_names)
    table = Trot(lift=0.08).table(legs, standing, 80)
    first = np.array([name in ("LF_FOOT", "RH_FOOT") for name in legs.feet])
    rest = legs.places(standing)
    lifted = legs.places(standing + table[0, 16])[:, 2] - rest[:, 2]  # half of two fifths of the period
    np.testing.assert_allclose(lifted, np.where(first, 0.08, 0.0), atol=1e-4)
    # At 0.2 m/s a foot goes back by 0.2 m/s * three fifths of 0.6 s = 72 mm while it stands.
    ahead = [legs.places(standing + table[0, row] + 0.2 * table[1, row])[:, 0] for row in (32, 79)]
    np.testing.assert_allclose((ahead[1] - ahead[0])[first], -0.072 * 47 / 48, atol=2e-3)


def test_the_trot_stands_under_the_centre_of_mass_and_lower_by_its_crouch():
    robot = load_robot("anymal_c")
    legs, standing = Legs(robot), stance(robot.joint_names)
    posture = standing + Trot(crouch=0.05).table(legs, standing, 80)[0, 36]  # all feet stand
    feet = legs.places(posture)
    np.testing.assert_allclose(feet[:, 2], legs.places(standing)[:, 2] + 0.05, atol=1e-4)
    np.testing.assert_allclose(feet[:, :2].mean(axis=0), legs.centre_of_mass(standing)[:2], atol=1e-4)


def test_targets_of_the_trot_lead_by_the_drives_lag_and_strides_are_as_long_as_asked():
    robot = load_robot("anymal_c")
    legs, standing = Legs(robot), stance(robot.joint_names)
    plain = Trot().table(legs, standing, 64)
    ahead = Trot(ahead=0.6 / 64).table(legs, standing, 64)  # by a row: period 0.6 s, 64 rows
    # value + row * central difference = x[k] + (x[k + 1] - x[k - 1]) / 2
    np.testing.assert_allclose(ahead[0, 10], plain[0, 10] + 0.5 * (plain[0, 11] - plain[0, 9]), atol=1e-12)
    longer = Trot(stride=(1.0, 1.0, 2.0)).table(legs, standing, 64)
    np.testing.assert_allclose(longer[1], plain[1], atol=1e-12)
    np.testing.assert_allclose(
        longer[3], 2.0 * plain[3], atol=0.04
    )  # not exact: legs turn, tables are linear


def test_pictures_are_of_the_world_that_a_reset_built_anew():
    env = gymnasium.make("hybridsim/walk_rough-v0", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    env.step(np.zeros(12))
    env.reset(seed=0)
    np.testing.assert_array_equal(env.render(), first)
    env.close()


def test_a_video_is_written_whole(tmp_path):
    import av

    images = [np.full((48, 64, 3), 40 * k, np.uint8) for k in range(5)]
    path = write_video(tmp_path / "deep" / "film.mp4", images)
    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 5 and frames[4].mean() > frames[0].mean() + 100
    assert [one.name for one in path.parent.iterdir()] == ["film.mp4"]
