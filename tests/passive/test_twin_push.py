"""Pushes without PyBullet and in PyBullet are one and the same."""

import numpy as np
import pytest

from hybridsim.passive.bullet import BulletAlone, LawInBullet, play
from hybridsim.passive.laid import Paths
from hybridsim.passive.tool_track import ToolTrack
from tests.passive.pushes import BALL, EDGE, RADIUS, ROD, TIMESTEP, plate, prior, pushed, straight

SECONDS = 1.0
LAW = {
    "contact__friction": 0.3,
    "contact__spinning_friction": 0.002,
    "tool__friction": 0.25,
    "tool__stiffness": 5e3,
    "link__plate__rounding": 0.002,
    "link__plate__com_y": 0.004,
    "data__length_scale": 0.99,
    "data__time_scale": 1.01,
}


def in_bullet(world, batch, paths) -> Paths:
    found = Paths(*(np.zeros_like(array) for array in paths))
    for k in range(len(batch.pieces.world)):
        play(world, batch, TIMESTEP, found, k)
    world.close()
    return found


def leaning(push: ToolTrack) -> ToolTrack:
    """The same path with a rod that leans to the side and turns about itself."""
    turn = np.stack([np.sin([0.1]), [0.0], [0.0], np.cos([0.1])], axis=1)
    about = push.time_s[:, None] * [0.0, 0.0, 0.4]
    spun = np.c_[about, np.sqrt(1 - (about**2).sum(axis=1))]
    x, y, z, w = turn[0]
    left = np.array([[w, -z, y, x], [z, w, -x, y], [-y, x, w, z], [-x, -y, -z, w]])
    return ToolTrack(time_s=push.time_s, position=push.position, orientation=spun @ left.T)


@pytest.mark.parametrize("tool", [ROD, BALL], ids=["rod", "ball"])
def test_a_push_is_the_same_in_pybullet(tool, tmp_path):
    robot, height = plate(tmp_path, tool=tool), 0.06 if tool == ROD else 0.015
    values = prior(robot, **LAW)
    pushes = [
        straight([-EDGE / 2 - RADIUS - 0.01, 0.02], [0.05, 0.01], SECONDS, height),
        straight([0.03, -EDGE / 2 - RADIUS - 0.01], [0.0, 0.08], SECONDS, height),
    ]
    if tool == ROD:
        pushes[1] = leaning(pushes[1])
    batch, paths = pushed(robot, [values] * 2, pushes, SECONDS)
    ends = paths.position.reshape(2, -1, 3)[:, -1]
    assert ends[0, 0] > 0.02 and ends[1, 1] > 0.03, "both are pushed along"
    found = in_bullet(LawInBullet(robot, values, TIMESTEP), batch, paths)
    assert np.abs(found.position - paths.position).max() < 1e-8
    assert np.abs(np.abs((found.orientation * paths.orientation).sum(1)) - 1).max() < 1e-10


def test_bullets_own_contact_pushes_too(tmp_path):
    robot = plate(tmp_path)
    batch, paths = pushed(robot, [prior(robot)], [straight([-0.06, 0.0], [0.05, 0.0], SECONDS)], SECONDS)
    found = in_bullet(BulletAlone(robot, TIMESTEP), batch, paths)
    assert paths.position[-1, 0] == pytest.approx(0.045, abs=1e-3)
    assert found.position[-1, 0] == pytest.approx(0.045, abs=3e-3)
