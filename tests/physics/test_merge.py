"""Merging keeps the robot's dynamics and contacts; PyBullet's own flag does not."""

from dataclasses import replace

import numpy as np
import pybullet
import pytest

from hybridsim.physics.chain import chain_of
from hybridsim.physics.client import WorldSettings, load_body
from hybridsim.physics.edits import with_collision, with_inertial, with_point_mass
from hybridsim.physics.inertia import is_possible
from hybridsim.physics.kernel import mass_matrix
from hybridsim.physics.merge import merge_fixed
from hybridsim.physics.model import Collision, Contact, Joint, Link, Pose, RigidModel
from hybridsim.physics.urdf import load_urdf
from hybridsim.physics.writer import to_urdf
from tests.physics.conftest import URDFS, robot_path

FREE = WorldSettings(timestep=0.001)
FLAG = pybullet.URDF_MERGE_FIXED_LINKS | pybullet.URDF_USE_INERTIA_FROM_FILE


def mounted(model):
    """The robot on six weightless joints, so that its floating base has coordinates of its own."""
    links, joints, parent = list(model.links), list(model.joints), "world"
    for n, (kind, axis) in enumerate([(k, a) for k in ("prismatic", "continuous") for a in np.eye(3)]):
        child = model.root if n == 5 else f"mount{n}"
        joints.append(Joint(f"free{n}", kind, parent, child, Pose(), axis))
        parent = child
    mounts = [Link("world"), *(Link(f"mount{n}") for n in range(5))]
    return RigidModel(model.name, (*mounts, *links), tuple(joints))


class Loaded:
    """A model in a PyBullet client of its own, asked by joint name."""

    def __init__(self, model, load=load_body):
        self.id = pybullet.connect(pybullet.DIRECT)
        self.body = load(model, FREE, self.id)
        indices = range(pybullet.getNumJoints(self.body, physicsClientId=self.id))
        infos = [pybullet.getJointInfo(self.body, i, physicsClientId=self.id) for i in indices]
        self.moving = [x[1].decode() for x in infos if x[2] != pybullet.JOINT_FIXED]
        self.indices = {x[1].decode(): x[0] for x in infos}
        self.links = {x[12].decode(): x[0] for x in infos}

    def mass_matrix(self, position):
        """Mass matrix with joints in alphabetical order."""
        order = np.argsort(self.moving)
        q = [position[name] for name in self.moving]
        matrix = pybullet.calculateMassMatrix(self.body, q, physicsClientId=self.id)
        return np.array(matrix)[np.ix_(order, order)]

    def com(self, position):
        """Total mass and centre of mass in the world."""
        for name in self.moving:
            at = self.indices[name], position[name]
            pybullet.resetJointState(self.body, *at, physicsClientId=self.id)
        indices = [-1, *self.indices.values()]
        masses = np.array([self.dynamics(i)[0] for i in indices])
        states = pybullet.getLinkStates(
            self.body, indices[1:], computeForwardKinematics=True, physicsClientId=self.id
        )
        base = pybullet.getBasePositionAndOrientation(self.body, physicsClientId=self.id)[0]
        places = np.array([base, *(state[0] for state in states)])
        return masses.sum(), masses @ places / masses.sum()

    def dynamics(self, index):
        return pybullet.getDynamicsInfo(self.body, index, physicsClientId=self.id)

    def close(self):
        pybullet.disconnect(physicsClientId=self.id)


def possible(model):
    """The model with inertias enlarged that no body can have: PyBullet computes no mass matrix with them."""
    for link in model.links:
        if not is_possible(link.inertia, tolerance=0.0):
            enlarged = link.inertia + 2 * np.trace(link.inertia) * np.eye(3)
            model = with_inertial(model, link.name, inertia=enlarged)
    return model


@pytest.mark.parametrize("name", URDFS)
def test_merged_equals_unmerged_in_pybullet(name):
    raw = possible(with_collision(load_urdf(robot_path(name)), False))
    assert len(merge_fixed(raw).links) < len(raw.links)
    whole, merged = (Loaded(mounted(model)) for model in (raw, merge_fixed(raw)))
    rng = np.random.default_rng(1)
    assert sorted(whole.moving) == sorted(merged.moving)
    for _ in range(10):
        position = dict(zip(sorted(whole.moving), rng.uniform(-2, 2, len(whole.moving)), strict=True))
        expected = whole.mass_matrix(position)
        np.testing.assert_allclose(
            merged.mass_matrix(position), expected, rtol=0, atol=1e-13 * abs(expected).max()
        )
        (mass, com), (mass_merged, com_merged) = whole.com(position), merged.com(position)
        assert mass_merged == pytest.approx(mass, rel=1e-14)
        np.testing.assert_allclose(com_merged, com, atol=1e-13)
    whole.close()
    merged.close()


def test_feet_keep_their_contact_parameters():
    raw = load_urdf(robot_path("anymal_b"))
    whole, merged = Loaded(raw), Loaded(merge_fixed(raw))
    for foot in ("LF_FOOT", "RF_FOOT", "LH_FOOT", "RH_FOOT"):
        expected, found = (x.dynamics(x.links[foot]) for x in (whole, merged))
        # lateral friction, restitution, rolling, spinning, damping, stiffness
        assert [found[i] for i in (1, 5, 6, 7, 8, 9)] == [expected[i] for i in (1, 5, 6, 7, 8, 9)]
        assert (found[1], found[8], found[9]) == (1.0, 15000.0, 300000.0)
    for shank in ("LF_SHANK", "RH_SHANK"):
        assert merged.dynamics(merged.links[shank])[1] == whole.dynamics(whole.links[shank])[1] == 0.5
    shapes = [
        sorted(
            x[2:5]
            for i in (-1, *x0.indices.values())
            for x in pybullet.getCollisionShapeData(x0.body, i, physicsClientId=x0.id)
        )
        for x0 in (whole, merged)
    ]
    assert shapes[0] == shapes[1] and len(shapes[0]) > 20
    whole.close()
    merged.close()


def test_pybullets_own_flag_is_wrong(tmp_path):
    """Held, so that nobody swaps merge_fixed for the flag: it moves the centre of mass and loses friction."""
    raw = possible(with_inertial(load_urdf(robot_path("anymal_b")), "base", mass=1.0, inertia=np.eye(3)))
    path = tmp_path / "r.urdf"
    path.write_text(to_urdf(raw))

    def flagged(model, settings, connection):
        return pybullet.loadURDF(str(path), useFixedBase=True, flags=FLAG, physicsClientId=connection)

    bullets, ours = Loaded(raw, flagged), Loaded(merge_fixed(raw))
    position = dict.fromkeys(ours.moving, 0.4)
    assert abs(bullets.com(position)[1] - ours.com(position)[1]).max() > 0.005
    difference = abs(bullets.mass_matrix(position) - ours.mass_matrix(position)).max()
    assert difference > 0.1 * abs(ours.mass_matrix(position)).max()
    frictions = {bullets.dynamics(i)[1] for i in (-1, *bullets.indices.values())}
    assert 1.0 not in frictions
    bullets.close()
    ours.close()


def dumbbell():
    """1 kg at the root, 3 kg on a fixed link 2 m along x, turned a quarter about z."""
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    tip = Link("tip", 3.0, np.zeros(3), np.diag([1.0, 2.0, 2.5]), (Collision("sphere", (0.1,)),))
    links = (Link("root", 1.0, np.zeros(3), np.eye(3)), tip)
    joint = Joint("weld", "fixed", "root", "tip", Pose(np.array([2.0, 0.0, 0.0]), turn))
    return RigidModel("dumbbell", links, (joint,))


def test_two_bodies_by_hand():
    body = merge_fixed(dumbbell()).links[0]
    assert body.mass == 4.0
    np.testing.assert_allclose(body.com, [1.5, 0.0, 0.0])  # 3 kg · 2 m / 4 kg
    # about the com: 1·1.5² + 3·0.5² = 3 across the bar; the tip's x and y moments change places
    np.testing.assert_allclose(body.inertia, np.diag([1 + 2, 1 + 1 + 3, 1 + 2.5 + 3]), atol=1e-15)
    np.testing.assert_allclose(body.collisions[0].pose.position, [2.0, 0.0, 0.0])


def test_shapes_of_other_friction_stay_apart_and_weigh_nothing():
    model = dumbbell()
    root = replace(model.links[0], collisions=(Collision("box", (1.0, 1.0, 1.0)),))
    model = replace(model, links=(root, replace(model.links[1], contact=Contact(lateral_friction=0.9))))
    merged = merge_fixed(model)
    assert [(link.name, link.mass, link.contact.lateral_friction) for link in merged.links] == [
        ("root", 4.0, 0.5),
        ("tip", 0.0, 0.9),
    ]
    assert merge_fixed(merged).mass == 4.0


def test_merging_twice_changes_nothing(arm):
    again = merge_fixed(arm)
    for old, new in zip(arm.links, again.links, strict=True):
        np.testing.assert_array_equal(new.inertia, old.inertia)
        np.testing.assert_array_equal(new.com, old.com)


def test_a_payload_may_be_added_before_or_after_merging():
    before = merge_fixed(with_point_mass(dumbbell(), "root", 2.0, np.array([0.0, 1.0, 0.0])))
    after = with_point_mass(merge_fixed(dumbbell()), "root", 2.0, np.array([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(before.links[0].inertia, after.links[0].inertia, atol=1e-14)
    np.testing.assert_allclose(before.links[0].com, [6 / 6, 2 / 6, 0.0])


def test_the_kernel_sees_the_unmerged_robot(anymal_c):
    joints = [joint.name for joint in anymal_c.moving_joints]
    q = np.random.default_rng(0).normal(size=(3, 12))
    raw = load_urdf(robot_path("anymal_c"))
    whole, merged = (mass_matrix(chain_of(model, joints), q) for model in (raw, anymal_c))
    np.testing.assert_allclose(merged, whole, atol=1e-14)
