"""The kernel against PyBullet, against itself, and against a pencil."""

import numpy as np
import pybullet
import pytest

from hybridsim.errors import RobotError
from hybridsim.physics import kernel
from hybridsim.physics.chain import PARAMETERS, chain_of, parameters_of, with_parameters
from hybridsim.physics.client import WorldSettings, grounded, open_client
from hybridsim.physics.edits import with_locked
from hybridsim.physics.forward import next_velocity
from hybridsim.physics.model import Joint, Link, Pose, RigidModel
from tests.physics.conftest import ARM, swinging

G = 9.81


def slider_arm():
    """A slider along x, a hinge about y on it, a slider along the rod: every kind of coupling."""
    axes = (
        ("continuous", [0, 0, 1.0]),
        ("prismatic", [1.0, 0, 0]),
        ("continuous", [0, 1.0, 0]),
        ("prismatic", [0, 0, 1.0]),
    )
    rng = np.random.default_rng(3)
    links, joints, parent = [Link("ground")], [], "ground"
    for n, (kind, axis) in enumerate(axes):
        half = rng.normal(size=(3, 3))
        moments = np.eye(3) * np.trace(half @ half.T) + half @ half.T
        links.append(Link(f"l{n}", 1.0 + n, rng.normal(size=3), moments))
        joints.append(Joint(f"j{n}", kind, parent, f"l{n}", Pose(rng.normal(size=3)), np.array(axis)))
        parent = f"l{n}"
    return RigidModel("slider_arm", tuple(links), tuple(joints))


@pytest.fixture(params=["so101", "anymal_c", "slider_arm"])
def robot(request, arm, anymal_c):
    model = {"so101": arm, "anymal_c": anymal_c, "slider_arm": slider_arm()}[request.param]
    joints = sorted(joint.name for joint in model.moving_joints)
    return model, joints, chain_of(model, joints)


def states(joints, count=20):
    return np.random.default_rng(0).normal(size=(3, count, len(joints))) * 2.0


def test_equals_pybullet(robot):
    model, joints, chain = robot
    client = open_client(grounded(model), joints, WorldSettings(timestep=0.001))
    order = np.argsort(np.argsort(client.indices))  # PyBullet's columns follow its joint indices
    q, qd, qdd = states(joints)
    for n in range(len(q)):
        mine = kernel.inverse_dynamics(chain, q[n : n + 1], qd[n : n + 1], qdd[n : n + 1])[0]
        rows = [list(x[n][np.argsort(order)]) for x in (q, qd, qdd)]
        theirs = pybullet.calculateInverseDynamics(client.body, *rows, physicsClientId=client.id)
        np.testing.assert_allclose(
            mine, np.array(theirs)[order], rtol=0, atol=1e-11 * max(1, abs(mine).max())
        )
        matrix = np.array(pybullet.calculateMassMatrix(client.body, rows[0], physicsClientId=client.id))
        np.testing.assert_allclose(
            kernel.mass_matrix(chain, q[n : n + 1])[0],
            matrix[np.ix_(order, order)],
            rtol=0,
            atol=1e-11 * abs(matrix).max(),
        )
    pybullet.disconnect(physicsClientId=client.id)


def test_regressor_times_parameters_is_inverse_dynamics(robot):
    _, joints, chain = robot
    q, qd, qdd = states(joints)
    efforts = kernel.inverse_dynamics(chain, q, qd, qdd)
    matrix = kernel.effort_regressor(chain, q, qd, qdd)
    assert matrix.shape == (20, len(joints), len(PARAMETERS) * len(joints))
    np.testing.assert_allclose(matrix @ parameters_of(chain), efforts, atol=1e-12 * abs(efforts).max())
    other = np.random.default_rng(1).normal(size=matrix.shape[2])
    changed = kernel.inverse_dynamics(with_parameters(chain, other), q, qd, qdd)
    np.testing.assert_allclose(matrix @ other, changed, atol=1e-12 * abs(changed).max())


def test_mass_matrix_is_the_slope_of_inverse_dynamics(robot):
    _, joints, chain = robot
    q, qd, qdd = states(joints)
    expected = kernel.inverse_dynamics(chain, q, qd, qdd) - kernel.bias_effort(chain, q, qd)
    np.testing.assert_allclose(
        np.einsum("nij,nj->ni", kernel.mass_matrix(chain, q), qdd), expected, atol=1e-11 * abs(expected).max()
    )


def test_columns_follow_the_callers_joint_order(arm):
    q, qd, qdd = states(ARM, 3)
    order = [3, 1, 5, 0, 2, 4]
    straight = kernel.inverse_dynamics(chain_of(arm, ARM), q, qd, qdd)
    shuffled = chain_of(arm, [ARM[i] for i in order])
    np.testing.assert_array_equal(
        kernel.inverse_dynamics(shuffled, q[:, order], qd[:, order], qdd[:, order]), straight[:, order]
    )


def test_pendulum_by_hand():
    chain = chain_of(swinging(length=0.5, mass=2.0, inertia=0.0), ["hinge0"])
    angle = np.array([[np.pi / 6]])
    # m g l sin 30° = 2 · 9.81 · 0.5 · 0.5
    assert kernel.bias_effort(chain, angle, 0 * angle)[0, 0] == pytest.approx(4.905)
    assert kernel.mass_matrix(chain, angle)[0, 0, 0] == pytest.approx(2.0 * 0.5**2)


def test_double_pendulum_by_hand():
    """Two unit point masses on unit rods, relative angles: the textbook's Coriolis effort and mass matrix."""
    chain = chain_of(swinging(1.0, 1.0, 2, inertia=0.0), ["hinge0", "hinge1"], gravity=(0.0, 0.0, 0.0))
    q, qd = np.array([[0.3, 0.7]]), np.array([[1.1, -0.4]])
    c, s = np.cos(0.7), np.sin(0.7)
    np.testing.assert_allclose(kernel.mass_matrix(chain, q)[0], [[3 + 2 * c, 1 + c], [1 + c, 1]])
    # -s (2 q1' q2' + q2'²), s q1'²
    expected = [-s * (2 * 1.1 * -0.4 + 0.16), s * 1.21]
    np.testing.assert_allclose(kernel.bias_effort(chain, q, qd)[0], expected)


def test_next_velocity_solves_the_equation_of_motion(arm):
    chain = chain_of(arm, ARM)
    q, qd, effort = states(ARM, 5)
    armature, dt = np.linspace(0.01, 0.06, 6), 0.002
    after = next_velocity(chain, q, qd, effort, armature, np.zeros((5, 6)), dt)
    needed = kernel.inverse_dynamics(chain, q, qd, (after - qd) / dt) + armature * (after - qd) / dt
    np.testing.assert_allclose(needed, effort, atol=1e-9)


def test_friction_impulse_is_bounded_opposes_motion_and_holds(arm):
    chain = chain_of(arm, ARM)
    q, qd, effort = states(ARM, 50)
    armature, dt, bound = np.full(6, 0.01), 0.002, np.full((50, 6), 0.8)
    after = next_velocity(chain, q, 0.02 * qd, 0.3 * effort, armature, bound, dt)
    rate = (after - 0.02 * qd) / dt
    friction = kernel.inverse_dynamics(chain, q, 0.02 * qd, rate) + armature * rate - 0.3 * effort
    assert (abs(friction) <= 0.8 + 1e-9).all()
    sliding = abs(after) > 1e-9
    np.testing.assert_allclose(friction[sliding], -0.8 * np.sign(after[sliding]), atol=1e-7)
    assert 0.1 < sliding.mean() < 0.9


def test_locked_joints_leave_the_chain(arm):
    locked = with_locked(arm, {"gripper": 0.4, "wrist_roll": -0.3})
    q = np.array([[0.1, 0.2, 0.3, 0.4]])
    whole = np.array([[0.1, 0.2, 0.3, 0.4, -0.3, 0.4]])
    mine = kernel.bias_effort(chain_of(locked, ARM[:4]), q, 0 * q)
    np.testing.assert_allclose(
        mine, kernel.bias_effort(chain_of(arm, ARM), whole, 0 * whole)[:, :4], atol=1e-15
    )


def test_unknown_and_missing_joints_are_named(arm):
    with pytest.raises(RobotError, match=r"joints elbow; expected each moving joint once: elbow_flex"):
        chain_of(arm, ["elbow"])
