"""Scripted motions: targets in limits, joints too, and no falls."""

import numpy as np
import pytest

from hybridsim.standin.draw import stream
from hybridsim.standin.excite import HUNG, SLOW, hung_script
from hybridsim.standin.ground import GROUND, ground_script
from hybridsim.standin.model import design
from hybridsim.standin.record import MOTIONS, play
from hybridsim.standin.robot import PERIOD

SECONDS = 4.0
LOWER = np.array([joint.lower.value for joint in design().joints])
UPPER = np.array([joint.upper.value for joint in design().joints])


def test_every_motion_has_its_turn():
    assert sorted(MOTIONS) == sorted([*HUNG, *GROUND])


@pytest.mark.parametrize("motion", sorted(HUNG))
def test_in_the_crane_everything_stays_in_limits(motion):
    script = hung_script(motion, stream(1, "test", motion), SECONDS)
    assert script.hung and script.target.shape == (round(SECONDS / PERIOD), 12)
    assert ((script.target >= LOWER) & (script.target <= UPPER)).all()
    heard, fell_at = play(script, 1, 0)
    position = heard.signals["joint_position"].values
    assert fell_at is None and ((position > LOWER) & (position < UPPER)).all()
    moved = np.ptp(position, axis=0) > 0.1
    assert moved.all() or (motion == "steps" and moved.sum() > 4)  # those go one after the other
    assert np.abs(heard.signals["joint_effort"].values).max() < 90.0


def test_a_chirp_starts_slow_and_ends_fast():
    target = hung_script("chirp", stream(1, "test"), 30.0).target
    hip = target[: round(10.0 / PERIOD), 0]  # hips aside come first
    turns = np.flatnonzero(np.diff(np.sign(np.diff(hip))) != 0) * PERIOD
    gaps = np.diff(turns[turns > 1.0])
    assert gaps[0] > 0.4 / SLOW / 4 and gaps[-1] < 0.2


@pytest.mark.parametrize("motion", sorted(GROUND))
def test_on_the_ground_nothing_falls(motion):
    heard, fell_at = play(ground_script(motion, stream(1, "test", motion), SECONDS), 1, 1)
    assert fell_at is None
    signals = heard.signals
    lean = np.hypot(*signals["base_orientation"].values[:, :2].T)  # sine of half the tilt
    assert (2.0 * np.arcsin(lean) < np.radians(12.0)).all()
    assert np.ptp(signals["joint_position"].values, axis=0).max() > 0.1
    steps = np.diff(signals["contact"].values, axis=0).clip(0.0).sum(axis=0)
    assert (steps >= 2).all() if motion in ("trot", "walk") else (steps == 0).all()


def test_a_walk_goes_somewhere_and_a_trot_stays():
    time = np.arange(0.0, 20.0, PERIOD)
    walk, trot = (GROUND[motion](stream(0, "test"), time) for motion in ("walk", "trot"))
    assert np.ptp(walk.base[:, :2], axis=0).max() > 0.2 and np.ptp(walk.heading) > 0.1
    assert (trot.base == trot.base[0]).all() and (trot.heading == 0.0).all()
    # Feet keep up with the base, stay above the ground, and never all leave it.
    away = np.linalg.norm(walk.feet[:, :, :2].mean(axis=1) - walk.base[:, :2], axis=1)
    assert away.max() < 0.1
    for plan in (walk, trot):
        assert plan.feet[:, :, 2].min() >= 0.0 and (np.sum(plan.feet[:, :, 2] > 0.0, axis=1) <= 2).all()
        np.testing.assert_allclose(plan.share.sum(axis=1), 1.0)
