"""The line that every scalar goes through: each stage by hand-computed numbers, noise by its statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import CalibrationError
from hybridsim.sensors.line import counted
from tests.sensors.made import H, currents, parameters, sensors, sources, watched

MANY = 40_000


def test_a_neutral_line_changes_no_bit():
    effort = np.random.default_rng(0).normal(size=200)
    assert np.array_equal(currents({}, effort), effort)


def test_a_ramp_comes_late_by_the_delay_also_between_steps():
    # 3 N*m/s behind 7.3 ms: 3 * (t - 0.0073) once the ramp is older than the delay.
    time = np.arange(400) * H
    found = currents({"delay": 0.0073}, 3.0 * time)
    assert found[10:] == pytest.approx(3.0 * (time[10:] - 0.0073), abs=1e-12)


def test_before_the_past_begins_there_is_the_first_value():
    assert currents({"delay": 0.01}, [2.0, 3.0, 4.0]).tolist() == [2.0, 2.0, 2.0]


def test_the_newest_conversion_is_read():
    # A ramp of 3/s converted at 160 Hz, read at 400 Hz behind 20 ms: the newest conversion is read, its age
    # less the mean age, which the delay already holds: t - 0.02 - (frac(160 t + phase) - 0.5) / 160.
    time = np.arange(400) * H
    found = currents({"delay": 0.02, "conversion": 160.0}, 3.0 * time)[20:]
    age = time[20:] - 0.02 - found / 3.0
    assert age.min() > -0.5 / 160 - 1e-9 and age.max() < 0.5 / 160 + 1e-9
    turns = np.unwrap(2 * np.pi * 160 * age) / (2 * np.pi)
    assert np.abs(np.diff(turns) - 160 * H).max() < 1e-6
    # Another world's clock stands elsewhere.
    other = currents({"delay": 0.02, "conversion": 160.0}, 3.0 * time, seed=1)[20:]
    assert np.abs(other - found).max() > 1e-3


def test_a_step_rises_by_the_bandwidth():
    # Corner f: time constant 1/(2 pi f); a step held over the steps rises as 1 - exp(-t/tau), exactly.
    found = currents({"bandwidth": 20.0}, [0.0] + [1.0] * 100)
    time = np.arange(101) * H
    assert found == pytest.approx(1.0 - np.exp(-time * 2 * np.pi * 20.0), abs=1e-12)


def test_bias_clip_and_counts():
    # 1.26 + 0.1 = 1.36 -> 1.4 (nearest of 0.2); 9.9 + 0.1 -> 5 (range); -0.5 + 0.1 = -0.4.
    own = {"bias": 0.1, "range": 5.0, "resolution": 0.2}
    assert currents(own, [1.26, 9.9, -0.5]) == pytest.approx([1.4, 5.0, -0.4])


def test_counts_cut_off_toward_zero_on_both_sides():
    own = {"resolution": 0.1, "toward_zero": 1.0}
    assert currents(own, [0.19, -0.19, 0.05, -0.05]) == pytest.approx([0.1, -0.1, 0.0, 0.0])


def test_magnitudes_are_read_without_their_sign():
    # Present_Current of so101's servos is a magnitude: -0.5 N*m at 2 A/(N*m) is 1 A.
    assert currents({"gain": 2.0, "unsigned": 1.0}, [-0.5, 0.5]).tolist() == [1.0, 1.0]


@given(
    st.floats(-1e3, 1e3, allow_nan=False),
    st.floats(1e-4, 10.0, allow_nan=False),
    st.booleans(),
)
def test_a_count_is_near_and_never_beyond_where_it_is_cut(value, resolution, cut):
    found = counted(value, resolution, cut)
    assert abs(found / resolution - round(found / resolution)) < 1e-6
    assert abs(found - value) <= resolution * (1.0 if cut else 0.5) * (1 + 1e-9)
    if cut:
        assert abs(found) <= abs(value) * (1 + 1e-12)


def test_drift_has_its_deviation_and_is_forgotten_in_its_time():
    # Gauss-Markov: covariance 0.3^2 exp(-t / 0.1 s). 40 000 steps of 2.5 ms are 500 independent stretches.
    found = currents({"drift": 0.3, "drift_time": 0.1}, np.zeros(MANY))
    assert found.std() == pytest.approx(0.3, rel=0.1)
    lag = round(0.1 / H)
    assert (found[lag:] * found[:-lag]).mean() / found.var() == pytest.approx(np.exp(-1.0), abs=0.12)
    assert np.diff(found).std() == pytest.approx(0.3 * np.sqrt(2 * (1 - np.exp(-H / 0.1))), rel=0.03)


def test_white_noise_has_its_deviation_and_forgets():
    found = currents({"white": 0.3}, np.zeros(MANY))
    # Standard errors: 0.3/sqrt(n) of the mean, 0.3/sqrt(2n) of the deviation, 1/sqrt(n) of a correlation.
    assert abs(found.mean()) < 4 * 0.3 / np.sqrt(MANY)
    assert found.std() == pytest.approx(0.3, abs=4 * 0.3 / np.sqrt(2 * MANY))
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 4 / np.sqrt(MANY)


def test_white_noise_of_an_imu_is_correlated_as_it_is_told():
    white = {f"{word}_white_{x}": s for word, s in (("gyro", 0.02), ("acc", 0.5)) for x in "xyz"}
    one, seen = sensors(("imu", white | {"correlation_gx_gy": 0.6, "correlation_gz_ax": -0.4})), sources()
    noise = np.array([(one.sense(seen, np.arange(1)), one.reading[0].copy())[1] for _ in range(MANY)])
    expected = np.eye(6)
    expected[0, 1] = expected[1, 0] = 0.6
    expected[2, 3] = expected[3, 2] = -0.4
    assert np.corrcoef(noise.T) == pytest.approx(expected, abs=4 / np.sqrt(MANY))
    deviations = np.array([0.02] * 3 + [0.5] * 3)
    assert noise.std(axis=0) == pytest.approx(deviations, rel=4 / np.sqrt(2 * MANY))


def test_correlations_of_no_noise_are_refused():
    own = {"gyro_white_x": 0.1, "correlation_gx_gy": 0.9, "correlation_gx_gz": 0.9, "correlation_gy_gz": -0.9}
    with pytest.raises(CalibrationError, match="sensor s0: no noise has these correlations"):
        sensors(("imu", own))


def test_a_random_walk_grows_with_the_root_of_time_at_any_rate():
    # 0.2/sqrt(s): after 1 s the deviation over many worlds is 0.2, whether sampled at 400 or at 50 Hz.
    for rate in (0.0, 50.0):
        one, seen = sensors(("current", {"walk": 0.2, "rate": rate}), worlds=2000), sources(2000)
        found = watched(one, seen, np.zeros(401), seen.drives, (0, 2))[:, :, 0]
        assert found[0].tolist() == [0.0] * 2000
        assert found[400].std() == pytest.approx(0.2, rel=4 / np.sqrt(4000))
        assert found[100].std() == pytest.approx(0.1, rel=4 / np.sqrt(4000))


def test_a_turn_on_bias_stays_until_the_next_start():
    one, seen, worlds = sensors(("current", {"turn_on": 0.5}), worlds=2000), sources(2000), np.arange(2000)
    found = []
    for _ in range(2):
        one.begin(worlds)
        readings = watched(one, seen, np.zeros(3), seen.drives, (0, 2))[:, :, 0]
        assert np.array_equal(readings[0], readings[2])
        found.append(readings[0])
    assert found[0].std() == pytest.approx(0.5, rel=4 / np.sqrt(4000))
    assert abs(np.corrcoef(*found)[0, 1]) < 4 / np.sqrt(2000)


def test_readings_change_at_the_sensors_own_rate_and_say_how_old_they_are():
    # 100 Hz under 400 Hz steps: every fourth step reads, in between the reading is held.
    one, seen = sensors(("current", {"rate": 100.0})), sources()
    found, ages = [], []
    for step in range(9):
        seen.drives[0, 0, 2] = step
        one.sense(seen, np.arange(1))
        found.append(one.reading[0, 0])
        ages.append(one.age[0, 0] / H)
    assert found == [0, 0, 0, 0, 4, 4, 4, 4, 8]
    assert ages == pytest.approx([0, 1, 2, 3, 0, 1, 2, 3, 0])


def test_a_sample_between_two_steps_is_interpolated_to_its_moment():
    # 285.714 Hz under 400 Hz: moments 0, 3.5, 7, 10.5 ms come with steps 0, 2, 3, 5; a ramp is read exactly.
    one, seen = sensors(("current", {"rate": 1 / 0.0035})), sources()
    found = watched(one, seen, np.arange(6) * H, seen.drives, (0, 2))[:, 0, 0]
    assert found == pytest.approx([0.0, 0.0, 0.0035, 0.007, 0.007, 0.0105], abs=1e-15)


def test_a_sensor_faster_than_the_steps_reads_its_last_moment():
    one, seen = sensors(("current", {"rate": 1000.0})), sources()
    found = watched(one, seen, np.arange(3) * H, seen.drives, (0, 2))[:, 0, 0]
    assert found == pytest.approx([0.0, 0.002, 0.005], abs=1e-15)


def test_moments_jitter_by_their_deviation_and_do_not_drift():
    # A ramp of 1/s read at 100 Hz: what is read less the moment's number / 100 Hz is the jitter itself.
    one, seen = sensors(("current", {"rate": 100.0, "jitter": 0.0005})), sources()
    read = watched(one, seen, np.arange(16_000) * H, seen.drives, (0, 2))[:, 0, 0]
    moments = read[np.flatnonzero(np.diff(read, prepend=-1.0))][:-1]
    jitter = moments - np.arange(len(moments)) / 100.0
    assert jitter.std() == pytest.approx(0.0005, rel=0.06)
    assert abs(jitter.mean()) < 4 * 0.0005 / np.sqrt(len(jitter))


def test_lost_samples_hold_the_last_reading_and_it_ages():
    one, seen = sensors(("current", {"dropout": 0.3})), sources()
    fresh, ages = [], []
    for step in range(4000):
        seen.drives[0, 0, 2] = step
        one.sense(seen, np.arange(1))
        fresh.append(one.reading[0, 0] == step)
        ages.append(round(step - one.age[0, 0] / H) == one.reading[0, 0])
    assert fresh[0] and all(ages)
    assert np.mean(fresh) == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / 4000))


NOISY = {"white": 0.1, "walk": 0.1, "turn_on": 0.1, "dropout": 0.1, "jitter": 1e-4, "rate": 130.0}


def noisy(worlds, seed=0, steps=300):
    given = (("current", NOISY), ("contact", {"threshold_on": 0.05, "white": 0.1, "bounce": 3.0}))
    one, seen = sensors(*given, worlds=worlds, seed=seed), sources(worlds)
    return one, seen, watched(one, seen, np.zeros(steps), seen.drives, (0, 2))


def test_a_world_reads_the_same_in_any_company():
    together, alone = noisy(4)[2], noisy(1)[2]
    assert np.array_equal(together[:, :1], alone)
    assert not np.array_equal(together[:, 0], together[:, 1])


def test_the_same_seed_gives_the_same_bits_and_another_others():
    assert np.array_equal(noisy(2)[2], noisy(2)[2])
    assert not np.array_equal(noisy(2)[2], noisy(2, seed=1)[2])


def test_a_reset_leaves_no_memory_and_resets_of_others_change_nothing():
    # World 0 begins its second episode at once or after 1,000 steps; world 1 never does.
    long, seen, _ = noisy(2, steps=1000)
    short, _, _ = noisy(2, steps=1)
    for one in (long, short):
        one.begin(np.array([0]))
    found = [watched(one, seen, np.zeros(300), seen.drives, (0, 2)) for one in (long, short)]
    assert np.array_equal(found[0][:, 0], found[1][:, 0])
    going_on = noisy(2, steps=1300)[2]
    assert np.array_equal(found[0][:, 1], going_on[1000:, 1])


def test_parameters_differ_between_worlds():
    from hybridsim.sensors import Described, Mounted, Sensors

    mounted = [Mounted(Described("s0", "current", None, None, {}), 0)]
    values = [{"s0": parameters("current", {"bias": bias})} for bias in (0.0, 1.5)]
    one, seen = Sensors(mounted, values, H), sources(2)
    one.begin(np.arange(2))
    one.sense(seen, np.arange(2))
    assert one.reading[:, 0].tolist() == [0.0, 1.5]


def test_worlds_with_values_of_their_own_read_as_among_their_like():
    from hybridsim.sensors import Described, Mounted, Sensors

    kinds = ("imu", "encoder", "current", "force", "contact", "wrench", "pose")
    mounted = [Mounted(Described(kind, kind, None, None, {}), 0) for kind in kinds]
    plain = {kind: parameters(kind, {}) for kind in kinds}
    other = {
        "imu": parameters("imu", {"lever_x": 0.2, "gyro_map_xy": 0.1, "gyro_white_x": 0.1}),
        "encoder": parameters("encoder", {"play": 0.1, "velocity_window": 2.0}),
        "current": parameters("current", {"gain": 2.0, "ripple": 0.3, "friction": 0.2}),
        "force": parameters("force", {"gain": 2.0, "hysteresis": 0.4}),
        "contact": parameters("contact", {"threshold_on": 0.7, "bounce": 1.0, "rate": 200.0}),
        "wrench": parameters("wrench", {"cross_fx_ty": 0.5, "dropout": 0.3}),
        "pose": parameters("pose", {"delay": 0.004, "rotation_bias_x": 0.1}),
    }
    values = [plain, other, plain, other, other]
    # A world's noise follows from its number, so each one alone stands where it stands among the others.
    together = Sensors(mounted, values, H, 1)
    alone = {id(one): Sensors(mounted, [one] * len(values), H, 1) for one in (plain, other)}
    random, seen, worlds = np.random.default_rng(2), sources(len(values)), np.arange(len(values))
    for one in (together, *alone.values()):
        one.begin(worlds)
    for _ in range(50):
        for array in (seen.drives, seen.force, seen.wrench, seen.frames[..., 9:]):
            array[:] = random.normal(size=array.shape)
        for one in (together, *alone.values()):
            one.sense(seen, worlds)
        for w, own in enumerate(values):
            assert np.array_equal(together.reading[w], alone[id(own)].reading[w])
    assert not np.array_equal(alone[id(plain)].reading, alone[id(other)].reading)
