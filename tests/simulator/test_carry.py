"""Carried arms in the simulator: blocks, worlds and resets give the same bits, equal to the parts by hand."""

import numpy as np
import pytest

from hybridsim.actuators import Drives, drive_matrix
from hybridsim.actuators.parameters import ENCODER_OFFSET
from hybridsim.networks.features import History
from hybridsim.networks.inference import untrained
from hybridsim.physics import kernel
from hybridsim.physics.carried import CarriedBodies
from hybridsim.robot import load_robot
from hybridsim.simulator.carry import KEPT, Rows
from hybridsim.simulator.residual import inputs_given, stack_inputs
from tests.simulator.made import arm, residual

pytestmark = pytest.mark.usefixtures("robot_data")
START = np.array([0.0, -0.5, 0.3, 0.5, 0.0, 0.3])
PRESSED = np.array([0.0, 1.0, -0.3, 0.9, 0.0, 0.3])


def motion(steps, seed=0, down=False):
    """Commands in joint angles [step drive]: a swing that may end in the ground."""
    k, rng = np.arange(steps)[:, None], np.random.default_rng(seed)
    swing = START + rng.uniform(0.1, 0.4, 6) * np.sin(rng.uniform(0.01, 0.03, 6) * k)
    return swing + np.minimum(k / 150, 1) * (PRESSED - START) if down else swing


def put(sim, worlds=None):
    count = sim.worlds if worlds is None else len(worlds)
    given = (np.tile(START, (count, 1)) - sim.drive_offset) / sim.drive_scale
    sim.reset(given, worlds=worlds)


def stepped(sim, commands):
    """Fields [field step world drive] by single steps; commands [step world drive]."""
    found = []
    for command in commands:
        sim.advance(command)
        found.append(sim.fields(command))
    return np.stack(found, 1)


def block(sim, commands, steps=None):
    count, worlds, drives = commands.shape
    return sim.play(
        Rows(
            command=np.ascontiguousarray(commands).reshape(-1, drives),
            gain=np.ones((count * worlds, drives)),
            voltage=np.zeros((count * worlds, drives)),
            enabled=np.ones((count * worlds, drives), bool),
            row=np.arange(count * worlds).reshape(count, worlds),
            steps=np.full(worlds, count) if steps is None else np.array(steps),
        )
    )


def assert_same(one, other):
    """Bit for bit, but the field without the network, which `fields` takes back out of the angle."""
    for n, name in enumerate(KEPT):
        if name == "analytic":
            np.testing.assert_allclose(one[n], other[n], atol=1e-15)
        else:
            np.testing.assert_array_equal(one[n], other[n], err_msg=name)


@pytest.mark.parametrize("networks", [False, True])
def test_a_block_of_steps_is_step_by_step(networks):
    commands = np.stack([motion(300, 1), motion(300, 2, down=True)], 1)
    with arm(worlds=2, networks=networks) as one, arm(worlds=2, networks=networks) as other:
        put(one)
        put(other)
        one.set_inputs(gain=1.0)
        by_step, by_block = stepped(one, commands), block(other, commands)
        assert other.body.contact_effort[1].any(), "the second world was to press on the ground"
        assert networks == bool(np.abs(other.correction.value).max() > 1e-4)
        assert_same(by_step, by_block)
        np.testing.assert_array_equal(one.load_effort, other.load_effort)


def test_a_world_in_company_is_a_world_alone_and_ends_when_it_ends():
    commands = np.stack([motion(300, 3, down=True), motion(300, 4)], 1)
    with arm(worlds=2) as both:
        put(both)
        together = block(both, commands, steps=[300, 120])
    for world, steps in ((0, 300), (1, 120)):
        with arm() as alone:
            put(alone)
            single = block(alone, commands[:steps, world : world + 1])
        np.testing.assert_array_equal(together[:, :steps, world], single[:, :, 0])
    assert not together[:, 120:, 1].any()


def test_a_reset_leaves_no_memory_in_the_middle_of_a_network_period():
    commands = np.stack([motion(200, 5, down=True)] * 2, 1)
    with arm(worlds=2) as used, arm(worlds=2) as fresh:
        put(used)
        put(fresh)
        expected = block(fresh, commands)
        used.set_inputs(gain=0.5, voltage=6.0, enabled=False)
        block(used, np.stack([motion(177, 6, down=True)] * 2, 1))
        put(used, [1])
        again = block(used, commands)
        np.testing.assert_array_equal(again[:, :, 1], expected[:, :, 1])
        assert (again[:, :, 0] != expected[:, :, 0]).any()


def test_the_compiled_loop_is_its_parts_put_together():
    """Drives.step, CarriedBodies.step, the kernel and the networks' own History, by hand."""
    commands = motion(240, 7, down=True)[:, None]
    with arm() as sim:
        put(sim)
        angle = sim.drives.joint_angle.copy()
        found = block(sim, commands)
        robot, m, networks = sim.robot, sim._mounting, sim.correction.networks
        body = CarriedBodies(sim.body._model, sim.body.joints, 1, sim.body.settings)
        drives = Drives(drive_matrix(sim.joints, sim.values), [0] * 6, [True] * 6, 1, sim.timestep)
    assert robot.joint_names == sim.joints
    drives.reset(np.array([0]), angle)
    body.reset([0], angle * m.sign + m.zero, 0 * angle)
    history = History(networks.contract, inputs=inputs_given(), worlds=1, period=0.02)
    value, glide, before = np.zeros((1, 6)), np.zeros((1, 6)), commands[3]
    q, load = body.joint_position, np.zeros((1, 6))
    for k, command in enumerate(commands):
        load = kernel.bias_effort(body.chain, q, body.joint_velocity) * m.sign + body.contact_effort * m.sign
        inertia = np.diagonal(kernel.mass_matrix(body.chain, q), axis1=1, axis2=2)
        drives.step(command, angle, 0 * angle, load, inertia.copy())
        if k % 4 == 3:
            shaft = drives.shaft_angle + drives.parameters[..., ENCODER_OFFSET]
            given = stack_inputs(command, before, shaft, drives.shaft_speed, load, 0.02)
            value, before = networks.evaluate(history.push(given))[0], command
        glide = glide + (value - glide) / 4
        body.drive_motion((drives.joint_angle + glide) * m.sign + m.zero)
        body.step()
        # Two compilations of one source may round differently; contacts and float32 networks amplify it.
        np.testing.assert_allclose(found[0, k], drives.shaft_angle + value, atol=1e-8)
    assert body.contact_effort.any()


def test_untrained_networks_add_exactly_nothing():
    commands = motion(100, 8)[:, None]
    networks = untrained(residual(load_robot("so101"), period=0.02, bound=0.01).contract, 3)
    with arm(networks=False) as bare, arm(networks=networks) as zero:
        assert zero.correction.networks is networks
        put(bare)
        put(zero)
        np.testing.assert_array_equal(block(bare, commands)[:5], block(zero, commands)[:5])


def test_step_holds_a_command_for_a_control_period():
    with arm() as one, arm() as other:
        put(one)
        put(other)
        command = START + 0.2
        seen = one.step((command - one.drive_offset) / one.drive_scale)
        for _ in range(4):
            other.advance(command[None])
        for name, value in other.observe().items():
            np.testing.assert_allclose(seen[name], value, atol=1e-12)
        assert seen["joint_position"].shape == (1, 5)
        assert seen["gripper_opening"].shape == (1, 1)
