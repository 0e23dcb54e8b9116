"""Steps held in one compiled call are those of PyBullet's Python functions, to the bit."""

import numpy as np
import pybullet
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.contacts.residual import contact_spec
from hybridsim.errors import SimulationError
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from hybridsim.simulator.feet import FootRecorder
from hybridsim.simulator.surfaces import kind_of
from tests.simulator.made import HEIGHT, random_networks, residual, stance

IMU = {
    "gyro_delay": 0.004,
    "gyro_white_x": 1e-3,
    "gyro_walk_y": 1e-3,
    "acc_white_z": 1e-2,
    "acc_bandwidth": 80.0,
}


# Far enough apart for legs to stand on either; the middle lies below the robot.
LEFT, RIGHT = (-9.0, 9.0, 0.0, 9.0), (-9.0, 9.0, -9.0, 0.0)


def walker(worlds, *, networks=True, ground="plane"):
    """ANYmal C under position commands at 50 Hz: friction, lag, networks, a noisy IMU, feet.

    It stands on PyBullet's plane, or on two surfaces of the law, alone or with a random network (synthetic).
    """
    robot = load_robot("anymal_c")
    values = {p.name: p.value for p in offered(robot)}
    for name in robot.joint_names:
        values |= {f"drive.{name}.motor_coulomb": 0.5, f"drive.{name}.motor_lag": 0.01}
        values |= {f"drive.{name}.delay": 0.004}
    values |= {f"sensor.imu.{name}": value for name, value in IMU.items()}
    settings = SimulationSettings(physics_timestep_s=0.0025, rate_hz=50.0, plane=ground == "plane")
    return HybridSim(
        robot,
        values,
        settings,
        worlds=worlds,
        networks=residual(robot, period=0.01, bound=2.0) if networks else None,
        surfaces=[] if ground == "plane" else [kind_of("firm", LEFT), kind_of("slippery", RIGHT)],
        contact_networks=random_networks(contact_spec(0.0025, (16,), 2), 0.5)
        if ground == "learned"
        else None,
        sensor_seed=5,
    )


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


def held_as_step_by_step(monkeypatch, worlds, periods=40, **how):
    with walker(worlds, **how) as sim:
        assert sim._holding.compiled, "this build of PyBullet lets compiled code step it"
        compiled = seen_of(sim, periods, periods // 2)
    monkeypatch.setenv("HYBRIDSIM_NATIVE", "0")
    with walker(worlds, **how) as sim:
        assert not sim._holding.compiled
        python = seen_of(sim, periods, periods // 2)
    for one, other in zip(compiled, python, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    return compiled


@pytest.mark.parametrize("networks", [True, False])
def test_compiled_steps_are_pybullets_own(monkeypatch, networks):
    compiled = held_as_step_by_step(monkeypatch, 3, networks=networks)
    assert compiled[-1]["imu_angular_velocity"].std() > 0 and compiled[-1]["base_position"][:, 2].min() > 0.3


@pytest.mark.parametrize("ground", ["law", "learned"])
def test_so_are_those_on_ground_of_the_identified_law(monkeypatch, ground):
    compiled = held_as_step_by_step(monkeypatch, 5, periods=20, ground=ground)
    felt = np.array([row["contact"] for k, row in enumerate(compiled) if k != 11])  # a reset of one world
    assert 0.3 < felt.mean() < 0.99 and (felt.std(axis=(0, 1)) > 0).all(), "feet came down, and stood"
    assert compiled[-1]["base_position"][:, 2].min() > 0.3


def test_the_contact_network_is_heard():
    with walker(1, ground="law") as law, walker(1, ground="learned") as learned:
        without, added = (seen_of(sim, periods=10, reset=None)[-1]["base_position"] for sim in (law, learned))
    assert 1e-5 < np.abs(added - without).max() < 0.1


def test_a_recorder_of_feet_sees_the_same(monkeypatch):
    traces = []
    for native in ("1", "0"):
        monkeypatch.setenv("HYBRIDSIM_NATIVE", native)
        with walker(2, ground="learned") as sim:
            feet, target = FootRecorder(sim), stance(sim.joints)
            sim.reset(target, base_position=[0.0, 0.0, HEIGHT])
            for _ in range(12):
                sim.step(target)
                feet.read()
            traces.append(feet.trace())
    for name in ("load", "slip", "used", "place"):
        one, other = (getattr(trace, name) for trace in traces)
        np.testing.assert_array_equal(one, other, err_msg=name)
    assert traces[0].load[-1].min() > 10.0


@pytest.mark.parametrize("ground", ["plane", "learned"])
def test_worlds_do_not_know_each_other(ground):
    with walker(5, ground=ground) as five, walker(1, ground=ground) as one:
        together, alone = seen_of(five), seen_of(one, reset=None)
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
