"""Replays without PyBullet and in PyBullet are one and the same; the ground is where it should be."""

import numpy as np
import pytest

from hybridsim.passive.bullet import BulletAlone, LawInBullet, play
from hybridsim.passive.laid import Paths
from tests.passive.tosses import TIMESTEP, batch_of, cube, prior, random_starts, tossed

SOFT = {
    "contact__stiffness": 2e4,
    "contact__stiffening": 0.5,
    "contact__damping": 20.0,
    "contact__damping_growth": 2e4,
    "contact__friction": 0.2,
    "contact__spinning_friction": 0.002,
    "contact__rolling_friction": 0.001,
    "link__cube__rounding": 0.003,
    "link__cube__com_y": 0.006,
    "data__length_scale": 0.98,
}


def in_bullet(world, pieces, starts, paths) -> Paths:
    found = Paths(*(np.zeros_like(array) for array in paths))
    for k in range(len(pieces.world)):
        play(world, batch_of(pieces, starts, paths), TIMESTEP, found, k)
    world.close()
    return found


def test_a_toss_is_the_same_in_pybullet():
    starts = random_starts(3, seed=1)
    pieces, paths = tossed([prior(**SOFT)] * 3, starts, 0.6)
    assert paths.position[:, 2].min() > 0.04
    found = in_bullet(LawInBullet(cube(), prior(**SOFT), TIMESTEP), pieces, starts, paths)
    assert np.abs(found.position - paths.position).max() < 1e-8
    assert np.abs(np.abs((found.orientation * paths.orientation).sum(1)) - 1).max() < 1e-10


def test_a_world_remembers_nothing_of_the_toss_before():
    starts = random_starts(2, seed=2)
    pieces, paths = tossed([prior(**SOFT)] * 2, starts, 0.4)
    world = LawInBullet(cube(), prior(**SOFT), TIMESTEP)
    batch, found = batch_of(pieces, starts, paths), Paths(*(np.zeros_like(array) for array in paths))
    for k in (1, 0, 1):
        play(world, batch, TIMESTEP, found, k)
    world.close()
    assert np.abs(found.position - paths.position).max() < 1e-8


def test_bullet_alone_is_another_simulator():
    starts = random_starts(2, seed=3)
    pieces, paths = tossed([prior()] * 2, starts, 0.5)
    found = in_bullet(BulletAlone(cube(), TIMESTEP), pieces, starts, paths)
    apart = np.abs(found.position - paths.position).max()
    assert 1e-6 < apart < 0.1


def test_a_cube_at_rest_sinks_in_by_its_weight_over_its_springs():
    # 0.37 kg * 9.81 m/s^2 over four springs of 1e4 N/m: 0.0907 mm
    values = prior(contact__stiffness=1e4, contact__damping=100.0)
    starts = random_starts(1, seed=0)._replace(
        position=np.array([[0.0, 0.0, 0.0524]]),
        orientation=np.array([[0.0, 0.0, 0.0, 1.0]]),
        linear_velocity=np.zeros((1, 3)),
        angular_velocity=np.zeros((1, 3)),
    )
    _, paths = tossed([values], starts, 1.0)
    assert paths.position[-1, 2] == pytest.approx(0.0524 - 0.37 * 9.81 / 4e4, abs=1e-7)


def test_a_sliding_cube_stops_where_friction_says():
    # 1 m/s against 0.25 * 9.81 m/s^2: 0.2039 m
    values = prior(contact__stiffness=1e5, contact__damping=300.0, contact__friction=0.25)
    starts = random_starts(1, seed=0)._replace(
        position=np.array([[0.0, 0.0, 0.0524 - 0.37 * 9.81 / 4e5]]),
        orientation=np.array([[0.0, 0.0, 0.0, 1.0]]),
        linear_velocity=np.array([[1.0, 0.0, 0.0]]),
        angular_velocity=np.zeros((1, 3)),
    )
    _, paths = tossed([values], starts, 1.0)
    assert paths.position[-1, 0] == pytest.approx(1.0 / (2 * 0.25 * 9.81), rel=0.01)
    assert np.ptp(paths.position[-20:, 0]) < 1e-6
