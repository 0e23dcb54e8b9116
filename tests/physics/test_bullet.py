"""Worlds that swing, rub, follow, reset and leave each other alone."""

import numpy as np
import pytest
from scipy.special import ellipk

from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.client import WorldSettings
from hybridsim.physics.edits import with_armature, with_collision, with_limits
from tests.physics.conftest import ARM, swinging

G = 9.81
HINGE = ["hinge0"]


def swing(worlds, seconds):
    """Positions [step world joint] of a free swing."""
    steps = round(seconds / worlds.settings.timestep)
    trace = np.empty((steps, *worlds.joint_position.shape))
    for n in range(steps):
        worlds.step()
        trace[n] = worlds.joint_position
    return trace


def period(trace, timestep):
    """Twice the mean time between zero crossings [s]."""
    before, after = trace[:-1], trace[1:]
    at = np.flatnonzero(before * after < 0)
    times = (at + before[at] / (before[at] - after[at])) * timestep
    return 2 * np.diff(times).mean()


def analytic_period(amplitude, inertia, mass, length):
    """Of a pendulum at any amplitude, by the complete elliptic integral."""
    return 4 * np.sqrt(inertia / (mass * G * length)) * ellipk(np.sin(amplitude / 2) ** 2)


@pytest.mark.parametrize("amplitude", [0.05, 1.0, 2.6])
@pytest.mark.parametrize("how", ["none", "settings", "link"])
def test_pendulum_period_with_known_armature(amplitude, how):
    """Within 0.5 % asked, 0.02 % found, with an armature as large as the load's own inertia."""
    length, mass, dt = 0.3, 0.8, 0.002
    armature = 0.0 if how == "none" else mass * length**2
    model = swinging(length, mass, inertia=1e-9)
    settings = WorldSettings(timestep=dt, armature=(armature,) if how == "settings" else None)
    if how == "link":
        model = with_armature(model, {"hinge0": armature})
    with BulletWorlds(model, HINGE, 1, settings) as worlds:
        worlds.reset(position=amplitude)
        found = period(swing(worlds, 4.5)[:, 0, 0], dt)
    expected = analytic_period(amplitude, mass * length**2 + armature, mass, length)
    assert found == pytest.approx(expected, rel=2e-4)


def test_pendulum_energy():
    with BulletWorlds(swinging(0.5, 1.0), HINGE, 1, WorldSettings(timestep=0.002)) as worlds:
        worlds.reset(position=1.5)
        start, states = -G * 0.5 * np.cos(1.5), []
        for _ in range(4000):
            worlds.step()
            states.append((worlds.joint_position[0, 0], worlds.joint_velocity[0, 0]))
    q, qd = np.array(states).T
    energy = 0.5 * 0.25 * qd**2 - G * 0.5 * np.cos(q)
    # a symplectic step: the energy wobbles with the swing and does not drift
    assert abs(energy - start).max() < 0.02 * G * 0.5
    assert abs(q[-1500:]).max() == pytest.approx(1.5, abs=2e-3)


def settled(limit, plane, seconds=1.0):
    """Position and velocity traces of a pendulum at 0.5 rad under friction."""
    settings = WorldSettings(timestep=0.002, plane=plane)
    with BulletWorlds(with_collision(swinging(0.5, 1.0), False), HINGE, 1, settings) as worlds:
        worlds.reset(position=0.5)
        worlds.apply_friction(np.array([[limit]]))
        trace = swing(worlds, seconds)[:, 0, 0]
        return trace, worlds.joint_velocity[0, 0], worlds.load_effort[0, 0]


@pytest.mark.parametrize("plane", [False, True])  # in joint space, and in Bullet's solver
def test_friction_holds_below_its_limit_and_slips_above(plane):
    needed = 1.0 * G * 0.5 * np.sin(0.5)
    trace, velocity, load = settled(1.05 * needed, plane)
    assert abs(trace - 0.5).max() < 1e-9 and abs(velocity) < 1e-9
    assert load == pytest.approx(needed, rel=1e-6)
    trace, *_ = settled(0.9 * needed, plane)
    assert trace[-1] < 0.4


@pytest.mark.parametrize("plane", [False, True])
def test_friction_stops_where_the_textbook_says_and_does_not_chatter(plane):
    settings = WorldSettings(timestep=0.001, gravity=(0.0, 0.0, 0.0), plane=plane)
    with BulletWorlds(swinging(0.5, 1.0, inertia=1e-9), HINGE, 1, settings) as worlds:
        worlds.reset(velocity=2.0)
        worlds.apply_friction(np.array([[0.25]]))
        trace = swing(worlds, 4.0)[:, 0, 0]
    # deceleration 0.25 N·m / 0.25 kg·m² = 1 rad/s²: 2² / 2 = 2 rad, after 2 s
    assert trace[-1] == pytest.approx(2.0, abs=2e-3)
    assert np.ptp(trace[2100:]) == 0.0 or np.ptp(trace[2100:]) < 1e-12


def test_explicit_friction_chatters():
    """The reason for the above: friction by the velocity's sign never comes to rest."""
    settings = WorldSettings(timestep=0.001, gravity=(0.0, 0.0, 0.0))
    with BulletWorlds(swinging(0.5, 1.0), HINGE, 1, settings) as worlds:
        worlds.reset(velocity=0.1)
        signs = []
        for _ in range(500):
            worlds.apply_effort(-0.25 * np.sign(worlds.joint_velocity))
            worlds.step()
            signs.append(np.sign(worlds.joint_velocity[0, 0]))
        assert (np.diff(signs[-100:]) != 0).sum() > 50


def test_friction_holds_a_whole_arm(arm):
    free = with_limits(with_collision(arm, False), False)
    with BulletWorlds(free, ARM, 1, WorldSettings(timestep=0.005)) as worlds:
        worlds.reset(position=np.array([[0.2, 0.4, -0.3, 0.2, 0.1, 0.0]]))
        start = worlds.joint_position.copy()
        worlds.apply_friction(np.full((1, 6), 1.5))
        swing(worlds, 2.0)
        assert abs(worlds.joint_position - start).max() < 1e-10
        np.testing.assert_allclose(worlds.load_effort, worlds.bias_effort(start, 0 * start), atol=1e-8)


@pytest.mark.parametrize("plane", [False, True])  # fed forward alone, and with Bullet's motors to correct it
def test_driven_motion_lands_exactly_and_reports_the_load(arm, plane):
    free = with_limits(with_collision(arm, False), False)
    dt = 0.005
    with BulletWorlds(free, ARM, 2, WorldSettings(timestep=dt, plane=plane)) as worlds:
        rng, rate = np.random.default_rng(0), np.zeros((2, 6))
        for _ in range(200):
            q, qd = worlds.joint_position.copy(), worlds.joint_velocity.copy()
            rate = 0.9 * rate + rng.normal(size=(2, 6)) * 0.3
            worlds.drive_motion(q + dt * rate)
            worlds.step()
            assert abs(worlds.joint_position - (q + dt * rate)).max() < 1e-12
            np.testing.assert_allclose(worlds.joint_velocity, rate, atol=1e-10)
            expected = worlds.inverse_dynamics(q, qd, (rate - qd) / dt)
            np.testing.assert_allclose(worlds.load_effort, expected, atol=1e-9)


def test_driven_motion_feels_an_obstacle():
    """A rod driven down into the ground: the load is the ground's push, seen by the shaft."""
    from dataclasses import replace

    from hybridsim.physics.model import Collision, Pose

    rod = swinging(0.5, 1.0)
    tip = Collision("sphere", (0.05,), Pose(np.array([0.0, 0.0, -0.5])))
    rod = rod.with_link(replace(rod.links[1], collisions=(tip,)))
    rod = replace(rod, joints=(replace(rod.joints[0], origin=Pose(np.array([0.0, 0.0, 0.3]))),))
    settings = WorldSettings(timestep=0.001, plane=True)
    with BulletWorlds(rod, HINGE, 1, settings) as worlds:
        touching = -np.arccos((0.3 - 0.05) / 0.5)
        worlds.reset(position=touching - 0.05)
        worlds.drive_motion(worlds.joint_position)
        worlds.step()
        free = worlds.load_effort[0, 0]
        for n in range(60):
            worlds.drive_motion(np.array([[touching - 0.05 + 0.001 * n]]))
            worlds.step()
        assert free == pytest.approx(
            worlds.bias_effort(np.array([[touching - 0.05]]), np.zeros((1, 1)))[0, 0]
        )
        assert worlds.load_effort[0, 0] > free + 1.0


def episode(worlds, steps=150):
    """A robot falls onto the plane while its joints are pushed about; the whole trace, bit by bit."""
    rng, trace = np.random.default_rng(5), []
    for world in range(worlds.worlds):
        worlds.base.place(world, np.array([0.0, 0.0, 0.55]))
    pushes = rng.normal(size=(steps, len(worlds.joints))) * 8.0
    for push in pushes:
        worlds.apply_effort(np.broadcast_to(push, worlds.joint_position.shape))
        worlds.apply_friction(np.full(worlds.joint_position.shape, 0.3))
        worlds.step()
        trace.append(np.hstack([worlds.joint_position, worlds.joint_velocity, worlds.base.position]))
    return np.array(trace)


GROUND = WorldSettings(timestep=0.0025, base="floating", plane=True)


def test_two_worlds_behave_as_each_alone_and_a_reset_leaves_no_memory(anymal_c):
    """Bitwise, through contacts: PyBullet warm-starts them, and a reset must forget that too."""
    joints = [joint.name for joint in anymal_c.moving_joints]
    with BulletWorlds(anymal_c, joints, 1, GROUND) as alone:
        fresh = episode(alone)
        alone.apply_effort(np.full((1, 12), 50.0))
        alone.reset()
        again = episode(alone)
    assert np.ptp(fresh[:, 0, -1]) > 0.02 and len(np.unique(fresh[:, 0, 0])) > 100
    np.testing.assert_array_equal(again, fresh)
    with (
        BulletWorlds(anymal_c, joints, 2, GROUND) as pair,
        BulletWorlds(swinging(), HINGE, 1, GROUND_FREE) as other,
    ):
        other.reset(velocity=1.0)
        for _ in range(37):  # the second world has another past
            pair.apply_effort(np.array([np.zeros(12), np.full(12, 20.0)]))
            pair.step()
            other.step()
        pair.reset()
        together = episode(pair)
    np.testing.assert_array_equal(together[:, 0], fresh[:, 0])
    np.testing.assert_array_equal(together[:, 1], fresh[:, 0])


GROUND_FREE = WorldSettings(timestep=0.0025)


def test_resetting_one_world_leaves_the_other(arm):
    free = with_collision(arm, False)
    with BulletWorlds(free, ARM, 2, WorldSettings(timestep=0.005)) as worlds:
        swing(worlds, 0.2)
        kept = worlds.joint_position[1].copy()
        worlds.reset([0], position=np.full((1, 6), 0.1))
        np.testing.assert_array_equal(worlds.joint_position, [np.full(6, 0.1), kept])
        np.testing.assert_allclose(worlds.time, [0.0, 0.2])


def test_substeps_keep_the_effort_and_the_landing():
    """Ten internal steps of 1 ms are ten steps of 1 ms."""
    one = WorldSettings(timestep=0.001)
    ten = WorldSettings(timestep=0.01, substeps=10)
    with BulletWorlds(swinging(), HINGE, 1, one) as fine, BulletWorlds(swinging(), HINGE, 1, ten) as coarse:
        coarse.apply_effort(np.array([[0.7]]))
        coarse.step()
        for _ in range(10):
            fine.apply_effort(np.array([[0.7]]))
            fine.step()
        np.testing.assert_allclose(coarse.joint_position, fine.joint_position, rtol=1e-12)
        coarse.drive_motion(np.array([[0.02]]))
        coarse.step()
        assert coarse.joint_position[0, 0] == pytest.approx(0.02, abs=1e-9)
