"""ANYmal C in MuJoCo weighs and turns as the same URDF does in hybridsim's own tree."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from hybridsim.physics import tree_kernel
from hybridsim.physics.tree import new_tree_work, tree_of
from hybridsim.standin.draw import draw
from hybridsim.standin.model import compile_model, design, feet, individual, stated


def dense(model, data):
    """MuJoCo's mass matrix: base velocity in the world, turning in base axes, joints."""
    full = np.zeros((model.nv, model.nv))
    try:
        mujoco.mj_fullM(model, data, full)
    except TypeError:  # before MuJoCo 4
        mujoco.mj_fullM(model, full, data.qM)
    return full


def ours(model, position, rotation, q):
    """The tree's mass matrix in MuJoCo's velocities: of the base's origin, turning in base axes."""
    tree = tree_of(model, [joint.urdf_joint for joint in design().joints])
    work = new_tree_work(len(tree.mass), len(q))
    tree_kernel.place(tree, position + rotation @ tree.com[0], rotation, q, work)
    tree_kernel.mass_matrix(tree, work)
    lever = rotation @ tree.com[0]
    change = np.eye(len(q) + 6)
    cross = np.array([[0, -lever[2], lever[1]], [lever[2], 0, -lever[0]], [-lever[1], lever[0], 0]])
    change[:3, 3:6] = -cross @ rotation  # velocity of the centre of mass: v + w x lever
    change[3:6, 3:6] = rotation
    return change.T @ work.mass @ change


@pytest.mark.parametrize("seed", [None, 5])
def test_the_mass_matrix_is_that_of_our_own_tree(seed):
    rigid = stated() if seed is None else individual(stated(), draw(seed).body)
    model = compile_model(rigid, timestep=0.001, hung=False)
    data, random = mujoco.MjData(model), np.random.default_rng(0)
    for _ in range(5):
        position, turn = random.normal(size=3), Rotation.random(rng=random)
        q = random.uniform(-1.0, 1.0, 12)
        data.qpos[:] = [*position, *np.roll(turn.as_quat(), 1), *q]
        mujoco.mj_forward(model, data)
        np.testing.assert_allclose(
            dense(model, data), ours(rigid, position, turn.as_matrix(), q), rtol=1e-6, atol=1e-7
        )


def test_an_individual_weighs_what_was_drawn():
    body = draw(5).body
    model = individual(stated(), body)
    assert model.link("base").mass == pytest.approx(body.base_scale * stated().link("base").mass)
    np.testing.assert_allclose(model.link("base").com, stated().link("base").com + body.base_offset)
    plain = individual(
        stated(), replace(body, base_scale=1.0, base_offset=np.zeros(3), link_scale=np.ones(12))
    )
    assert plain.mass == stated().mass
    assert model.mass != pytest.approx(plain.mass, rel=1e-4)


def test_feet_are_named_as_their_sensors():
    assert next(iter(feet().items())) == ("LF_foot", "LF_FOOT") and len(feet()) == 4


def test_a_hanging_robot_has_no_free_base():
    assert compile_model(stated(), timestep=0.001, hung=True).nv == 12
    assert compile_model(stated(), timestep=0.001, hung=False).nv == 18
