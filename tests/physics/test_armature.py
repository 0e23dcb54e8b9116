"""Reflected inertia on a two-link chain, against an integration that shares no code with the simulation."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hybridsim.errors import RobotError, SimulationError
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_armature
from tests.physics.conftest import swinging

G, LENGTH, MASS = 9.81, 0.3, 0.5
ARMATURE = (0.03, 0.02)
HINGES = ("hinge0", "hinge1")
START = np.array([1.0, -0.6])
SECONDS = 2.0


def textbook(times, friction=(0.0, 0.0)):
    """Two point masses on massless rods, relative angles, each rotor turning with its own joint only."""
    m = MASS * LENGTH**2

    def rates(_, state):
        (a, b), (da, db) = state[:2], state[2:]
        c, s = np.cos(b), np.sin(b)
        inertia = m * np.array([[3 + 2 * c, 1 + c], [1 + c, 1.0]]) + np.diag(ARMATURE)
        bias = m * s * np.array([-db * (2 * da + db), da * da])
        pull = MASS * G * LENGTH * np.array([2 * np.sin(a) + np.sin(a + b), np.sin(a + b)])
        rub = np.array(friction) * np.tanh(state[2:] / 1e-4)
        return np.concatenate([state[2:], np.linalg.solve(inertia, -bias - pull - rub)])

    start = np.concatenate([START, [0.0, 0.0]])
    stiff = {"method": "LSODA"} if any(friction) else {"method": "DOP853"}
    return solve_ivp(rates, (0.0, times[-1]), start, t_eval=times, rtol=1e-10, atol=1e-12, **stiff).y[:2].T


def simulated(timestep, how, friction=(0.0, 0.0)):
    """Times and positions of a simulated swing."""
    model = swinging(LENGTH, MASS, links=2, inertia=0.0)
    if how == "link":
        model = with_armature(model, dict(zip(HINGES, ARMATURE, strict=True)))
    settings = WorldSettings(timestep=timestep, armature=ARMATURE if how == "settings" else None)
    steps = round(SECONDS / timestep)
    trace = np.empty((steps, 2))
    with BulletWorlds(model, HINGES, 1, settings) as worlds:
        worlds.reset(position=START[None])
        worlds.apply_friction(np.array([friction]))
        for n in range(steps):
            worlds.step()
            trace[n] = worlds.joint_position[0]
    return (np.arange(steps) + 1) * timestep, trace


def largest_error(timestep, how, friction=(0.0, 0.0)):
    times, trace = simulated(timestep, how, friction)
    return abs(trace - textbook(times, friction)).max()


def test_mass_matrix_armature_is_right_on_a_chain():
    """4 mrad at 2 ms within two seconds of swing, and first order in the timestep: no error of its own."""
    errors = np.array([largest_error(dt, "settings") for dt in (0.004, 0.002, 0.001)])
    assert errors[1] < 0.005
    np.testing.assert_allclose(errors[:-1] / errors[1:], 2.0, atol=0.1)


def test_armature_added_to_the_link_is_wrong_on_a_chain():
    """The second rotor would have to spin with the first joint too: 1.0 rad here, at any timestep."""
    assert largest_error(0.002, "link") > 0.5
    assert largest_error(0.002, "none") > 0.5


def test_armature_and_friction_together():
    """Friction decelerates the rotor's inertia too; a solver that forgets it stops the arm too soon."""
    assert largest_error(0.001, "settings", friction=(0.1, 0.05)) < 0.003


def test_armature_is_refused_where_it_would_be_wrong():
    with pytest.raises(SimulationError, match="expected 'fixed' and none"):
        WorldSettings(timestep=0.001, base="floating", armature=(0.1,))
    with pytest.raises(SimulationError, match="expected 'fixed' and none"):
        WorldSettings(timestep=0.001, plane=True, armature=(0.1,))
    with pytest.raises(RobotError, match="armature of 1 joints; expected 2"):
        BulletWorlds(swinging(links=2), HINGES, 1, WorldSettings(timestep=0.001, armature=(0.1,)))
