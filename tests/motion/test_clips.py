"""DeepMimic's clips: axes and orders by hand, and what the pybullet package's own ones say."""

import numpy as np
import pytest

from hybridsim.errors import MotionError
from hybridsim.motion import read_motion, reference_of
from hybridsim.motion.deepmimic import motion_of
from hybridsim.physics.clips import clips
from hybridsim.robot import load_robot
from hybridsim.walking.legs import Legs
from tests.motion.made import humanoid_frame, laikago_frame


def humanoid(*frames):
    return motion_of({"Loop": "wrap", "Frames": list(frames)}, "made", "0" * 64)


def test_a_humanoid_by_hand():
    half = 0.25  # half of a turn by 0.5 rad about z
    made = humanoid(
        humanoid_frame(0.5, root=(1.0, 2.0, 3.0), chest=(np.cos(half), 0.0, 0.0, np.sin(half))),
        humanoid_frame(9.0, root=(1.0, 2.0, 4.0)),
    )
    assert made.joints[:4] == ("chest_x", "chest_y", "chest_z", "neck_x") and len(made.joints) == 8 * 3 + 4
    np.testing.assert_allclose(made.time_s, [0.0, 0.5])  # the last frame's duration counts for nothing
    np.testing.assert_allclose(made.columns["chest_z"], [0.5, 0.0], atol=1e-12)
    np.testing.assert_allclose(made.columns["right_knee"], -0.3)
    np.testing.assert_allclose(made.columns["right_elbow"], 0.4)
    # y up becomes z up by a quarter turn about x: (x, y, z) goes to (x, -z, y).
    np.testing.assert_allclose(made.base_position, [[1, -3, 2], [1, -4, 2]], atol=1e-12)
    np.testing.assert_allclose(np.abs(made.base_orientation), [[0, 0, 0, 1]] * 2, atol=1e-12)
    assert made.loop and made.speed == pytest.approx(1.0 / 0.5)


def test_a_quaternion_and_its_negative_are_one_rotation():
    turned = (-np.cos(0.25), 0.0, 0.0, -np.sin(0.25))
    made = humanoid(humanoid_frame(chest=turned), humanoid_frame(chest=turned))
    np.testing.assert_allclose(made.columns["chest_z"], 0.5)


def test_laikago_looks_where_it_goes():
    # Half a turn about the axis between y and z: the body's z (ahead) is the world's y, its y the world's z.
    made = motion_of({"Frames": [laikago_frame(), laikago_frame(root=(0.0, 1.0, 0.45))]}, "made", "0" * 64)
    x, y, z, w = made.base_orientation[0]
    np.testing.assert_allclose([2 * (x * y + w * z), 1 - 2 * (x * x + y * y)], [1.0, 1.0], atol=1e-12)
    assert not made.loop and made.joints[:3] == ("FR_hip", "FR_thigh", "FR_knee")


def test_all_clips_of_the_package_can_be_read():
    found = {name: read_motion(name) for name in clips()}
    assert len(found) >= 21 and {one.skeleton for one in found.values()} == {"humanoid", "laikago"}
    walk = found["humanoid3d_walk"]
    # 39 frames of 1/30 s; the root goes from x = 0 to 1.239 m, 0.85 m above the ground.
    assert walk.duration_s == pytest.approx(38 / 30, abs=1e-3) and walk.loop
    assert walk.base_position[-1, 0] == pytest.approx(1.239, abs=1e-3)
    assert walk.base_position[:, 2].mean() == pytest.approx(0.86, abs=0.01)
    assert not found["humanoid3d_kick"].loop


def test_laikago_trots():
    clip = read_motion("laikago_walk")
    assert len(clip.time_s) == 21 and clip.duration_s == pytest.approx(20 * 0.0625)
    np.testing.assert_allclose(clip.joint_position[0, :3], [0.084, 0.848, -1.548], atol=1e-3)
    # From y = 0.032 to 0.368 m (and 0.014 m aside) in 1.25 s.
    assert clip.speed == pytest.approx(np.hypot(0.336, 0.014) / 1.25, abs=2e-3)
    knees = [clip.columns[f"{leg}_knee"] for leg in ("FR", "FL", "RR", "RL")]
    pairs = np.corrcoef(knees)
    assert pairs[0, 3] > 0.9 and pairs[1, 2] > 0.9 and pairs[0, 1] < 0.0  # diagonal legs swing together


def test_on_anymal_its_standing_feet_stand_still():
    """Order of quaternions and joints, signs, offsets, mirrored hind legs: any of them wrong, feet slide."""
    robot = load_robot("anymal_c")
    reference = reference_of(robot, "laikago_walk")
    base, legs = reference.base, Legs(robot)
    feet = np.array([legs.places(row) for row in reference.position])
    step = reference.period_s / reference.rows
    height = base.height[:, None] + feet[:, :, 2]
    turned = np.cross(base.spin[:, None], feet)
    velocity = np.gradient(feet, step, axis=0) + base.velocity[:, None] + turned
    low = height < 0.008  # the base leans by at most 0.04 rad, which the heights leave out
    assert 0.2 < low.mean() < 0.8 and height.max() > 0.05
    slide = np.abs(velocity[low][:, 0])
    assert np.median(slide) < 0.15 * base.mean[0]
    # Speed over the second stride, 0.2 m in 0.625 s, grows by the root of the lengths' ratio.
    assert base.mean[0] == pytest.approx(0.32 * np.sqrt(1.27), rel=0.02)
    assert reference.period_s == pytest.approx(0.625 * np.sqrt(1.27), rel=1e-6)
    assert np.abs(reference.position[0] - reference.position[-1]).max() < 0.1  # it closes


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "no key 'Frames'; expected a clip"),
        ({"Frames": []}, "Frames is no list of frames"),
        ({"Frames": [[1.0] * 20, [1.0] * 19]}, "frames of several lengths"),
        ({"Frames": [[1.0] * 21] * 2}, r"frames of 21 numbers; expected 44 \(humanoid\) or 20 \(laikago\)"),
        ({"Frames": [[True] * 20] * 2}, "holds what is no number"),
        ({"Frames": [laikago_frame()] * 2, "Loop": "often"}, "Loop is 'often'; available: wrap, none"),
        ({"Frames": [laikago_frame()]}, "1 frames of 12 joints; expected 2 to"),
        ({"Frames": [laikago_frame(0.0)] * 3}, "frame 1 is at 0 s, the one before at 0 s"),
        (
            {"Frames": [laikago_frame(root=(float("nan"), 0, 0))] * 2},
            "frame 0 of Frames holds nan; expected finite",
        ),
        ({"Frames": [laikago_frame(turn=(0, 0, 0, 2.0))] * 2}, "orientation of frame 0 has length 2.000"),
        ({"Frames": [humanoid_frame(chest=(0, 0, 0, 0))] * 2}, "rotation of chest in frame 0 has length 0;"),
        ({"Frames": [[10**400] * 20] * 2}, "frame 0 of Frames holds 1000000"),
    ],
)
def test_damaged_clips_are_named(document, words):
    with pytest.raises(MotionError, match=words):
        motion_of(document, "made", "0" * 64)
