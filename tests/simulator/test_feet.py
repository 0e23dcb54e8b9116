"""What feet saw: weights, slides by hand arithmetic, and a hand whose jaws press on a table (synthetic)."""

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.errors import SimulationError
from hybridsim.robot import load_robot
from hybridsim.simulator.feet import AIR, FootRecorder
from hybridsim.simulator.sim import HybridSim
from hybridsim.simulator.surfaces import Surface, kind_of
from tests.passive.tosses import cube, prior
from tests.simulator.hand import hand
from tests.simulator.made import HEIGHT, stance, walker

LEFT, RIGHT = (-9.0, 0.0, -9.0, 9.0), (0.0, 9.0, -9.0, 9.0)


def stand(surfaces, steps=1200):
    """ANYmal held in its stance by stiff joints, until it rests."""
    robot = load_robot("anymal_c").commanded("joint_effort_command")
    values = {parameter.name: parameter.value for parameter in offered(robot)}
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=400.0)
    posture = stance(robot.joint_names)
    with HybridSim(robot, values, settings, surfaces=surfaces) as sim:
        sim.reset(posture, base_position=np.array([0.0, 0.0, HEIGHT]))
        feet = FootRecorder(sim)
        for _ in range(steps):
            sim.step(600.0 * (posture - sim.encoder_angle()[0]) - 8.0 * sim.stepping.speed()[0])
            feet.read()
    return feet.trace()


def test_feet_that_stand_carry_the_weight_each_on_its_own_ground(robot_data):
    trace = stand([kind_of("firm", LEFT), kind_of("slippery", RIGHT)])
    assert trace.feet == ("LF_FOOT", "RF_FOOT", "LH_FOOT", "RH_FOOT")
    # 52.13485 kg in the URDF, 9.81 m/s^2: 511.443 N
    assert trace.load[-1, 0].sum() == pytest.approx(511.443, abs=0.01)
    # its centre of mass lies 0.09 mm right of the middle between feet 0.6 m apart: 0.15 N a side
    assert trace.load[-1, 0, [0, 2]].sum() == pytest.approx(511.443 / 2, abs=1.0)
    assert trace.surface[-1, 0].tolist() == [1, 1, 0, 0] and trace.surfaces == ("firm", "slippery")
    assert (trace.slip[-1] < 1e-4).all() and (trace.used[-1] < 1.0).all()
    # before they fell onto the ground they touched nothing
    assert (trace.surface[0] == AIR).all() and not trace.load[0].any() and not trace.distance[0].any()


def test_a_push_slides_a_foot_as_far_as_friction_lets_it():
    speed, friction = 0.5, {"dry": 0.8, "wet": 0.1}
    grounds = [
        Surface(
            name=name, area=area, coefficients={"friction": friction[name], "stiffness": 1e4, "damping": 20.0}
        )
        for name, area in (("dry", LEFT), ("wet", RIGHT))
    ]
    settings = SimulationSettings(physics_timestep_s=1e-3, rate_hz=1000.0)
    with HybridSim(cube(), prior(), settings, worlds=2, surfaces=grounds) as sim:
        sim.reset(base_position=np.array([[-3.0, 0.0, 0.0523], [3.0, 0.0, 0.0523]]))
        feet = FootRecorder(sim)
        for step in range(2500):
            if step == 500:
                seen = sim.observe()
                sim.reset(
                    base_position=seen["base_position"],
                    base_orientation=seen["base_orientation"],
                    base_linear_velocity=np.tile([speed, 0.0, 0.0], (2, 1)),
                )
            sim.step()
            feet.read()
    trace = feet.trace()
    slid = trace.distance[-1, :, 0] - trace.distance[499, :, 0]
    # v^2 / (2 mu g): 0.25 / (2 * 0.8 * 9.81) = 15.9 mm and 0.25 / (2 * 0.1 * 9.81) = 127.4 mm
    assert slid == pytest.approx([0.0159, 0.1274], rel=0.05)
    assert trace.surface[-1, :, 0].tolist() == [0, 1]
    sliding = trace.slip[505:510, :, 0] > 0.3
    assert sliding.all() and trace.used[505:510, :, 0] == pytest.approx(np.ones((5, 2)), abs=1e-6)


def test_a_simulator_without_ground_of_its_own_law_has_nothing_to_feel(robot_data):
    with walker(networks=False) as sim, pytest.raises(SimulationError, match="no ground with a contact law"):
        FootRecorder(sim)


def test_worlds_with_bodies_of_their_own_are_refused():
    settings = SimulationSettings(physics_timestep_s=1e-3)
    drawn = [{"link.cube.mass": 0.3}, {"link.cube.mass": 0.4}]
    refused = pytest.raises(SimulationError, match="2 worlds with bodies of their own; expected one")
    with HybridSim(cube(), prior(), settings, worlds=2, own=drawn) as sim, refused:
        FootRecorder(sim)


# 1.2 kg on two jaws are 5.886 N each. 2 N to close stay below 0.8 * 5.886 = 4.7 N, but beat
# 0.15 * 5.886 = 0.883 N: 0.1 kg then gains 11.17 m/s^2 and in 50 steps of 1 ms
# goes 0.5 * 11.17 * 0.05 * 0.051 = 14.2 mm.
@pytest.mark.parametrize(("kind", "slid"), [("firm", 0.0), ("slippery", 0.0142)])
def test_jaws_that_press_on_a_table_slide_when_their_effort_beats_friction(tmp_path, kind, slid):
    robot = hand(tmp_path)
    values = {parameter.name: parameter.value for parameter in offered(robot)}
    settings = SimulationSettings(physics_timestep_s=1e-3, rate_hz=1000.0)
    with HybridSim(robot, values, settings, surfaces=[kind_of(kind)]) as sim:
        sim.reset(base_position=np.array([0.0, 0.0, 0.11]))
        feet = FootRecorder(sim)
        for step in range(350):
            sim.step([2.0, 2.0] if step >= 300 else [0.0, 0.0])
            feet.read()
    trace = feet.trace()
    assert trace.feet == ("left_jaw", "right_jaw")
    assert trace.load[299, 0] == pytest.approx([5.886, 5.886], abs=0.01)
    closed = trace.place[299, 0, :, 0] - trace.place[-1, 0, :, 0]
    assert closed == pytest.approx([slid, -slid], rel=0.01, abs=1e-5)
    assert trace.distance[-1, 0] - trace.distance[299, 0] == pytest.approx([slid, slid], rel=0.01, abs=1e-5)
