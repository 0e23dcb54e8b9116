"""Clocks and values between samples, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import LogError
from hybridsim.export.resample import clock, frame_count, method_of, resample

NS = 1_700_000_000_000_000_000


def at(*milliseconds):
    return NS + np.array(milliseconds, np.int64) * 1_000_000


def column(*values):
    return np.array(values, float)[:, None]


@pytest.mark.parametrize(
    ("name", "components", "method"),
    [
        ("joint_position", 3, "linear"),
        ("joint_position_command", 3, "hold"),
        ("gripper_opening_command.left", 1, "hold"),
        ("motor_enabled", 3, "hold"),
        ("contact", 1, "hold"),
        ("base_orientation", 4, "slerp"),
        ("base_orientation", 3, "linear"),
        ("an_unknown_one", 4, "linear"),
    ],
)
def test_each_signal_has_its_method(name, components, method):
    assert method_of(name, components) == method


def test_commands_are_held():
    found = resample(at(0, 10, 20), column(1, 2, 3), at(0, 9, 10, 19, 20, 500), "hold")
    assert found[:, 0].tolist() == [1, 1, 2, 2, 3, 3]


def test_measurements_are_interpolated():
    # 2 + (5 - 2) * 2 / 8 = 2.75
    found = resample(at(0, 10, 18), column(1, 2, 5), at(0, 5, 10, 12, 18), "linear")
    np.testing.assert_allclose(found[:, 0], [1, 1.5, 2, 2.75, 5], rtol=1e-15)


def test_orientations_turn_evenly_the_short_way():
    # 0 and 90 deg about z, the second with its sign flipped: a third of the way is 30 deg
    quarter = np.array([0, 0, np.sin(np.pi / 4), np.cos(np.pi / 4)])
    found = resample(at(0, 30), np.array([[0, 0, 0, 2.0], -quarter]), at(0, 10, 30), "slerp")
    expected = [[0, 0, np.sin(a / 2), np.cos(a / 2)] for a in (0, np.pi / 6, np.pi / 2)]
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_orientations_do_not_jump_in_sign():
    angles = np.linspace(0, 6 * np.pi, 40)
    turns = np.stack([np.sin(angles / 2), 0 * angles, 0 * angles, np.cos(angles / 2)], axis=1)
    turns *= np.random.default_rng(0).choice([-1, 1], 40)[:, None]
    found = resample(at(*range(40)), turns, at(*range(0, 40, 1)), "slerp")
    assert np.all(np.sum(found[1:] * found[:-1], axis=1) > 0.9)


def test_orientations_that_hardly_turn_stay_of_length_one():
    found = resample(at(0, 1), np.array([[0, 0, 0, 1.0], [1e-9, 0, 0, 1.0]]), at(0, 1), "slerp")
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-15)


def test_no_rotation_is_refused():
    with pytest.raises(LogError, match="an orientation is 0, 0, 0, 0; expected a quaternion"):
        resample(at(0, 1), np.zeros((2, 4)), at(0), "slerp")


def test_a_clock_does_not_drift():
    # 3 Hz for an hour: frame 3 k stands at exactly k seconds, the others within half a nanosecond
    frames = clock(NS, NS + 3600 * 10**9, 3)
    assert len(frames) == 10_801
    assert (frames[::3] - NS).tolist() == [k * 10**9 for k in range(3601)]
    assert (frames[1] - NS, frames[2] - NS) == (333_333_333, 666_666_667)


@given(st.integers(-(10**18), 10**18), st.integers(0, 10**10), st.integers(1, 10_000))
def test_a_clock_stays_inside_its_ends(start, lasts, rate):
    frames = clock(start, start + lasts, rate)
    assert len(frames) == frame_count(start, start + lasts, rate) == lasts * rate // 10**9 + 1
    assert frames[0] == start and frames[-1] <= start + lasts
    assert np.all(np.diff(frames) > 0)


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=20), st.integers(1, 1000))
def test_interpolation_gives_samples_back_at_their_stamps(steps, seed):
    stamps = NS + np.cumsum(np.array(steps, np.int64))
    values = np.random.default_rng(seed).normal(size=(len(stamps), 2))
    for method in ("hold", "linear"):
        assert resample(stamps, values, stamps, method).tobytes() == values.tobytes()
