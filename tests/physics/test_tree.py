"""Floating-base trees against PyBullet, the fixed-base kernel, finite differences and conservation laws."""

from dataclasses import dataclass, replace

import numpy as np
import pybullet
import pytest
from scipy.spatial.transform import Rotation

from hybridsim.errors import RobotError
from hybridsim.physics import kernel, tree_kernel, tree_step
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.chain import chain_of
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_limits
from hybridsim.physics.inertia import principal_axes
from hybridsim.physics.model import Joint, Link, Pose, RigidModel
from hybridsim.physics.tree import Tree, TreeWork, new_tree_work, tree_bodies, tree_of
from tests.physics.test_kernel import slider_arm

GRAVITY = np.array([0.0, 0.0, -9.81])
SETTINGS = WorldSettings(timestep=0.001, base="floating", plane=False)
# Three different principal moments, principal axes far from the link's.
INERTIA = np.array([[0.020, 0.003, -0.002], [0.003, 0.035, 0.004], [-0.002, 0.004, 0.045]])


def box():
    return RigidModel("box", (Link("box", 2.0, np.array([0.05, -0.08, 0.11]), INERTIA),), ())


def hinged():
    """Two bodies and a hinge, nothing aligned."""
    turn = Rotation.from_rotvec([0.4, -0.7, 0.2]).as_matrix()
    lid = Link("lid", 0.7, np.array([0.1, 0.04, -0.06]), 0.2 * INERTIA)
    axis = np.array([0.36, 0.48, 0.8])
    hinge = Joint("hinge", "continuous", "box", "lid", Pose(np.array([0.1, 0.2, 0.3]), turn), axis)
    return RigidModel("hinged", (*box().links, lid), (hinge,))


def sliding():
    """Two sliders and two hinges in turn, on a root that weighs something."""
    model = slider_arm()
    return model.with_link(Link("ground", 3.0, np.array([0.1, 0.2, -0.1]), INERTIA))


@dataclass
class State:
    """A tree, where it is and how it moves."""

    tree: Tree
    work: TreeWork
    position: np.ndarray
    quaternion: np.ndarray
    q: np.ndarray
    u: np.ndarray

    @property
    def rotation(self):
        out = np.zeros((3, 3))
        tree_step.rotation_of(self.quaternion, out)
        return out

    @property
    def moves(self):
        return self.position, self.quaternion, self.q, self.u

    def at(self, body, local):
        return self.work.origin[body] + self.work.rotation[body] @ local

    def settle(self):
        tree_kernel.place(self.tree, self.position, self.rotation, self.q, self.work)
        tree_kernel.mass_matrix(self.tree, self.work)
        assert tree_step.factor(self.work)

    def step(self, effort, gravity, timestep):
        self.settle()
        u = self.u.copy()
        tree_step.free_velocity(self.tree, self.work, u, effort, gravity, timestep, self.u)
        tree_step.advance(*self.moves, timestep)

    def vector(self):
        return np.concatenate([self.position, self.rotation.ravel(), self.q, self.u])


def moving(model, joints, seed=0, speed=2.0):
    """A random state, its clutter of frames included."""
    rng, tree = np.random.default_rng(seed), tree_of(model, joints)
    n = len(joints)
    quaternion = Rotation.from_rotvec(rng.normal(size=3)).as_quat()
    q, u = rng.uniform(-0.5, 0.5, n), rng.normal(size=6 + n) * speed
    state = State(tree, new_tree_work(n + 1, n), rng.normal(size=3), quaternion, q, u)
    state.settle()
    return state


@pytest.fixture(params=["box", "hinged", "sliding", "anymal_c"])
def robot(request):
    made = {"box": box, "hinged": hinged, "sliding": sliding}
    named = request.param
    model = made[named]() if named in made else request.getfixturevalue(named)
    # Sorted, so that the columns of q are not in the order of the bodies.
    return with_limits(model, False), sorted(joint.name for joint in model.moving_joints)


def bullet_vector(worlds, com):
    """PyBullet's state as `State.vector` has it."""
    base, turn = worlds.base, worlds.base.rotation_world_from_body[0]
    lever, spin = turn @ com, base.angular_velocity[0]
    speed = base.linear_velocity[0] + np.cross(spin, lever)
    joints = worlds.joint_position[0], worlds.joint_velocity[0]
    return np.concatenate([base.position[0] + lever, turn.ravel(), joints[0], speed, spin, joints[1]])


def put_into(worlds, state):
    """Place PyBullet's robot in the same state."""
    n, turn, spin = len(state.q), state.rotation, state.u[3:6]
    lever = turn @ state.tree.com[0]
    worlds.reset(None, state.q[None] if n else 0.0, state.u[None, 6:] if n else 0.0)
    speed = state.u[:3] - np.cross(spin, lever)
    worlds.base.place(0, state.position - lever, state.quaternion, speed, spin)


def test_fifty_steps_equal_pybullet(robot):
    model, joints = robot
    state, rng = moving(model, joints), np.random.default_rng(1)
    with BulletWorlds(model, joints, 1, SETTINGS) as worlds:
        put_into(worlds, state)
        for _ in range(50):
            effort = rng.normal(size=len(joints)) * 5.0
            worlds.apply_effort(effort[None])
            worlds.step()
            state.step(effort, GRAVITY, 0.001)
            expected = bullet_vector(worlds, state.tree.com[0])
            np.testing.assert_allclose(
                state.vector(), expected, rtol=0, atol=1e-12 * max(1, abs(expected).max())
            )


def test_mass_matrix_equals_pybullet(robot):
    """PyBullet's has the angular part first, in the principal axes of the root."""
    model, joints = robot
    state, n = moving(model, joints), len(joints)
    if not n:
        return  # PyBullet's function wants a joint
    axes = principal_axes(model.link(model.root).inertia)[1]
    state.quaternion = Rotation.from_matrix(axes.T).as_quat()
    state.settle()
    with BulletWorlds(model, joints, 1, SETTINGS) as worlds:
        client = worlds.clients[0]
        order = np.argsort(client.indices)  # PyBullet's columns follow its joint indices
        found = pybullet.calculateMassMatrix(client.body, state.q[order].tolist(), physicsClientId=client.id)
    columns = [3, 4, 5, 0, 1, 2, *(6 + order)]
    mine = state.work.mass[np.ix_(columns, columns)]
    np.testing.assert_allclose(mine, found, rtol=0, atol=1e-12 * abs(mine).max())


def test_bias_equals_the_fixed_base_kernel(robot):
    """A root at rest and upright is a fixed base, as far as the joints can tell."""
    model, joints = robot
    state = moving(model, joints)
    state.quaternion, state.u[:6] = np.array([0.0, 0.0, 0.0, 1.0]), 0.0
    state.settle()
    tree_kernel.bias(state.tree, state.work, state.u, GRAVITY)
    if not joints:
        np.testing.assert_allclose(state.work.bias, [0, 0, 2.0 * 9.81, 0, 0, 0], atol=1e-14)
        return
    chain, q, rate = chain_of(model, joints), state.q[None], state.u[None, 6:]
    expected = kernel.bias_effort(chain, q, rate)[0]
    np.testing.assert_allclose(state.work.bias[6:], expected, rtol=0, atol=1e-13 * abs(expected).max())


def near(state, step):
    """The state a little further along its velocities."""
    moved = State(state.tree, new_tree_work(len(state.q) + 1, len(state.q)), *map(np.copy, state.moves))
    tree_step.advance(*moved.moves, step)
    moved.settle()
    return moved


def test_jacobian_is_the_slope_of_the_point(robot):
    state, local = moving(*robot), np.array([0.1, -0.2, 0.3])
    out, ahead, behind = np.full((3, len(state.u)), np.nan), near(state, 1e-6), near(state, -1e-6)
    for body in range(len(state.tree.mass)):
        tree_kernel.jacobian(state.tree, state.work, body, state.at(body, local), out)
        slope = (ahead.at(body, local) - behind.at(body, local)) / 2e-6
        np.testing.assert_allclose(out @ state.u, slope, rtol=0, atol=1e-7)
        others = out[:, 6:].any(axis=0)
        others[[state.tree.dof[i] for i in ancestry(state.tree, body)]] = False
        assert not others.any()


def ancestry(tree, body):
    """The body and what carries it, without the root."""
    return [] if body == 0 else [body, *ancestry(tree, tree.parent[body])]


def test_solve_inverts_the_mass_matrix(robot):
    state = moving(*robot)
    x = np.random.default_rng(2).normal(size=len(state.u))
    impulse = state.work.mass @ x
    tree_step.solve(state.work, impulse)
    np.testing.assert_allclose(impulse, x, rtol=0, atol=1e-10)
    for wrong in (-1.0, np.nan):
        state.work.mass[2, 2] = wrong
        assert not tree_step.factor(state.work)


def test_a_full_matrix_is_factored_too():
    """A contact solver may add terms that couple everything."""
    half = np.random.default_rng(4).normal(size=(12, 12))
    work = new_tree_work(7, 6)
    work.mass[:] = half @ half.T + np.eye(12)
    assert tree_step.factor(work)
    x = work.mass @ np.arange(12.0)
    tree_step.solve(work, x)
    np.testing.assert_allclose(x, np.arange(12.0), atol=1e-11)


def conserved(state):
    """Linear momentum, angular momentum about the whole robot's centre of mass, kinetic energy."""
    state.settle()
    momentum = (state.work.mass @ state.u)[:6]
    mass = state.tree.mass
    com = mass @ state.work.com / mass.sum() - state.work.com[0]
    turning = momentum[3:] - np.cross(com, momentum[:3])
    return np.array([*momentum[:3], *turning, 0.5 * state.u @ state.work.mass @ state.u])


def drift(model, joints, timestep):
    state = moving(model, joints, speed=1.0)
    start = conserved(state)
    for _ in range(round(0.05 / timestep)):
        state.step(np.zeros(len(joints)), np.zeros(3), timestep)
    return abs(conserved(state) - start) / abs(start).max()


def test_free_flight_conserves_momentum_and_energy(robot):
    """To the order of the step, because velocities are integrated by explicit Euler."""
    coarse, fine = drift(*robot, 4e-4), drift(*robot, 1e-4)
    assert fine.max() < 1e-4
    assert fine.max() < 0.26 * coarse.max()


def end_of(model, joints, timestep):
    state = moving(model, joints, speed=1.0)
    for _ in range(round(0.02 / timestep)):
        state.step(np.full(len(joints), 0.3), GRAVITY, timestep)
    return state.vector()


def test_first_order_of_convergence(robot):
    truth = 2.0 * end_of(*robot, 2.5e-5) - end_of(*robot, 5e-5)  # Richardson, second order
    errors = [abs(end_of(*robot, dt) - truth).max() for dt in (4e-4, 2e-4)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(1.0, abs=0.001)


def test_a_spinning_axis_stays_where_it_is():
    """2 rad/s about a principal axis for 1 s is 2 rad, and the fall is t (t + dt) g / 2."""
    model = RigidModel("top", (Link("top", 1.0, np.zeros(3), np.diag([0.1, 0.2, 0.4])),), ())
    state = moving(model, [])
    state.position[:], state.quaternion[:], state.u[:] = 0.0, [0, 0, 0, 1], [0, 0, 0, 0, 0, 2.0]
    for _ in range(100):
        state.step(np.zeros(0), GRAVITY, 0.01)
    np.testing.assert_allclose(state.quaternion, [0, 0, np.sin(1.0), np.cos(1.0)], atol=1e-13)
    np.testing.assert_allclose(state.position, [0, 0, -9.81 * 1.0 * 1.01 / 2], atol=1e-13)


def test_bodies_are_named_with_the_root_first(robot):
    model, joints = robot
    names, tree = tree_bodies(model), tree_of(model, joints)
    assert names[0] == model.root and tree.parent[0] == tree.dof[0] == -1
    assert (tree.parent[1:] < np.arange(1, len(names))).all()
    for name, parent, dof in zip(names[1:], tree.parent[1:], tree.dof[1:], strict=True):
        joint = model.joint(joints[dof])
        assert (joint.child, joint.parent) == (name, names[parent])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (box().with_link(Link("box")), "box: floating root link 'box' weighs 0 kg"),
        (box().with_link(Link("box", 1.0)), "box: floating root link 'box' can turn without resistance"),
        (hinged().with_link(Link("lid")), "hinged: link 'lid' does not resist its own joint"),
        (sliding().with_link(Link("l3")), "slider_arm: link 'l3' does not resist its own joint"),
    ],
)
def test_what_nothing_resists_is_named(model, message):
    with pytest.raises(RobotError, match=message):
        tree_of(model, [joint.name for joint in model.moving_joints])


def test_a_weightless_link_between_two_coaxial_hinges_is_named():
    """Both joints move inertia, but turning one back as the other turns forth moves none."""
    model = hinged()
    again = Joint("again", "continuous", "lid", "cap", Pose(), model.joints[0].axis)
    cap = replace(model.link("lid"), name="cap")
    model = RigidModel("gimbal", (*model.links, cap), (*model.joints, again))
    tree_of(model, ["hinge", "again"])
    with pytest.raises(RobotError, match="link 'lid' does not resist its own joint"):
        tree_of(model.with_link(Link("lid")), ["hinge", "again"])
