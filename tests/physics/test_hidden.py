"""Shapes that lie within their link's others are left out, and nothing else is."""

from dataclasses import replace

import numpy as np
import pybullet
import pytest
from scipy.spatial.transform import Rotation

from hybridsim.physics.client import WorldSettings, open_client
from hybridsim.physics.hidden import without_hidden
from hybridsim.physics.model import Collision, Link, Pose, RigidModel
from hybridsim.physics.picture import picture


def one_link(*shapes):
    return RigidModel("thing", (Link("thing", 1.0, np.zeros(3), 0.01 * np.eye(3), shapes),), ())


def at(kind, size, x=0.0, y=0.0, z=0.0):
    return Collision(kind, size, Pose(np.array([x, y, z])))


BIG = at("box", (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("shape", "left"),
    [
        (at("sphere", (0.49,)), 1),
        (at("sphere", (0.51,)), 2),
        (at("cylinder", (0.48, 0.9)), 1),
        (at("cylinder", (0.48, 1.1)), 2),
        (at("capsule", (0.2, 0.5)), 1),
        (at("capsule", (0.2, 0.7)), 2),
        (at("box", (0.5, 0.5, 0.5), x=0.25), 1),
        (at("box", (0.5, 0.5, 0.5), x=0.26), 2),
        (at("mesh", (1.0, 1.0, 1.0)), 2),
    ],
)
def test_what_sticks_out_is_kept(shape, left):
    assert len(without_hidden(one_link(BIG, shape)).links[0].collisions) == left
    assert len(without_hidden(one_link(shape, BIG)).links[0].collisions) == left


def test_a_shape_between_two_others_is_hidden_and_one_of_two_equal_ones_stays():
    ends = [at("sphere", (0.1,), x=x) for x in (-0.3, 0.3)]
    between = at("cylinder", (0.05, 0.1))
    assert len(without_hidden(one_link(*ends, between)).links[0].collisions) == 2
    assert len(without_hidden(one_link(BIG, at("box", BIG.size))).links[0].collisions) == 1


def test_anymal_lies_on_level_ground_as_with_all_its_shapes(anymal_c):
    """In any pose the lowest point that Bullet finds is the same, to a third of a millimetre."""
    few = without_hidden(anymal_c)
    counts = [sum(len(link.collisions) for link in model.links) for model in (anymal_c, few)]
    assert counts == [45, 33]
    joints = [joint.name for joint in anymal_c.moving_joints]
    settings = WorldSettings(timestep=1e-3, base="floating", plane=True)
    clients = [open_client(model, joints, settings) for model in (anymal_c, few)]
    random, worst = np.random.default_rng(0), 0.0
    for _ in range(200):
        turn, bent = Rotation.random(random_state=random).as_quat(), random.uniform(-1.5, 1.5, len(joints))
        lowest = []
        for one in clients:
            for index, angle in zip(one.indices, bent, strict=True):
                pybullet.resetJointState(one.body, index, angle, physicsClientId=one.id)
            pybullet.resetBasePositionAndOrientation(one.body, [0, 0, 0.4], turn, physicsClientId=one.id)
            near = pybullet.getClosestPoints(one.body, 0, 2.0, physicsClientId=one.id)
            lowest.append(min(point[8] for point in near))
        worst = max(worst, abs(lowest[1] - lowest[0]))
    for one in clients:
        pybullet.disconnect(physicsClientId=one.id)
    assert worst < 3.0e-4, worst


def test_pictures_show_what_nothing_touches(anymal_c):
    settings = WorldSettings(timestep=1e-3, base="floating")
    joints = [joint.name for joint in anymal_c.moving_joints]
    bare = anymal_c
    for link in without_hidden(anymal_c).links:
        bare = bare.with_link(replace(link, only_drawn=()))
    images = []
    for model in (anymal_c, without_hidden(anymal_c), bare):
        client = open_client(model, joints, settings)
        images.append(picture(client, 120, 90).astype(int))
        pybullet.disconnect(physicsClientId=client.id)
    off = [np.abs(image - images[0]).mean() for image in images[1:]]
    assert off[0] < 0.1 * off[1]
