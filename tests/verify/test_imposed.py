"""Every kind of disturbance reaches the robot, or what its policy sees, by the amount that was asked for."""

import numpy as np
import pytest

from hybridsim.actuators.parameters import DELAY, EFFORT_LIMIT, RATED_VOLTAGE
from hybridsim.envs.block import Block, Span
from hybridsim.envs.tasks import task_of
from hybridsim.envs.walk import base_of
from hybridsim.envs.worlds import Origin, load
from hybridsim.simulator.body import bare_body
from hybridsim.verify.battery import Scenario
from hybridsim.verify.imposed import Imposed, drawn


def block_of(name, **given):
    """Two worlds of a task under a scenario, begun."""
    known = task_of(name)
    source = load(Origin(), known.robot)
    task = known.make(source.robot, {"episode_s": 1.0})
    scenario = Scenario.model_validate({"name": "x", **given})
    rows = [drawn(scenario, list(source.values), 1.0, 0, n) for n in range(2)]
    imposed = Imposed(source, task, scenario, rows)
    worlds = source.worlds(task.settings, task.constants, 0)
    block = Block(task, worlds, Span(first=0, count=2), 0, None, imposed)
    block.reset()
    return block


@pytest.fixture
def walking():
    """ANYmal with what bodies, ground and drives can have."""
    block = block_of(
        "walk_flat",
        payload_kg=10.0,
        payload_at_m=[0.0, 0.0, 0.2],
        push_m_s=1.0,
        push_direction_rad=0.5 * np.pi,
        push_at_s=0.02,
        slope_rad=0.1,
        friction=0.3,
        delay_ms=30,
        derating_share=0.5,
        derating_joints="LF_*",
        gyro_bias_rad_s=0.2,
        orientation_bias_rad=0.1,
        values={"drive.RF_HAA.motor_lag": 0.01},
    )
    yield block
    block.close()


def test_bodies_ground_and_drives_of_a_walker(walking):
    sim = walking.sim
    trunk = bare_body(sim.robot).link("base")
    assert [one["link.base.mass"] for one in sim.own] == pytest.approx([trunk.mass + 10.0] * 2)
    height = (10.0 * 0.2 + trunk.mass * trunk.com[2]) / (trunk.mass + 10.0)
    assert sim.own[0]["link.base.com_z"] == pytest.approx(height)
    assert [one.slope for one in sim.terrains] == [0.1, 0.1] and sim.terrains[0].friction == 0.3
    assert sim.terrains[0].heading != sim.terrains[1].heading
    assert (sim.drives.parameters[..., DELAY] == 0.03).all()
    limits, ours = sim.drives.parameters[0, :, EFFORT_LIMIT], [j.startswith("LF") for j in sim.joints]
    assert (limits[ours] == pytest.approx(0.5 * sim.values["drive.LF_HAA.stall_effort"])) and limits[3] > 1e3
    assert sim.own[1]["drive.RF_HAA.motor_lag"] == 0.01


def test_a_push_comes_when_and_where_it_was_asked_for(walking):
    action = np.zeros((2, 12))
    walking.step(action)
    before = base_of(walking.sim).linear_velocity.copy()
    walking.step(action)
    change = base_of(walking.sim).linear_velocity - before
    assert (change[:, 1] > 0.4).all() and (np.abs(change[:, 0]) < 0.4).all()


def test_a_walkers_policy_sees_wrong_rates_and_a_wrong_gravity(walking):
    seen, true = walking._signals, walking.sim.observe()
    rates = np.linalg.norm(seen["imu_angular_velocity"] - true["imu_angular_velocity"], axis=1)
    np.testing.assert_allclose(rates, 0.2)
    turned = np.abs((seen["base_orientation"] * true["base_orientation"]).sum(axis=1))
    np.testing.assert_allclose(2.0 * np.arccos(turned), 0.1, atol=1e-6)


def test_a_walker_starts_tilted_and_bent():
    block = block_of("walk_flat", tilt_rad=0.3, tilt_direction_rad=0.0, joint_offset_rad=0.2)
    rotation = base_of(block.sim).rotation_world_from_body
    np.testing.assert_allclose(np.arccos(rotation[:, 2, 2]), 0.3, atol=1e-6)
    plain = block_of("walk_flat")
    off = block.sim.body.joint_position - plain.sim.body.joint_position
    assert 0.1 < np.abs(off).max() <= 0.2 and len(np.unique(off.round(9))) == off.size
    block.close(), plain.close()


def test_a_servos_voltage_and_zero():
    block = block_of("swing", battery_voltage_share=0.8, encoder_bias_rad=0.1)
    sim = block.sim
    np.testing.assert_allclose(sim.drives.voltage, 0.8 * sim.drives.parameters[..., RATED_VOLTAGE])
    off = sim.observe()["joint_position"] - sim.body.joint_position
    assert (np.abs(off) <= 0.1 + 2e-3).all() and np.abs(off).max() > 0.02
    block.close()


def test_signals_that_do_not_come_are_the_last_ones():
    block = block_of("swing", dropout_ms=100, dropout_at_s=0.1)
    seen = []
    for _ in range(15):
        block.step(np.ones((2, 1)))
        seen.append(float(block._signals["joint_position"][0, 0]))
    held = [k + 1 for k in range(1, 15) if seen[k] == seen[k - 1]]
    assert held == [5, 6, 7, 8, 9]  # 100 ms from 0.1 s on, at 50 Hz
    block.close()


def test_a_scenario_without_anything_changes_nothing():
    known = task_of("swing")
    source = load(Origin(), known.robot)
    task = known.make(source.robot, {"episode_s": 1.0})
    plain = Block(task, source.worlds(task.settings, task.constants, 0), Span(first=0, count=2), 0)
    given = block_of("swing")
    assert np.array_equal(plain.reset(seed=0), given.reset(seed=0))
    for _ in range(10):
        assert np.array_equal(plain.step(np.ones((2, 1))).final, given.step(np.ones((2, 1))).final)
    plain.close(), given.close()
