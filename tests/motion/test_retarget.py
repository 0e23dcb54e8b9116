"""Joints by name, with signs, offsets and sums; lengths, times; references that go round or stay."""

import numpy as np
import pytest

from hybridsim.errors import MotionError
from hybridsim.motion import Motion, map_of, read_motion, reference_of, retargeted, robot_for
from hybridsim.robot import load_robot
from tests.motion.made import going_round, swing_table

HEAD = 'schema = 1\nrobot = "so101"\n'
ARM = "so101/retarget/humanoid_right_arm.toml"


def made(**joints):
    columns = np.stack([np.array(values, float) for values in joints.values()], axis=1)
    time = np.arange(len(columns)) * 0.1
    return Motion(name="made", skeleton="person", joints=tuple(joints), time_s=time, joint_position=columns)


def test_angles_by_hand(tmp_path):
    file = tmp_path / "map.toml"
    file.write_text(
        HEAD
        + "[base]\ntime_scale = 2.0\n[joints.elbow_flex]\nfrom = { a = -1.0, b = 0.5 }\noffset_rad = 0.2\n"
    )
    robot, clip = load_robot("so101"), made(a=[0.1, 0.2, 9.0], b=[1.0, 0.0, 0.0])
    found = retargeted(clip, robot, map_of(clip, robot, file))
    # 0.2 - 0.1 + 0.5, 0.2 - 0.2, and 0.2 - 9 held at the joint's limit of -1.69 rad.
    np.testing.assert_allclose(found.columns["elbow_flex"], [0.6, 0.0, -1.69])
    np.testing.assert_allclose(found.columns["wrist_roll"], 0.0)
    np.testing.assert_allclose(found.time_s, [0.0, 0.2, 0.4])


def test_names_that_agree_need_no_file():
    robot, clip = load_robot("so101"), made(elbow_flex=[0.1, 0.2], shoulder_pan=[0.3, 0.4])
    found = retargeted(clip, robot, map_of(clip, robot))
    np.testing.assert_array_equal(found.columns["elbow_flex"], [0.1, 0.2])
    assert robot_for(clip) == "so101"


def test_a_part_of_a_clip(tmp_path):
    file = tmp_path / "map.toml"
    file.write_text(HEAD + "[clip]\nstart_s = 0.1\nend_s = 0.3\nloop = true\n")
    robot, clip = load_robot("so101"), made(elbow_flex=[0.0, 0.1, 0.2, 0.3, 0.4])
    found = retargeted(clip, robot, map_of(clip, robot, file))
    np.testing.assert_allclose(found.columns["elbow_flex"], [0.1, 0.2, 0.3])
    assert found.loop and found.time_s[0] == 0.0
    file.write_text(HEAD + "[clip]\nstart_s = 0.35\n")
    with pytest.raises(MotionError, match=r"lasts 0.4 s; 1 of its frames lie between start_s 0.35"):
        retargeted(clip, robot, map_of(clip, robot, file))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x =", "is not valid TOML"),
        ('schema = 1\nrobot = "anymal_c"\n', "is for robot anymal_c; expected one for so101"),
        (HEAD + 'skeleton = "laikago"\n[joints.gripper]\n', "takes clips of laikago; made is of person"),
        (HEAD + "[joints.tail]\n", "robots/so101 has no joint tail; available: elbow_flex"),
        (
            HEAD + "[joints.gripper]\nfrom = { thumb = 1.0 }",
            r"\[joints.gripper\] takes thumb; made has finger",
        ),
        (HEAD + "[joints.gripper]\nsign = 1\n", "unknown key 'sign'; known keys: from, offset_rad, source"),
        (HEAD + "[base]\nlength_scale = 0.0\n", "length_scale"),
        (HEAD, "its joints are finger; robots/so101 has shoulder_pan"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, text, words):
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(MotionError, match=words):
        map_of(made(finger=[0.0, 1.0]), load_robot("so101"), tmp_path / "map.toml")


def test_a_humanoid_without_a_robot_is_refused_by_names():
    clip = read_motion("humanoid3d_walk")
    with pytest.raises(MotionError, match=r"chest_x.*left_elbow\): none; expected --robot"):
        robot_for(clip)
    with pytest.raises(MotionError, match=r"right_shoulder_x.*robots/anymal_c has LF_HAA.*retargeting file"):
        map_of(clip, load_robot("anymal_c"))


def test_an_arm_waves_as_a_person_does():
    clip, robot = read_motion("humanoid3d_run"), load_robot("so101")
    assert robot_for(clip, ARM) == "so101"
    moved = retargeted(clip, robot, map_of(clip, robot, ARM))
    np.testing.assert_allclose(moved.columns["elbow_flex"], clip.columns["right_elbow"] - 1.29)
    np.testing.assert_allclose(moved.columns["shoulder_pan"], -clip.columns["right_shoulder_y"])
    assert moved.duration_s == clip.duration_s and reference_of(robot, clip, ARM).base is None


def test_one_that_goes_round_closes_and_its_speeds_are_slopes(tmp_path):
    robot = load_robot("xl330_pendulum")
    swing, file = swing_table(tmp_path / "s.csv"), going_round(tmp_path / "m.toml")
    reference = reference_of(robot, swing, file)
    assert reference.rows == 100 and reference.period_s == pytest.approx(2.0)
    phase = 2 * np.pi * np.arange(100) / 100
    np.testing.assert_allclose(reference.position[:, 0], 0.6 * np.sin(phase), atol=1e-4)
    # Differences over the rows beside shrink the slope by sin(x) / x with x = 2 pi / 100: by 0.07 %.
    np.testing.assert_allclose(reference.velocity[:, 0], 0.6 * np.pi * np.cos(phase), atol=3e-3)


def test_one_that_plays_once_ends_in_its_last_frame(tmp_path):
    robot = load_robot("xl330_pendulum")
    (tmp_path / "up.csv").write_text("time_s,pendulum_rad\n0,0\n1,0.5\n2,1.0\n")
    reference = reference_of(robot, tmp_path / "up.csv")
    # 100 rows from the first to the last frame, the last one counted whole: 2 s * 100 / 99.
    assert reference.period_s == pytest.approx(200 / 99)
    np.testing.assert_allclose(reference.position[[0, -1], 0], [0.0, 1.0])
    np.testing.assert_allclose(reference.velocity[:, 0], 0.5, atol=1e-6)


def test_what_lasts_too_long_and_a_base_that_is_missing(tmp_path):
    slow = "time_s,pendulum_rad\n0,0\n500,1\n"
    (tmp_path / "slow.csv").write_text(slow)
    with pytest.raises(MotionError, match="lasts 500 s; expected at most 120 s: choose a part"):
        reference_of(load_robot("xl330_pendulum"), tmp_path / "slow.csv")
    with pytest.raises(MotionError, match="its base does not move; robots/anymal_c floats"):
        reference_of(load_robot("anymal_c"), made(LF_HAA=[0.0, 0.1]))
