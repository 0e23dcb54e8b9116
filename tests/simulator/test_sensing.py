"""Sensors in HybridSim: links in PyBullet, drives, feet, rates and seeds; truth beside what is measured."""

import tomllib

import numpy as np
import pytest
import tomli_w

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.errors import SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.felt import JointWrenches
from hybridsim.physics.model import Joint, Link, RigidModel
from hybridsim.resources import find
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.nominal import nominal_values
from hybridsim.simulator.surfaces import kind_of
from tests.simulator.made import HEIGHT, arm, stance, walker

G = 9.81


def values_of(robot, **more):
    return {p.name: p.value for p in offered(robot)} | more


def with_sensors(folder, name, sensors):
    """A robot of robots/ with sensors of a test."""
    found = tomllib.loads((find("robots", name) / "robot.toml").read_text())
    found["sensor"] = [{"source": "a test", **one} for one in sensors]
    for urdf in find("robots", name).glob("*.urdf"):
        (folder / urdf.name).write_text(urdf.read_text())
    (folder / "robot.toml").write_text(tomli_w.dumps(found))
    return load_robot(folder)


def imu_alone(worlds=1, seed=0, **values):
    """The free IMU of robots/, falling: nothing holds it and there is no ground."""
    robot = load_robot("imu_broad")
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0, plane=False)
    own = {f"sensor.imu.{name}": value for name, value in values.items()}
    return HybridSim(robot, own, settings, worlds=worlds, sensor_seed=seed)


def test_a_free_imu_reads_no_force_and_its_own_spin():
    with imu_alone() as sim:
        sim.reset(base_orientation=[0.0, 0.6, 0.0, 0.8], base_angular_velocity=[0.0, 0.0, 0.0])
        for _ in range(5):
            seen = sim.step()
        assert seen["imu_linear_acceleration"] == pytest.approx(np.zeros((1, 3)), abs=1e-9)
        assert seen["imu_angular_velocity"] == pytest.approx(np.zeros((1, 3)), abs=1e-9)


def test_a_lever_on_a_spinning_body_reads_the_centripetal_force():
    # 5 rad/s about a principal axis, world's z, lever 0.04 m along the link's x: -w^2 r = -1 m/s^2 along x.
    with imu_alone(lever_x=0.04) as sim:
        sim.reset(base_angular_velocity=[0.0, 0.0, 5.0])
        for _ in range(20):
            seen = sim.step()
        assert seen["imu_angular_velocity"] == pytest.approx(np.array([[0.0, 0.0, 5.0]]), abs=1e-6)
        assert seen["imu_linear_acceleration"] == pytest.approx(np.array([[-1.0, 0.0, 0.0]]), abs=1e-3)
        assert sim.truth()["imu_linear_acceleration"] == pytest.approx(np.zeros((1, 3)), abs=1e-6)


def test_truth_is_what_a_sensor_without_errors_reads():
    biased = {"gyro_bias_x": 0.3, "acc_map_xx": 1.2, "gyro_delay": 0.02, "gyro_white_y": 0.1, "rate": 50.0}
    with imu_alone(**biased) as wrong, imu_alone() as right:
        for sim in (wrong, right):
            sim.reset(base_angular_velocity=[1.0, 2.0, 5.0])
            for _ in range(7):
                sim.step()
        truth = right.observe()
        assert set(wrong.truth()) == set(truth) == set(wrong.observe())
        for name, value in wrong.truth().items():
            np.testing.assert_array_equal(value, truth[name])
        assert wrong.observe()["imu_angular_velocity"][0, 0] != truth["imu_angular_velocity"][0, 0]


@pytest.mark.usefixtures("robot_data")
def test_a_standing_robots_base_imu_reads_gravity_and_its_feet_touch():
    with walker(worlds=2, networks=False) as sim:
        target = stance(sim.joints)
        seen = sim.reset(target, base_position=[0.0, 0.0, HEIGHT])
        assert not seen["contact"].any()
        for _ in range(800):
            seen = sim.step(80 * (target - seen["joint_position"]) - 2 * seen["joint_velocity"])
        force = seen["imu_linear_acceleration"]
        assert np.linalg.norm(force, axis=1) == pytest.approx([G, G], abs=0.02)
        assert seen["contact"].tolist() == [[1.0] * 4] * 2
        last = 80 * (target - seen["joint_position"]) - 2 * seen["joint_velocity"]
        sim.reset(target, base_position=[0.0, 0.0, 2.0], worlds=[1])
        last[1] = 0.0
        seen = sim.step(last)
        assert seen["contact"].tolist() == [[1.0] * 4, [0.0] * 4]
        assert seen["imu_linear_acceleration"][1] == pytest.approx(np.zeros(3), abs=1e-6)
        assert sim.reading_age()["imu"].tolist() == [0.0, 0.0]


@pytest.mark.usefixtures("robot_data")
def test_feet_carry_the_weight_by_pybullets_contacts_and_by_the_laws():
    # 52.13485 kg in the URDF: 511.443 N on four feet, whoever finds the contacts.
    robot = load_robot("anymal_c").commanded("joint_effort_command")
    posture = stance(robot.joint_names)
    for surfaces in ([], [kind_of("firm")]):
        settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0, plane=not surfaces)
        with HybridSim(robot, values_of(robot), settings, surfaces=surfaces) as sim:
            sim.reset(posture, base_position=[0.0, 0.0, HEIGHT])
            for _ in range(1000):
                truth = sim.truth()
                push = 600.0 * (posture - truth["joint_position"]) - 8.0 * truth["joint_velocity"]
                seen = sim.step(push)
            assert seen["contact"].all()
            assert sim.sensing.sources.force.sum() == pytest.approx(511.443, rel=0.02)


@pytest.mark.usefixtures("robot_data")
def test_contact_forces_are_the_same_bits_through_c_and_python():
    with walker(worlds=2, networks=False) as sim:
        target = stance(sim.joints)
        seen = sim.reset(target, base_position=[0.0, 0.0, HEIGHT])
        for _ in range(200):
            seen = sim.step(80 * (target - seen["joint_position"]) - 2 * seen["joint_velocity"])
        forces, found = sim.sensing._feeling._forces, np.zeros((2, 2, 4))
        forces.read(np.arange(2), found[0])
        assert np.array_equal(found[0], sim.sensing.sources.force)
        forces._wiring = None
        forces.read(np.arange(2), found[1])
        assert found[0].all() and np.array_equal(found[0], found[1])


@pytest.mark.usefixtures("robot_data")
def test_without_errors_of_its_sensors_a_robot_reads_the_same_bits_as_its_drives():
    """The joints' signals of a robot with neutral sensors are those of the drives."""
    with walker(networks=False) as sim:
        seen = sim.reset(stance(sim.joints), base_position=[0.0, 0.0, HEIGHT])
        for _ in range(10):
            seen = sim.step(np.linspace(-3, 3, 12))
        np.testing.assert_array_equal(seen["joint_position"], sim.encoder_angle())
        np.testing.assert_array_equal(seen["joint_effort"], sim.drives.effort)
        np.testing.assert_array_equal(seen["base_position"], sim.body.base.position)


CONSTANTS = {"payload_mass": 0.5, "payload_length": 0.1}


def test_an_imu_on_a_swinging_arm_reads_what_its_motion_says(tmp_path):
    # The arm hangs along -z and turns about y. At a mass that swings freely, 0.1 m out, nothing pushes
    # sideways, and the arm pulls with g cos q + 0.1 w^2.
    robot = pushed_pendulum(tmp_path, [{"name": "tip", "kind": "imu", "link": "arm"}])
    own = values_of(robot) | {"sensor.tip.lever_z": -0.1, "drive.pendulum.armature": 1e-6}
    settings = SimulationSettings(physics_timestep_s=0.001, rate_hz=1000.0)
    with HybridSim(robot, own, settings, constants=CONSTANTS) as sim:
        sim.reset(0.8)
        for _ in range(150):
            seen = sim.step([0.0])
        angle, rate = seen["joint_position"][0, 0], seen["joint_velocity"][0, 0]
        assert abs(rate) > 5.0
        np.testing.assert_allclose(seen["imu_angular_velocity"], [[0.0, rate, 0.0]], atol=1e-12)
        expected = [[0.0, 0.0, G * np.cos(angle) + 0.1 * rate**2]]
        # The step's acceleration is that of its beginning: gravity turns by w h = 0.008 rad meanwhile.
        np.testing.assert_allclose(seen["imu_linear_acceleration"], expected, atol=0.1)


def pushed_pendulum(folder, sensors):
    """The XL330 pendulum with a drive that takes efforts."""
    robot = with_sensors(folder, "xl330_pendulum", sensors)
    text = tomllib.loads((folder / "robot.toml").read_text())
    effort = {"coupling": "effort", "command": "joint_effort_command", "measured": "joint_effort"}
    text["drive"] = [one | effort for one in text["drive"]]
    for model in text.get("drive_model", {}).values():
        model.update({key: value for key, value in effort.items() if key in model})
    (folder / "robot.toml").write_text(tomli_w.dumps(text))
    del robot
    return load_robot(folder)


def carried_pendulum(folder, sensors, **values):
    """The XL330 pendulum, whose servo carries it."""
    robot = with_sensors(folder, "xl330_pendulum", sensors)
    settings = SimulationSettings(physics_timestep_s=0.002, rate_hz=100.0)
    return HybridSim(robot, values_of(robot) | values, settings, constants=CONSTANTS)


def test_a_servos_current_is_its_motors_effort(tmp_path):
    # At rest against gravity the motor gives what the body asks for; read without a sign in counts of 5 mA.
    servo = {"name": "servo", "kind": "current", "joint": "pendulum"}
    own = {"gain": 0.5, "unsigned": 1.0, "resolution": 0.005}
    given = {f"sensor.servo.{name}": value for name, value in own.items()}
    with carried_pendulum(tmp_path, [servo], **given) as sim:
        sim.reset(-1.0)
        for _ in range(400):
            seen = sim.step([-1.0])
        load = sim.load_effort[0, 0]
        assert abs(load) > 0.2
        assert seen["motor_current"][0, 0] == pytest.approx(0.5 * abs(load), abs=0.0026)
        assert sim.truth()["motor_current"][0, 0] == pytest.approx(0.5 * abs(load), abs=1e-4)


def test_a_carried_servos_encoder_goes_through_its_own_line(tmp_path):
    given = {"bias": 0.02, "resolution": 0.01, "velocity_window": 2.0, "rate": 100.0}
    values = {f"sensor.encoder_pendulum.{name}": value for name, value in given.items()}
    with carried_pendulum(tmp_path, [], **values) as sim, carried_pendulum(tmp_path, []) as plain:
        assert plain.sensing is None
        before = None
        for k in range(30):
            seen, ideal = sim.step([0.01 * k]), plain.step([0.01 * k])
            counts = np.floor((ideal["joint_position"] + 0.02) / 0.01 + 0.5) * 0.01
            np.testing.assert_allclose(seen["joint_position"], counts, atol=1e-12)
            if k > 2:
                moved = seen["joint_position"] - before[-2]
                assert seen["joint_velocity"] == pytest.approx(moved / 0.02, abs=1e-9)
            before = [*(before or []), seen["joint_position"]]
        assert sim.truth()["joint_position"] == pytest.approx(plain.truth()["joint_position"])


def test_a_worlds_readings_follow_from_seed_and_number_and_reset_forgets():
    noise = {"gyro_white_x": 0.1, "gyro_walk_y": 0.1, "gyro_turn_on_z": 0.1, "dropout": 0.1, "rate": 300.0}

    def run(sim, steps=20):
        return np.array([sim.step()["imu_angular_velocity"] for _ in range(steps)])

    with (
        imu_alone(2, **noise) as both,
        imu_alone(1, **noise) as alone,
        imu_alone(1, seed=1, **noise) as other,
    ):
        first = run(both)
        assert np.array_equal(first[:, :1], run(alone))
        assert not np.array_equal(first[:, :1], run(other))
        both.reset(worlds=[0])
        alone.reset()
        second = run(both)
        assert np.array_equal(second[:, :1], run(alone))
        assert not np.array_equal(first[:, 0], second[:, 0])


def test_worlds_may_have_sensors_of_their_own():
    robot = load_robot("imu_broad")
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0)
    own = [{"sensor.imu.gyro_bias_x": 0.1}, {"sensor.imu.gyro_bias_x": -0.2}]
    with HybridSim(robot, {}, settings, worlds=2, own=own) as sim:
        assert sim.observe()["imu_angular_velocity"][:, 0].tolist() == [0.1, -0.2]


def test_temperature_moves_the_bias():
    with imu_alone(gyro_per_kelvin_z=0.01) as sim:
        sim.set_inputs(temperature=30.0)
        assert sim.step()["imu_angular_velocity"][0, 2] == pytest.approx(0.05)


def test_a_pose_sensor_stands_in_for_the_base(tmp_path):
    pose = {"name": "mocap", "kind": "pose", "link": "imu"}
    robot = with_sensors(tmp_path, "imu_broad", [pose])
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0)
    with HybridSim(robot, {"sensor.mocap.delay": 0.005}, settings) as sim:
        places = [sim.reset(base_linear_velocity=[1.0, 0.0, 0.0])["base_position"][0, 0]]
        places += [sim.step()["base_position"][0, 0] for _ in range(4)]
        assert places == pytest.approx([0.0, 0.0, 0.0, 0.0025, 0.005], abs=1e-9)
        assert sim.truth()["base_position"][0, 0] == pytest.approx(0.01, abs=1e-9)


def test_several_imus_are_called_by_their_names(tmp_path):
    imus = [{"name": name, "kind": "imu", "link": "imu"} for name in ("left", "right")]
    robot = with_sensors(tmp_path, "imu_broad", imus)
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0)
    with HybridSim(robot, {"sensor.right.gyro_bias_x": 0.5}, settings) as sim:
        seen = sim.observe()
        assert seen["imu_angular_velocity.left"][0, 0] == seen["imu_angular_velocity"][0, 0] == 0.0
        assert seen["imu_angular_velocity.right"][0, 0] == 0.5


def test_a_wrench_is_that_of_the_bodys_own_motion():
    """A bar whose mass lies beside its joint, pushed in PyBullet: Newton's and Euler's equations by hand."""
    spread, push, angle = np.diag([0.02, 0.03, 0.01]), 0.7, 0.8
    com = np.array([0.02, 0.05, -0.1])
    bar = Link("bar", 1.0, com, spread)
    hinge = Joint("hinge", "revolute", "base", "bar", axis=np.array([0.0, 1.0, 0.0]))
    model = RigidModel("one", (Link("base"), bar), (hinge,))
    with BulletWorlds(model, ["hinge"], 1, WorldSettings(timestep=1e-4)) as worlds:
        wrenches, found = JointWrenches(worlds.clients, [0]), np.zeros((1, 1, 6))
        worlds.reset(position=angle)
        worlds.apply_effort(np.array([[push]]))
        worlds.step()
        wrenches.read(np.arange(1), found)
    down = -G * np.array([-np.sin(angle), 0.0, np.cos(angle)])  # gravity in the bar's axes
    bent = (push + np.cross(com, down)[1]) / (0.03 + 0.02**2 + 0.1**2)
    turn = np.array([0.0, bent, 0.0])
    force = np.cross(turn, com) - down
    np.testing.assert_allclose(found[0, 0, :3], force, atol=1e-6)
    np.testing.assert_allclose(found[0, 0, 3:], spread @ turn + np.cross(com, force), atol=1e-6)


def test_sensors_that_cannot_be_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    foot = {"name": "foot", "kind": "contact", "link": "arm"}
    with pytest.raises(SimulationError, match="servos carry this body"):
        carried_pendulum(tmp_path / "a", [foot])
    with pytest.raises(SimulationError, match="'wheel', which has no drive; joints with one: pendulum"):
        carried_pendulum(tmp_path / "b", [{"name": "c", "kind": "current", "joint": "wheel"}])


@pytest.mark.usefixtures("robot_data")
def test_an_arms_servos_tell_the_size_of_their_load_in_counts():
    count = 0.022814  # robots/so101
    with arm(worlds=2, networks=False, plane=False) as sim:
        sim.reset(0.0)
        for _ in range(100):
            seen = sim.step(np.array([0.0, 0.5, 0.5, 0.5, 0.0, 0.2]))
        load = seen["joint_effort_magnitude"]
        assert load.shape == (2, 6)
        assert load / count == pytest.approx(np.round(load / count), abs=1e-9)
        assert load == pytest.approx(np.abs(sim.load_effort), abs=0.12)  # 0.05 of friction before the gears
        assert load.max() > 0.2
        assert sim.truth()["joint_effort_magnitude"] == pytest.approx(load, abs=0.51 * count)


@pytest.mark.usefixtures("robot_data")
def test_the_nominal_robot_has_ideal_sensors():
    robot = load_robot("so101")
    found = nominal_values(robot, values_of(robot) | {"sensor.gripper_load.white": 0.1})
    assert found["sensor.gripper_load.white"] == found["sensor.gripper_load.resolution"] == 0.0


def test_a_robot_without_sensors_has_none(tmp_path):
    with carried_pendulum(tmp_path, []) as sim:
        assert sim.sensing is None and sim.reading_age() == {}
        assert set(sim.truth()) == set(sim.observe())


def test_a_wrench_is_what_the_joint_puts_on_its_link(tmp_path):
    """A pendulum held at rest: its weight, and the drive's torque about the joint."""
    robot = pushed_pendulum(tmp_path, [{"name": "root", "kind": "wrench", "link": "arm"}])
    settings = SimulationSettings(physics_timestep_s=0.001, rate_hz=1000.0)
    with HybridSim(robot, values_of(robot), settings, constants=CONSTANTS) as sim:
        sim.reset(0.0)
        for _ in range(10):
            seen = sim.step([0.0])
        # Hanging straight down: 0.505 kg along the arm's z, and no torque.
        assert seen["wrench"][0] == pytest.approx([0.0, 0.0, 0.505 * G], abs=0.01)
        assert seen["wrench_torque"][0] == pytest.approx([0.0, 0.0, 0.0], abs=1e-3)
        # Held at 0.8 rad, 0.5 kg at 0.1 m: the weight along x and z of the arm, 0.5 g sin 0.8 / 10 about y.
        sim.reset(0.8)
        for _ in range(10):
            seen = sim.step(sim.load_effort[0])
        weight = 0.505 * G * np.array([-np.sin(0.8), 0.0, np.cos(0.8)])
        assert seen["wrench"][0] == pytest.approx(weight, abs=1e-6)
        assert seen["wrench_torque"][0] == pytest.approx([0.0, 0.05 * G * np.sin(0.8), 0.0], abs=1e-6)
