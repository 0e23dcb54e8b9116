"""Imported networks in the stepping loop: a spring and a damper from a file against our own drive."""

import numpy as np
import pytest

from hybridsim.errors import SimulationError
from hybridsim.exchange.actuated import ActuatedSim
from hybridsim.exchange.torchscript import ImportedActuator
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from tests.exchange.made import H, Spring, anymal, mlp_contract, save
from tests.simulator.made import HEIGHT, stance

STIFFNESS, DAMPING = 60.0, 2.0
pytestmark = pytest.mark.filterwarnings("ignore::hybridsim.exchange.torchscript.UntrustedCodeWarning")


@pytest.fixture(scope="module")
def robot():
    return load_robot("anymal_c")


@pytest.fixture(scope="module")
def calibration():
    """The same spring and damper as shares of the stall effort of 80 N*m; nothing else in the drive."""
    limits = {"stall_effort": 80.0, "back_emf": 0.0, "effort_limit": 1e3}
    return anymal(position_gain=STIFFNESS / 80, velocity_gain=DAMPING / 80, motor_coulomb=0.3, **limits)


@pytest.fixture
def actuator(tmp_path, robot):
    def make(joints=robot.joint_names, worlds=2, **changes):
        file = save(Spring(STIFFNESS, DAMPING, entries=3), tmp_path / "spring.pt")
        contract = mlp_contract(joints=joints, dry_friction_Nm=0.3, effort_limit_Nm=80.0, **changes)
        return ImportedActuator.load(file, contract, worlds=worlds, trust=True)

    return make


def test_a_spring_from_a_file_moves_the_robot_as_our_own_does(robot, calibration, actuator):
    """Half a second of stepping in place, in two worlds; networks are float32, and contact magnifies that."""
    values, settings = calibration.values(), calibration.record.simulation
    joints = robot.joint_names
    split = [actuator(joints[:4]), actuator(joints[4:])]
    with (
        HybridSim(robot, values, settings, worlds=2) as own,
        ActuatedSim.of(robot, values, settings, split) as sim,
    ):
        posture = stance(joints)
        for one in (own, sim):
            one.reset(posture, base_position=[0.0, 0.0, HEIGHT])
        for step in range(25):
            target = posture + 0.1 * np.sin(0.5 * step + np.arange(12)) * [[1.0], [0.5]]
            observed, found = own.step(target), sim.step(target)
        for name in ("base_position", "base_orientation"):
            np.testing.assert_allclose(found[name], observed[name], atol=1e-4)
        np.testing.assert_allclose(sim.sim.encoder_angle(), own.encoder_angle(), atol=1e-3)
        moved = own.encoder_angle() - posture
        assert np.abs(moved).max() > 0.05 and np.abs(moved[0] - moved[1]).max() > 0.02


def test_a_world_starts_anew_alone(robot, calibration, actuator):
    values, settings = calibration.values(), calibration.record.simulation.model_copy(update={"plane": False})
    posture = stance(robot.joint_names)
    with ActuatedSim.of(robot, values, settings, [actuator()]) as sim:
        sim.reset(posture)
        start = [sim.effort(np.zeros((2, 12))) for _ in range(2)]
        sim.reset(posture, worlds=[1])
        again = sim.effort(np.zeros((2, 12)))
    assert np.abs(again).max() > 1.0
    np.testing.assert_array_equal(again[1], start[0][1])


def refused(robot, calibration, actuators, said, **changes):
    settings = calibration.record.simulation.model_copy(update=changes)
    with pytest.raises(SimulationError, match=said) as caught:
        ActuatedSim.of(robot, calibration.values(), settings, actuators)
    assert "\n" not in str(caught.value)


def test_a_simulator_of_another_period_is_refused(robot, calibration, actuator):
    said = r"spring\.pt: asked every 0\.00125 s; its contract says sample_period_s 0\.0025"
    refused(robot, calibration, [actuator()], said, physics_timestep_s=H / 2)


def test_joints_must_be_moved_once(robot, calibration, actuator):
    refused(robot, calibration, [actuator(robot.joint_names[:11])], "expected each joint with a drive once")
    refused(robot, calibration, [actuator(), actuator(robot.joint_names[:1])], "each joint with a drive once")
    refused(robot, calibration, [actuator(("knee",))], "networks move knee; expected each joint")


def test_drives_with_a_loop_of_their_own_are_refused(robot, calibration, actuator):
    """Their position loop would take efforts for angles."""
    said = "drives take joint_position_command; expected joint_effort_command"
    sim = HybridSim(robot, calibration.values(), calibration.record.simulation, worlds=2)
    with sim, pytest.raises(SimulationError, match=said):
        ActuatedSim(sim, [actuator()])


def test_worlds_must_be_as_many(robot, calibration, actuator):
    few, many = actuator(robot.joint_names[:4], worlds=1), actuator(robot.joint_names[4:], worlds=2)
    refused(robot, calibration, [few, many], "made for 1 worlds; expected 2")
