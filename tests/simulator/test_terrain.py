"""PyBullet's ground under robots that walk: its friction is what holds a foot."""

import numpy as np
import pytest

from hybridsim.actuators import offered
from hybridsim.calibration import SimulationSettings
from hybridsim.physics.terrain import Terrain
from hybridsim.robot import load_robot
from hybridsim.simulator import HybridSim
from tests.simulator.made import stance

SLOPE = 0.15  # [rad]; feet hold from a friction of tan 0.15 = 0.151 on


@pytest.fixture(scope="module")
def slid():
    """How far ANYmal C slides aside in a second of standing on a slope, by friction [m]."""
    robot, frictions = load_robot("anymal_c"), (0.1, 0.2)
    terrains = [Terrain(slope=SLOPE, heading=np.pi / 2, friction=friction) for friction in frictions]
    settings = SimulationSettings(physics_timestep_s=1 / 400, rate_hz=50.0, plane=True)
    values = {p.name: p.value for p in offered(robot)}
    sim = HybridSim(robot, values, settings, worlds=2, terrains=terrains)
    posture = np.tile(stance(robot.joint_names), (2, 1))
    turn = np.tile([np.sin(SLOPE / 2), 0.0, 0.0, np.cos(SLOPE / 2)], (2, 1))  # feet on the slope
    place = np.tile(0.6 * np.array(terrains[0].normal), (2, 1))
    sim.reset(posture, base_position=place, base_orientation=turn)
    places = []
    for _ in range(75):
        sim.step(posture)
        places.append(sim.body.base.position)
    upright = sim.body.base.rotation_world_from_body[:, 2, 2]
    sim.close()
    assert (upright > 0.9).all()  # it slides or stands, but does not tumble
    return dict(zip(frictions, np.linalg.norm(places[-1] - places[25], axis=1).tolist(), strict=True))


def test_feet_slide_where_the_slope_is_steeper_than_friction_holds(slid):
    assert slid[0.1] > 0.2


def test_and_hold_where_it_is_not(slid):
    assert slid[0.2] < 0.1
