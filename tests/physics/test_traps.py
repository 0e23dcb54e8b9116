"""PyBullet's silent defaults, one test each: that the trap is there, and that it is disarmed."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pybullet
import pytest

import hybridsim.physics
from hybridsim.errors import RobotError, SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings, load_body
from hybridsim.physics.edits import with_armature, with_inertial
from hybridsim.physics.model import Collision, Link, RigidModel
from hybridsim.physics.writer import to_urdf
from tests.physics.conftest import swinging

STILL = WorldSettings(timestep=0.001, gravity=(0.0, 0.0, 0.0))
HINGE = ["hinge0"]


class Plain:
    """A robot as PyBullet loads it, its defaults untouched."""

    def __init__(self, model, settings):
        self.id = pybullet.connect(pybullet.DIRECT)
        pybullet.setTimeStep(settings.timestep, physicsClientId=self.id)
        pybullet.setGravity(*settings.gravity, physicsClientId=self.id)
        self.body = load_body(model, settings, self.id)

    def reset(self, position, velocity):
        pybullet.resetJointState(self.body, 0, position, velocity, physicsClientId=self.id)

    def motor_off(self):
        pybullet.setJointMotorControl2(
            self.body, 0, pybullet.VELOCITY_CONTROL, force=0.0, physicsClientId=self.id
        )

    def push(self, effort):
        pybullet.setJointMotorControl2(
            self.body, 0, pybullet.TORQUE_CONTROL, force=effort, physicsClientId=self.id
        )

    def step(self, count=1):
        for _ in range(count):
            pybullet.stepSimulation(physicsClientId=self.id)
        return pybullet.getJointState(self.body, 0, physicsClientId=self.id)[:2]


@pytest.fixture
def plain():
    """Opens plain PyBullet clients and closes them."""
    opened = []

    def opener(model, settings=STILL):
        opened.append(Plain(model, settings))
        return opened[-1]

    yield opener
    for world in opened:
        pybullet.disconnect(physicsClientId=world.id)


def ball(mass=2.0, offset=(0.0, 0.0, 0.0)):
    shape = (Collision("sphere", (0.1,)),)
    return RigidModel("ball", (Link("ball", mass, np.array(offset), np.diag([0.02, 0.03, 0.04]), shape),), ())


def test_default_velocity_motors_are_off(plain):
    stuck = plain(swinging())
    stuck.reset(0.0, 1.0)
    assert abs(stuck.step(10)[1]) < 0.5
    with BulletWorlds(swinging(), HINGE, 1, STILL) as worlds:
        worlds.reset(velocity=1.0)
        for _ in range(1000):
            worlds.step()
        assert worlds.joint_velocity[0, 0] == pytest.approx(1.0, abs=1e-12)


def test_no_damping_of_any_kind(plain):
    """No gravity: what moves keeps its velocity. PyBullet's default takes 4 % a second."""
    damped = plain(swinging())
    damped.motor_off()
    damped.reset(0.0, 1.0)
    assert damped.step(1000)[1] < 0.97
    floating = replace(STILL, base="floating")
    with BulletWorlds(ball(offset=(0.1, 0.0, 0.0)), [], 1, floating) as worlds:
        worlds.base.place(0, np.zeros(3), None, np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 5.0]))
        for _ in range(1000):
            worlds.step()
        # about z, a principal axis; the com started with v + ω × (0.1, 0, 0) = (1, 2.5, 3)
        np.testing.assert_allclose(worlds.base.angular_velocity, [[0.0, 0.0, 5.0]], atol=1e-9)
        com = worlds.base.position + worlds.base.rotation_world_from_body @ np.array([0.1, 0.0, 0.0])
        np.testing.assert_allclose(com, [[1.1, 2.5, 3.0]], atol=1e-9)


def test_free_fall():
    falling = WorldSettings(timestep=0.001, base="floating")
    with BulletWorlds(ball(), [], 1, falling) as worlds:
        for _ in range(1000):
            worlds.step()
        # semi-implicit Euler: -g dt² n (n + 1) / 2
        assert worlds.base.position[0, 2] == pytest.approx(-9.81e-6 * 1000 * 1001 / 2, abs=1e-12)
        assert worlds.base.linear_velocity[0, 2] == pytest.approx(-9.81, abs=1e-12)


def test_velocity_is_not_clipped(plain):
    clipped = plain(swinging())
    clipped.motor_off()
    clipped.reset(0.0, 150.0)
    assert clipped.step()[1] == 100.0
    with BulletWorlds(swinging(), HINGE, 1, STILL) as worlds:
        worlds.reset(velocity=150.0)
        worlds.step()
        assert worlds.joint_velocity[0, 0] == pytest.approx(150.0)


def test_a_second_effort_replaces_the_first(plain):
    """PyBullet adds them up."""
    adding = plain(swinging())
    adding.motor_off()
    adding.push(1.0)
    adding.push(1.0)
    with BulletWorlds(swinging(), HINGE, 1, STILL) as worlds:
        worlds.apply_effort(np.array([[1.0]]))
        worlds.apply_effort(np.array([[1.0]]))
        worlds.step()
        once = worlds.joint_velocity[0, 0]
    assert once == pytest.approx(0.001 / (0.25 + 1e-6), rel=1e-9)
    assert adding.step()[1] == pytest.approx(2 * once, rel=1e-3)


def test_an_effort_acts_for_one_step_and_never_after_a_reset(plain):
    lasting = plain(swinging())
    lasting.motor_off()
    lasting.push(1.0)
    lasting.reset(0.0, 0.0)
    assert lasting.step()[1] > 1e-3
    with BulletWorlds(swinging(), HINGE, 1, STILL) as worlds:
        worlds.apply_effort(np.array([[1.0]]))
        worlds.reset()
        worlds.step()
        assert worlds.joint_velocity[0, 0] == 0.0
        worlds.apply_effort(np.array([[1.0]]))
        worlds.step()
        pushed = worlds.joint_velocity[0, 0]
        worlds.step()
        assert worlds.joint_velocity[0, 0] == pushed > 0


def test_a_link_without_inertial_weighs_nothing(tmp_path):
    text = to_urdf(swinging()).replace("<inertial>", "<ignored>").replace("</inertial>", "</ignored>")
    (tmp_path / "r.urdf").write_text(text)
    client = pybullet.connect(pybullet.DIRECT)
    body = pybullet.loadURDF(str(tmp_path / "r.urdf"), useFixedBase=True, physicsClientId=client)
    assert pybullet.getDynamicsInfo(body, 0, physicsClientId=client)[0] == 1.0
    pybullet.disconnect(physicsClientId=client)
    weightless = with_inertial(swinging(), "rod0", mass=0.0, inertia=np.zeros((3, 3)))
    with pytest.raises(RobotError, match="joint 'hinge0' moves 0.0 kg·m²"):
        BulletWorlds(weightless, HINGE, 1, STILL)


def test_an_impossible_inertia_is_kept(tmp_path):
    """Armature added to a link breaks the triangle inequality; PyBullet's loader then sets zero."""
    geared = with_armature(swinging(), {"hinge0": 0.75})
    (tmp_path / "r.urdf").write_text(to_urdf(geared))
    client, flags = pybullet.connect(pybullet.DIRECT), pybullet.URDF_USE_INERTIA_FROM_FILE
    body = pybullet.loadURDF(str(tmp_path / "r.urdf"), flags=flags, physicsClientId=client)
    assert pybullet.getDynamicsInfo(body, 0, physicsClientId=client)[2] == (0.0, 0.0, 0.0)
    pybullet.disconnect(physicsClientId=client)
    with BulletWorlds(geared, HINGE, 1, STILL) as worlds:
        worlds.apply_effort(np.array([[1.0]]))
        worlds.step()
        assert worlds.joint_velocity[0, 0] == pytest.approx(0.001 / (0.25 + 0.75 + 1e-6), rel=1e-9)


def test_slow_bodies_do_not_fall_asleep():
    with BulletWorlds(swinging(), HINGE, 1, STILL) as worlds:
        worlds.reset(velocity=1e-4)
        for _ in range(5000):
            worlds.step()
        assert worlds.joint_position[0, 0] == pytest.approx(5e-4, rel=1e-9)


def test_a_floating_root_must_weigh():
    with pytest.raises(RobotError, match="floating root link 'ball' weighs nothing"):
        BulletWorlds(ball(mass=0.0), [], 1, replace(STILL, base="floating"))


def test_a_state_that_is_not_finite_names_world_joint_and_time():
    with BulletWorlds(swinging(), HINGE, 3, STILL) as worlds:
        worlds.step()
        worlds.apply_effort(np.array([[0.0], [np.nan], [0.0]]))
        with pytest.raises(SimulationError, match=r"world 1: joint 'hinge0' is not finite at 0.002 s"):
            worlds.step()
        with pytest.raises(SimulationError, match="state is not finite"):
            worlds.reset(position=np.inf)


def test_every_pybullet_call_names_its_client():
    """By keyword, or as a last positional argument `client.id` where a step cannot afford keywords."""
    calls = 0
    for path in Path(hybridsim.physics.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if not re.fullmatch(r"pybullet\.\w+", name) or name in (
                "pybullet.connect",
                "pybullet.getAPIVersion",
                "pybullet.computeViewMatrixFromYawPitchRoll",  # plain geometry
                "pybullet.computeProjectionMatrixFOV",
            ):
                continue
            keyword = any(word.arg == "physicsClientId" for word in node.keywords)
            positional = bool(node.args) and ast.unparse(node.args[-1]) == "client.id"
            assert keyword or positional, f"{path.name}:{node.lineno}"
            calls += 1
    assert calls > 15
