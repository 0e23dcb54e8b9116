"""Friction by bristles: it holds, slips, stops and never chatters, with a base that floats."""

import numpy as np
import pytest

from hybridsim.physics import kernel
from hybridsim.physics.brake import least_inertia
from hybridsim.physics.bullet import BulletWorlds
from hybridsim.physics.chain import chain_of
from hybridsim.physics.client import WorldSettings

H = 0.0025
WEIGHTLESS = WorldSettings(timestep=H, base="floating", gravity=(0.0, 0.0, 0.0))


def run(anymal, effort, limit, seconds, speed=0.0):
    """Joint traces of a floating quadruped whose joints are pushed and rub. Synthetic."""
    joints = [joint.name for joint in anymal.moving_joints]
    with BulletWorlds(anymal, joints, 1, WEIGHTLESS) as worlds:
        worlds.reset(position=np.full((1, 12), 0.1), velocity=np.full((1, 12), speed))
        position, velocity = [], []
        for _ in range(round(seconds / H)):
            worlds.apply_effort(np.broadcast_to(effort, (1, 12)))
            worlds.apply_friction(np.broadcast_to(limit, (1, 12)))
            worlds.step()
            position.append(worlds.joint_position[0].copy())
            velocity.append(worlds.joint_velocity[0].copy())
        return np.array(position), np.array(velocity)


def test_it_holds_below_its_limit(anymal_c):
    position, velocity = run(anymal_c, 0.9, 1.0, 3.0)
    assert abs(position - 0.1).max() < 0.9 * 8e-3
    assert abs(velocity[-1]).max() < 1e-6
    # No creep: once bent, the bristles stand.
    assert abs(position[-1] - position[800]).max() < 1e-6


def test_it_slips_above_its_limit(anymal_c):
    position, _ = run(anymal_c, 1.2, 1.0, 0.5)
    assert abs(position[-1] - 0.1).max() > 0.1


def test_it_stops_motion_and_rests_without_chatter(anymal_c):
    position, velocity = run(anymal_c, 0.0, 1.0, 3.0, speed=1.0)
    assert abs(velocity[-1]).max() < 1e-4
    assert np.ptp(position[-200:], axis=0).max() < 5e-5
    assert abs(position[-1] - 0.1).max() > 5e-3


def test_kinetic_friction_is_the_limit(anymal_c):
    """Sliding against 1 N*m under 3 N*m is moving freely under 2 N*m; all other joints are held."""
    one = np.eye(12)[0]
    held = np.where(one, 0.0, 50.0)
    rubbed, _ = run(anymal_c, 3.0 * one, held + one, 0.3)
    free, _ = run(anymal_c, 2.0 * one, held, 0.3)
    moved = free[-1, 0] - 0.1
    assert moved > 0.05
    assert rubbed[-1, 0] - 0.1 == pytest.approx(moved, rel=0.03)


def test_a_reset_straightens_the_bristles(anymal_c):
    joints = [joint.name for joint in anymal_c.moving_joints]
    with BulletWorlds(anymal_c, joints, 2, WEIGHTLESS) as worlds:
        worlds.apply_friction(np.ones((2, 12)))
        for _ in range(20):
            worlds.apply_effort(np.full((2, 12), 0.9))
            worlds.step()
        worlds.reset([1])
        worlds.apply_friction(np.ones((2, 12)))
        worlds.step()
        assert abs(worlds.load_effort[0]).min() > 0.3
        assert abs(worlds.load_effort[1]).max() == 0.0


def test_inertias_lie_below_every_mass_matrix(anymal_c):
    joints = [joint.name for joint in anymal_c.moving_joints]
    inertia = least_inertia(anymal_c, joints)
    assert (inertia > 1e-3).all()
    poses = np.random.default_rng(1).uniform(-1.0, 1.0, (50, 12))
    left = kernel.mass_matrix(chain_of(anymal_c, joints), poses) - np.diag(inertia)
    assert np.linalg.eigvalsh(left).min() > -1e-6
