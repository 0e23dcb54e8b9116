"""Planted errors of a made-up IMU (synthetic) are found; what rules a log out is said in one line."""

import re
from dataclasses import replace

import numpy as np
import pytest

from hybridsim.errors import LogError
from hybridsim.sensing.alignment import alignment_of
from hybridsim.sensing.codes import cuts_toward_zero, step_of, uncut
from hybridsim.sensing.imu import identify_imu
from hybridsim.sensing.recording import recording_of
from hybridsim.sensing.values import imu_values
from tests.sensing.logs import log_of
from tests.sensing.made import GRAVITY, PERIOD, planted, recorded

TRUTH = planted(4)


@pytest.fixture(scope="module")
def found():
    return identify_imu([recorded(TRUTH, 40 + k, f"log {k}") for k in range(3)], GRAVITY)


@pytest.fixture(scope="module")
def values(found):
    return imu_values(found)


def inside(value, truth, width=3.0):
    assert value.half_width is not None
    return abs(value.value - truth) < width * value.half_width  # three times: 25 numbers of one seed


def test_scale_and_misalignment_are_found(values):
    for word, planted_map in (("gyro_map", TRUTH.gyro_map), ("acc_map", TRUTH.acc_map)):
        for i, row in enumerate("xyz"):
            for j, column in enumerate("xyz"):
                assert inside(values[f"{word}_{row}{column}"], planted_map[i, j]), (word, row, column)
    assert all(values[f"gyro_map_{a}{b}"].half_width < 1e-3 for a in "xyz" for b in "xyz")


def test_biases_delays_and_place_are_found(values):
    for k, axis in enumerate("xyz"):
        assert values[f"gyro_bias_{axis}"].value == pytest.approx(TRUTH.gyro_bias[k], abs=1.5e-4)
        assert inside(values[f"acc_bias_{axis}"], TRUTH.acc_bias[k])
        assert inside(values[f"lever_{axis}"], TRUTH.lever[k])
        assert values[f"lever_{axis}"].half_width < 2e-3
    assert values["gyro_delay"].value == pytest.approx(TRUTH.gyro_delay, abs=5e-5)
    assert values["acc_delay"].value == pytest.approx(TRUTH.acc_delay, abs=2e-4)


def test_noise_at_rest_is_found(values):
    for axis in "xyz":
        assert values[f"gyro_white_{axis}"].value == pytest.approx(TRUTH.gyro_white, rel=0.05)
        assert values[f"acc_white_{axis}"].value == pytest.approx(TRUTH.acc_white, rel=0.05)
        assert not values[f"gyro_walk_{axis}"].identifiable  # there is none
    assert values["rate"].value == pytest.approx(1 / PERIOD)


def test_a_mounting_that_turns_the_sensor_round_is_part_of_the_map():
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    truth = replace(TRUTH, gyro_map=turn @ TRUTH.gyro_map, acc_map=turn @ TRUTH.acc_map)
    found = identify_imu([recorded(truth, 50 + k, f"log {k}") for k in range(2)], GRAVITY)
    assert np.linalg.inv(found.frame.frame.rate) == pytest.approx(truth.gyro_map, abs=1.5e-3)
    assert np.linalg.inv(found.frame.frame.force) == pytest.approx(truth.acc_map, abs=1.5e-2)


def test_a_gyroscope_that_cuts_toward_zero_is_known_by_its_zeros():
    random, step = np.random.default_rng(3), 1.065e-3
    noise = 1.7e-3 * random.standard_normal((5000, 3)) + np.array([2e-3, 0.0, -4e-3])
    cut, rounded = np.trunc(noise / step) * step, np.round(noise / step) * step
    assert step_of(cut.ravel()) == pytest.approx(step, rel=1e-4)
    assert step_of(noise.ravel()) == 0.0
    assert cuts_toward_zero([cut], step)
    assert not cuts_toward_zero([rounded], step)
    assert uncut(cut, step).mean(axis=0) == pytest.approx(noise.mean(axis=0), abs=1e-4)
    assert abs(cut[:, 2].mean() - noise[:, 2].mean()) > 3e-4  # what believing the codes would cost


def test_clocks_seconds_apart_are_found_and_delays_are_then_not_known():
    plain = [recorded(TRUTH, 60 + k, f"log {k}") for k in range(2)]
    rows = round(2.1 / PERIOD)
    late = [
        replace(
            one,
            orientation=np.roll(one.orientation, rows, axis=0),
            position=np.roll(one.position, rows, axis=0),
        )
        for one in plain
    ]
    assert alignment_of(late[0]).rows == pytest.approx(rows, abs=3)
    found = identify_imu(late, GRAVITY)
    assert found.lags == pytest.approx([2.1, 2.1], abs=0.01)  # less the sensor's own delay
    delay = imu_values(found)["gyro_delay"]
    assert not delay.identifiable
    assert "2.09 s apart" in delay.source
    assert np.linalg.inv(found.frame.frame.rate) == pytest.approx(TRUTH.gyro_map, abs=1.5e-3)


ONE = recorded(TRUTH, 41, "one")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"acc": ONE.acc / 9.80665}, "'imu_linear_acceleration' shows 1.01 m/s.2 at rest.*looks like g"),
        ({"gyro": np.degrees(ONE.gyro)}, "never rests|57.* times the pose's rates.*looks like deg/s"),
        ({"gyro": ONE.gyro[:, [1, 0, 2]]}, "only in a mirror.*two are swapped"),
        ({"acc": ONE.acc[:, [2, 0, 1]]}, "gravity point to many sides.*not those of 'imu_angular_velocity'"),
        ({"gyro": ONE.gyro * np.array([1, 1, 0])}, "'imu_angular_velocity.z' is 0 all along"),
        ({"gyro": ONE.gyro[:5], "acc": ONE.acc[:5]}, "has 5 samples over"),
        ({"position": np.full_like(ONE.position, np.nan)}, "'base_position.x' holds no number"),
        ({"gyro": ONE.gyro[::-1].copy()}, "have a correlation of"),
    ],
)
def test_a_log_that_does_not_fit_is_refused_by_name(broken, said):
    with pytest.raises(LogError) as error:
        alignment_of(recording_of(log_of(ONE, **broken)))
    assert re.search(said, str(error.value)), str(error.value)
    assert str(error.value).startswith("log one: ")
    assert "\n" not in str(error.value)


def test_holes_and_jumps_of_the_pose_are_not_believed():
    orientation, position = ONE.orientation.copy(), ONE.position.copy()
    position[4000:4100] = np.nan
    position[6000] += 1.0
    read = recording_of(log_of(ONE, orientation=orientation, position=position))
    assert read.missing[4000:4100].all()
    assert read.missing[5996:6005].all()
    assert read.missing.sum() < 130
    assert np.isfinite(read.position).all()
    assert read.faults == ("pose jumps 2 times",)
