"""Steps held in one compiled call are those of PyBullet's Python functions, to the bit."""

import numpy as np
import pybullet
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.errors import SimulationError
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from tests.simulator.made import HEIGHT, residual, stance

IMU = {
    "gyro_delay": 0.004,
    "gyro_white_x": 1e-3,
    "gyro_walk_y": 1e-3,
    "acc_white_z": 1e-2,
    "acc_bandwidth": 80.0,
}


def walker(worlds, *, networks=True):
    """ANYmal C under position commands at 50 Hz: friction, lag, networks, a noisy IMU."""
    robot = load_robot("anymal_c")
    values = {p.name: p.value for p in offered(robot)}
    for name in robot.joint_names:
        values |= {f"drive.{name}.motor_coulomb": 0.5, f"drive.{name}.motor_lag": 0.01}
        values |= {f"drive.{name}.delay": 0.004}
    values |= {f"sensor.imu.{name}": value for name, value in IMU.items()}
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=50.0, plane=True)
    learned = residual(robot, period=0.01, bound=2.0) if networks else None
    return HybridSim(robot, values, settings, worlds=worlds, networks=learned, sensor_seed=5)


def seen_of(sim, periods=40, reset: int | None = 20):
    """Everything observed while some worlds sway, one of them reset on the way."""
    target = stance(sim.joints)
    found = [sim.reset(target, base_position=[0.0, 0.0, HEIGHT])]
    for k in range(periods):
        if k == reset:
            found.append(sim.reset(target, worlds=[1], base_position=[0.0, 0.0, HEIGHT]))
        shift = 0.15 * np.sin(0.2 * k + np.arange(sim.worlds))[:, None] * np.cos(np.arange(len(target)))
        found.append(sim.step(target + shift))
    return found


def held_as_step_by_step(monkeypatch, networks):
    with walker(3, networks=networks) as sim:
        assert sim._holding._compiled is not None, "this build of PyBullet lets compiled code step it"
        compiled = seen_of(sim)
    monkeypatch.setenv("HYBRIDSIM_NATIVE", "0")
    with walker(3, networks=networks) as sim:
        assert sim._holding._compiled is None
        return compiled, seen_of(sim)


@pytest.mark.parametrize("networks", [True, False])
def test_compiled_steps_are_pybullets_own(monkeypatch, networks):
    compiled, python = held_as_step_by_step(monkeypatch, networks)
    for one, other in zip(compiled, python, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert compiled[-1]["imu_angular_velocity"].std() > 0 and compiled[-1]["base_position"][:, 2].min() > 0.3


def test_worlds_do_not_know_each_other():
    with walker(3) as three, walker(1) as one:
        together, alone = seen_of(three), seen_of(one, reset=None)
    rows = [row for k, row in enumerate(together) if k != 21]  # the reset of another world
    for a, b in zip(rows, alone, strict=True):
        for name in a:
            np.testing.assert_array_equal(a[name][0], b[name][0], err_msg=name)


def test_what_is_not_finite_is_named_with_world_and_time():
    with walker(2) as sim:
        sim.reset(stance(sim.joints), base_position=[0.0, 0.0, HEIGHT])
        sim.drives.state[1, 3, :] = np.nan
        with pytest.raises(SimulationError, match=r"world 1: joint .* is not finite at 0.0"):
            sim.step(stance(sim.joints))


def test_a_walker_stands_on_its_feets_own_friction_whatever_a_calibration_says_of_a_table():
    """Calibrations may hold the plane of a table-mounted arm, which is slippery."""
    robot = load_robot("anymal_c")
    values = {p.name: p.value for p in offered(robot)} | {"world.plane_friction": 0.1}
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=50.0, plane=True)
    with HybridSim(robot, values, settings) as sim:
        client = sim.body.clients[0]
        bodies = range(pybullet.getNumBodies(physicsClientId=client.id))
        (plane,) = (body for body in bodies if body != client.body)
        assert pybullet.getDynamicsInfo(plane, -1, physicsClientId=client.id)[1] == 1.0
