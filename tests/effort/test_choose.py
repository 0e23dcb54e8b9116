"""Delay, filters and laws are found on the logs themselves."""

import numpy as np
import pytest

from hybridsim.effort.choose import choose, found_delay, left_out, noise_of
from hybridsim.effort.kinematics import low_pass
from hybridsim.effort.motion import motion_of
from hybridsim.robot import load_robot
from hybridsim.study import EffortRule
from tests.effort.planted import Planted, motion_rows
from tests.effort.test_fit import PLAIN, prepared


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    return Planted(tmp_path_factory.mktemp("late") / "planted", joints=3, delay_s=0.025)


def test_a_planted_shift_of_two_and_a_half_samples(late):
    robot = load_robot(late.folder)
    motions = [motion_of(late.log(seed), robot, "joint_effort") for seed in (0, 1)]
    made = prepared(late.arm, motions)
    assert found_delay(made, PLAIN, 0.05) == pytest.approx(0.025, abs=0.001)
    assert found_delay(made, PLAIN, 0.01) <= 0.01 + 0.005  # never beyond what was asked for


def test_filter_friction_and_law_are_chosen(tmp_path):
    planted = Planted(tmp_path / "planted", joints=3)
    motions = []
    for seed in (0, 1):
        motion = motion_rows(planted, seed)
        motion.effort[:] = low_pass(motion.effort, 3.0, motion.period)
        motions.append(motion)
    rule = EffortRule(
        velocity=("measured",),
        acceleration_hz=(0.0,),
        bandwidth_hz=(0.0, 1.5, 3.0, 6.0),
        bandwidth_order=(2,),
        sliding_speed=(0.005, 0.02, 0.08),
        saturating_speed=(0.0, 0.2),
        presliding_angle=(0.0, 0.01),
        stribeck_speed=(0.0,),
        load_friction=(0,),
        prior_sigma=(0.3,),
        delay_limit=0.02,
        blocks=4,
    )
    settings, told = choose(prepared(planted.arm, motions), rule)
    assert (settings.bandwidth_hz, settings.sliding_speed) == (3.0, 0.02)
    assert settings.delay == pytest.approx(0.0, abs=0.001)
    assert set(told["bandwidth_hz"]) == {"0.0", "1.5", "3.0", "6.0"}
    assert left_out(prepared(planted.arm, motions), settings).mean < 0.02


def test_noise_knows_that_neighbours_agree():
    random = np.random.default_rng(0)
    white = random.normal(size=(4000, 1))
    slow = np.repeat(random.normal(size=(400, 1)), 10, axis=0)
    found = noise_of([np.concatenate([white, slow], axis=1)], np.ones(2))
    assert found.size == pytest.approx([1.0, 1.0], abs=0.1)
    assert found.rows[0] == pytest.approx(1.0, abs=0.3)
    assert found.rows[1] == pytest.approx(10.0, rel=0.2)  # ten equal neighbours say as much as one
