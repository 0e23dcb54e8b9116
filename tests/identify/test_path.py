"""The rigid body along a log equals the kernel's at its poses, at any angle of a joint, for any masses."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim.identify.path import body_path, filled, poses
from hybridsim.parameters import Parameter
from hybridsim.physics import kernel
from hybridsim.physics.chain import chain_of
from hybridsim.simulator.body import body_of
from hybridsim.simulator.signs import sign_name, with_signs
from tests.identify.arm import arm, wandering
from tests.identify.bench import pendulum, swings

EVERY_POSE = 1e-9


@pytest.fixture(autouse=True)
def every_pose(monkeypatch):
    """No interpolation between poses; one test looks at that alone."""
    monkeypatch.setattr("hybridsim.identify.path.POSE_STEP", EVERY_POSE)


def turned_arm():
    """The arm with some joints the other way round than its URDF's, and offset."""
    robot = with_signs(arm(), {sign_name("shoulder_lift"): -1.0, sign_name("wrist_flex"): -1.0})
    moved = [
        j.model_copy(update={"offset": j.offset.model_copy(update={"value": 0.1 * k})})
        for k, j in enumerate(robot.joints)
    ]
    return robot.model_copy(update={"joints": type(robot.joints)(moved)})


def bias_and_inertia(robot, angle, values=None, constants=None):
    """From the kernel: effort against gravity and the mass matrix's diagonal, joint angles in and out."""
    sign = np.array([joint.sign for joint in robot.joints], float)
    offset = np.array([joint.offset.value for joint in robot.joints])
    chain = chain_of(body_of(robot, values or {}, constants or {}), [j.urdf_joint for j in robot.joints])
    pose = angle * sign + offset
    effort = kernel.bias_effort(chain, pose, np.zeros_like(pose)) * sign
    return effort, np.diagonal(kernel.mass_matrix(chain, pose), axis1=1, axis2=2)


def test_load_and_inertia_are_the_kernels_at_the_measured_pose():
    robot, log = turned_arm(), wandering()
    path = body_path(robot, [log], [], False)
    effort, inertia = bias_and_inertia(robot, log.measured)
    assert np.abs(effort).max() > 0.3  # gravity matters here
    np.testing.assert_allclose(np.stack(path.load)[:, :, 0].T, effort, atol=1e-10)
    np.testing.assert_allclose(np.stack(path.inertia).sum(axis=2).T, inertia, atol=1e-12)


def test_a_quarter_turn_of_each_joint_gives_gravity_at_any_of_its_angles():
    robot, log = turned_arm(), wandering(0.5)
    path = body_path(robot, [log], [], False)
    for joint in range(6):
        load, slope = path.load[joint][:, 0], path.slope[joint][:, 0]
        for away in (np.pi / 2, -0.4, 2.5):
            there = log.measured.copy()
            there[:, joint] += away
            effort, _ = bias_and_inertia(robot, there)
            assert load * np.cos(away) + slope * np.sin(away) == pytest.approx(effort[:, joint], abs=1e-10)


def test_columns_times_inertials_are_the_load_of_those_inertials():
    robot, log = turned_arm(), wandering(0.5)
    values = {
        "link.lower_arm_link.mass": 0.4,
        "link.lower_arm_link.com_x": -0.02,
        "link.gripper_link.mass": 0.2,
    }
    linked = [name for name in values if body_of(robot, {}, {}).link(name.split(".")[1])]
    searched = [Parameter(name=name, value=0.1, unit="1", low=-1, high=1) for name in linked]
    path = body_path(robot, [log], searched, False)
    effort, inertia = bias_and_inertia(robot, log.measured, values)
    factors = path.inertials(values)
    assert np.stack([load @ factors for load in path.load], 1) == pytest.approx(effort, abs=1e-10)
    # A mass alone scales its link's inertia exactly; a moved centre of mass is not followed there.
    masses = {name: value for name, value in values.items() if name.endswith("mass")}
    _, inertia = bias_and_inertia(robot, log.measured, masses)
    ratios = path.mass_ratios(masses)
    assert np.stack([part @ ratios for part in path.inertia], 1) == pytest.approx(inertia, rel=1e-9)


def test_a_payload_on_an_identified_link_is_not_lost():
    robot, (log,) = pendulum(), swings(1, 1.0)
    log = replace(log, measured=log.command)
    searched = [Parameter(name="link.arm.mass", value=0.005, unit="kg", low=0.001, high=1.0)]
    path = body_path(robot, [log], searched, False)
    values = {"link.arm.mass": 0.05}
    effort, inertia = bias_and_inertia(robot, log.measured, values, log.constants)
    # By hand, standing out level: 0.4 kg * 9.81 m/s^2 * 0.1 m = 0.392 N*m.
    assert effort[:, 0] == pytest.approx(0.3924 * np.sin(log.measured[:, 0]), rel=2e-3, abs=1e-9)
    assert path.load[0] @ path.inertials(values) == pytest.approx(effort[:, 0], abs=1e-12)
    assert path.inertia[0] @ path.mass_ratios(values) == pytest.approx(inertia[:, 0], rel=1e-9)


def test_logs_of_different_payloads_do_not_mix():
    robot = pendulum()
    light, heavy = (replace(log, measured=log.command) for m in (0.1, 0.4) for log in swings(1, 1.0, mass=m))
    both = body_path(robot, [light, heavy, light], [], False)
    for k, log in enumerate((light, heavy, light)):
        alone = body_path(robot, [log], [], False)
        rows = slice(both.first[k], both.first[k + 1])
        assert (both.load[0][rows] == alone.load[0]).all()
        assert (both.inertia[0][rows] == alone.inertia[0]).all()


def test_between_poses_the_path_stays_close(monkeypatch):
    robot, log = turned_arm(), wandering(4.0, size=0.2)
    exact = body_path(robot, [log], [], False)
    monkeypatch.setattr("hybridsim.identify.path.POSE_STEP", 0.03)
    assert len(poses(log.measured)) < 0.9 * len(log.measured)
    quick = body_path(robot, [log], [], False)
    error = np.abs(np.stack(quick.load) - np.stack(exact.load))
    assert error.mean() < 5e-4 * np.abs(np.stack(exact.load)).max()


def test_one_joint_is_exact_between_poses_however_it_moves(monkeypatch):
    # Slow turning points: between two poses the joint goes a little further and comes back.
    robot, (log,) = pendulum(), swings(1, 2.0)
    log = replace(log, measured=0.5 + 0.02 * np.sin(3.0 * log.time_s)[:, None])
    monkeypatch.setattr("hybridsim.identify.path.POSE_STEP", 0.03)
    assert len(poses(log.measured)) < 10
    effort, _ = bias_and_inertia(robot, log.measured, None, log.constants)
    load = body_path(robot, [log], [], False).load[0][:, 0]
    assert load == pytest.approx(effort[:, 0], rel=2e-4)


def test_holes_are_filled_by_straight_lines_for_the_body_only():
    measured = np.array([[0.0], [np.nan], [2.0], [np.nan]])
    assert filled(measured)[:, 0].tolist() == [0.0, 1.0, 2.0, 2.0]
    assert np.isnan(measured[1, 0])


def test_the_ground_is_as_far_as_the_lowest_point():
    # The pose that puts the arm out flat is far from a deep ground, and its gap changes with the lift.
    log = wandering(0.4)
    path = body_path(arm(), [log], [], True)
    h = 1e-4
    lifted = log.measured.copy()
    lifted[:, 1] += h
    other = body_path(arm(), [replace(log, measured=lifted)], [], True)
    near = path.gap < 0.2
    assert near.any()
    assert ((other.gap - path.gap) / h)[near] == pytest.approx(path.gap_rate[near, 1], abs=2e-3)
