"""ANYmal C in the simulator: a floating base on drives that give efforts."""

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.errors import SimulationError
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from tests.simulator.made import HEIGHT, arm, stance, walker

pytestmark = pytest.mark.usefixtures("robot_data")


def stand(sim, steps, seen=None, worlds=slice(None)):
    """Hold the stance by a PD; the observations of every step."""
    target, found = stance(sim.joints), []
    seen = sim.reset(target, base_position=[0.0, 0.0, HEIGHT]) if seen is None else seen
    for _ in range(steps):
        seen = sim.step(80 * (target - seen["joint_position"]) - 2 * seen["joint_velocity"])
        found.append({name: value[worlds].copy() for name, value in seen.items()})
    return found


def test_it_stands_and_says_where():
    with walker() as sim:
        last = stand(sim, 400)[-1]
        assert {name: value.shape for name, value in last.items()} == {
            "joint_effort": (1, 12),
            "joint_position": (1, 12),
            "joint_velocity": (1, 12),
            "base_position": (1, 3),
            "base_orientation": (1, 4),
            "imu_angular_velocity": (1, 3),
            "imu_linear_acceleration": (1, 3),
            "contact": (1, 4),
        }
        assert last["contact"].all()
        assert 0.45 < last["base_position"][0, 2] < 0.55
        assert last["base_orientation"][0, 3] > 0.99
        np.testing.assert_allclose(last["base_position"], sim.body.base.position, atol=1e-12)
        np.testing.assert_allclose(last["base_orientation"], sim.body.base.orientation, atol=1e-12)


def test_the_network_adds_its_effort_to_the_drives():
    with walker(friction=0.0) as sim:
        sim.reset(stance(sim.joints), base_position=[0.0, 0.0, 2.0], base_orientation=[0.0, 0.0, 0.6, 0.8])
        command = np.linspace(-5, 5, 12)[None]
        for _ in range(3):
            seen = sim.step(command)
        np.testing.assert_allclose(sim.drives.effort, command, atol=1e-12)
        assert np.abs(sim.correction.value).min() > 1e-4
        np.testing.assert_array_equal(sim.body.load_effort, sim.drives.effort + sim.correction.value)
        np.testing.assert_array_equal(seen["joint_effort"], sim.body.load_effort)
        np.testing.assert_allclose(seen["base_orientation"][0, 2], 0.6, atol=0.05)


def test_two_worlds_are_each_alone_and_a_reset_leaves_no_memory():
    with walker(worlds=2) as both, walker() as alone:
        single = stand(alone, 60)
        both.reset(stance(both.joints), base_position=[0.0, 0.0, 0.8])
        for _ in range(41):
            both.step(np.full(12, 3.0))
        again = stand(both, 60)
        for one, two in zip(single, again, strict=True):
            for name in one:
                np.testing.assert_allclose(two[name], np.tile(one[name], (2, 1)), atol=1e-9, err_msg=name)


def test_a_fixed_base_is_not_placed():
    with arm() as sim, pytest.raises(SimulationError, match="base is fixed"):
        sim.reset(base_position=[0.0, 0.0, 1.0])


@pytest.mark.parametrize(("stiffness", "carried"), [(0.0, 0.004), (50.0, 0.0)])
def test_a_rotor_behind_a_spring_is_not_carried_twice(stiffness, carried):
    robot = load_robot("xl330_pendulum")
    pushed = [drive.model_copy(update={"coupling": "effort"}) for drive in robot.drives]
    robot = robot.model_copy(update={"drives": tuple(pushed)})
    values = {p.name: p.value for p in offered(robot)}
    values |= {"drive.pendulum.armature": 0.004, "drive.pendulum.stiffness": stiffness}
    settings = SimulationSettings(physics_timestep_s=0.001, plane=False)
    load = {"payload_mass": 0.5, "payload_length": 0.1}
    with HybridSim(robot, values, settings, constants=load) as sim:
        assert sim.body.settings.armature == (carried,)
