"""The parts of a score: rotation angles, bins, wording, files."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.frames import geodesic_angle
from hybridsim.score import binned_error, interval_text, number_text, write_scores
from hybridsim.score.deviation import deviation, error_components


@given(st.floats(-3.1, 3.1), st.floats(0.1, 10.0), st.booleans())
def test_the_angle_between_two_turns_about_one_axis_is_their_difference(angle, scale, flipped):
    axis = np.array([0.6, 0.0, 0.8])
    start = np.append(axis * np.sin(0.2), np.cos(0.2))[None]
    end = np.append(axis * np.sin(0.2 + angle / 2), np.cos(0.2 + angle / 2))[None]
    assert geodesic_angle(start, end * (-scale if flipped else scale))[0] == pytest.approx(
        abs(angle), abs=1e-12
    )


def test_tiny_angles_are_exact():
    """arccos of the scalar product would give 0 or 2e-8 here."""
    turned = np.array([[0.0, 0.0, 0.5e-9, 1.0]])
    assert geodesic_angle(np.array([[0.0, 0.0, 0.0, 1.0]]), turned)[0] == pytest.approx(1e-9, rel=1e-9)


def test_feet_of_a_vector_signal_keep_their_names():
    names = ("LF_x", "LF_y", "LF_z", "RH_x", "RH_y", "RH_z")
    assert error_components(names, "vector") == ("LF", "RH")
    assert error_components(("x", "y", "z", "w"), "quaternion") == ("angle",)
    measured = np.array([[0.0, 0, 0, 0, 0, np.nan]])
    error = deviation(measured, np.array([[1.0, 2, 2, 0, 0, 0]]), "vector")
    assert error[0, 0] == 3.0 and np.isnan(error[0, 1])  # sqrt(1 + 4 + 4)


def test_angles_are_not_wrapped():
    assert deviation(np.array([[0.0]]), np.array([[2 * np.pi]]), "angle")[0, 0] == 2 * np.pi


def test_errors_are_binned_by_speed(replay):
    """Slow samples are off by 1, fast ones by 3, in both logs; the sign of the speed does not matter."""
    speed = np.repeat([[0.1], [-0.9]], 100, axis=0)
    predicted = {"hybrid": np.repeat([[1.0], [-3.0]], 100, axis=0)}
    found = binned_error(
        [replay(log, np.zeros((200, 1)), predicted, speed=speed) for log in "ab"], "speed", bins=3
    )
    assert found is not None
    assert found.samples.tolist() == [200, 0, 200]
    assert found.mean["hybrid"][[0, 2]].tolist() == [1.0, 3.0] and np.isnan(found.mean["hybrid"][1])
    assert found.interval["hybrid"][:, 0].tolist() == [1.0, 1.0]
    assert found.edges == pytest.approx([0.0, 0.3, 0.6, 0.9])


def test_without_known_loads_there_are_no_bins(replay):
    still = replay("a", np.zeros((200, 1)), {"hybrid": np.ones((200, 1))})
    assert binned_error([still], "load") is None
    assert binned_error([still], "speed") is None


@pytest.mark.parametrize(
    ("value", "interval", "unit", "text"),
    [
        (0.0045, (0.0041, 0.0049), "rad", "4.5 [4.1, 4.9] mrad"),
        (0.0039, (0.0031, 0.0052), "1", "3.9 [3.1, 5.2] thousandths"),
        (0.1234, (0.1, 0.15), "rad", "123 [100, 150] mrad"),
        (0.00001234, (0.00001, 0.00002), "m", "0.012 [0.010, 0.020] mm"),
        (0.0045, (0.00449, 0.00451), "rad", "4.50 [4.49, 4.51] mrad"),
        (-0.0042, (-0.005, -0.0034), "rad", "-4.2 [-5.0, -3.4] mrad"),
        (2.5, (2.0, 3.0), "N*m", "2.5 [2.0, 3.0] N*m"),
        (0.0, (0.0, 0.0), "rad", "0.0 [0.0, 0.0] mrad"),
        (-1e-11, (-2e-11, 1e-11), "rad", "0.0 [0.0, 0.0] mrad"),
        (0.0045, None, "rad", "4.5 mrad"),
        (None, None, "rad", "–"),
        (float("nan"), (0.0, 1.0), "rad", "–"),
    ],
)
def test_numbers_read_as_a_person_writes_them(value, interval, unit, text):
    assert interval_text(value, interval, unit) == text


def test_a_bare_number_has_the_digits_of_its_interval():
    assert number_text(0.0045, "rad") == "4.5"
    assert number_text(0.0045, "rad", (0.00449, 0.00451)) == "4.50"


def test_scores_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "scores.json"
    write_scores(path, {"robot": "straße", "x": 1.5})
    assert json.loads(path.read_text(encoding="utf-8")) == {"robot": "straße", "x": 1.5}
    with pytest.raises(ValueError, match="JSON"):
        write_scores(path, {"x": float("nan")})
    assert json.loads(path.read_text(encoding="utf-8"))["x"] == 1.5
    assert [p.name for p in path.parent.iterdir()] == ["scores.json"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "scores.json"
    write_scores(path, {"x": 1})

    def full_disk(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_scores(path, {"x": 2})
    monkeypatch.undo()
    assert json.loads(path.read_text()) == {"x": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["scores.json"]
