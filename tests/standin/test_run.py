"""Episodes: varied commands, rewards by hand, falls that are noticed, and nothing else that comes out."""

import json
import math
from dataclasses import fields

import numpy as np
import pytest

from hybridsim.errors import SimulationError
from hybridsim.policy import Pilot
from hybridsim.policy.contract import CommandRange
from hybridsim.standin.robot import Witness
from hybridsim.standin.run import (
    AHEAD,
    TURNING,
    Episode,
    Played,
    commands,
    interval,
    ranges_of,
    reward,
    run,
)
from tests.policy.made import policy
from tests.standin.made import Limp, Standing


@pytest.fixture(scope="module")
def stood():
    controller = Standing()
    return run(controller, seed=1, episodes=2, seconds=2.0), controller


def test_episodes_ask_for_different_things_and_change_halfway():
    asked = [commands(1, number, 500) for number in range(50)]
    assert all((one[:250] == one[0]).all() and (one[250:] == one[-1]).all() for one in asked)
    assert all((one[0] != one[-1])[[0, 2]].all() and (one[:, 1] == 0.0).all() for one in asked)
    ends = np.concatenate([one[[0, -1]] for one in asked])
    for column, (low, high) in ((0, AHEAD), (2, TURNING)):
        assert low <= ends[:, column].min() < 0.8 * low and 0.8 * high < ends[:, column].max() <= high
    assert (commands(1, 0, 500) == asked[0]).all() and (commands(2, 0, 500) != asked[0])[:, 0].all()


def test_the_controller_hears_what_is_asked(stood):
    _, controller = stood
    assert controller.resets == 2 and len(controller.asked) == 200
    assert (controller.asked[0] == commands(1, 0, 100)[0]).all()
    assert (controller.asked[-1] == commands(1, 1, 100)[-1]).all()
    assert controller.heard[0]["joint_position"].shape == (1, 12)


def test_a_reward_by_hand():
    # 0.3 m/s off ahead and 0.4 m/s aside make 0.25 m^2/s^2, one scale; 0.5 rad/s off make one scale, too.
    seen = Witness(height=0.5, tilt=0.0, forward=0.2, left=-0.4, turning=-0.3)
    found = reward(seen, np.array([0.5, 0.0, 0.2]))
    assert found == pytest.approx(0.6 / math.e + 0.3 / math.e + 0.1)
    still = Witness(height=0.5, tilt=0.0, forward=0.0, left=0.0, turning=0.0)
    assert reward(still, np.zeros(3)) == pytest.approx(1.0)


def test_who_stands_is_as_far_off_as_the_command_is_fast(stood):
    played, _ = stood
    for number, one in enumerate(played.episodes):
        asked = commands(1, number, 100)
        assert one.fell == 0.0
        assert one.speed_error == pytest.approx(np.abs(asked[:, 0]).mean(), abs=0.03)
        expected = 0.6 * np.exp(-(asked[:, 0] ** 2) / 0.25) + 0.3 * np.exp(-(asked[:, 2] ** 2) / 0.25) + 0.1
        assert one.returned == pytest.approx(2.0 * expected.mean(), abs=0.05)


def test_a_policy_is_asked_only_for_what_it_was_trained_for():
    names = ("forward_velocity", "lateral_velocity", "yaw_rate")
    one_speed = tuple(CommandRange(name=name, unit="m/s", low=0.9, high=0.9) for name in names)
    pilot = Pilot(policy(command=one_speed))
    assert [one.tolist() for one in ranges_of(pilot)] == [[0.9] * 3] * 2
    assert ranges_of(Standing())[1].tolist() == [np.inf] * 3
    played = run(pilot, seed=1, episodes=1, seconds=0.1)
    # It stands still, asked for 0.9 m/s ahead and to the left.
    assert played.mean["speed_error"] == pytest.approx(0.9 * 2**0.5, rel=0.1)
    assert played.narrowed and "asked only for commands that it was trained for" in str(played)
    assert not run(Standing(), seed=1, episodes=1, seconds=0.1).narrowed


def test_falls_are_noticed():
    played = run(Limp(), seed=1, episodes=2, seconds=3.0)
    assert played.mean["fell"] == 1.0
    for number, one in enumerate(played.episodes):
        assert 0.0 < one.returned < 1.5
        # After the fall it counts as standing: the error cannot hide behind a short episode.
        assert one.speed_error == pytest.approx(np.abs(commands(1, number, 150)[:, 0]).mean(), abs=0.2)


def test_the_same_seed_gives_the_same_scores(stood):
    assert run(Standing(), seed=1, episodes=2, seconds=2.0) == stood[0]


def test_nothing_else_comes_out(stood):
    played, _ = stood
    assert {field.name for field in fields(Episode)} == {"returned", "speed_error", "fell"}
    known = {"serial", "episodes", "mean", "interval_95", "narrowed"}
    assert {field.name for field in fields(Played)} == known
    data = json.loads(played.json())
    assert data["synthetic"].startswith("SYNTHETIC") and data["serial"] == "standin-1"
    assert data["units"] == {"return": "s", "speed_error": "m/s", "falls": "1"}
    assert [set(one) for one in data["episodes"]] == [{"return", "speed_error", "falls"}] * 2
    assert str(played).startswith("SYNTHETIC")


def test_an_interval_covers_its_mean_and_shrinks_with_episodes():
    random = np.random.default_rng(0)
    few, many = random.normal(size=(10, 1)), random.normal(size=(1000, 1))
    for table in (few, many):
        low, high = interval(table)
        assert low < table.mean() < high
    # 2 * 1.96 / sqrt(1000) = 0.124
    assert float(np.ptp(interval(many))) == pytest.approx(0.124, rel=0.1)
    assert np.ptp(interval(few)) > 0.5


def test_no_episode_is_refused():
    with pytest.raises(SimulationError, match="0 episodes of 10 s; expected at least 1"):
        run(Standing(), seed=1, episodes=0)
