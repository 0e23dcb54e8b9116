"""What each kind of sensor would read: hand-computed numbers for links, drives, feet and poses."""

import numpy as np
import pytest

from tests.sensors.made import H, currents, sensors, sources, watched

ONE = np.arange(1)


def turn_z(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def put(seen, rotation=None, position=(0.0, 0.0, 0.0), velocity=(0.0, 0.0, 0.0), spin=(0.0, 0.0, 0.0)):
    seen.frames[:, 0, :9] = (np.eye(3) if rotation is None else rotation).ravel()
    seen.frames[:, 0, 9:12], seen.frames[:, 0, 12:15], seen.frames[:, 0, 15:18] = position, velocity, spin


def imu(own, *states):
    """Last reading of an IMU that sees these states, one a step."""
    one, seen = sensors(("imu", own)), sources()
    for state in states:
        put(seen, **state)
        one.sense(seen, ONE)
    return one.reading[0]


def test_at_rest_it_reads_gravity_upward():
    assert imu({}, {}, {}).tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 9.81]


def test_in_free_fall_it_reads_nothing():
    falling = [{"velocity": (0.0, 0.0, -9.81 * H * k)} for k in range(3)]
    assert imu({}, *falling)[3:] == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)


def test_lying_on_its_side_it_reads_gravity_along_the_axis_that_points_up():
    # Turned by +90 degrees about x: the link's y axis points up.
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    assert imu({}, {"rotation": rotation}, {"rotation": rotation})[3:] == pytest.approx([0.0, 9.81, 0.0])


def test_a_spin_pulls_the_lever_inward():
    # w = 6 rad/s about z, 0.05 m along x: w^2 r = 1.8 m/s^2 toward the axis; the chord costs (w h)^2/8.
    spun = [{"rotation": turn_z(6.0 * H * k), "spin": (0.0, 0.0, 6.0)} for k in range(5)]
    found = imu({"lever_x": 0.05}, *spun)
    assert found[:3] == pytest.approx([0.0, 0.0, 6.0], abs=1e-12)
    assert found[3:] == pytest.approx([-1.8, 0.0, 9.81], abs=1.8 * (6.0 * H) ** 2 / 8)


def test_a_spin_that_grows_pushes_the_lever_sideways():
    # 20 rad/s^2 about z at 0.05 m along x: 1 m/s^2 along y, after 10 steps of w = 0 to 0.5 rad/s.
    states = [{"rotation": turn_z(10.0 * (k * H) ** 2), "spin": (0.0, 0.0, 20.0 * k * H)} for k in range(11)]
    assert imu({"lever_x": 0.05}, *states)[4] == pytest.approx(1.0, abs=2e-3)


def test_maps_mix_axes_and_force_leaks_into_rate():
    # K_g: z reads 1.1 w_z + 0.02 w_x; S: x reads 0.001 of f_z = 9.81; K_a: x reads 0.03 of f_z.
    own = {"gyro_map_zz": 1.1, "gyro_map_zx": 0.02, "gyro_force_xz": 0.001, "acc_map_xz": 0.03}
    found = imu(own, {"spin": (2.0, 0.0, 3.0)}, {"spin": (2.0, 0.0, 3.0)})
    assert found[:3] == pytest.approx([2.0 + 0.00981, 0.0, 3.34])
    assert found[3:] == pytest.approx([0.2943, 0.0, 9.81])


def test_a_mounting_may_be_in_the_maps():
    # An IMU that is turned by 90 degrees about z on its link: its x reads the link's y.
    own = {f"{word}_map_{k}": v for word in ("gyro", "acc") for k, v in mounting().items()}
    assert imu(own, {"spin": (1.0, 2.0, 3.0)})[:3] == pytest.approx([2.0, -1.0, 3.0])


def mounting():
    return {"xx": 0.0, "xy": 1.0, "yx": -1.0, "yy": 0.0}


def test_bias_follows_temperature():
    # 35 degC is 10 K above the reference: 10 * 0.002 rad/s.
    one, seen = sensors(("imu", {"gyro_per_kelvin_y": 0.002, "acc_per_kelvin_z": -0.01})), sources()
    seen.temperature[:] = 35.0
    one.sense(seen, ONE)
    assert one.reading[0] == pytest.approx([0.0, 0.02, 0.0, 0.0, 0.0, 9.71])


def test_gyroscope_and_accelerometer_have_lines_of_their_own():
    states = [{"spin": (k * 1.0, 0.0, 0.0)} for k in range(5)]
    found = imu(
        {"gyro_delay": 2 * H, "gyro_toward_zero": 1.0, "gyro_resolution": 0.7, "acc_range": 5.0}, *states
    )
    assert found[0] == pytest.approx(1.4)  # 2.0 of two steps ago, two whole counts of 0.7
    assert found[5] == 5.0


def test_a_torque_adds_friction_on_the_way_and_the_rotors_ripple():
    # 2 (1.5 + 0.3 * 2/sqrt(1 + 4)) + 0.05 sin(2 * 50 * 0.01 + 0.4): two waves a turn of a rotor geared 50:1.
    own = {"gain": 2.0, "friction": 0.3, "friction_speed": 0.1}
    own |= {"ripple": 0.05, "ripple_order": 2.0, "ripple_phase": 0.4}
    one, seen = sensors(("torque", own), gear=50.0), sources()
    seen.drives[0, 0] = [0.01, 0.2, 99.0, 1.5, 99.0]
    one.sense(seen, ONE)
    expected = 2.0 * (1.5 + 0.3 * 2.0 / np.sqrt(5.0)) + 0.05 * np.sin(1.4)
    assert one.reading[0, 0] == pytest.approx(expected, abs=1e-14)
    assert currents(own, [1.5])[0] == pytest.approx(3.0 + 0.05 * np.sin(0.4))


def test_a_supply_gives_effort_times_duty_and_a_duty_is_read_as_it_is():
    # Supply: |2 (-1.5 - 0.3 * 2/sqrt(1 + 4)) 0.25 + 0.1|; duty: 0.9 * 0.25 - 0.05; winding: 2 * -1.5 + 0.1.
    own = {"gain": 2.0, "bias": 0.1}
    rubbed = {**own, "friction": 0.3, "friction_speed": 0.1, "supply": 1.0, "unsigned": 1.0}
    seen = sources()
    one = sensors(("current", rubbed), ("duty", {"gain": 0.9, "bias": -0.05}), ("current", own))
    seen.drives[0, 0] = [0.0, -0.2, -1.5, 99.0, 0.25]
    one.sense(seen, ONE)
    supply = abs(2.0 * (-1.5 - 0.3 * 2.0 / np.sqrt(5.0)) * 0.25 + 0.1)
    expected = {"s0": supply, "s1": 0.175, "s2": -2.9}
    found = {s.sensor.name: one.reading[0, one.columns(k)][0] for k, s in enumerate(one.mounted)}
    assert found == pytest.approx(expected, abs=1e-14)


def encoder(own, angles, speeds=None):
    """Readings [step 2] of an encoder that sees these angles, and speeds where given."""
    one, seen, found = sensors(("encoder", own)), sources(), []
    for k, angle in enumerate(angles):
        seen.drives[0, 0, :2] = angle, 0.0 if speeds is None else speeds[k]
        one.sense(seen, ONE)
        found.append(one.reading[0].copy())
    return np.array(found)


def test_an_encoder_behind_play_lags_on_both_sides():
    # 0.02 rad of play: the encoder follows 0.01 behind, and stays for 0.02 when the motion turns.
    found = encoder({"play": 0.02}, [0.0, 0.005, 0.03, 0.05, 0.035, 0.02])[:, 0]
    assert found == pytest.approx([0.0, 0.0, 0.02, 0.04, 0.04, 0.03])


def test_an_encoders_velocity_is_its_own_difference_of_counts():
    # 0.4 rad/s in counts of 0.001 rad at 400 Hz moves one count a step; over 4 steps 0.004 rad in 10 ms.
    angles = 0.4 * H * np.arange(12)
    found = encoder({"resolution": 0.001, "velocity_window": 4.0}, angles, [9.0] * 12)[:, 1]
    assert found[0] == 9.0  # nothing to take a difference of: the joint's own
    assert found[1:] == pytest.approx(0.4)
    # A motion of less than a count: one difference shows it as a jump of a count over one window.
    slow = encoder({"resolution": 0.001, "velocity_window": 4.0}, [0.0004] * 6 + [0.0006] * 6)[:, 1]
    assert slow[2:] == pytest.approx([0.0] * 4 + [0.1] * 4 + [0.0] * 2, abs=1e-12)


def test_an_encoders_velocity_is_low_passed_and_counted():
    # Constant 1 rad/s from rest: rises as 1 - exp(-t/tau) from sample to sample, in counts of 0.05.
    angles = np.concatenate([[0.0], H * np.arange(1, 40)])
    smooth = encoder({"velocity_window": 1.0, "velocity_bandwidth": 10.0}, angles)[:, 1]
    time = H * np.arange(40)
    assert smooth == pytest.approx(1.0 - np.exp(-2 * np.pi * 10.0 * time), abs=1e-9)
    own = {"velocity_window": 1.0, "velocity_bandwidth": 10.0, "velocity_resolution": 0.05}
    assert encoder(own, angles)[:, 1] == pytest.approx(np.floor(smooth / 0.05 + 0.5) * 0.05)


def touched(kind, own, forces):
    one, seen = sensors((kind, own)), sources()
    return watched(one, seen, forces, seen.force, (0,))[:, 0, 0]


def test_a_foots_force_lags_by_its_hysteresis():
    # 4 N wide: 2 N behind while loading, 2 N ahead while unloading; then 1.5 of it plus a bias of 1.
    found = touched("force", {"hysteresis": 4.0, "gain": 1.5, "bias": 1.0}, [0.0, 10.0, 9.0, 5.0, 0.0])
    assert found == pytest.approx([1.0, 13.0, 13.0, 11.5, 4.0])


def test_a_switch_closes_above_one_force_and_opens_below_another():
    forces = [0.0, 9.0, 11.0, 7.0, 5.0, 7.0, 11.0]
    found = touched("contact", {"threshold_on": 10.0, "threshold_off": 5.0}, forces)
    assert found.tolist() == [0, 0, 1, 1, 0, 0, 1]


def test_a_switch_bounces_for_so_many_samples_after_a_change():
    one, seen = sensors(("contact", {"threshold_on": 1.0, "bounce": 5.0}), worlds=2000), sources(2000)
    found = watched(one, seen, [0.0, 0.0] + [2.0] * 10, seen.force, (0,))[:, :, 0]
    assert not found[:2].any() and found[7:].all()
    shares = found[2:7].mean(axis=1)
    assert shares == pytest.approx([0.5] * 5, abs=4 * 0.5 / np.sqrt(2000))


def test_a_wrench_leaks_across_its_channels():
    # A force along x of 100 N shows as 2 N*m about z at 0.02 m, and 1 % of itself along y.
    one, seen = (
        sensors(("wrench", {"cross_tz_fx": 0.02, "cross_fy_fx": 0.01, "torque_bias_x": 0.3})),
        sources(),
    )
    seen.wrench[0, 0] = [100.0, 0.0, -5.0, 0.0, 1.0, 0.0]
    one.sense(seen, ONE)
    assert one.reading[0] == pytest.approx([100.0, 1.0, -5.0, 0.3, 1.0, 2.0])


def test_a_pose_is_read_as_it_was_and_its_quaternion_stays_one():
    # 2 steps late at 1 m/s and 1 rad/s about z.
    one, seen = sensors(("pose", {"delay": 2 * H})), sources()
    for k in range(2000):  # 5 rad: past the half turn where a quaternion's sign flips
        put(seen, rotation=turn_z(k * H), position=(k * H, 0.0, 0.0))
        one.sense(seen, ONE)
        reading, angle = one.reading[0], max(k - 2, 0) * H
        expected = np.array([0.0, 0.0, np.sin(angle / 2), np.cos(angle / 2)])
        assert reading[:3] == pytest.approx([angle, 0.0, 0.0], abs=1e-12)
        assert reading[3:7] == pytest.approx(expected * np.sign(expected[3]), abs=1e-12)


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.6, 0.0, 0.8)])
@pytest.mark.parametrize("angle", [0.0, 0.3, 3.1, -3.1, 2.0])
def test_a_poses_rotation_is_its_quaternion(axis, angle):
    x, y, z = axis
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation = np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
    one, seen = sensors(("pose", {})), sources()
    put(seen, rotation=rotation)
    one.sense(seen, ONE)
    expected = np.array([*(np.sin(angle / 2) * np.array(axis)), np.cos(angle / 2)])
    assert one.reading[0, 3:7] == pytest.approx(expected, abs=1e-12)


def test_a_poses_rotation_noise_is_a_small_turn_on_top():
    # A bias of 0.1 rad about the link's x, on a link that is turned by 90 degrees about z.
    one, seen = (
        sensors(("odometry", {"rotation_bias_x": 0.1, "position_walk_x": 0.5}), worlds=2000),
        sources(2000),
    )
    put(seen, rotation=turn_z(np.pi / 2))
    worlds = np.arange(2000)
    for _ in range(401):
        one.sense(seen, worlds)
    # q = (0, 0, s, c) * (sin 0.05, 0, 0, cos 0.05) with s = c = sqrt(1/2).
    s = np.sqrt(0.5)
    expected = [s * np.sin(0.05), s * np.sin(0.05), s * np.cos(0.05), s * np.cos(0.05)]
    assert one.reading[7, 3:7] == pytest.approx(expected, abs=1e-12)
    assert one.reading[:, 0].std() == pytest.approx(0.5, rel=4 / np.sqrt(4000))  # after 1 s
