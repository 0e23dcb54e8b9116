"""Our own tables, logs, and whatever else somebody calls a motion."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridsim.errors import MotionError
from hybridsim.log import LogDraft, LogStore, Signal
from hybridsim.motion import Motion, read_motion
from hybridsim.motion.read import parsed
from tests.motion.made import humanoid_frame, laikago_frame, swing_table

BASE = {"base_x_m": 0.1, "base_y_m": 0.0, "base_z_m": 0.5}
BASE |= {"base_qx": 0.0, "base_qy": 0.0, "base_qz": 0.6, "base_qw": 0.8}


def test_a_table_by_hand(tmp_path):
    (tmp_path / "walk.csv").write_text("time_s,knee_rad,hip_rad\n0,0.1,1\n0.5,0.2,2\n")
    found = read_motion(tmp_path / "walk.csv")
    assert found.joints == ("knee", "hip") and found.duration_s == 0.5 and not found.loop
    np.testing.assert_array_equal(found.columns["hip"], [1.0, 2.0])
    assert found.base_position is None and found.speed is None


def test_csv_and_parquet_say_the_same(tmp_path):
    frame = pd.DataFrame({"time_s": [0.0, 0.1, 0.2], "knee_rad": [0.0, 0.5, 1.0], **BASE})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    one, other = read_motion(tmp_path / "a.csv"), read_motion(str(tmp_path / "a.parquet"))
    np.testing.assert_array_equal(one.joint_position, other.joint_position)
    np.testing.assert_array_equal(one.base_orientation, other.base_orientation)
    np.testing.assert_array_equal(one.base_orientation[0], [0.0, 0.0, 0.6, 0.8])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_s,knee_rad\n0,1\n0,1\n", "frame 1 is at 0 s, the one before at 0 s; expected increasing"),
        ("time_s,knee_rad\n0,1\n1,\n", "joint_position of frame 1 is nan"),
        ("time_s,knee_rad\n0,1\n1,inf\n", "joint_position of frame 1 is inf"),
        ("time_s,knee_rad\n0,1e9\n1,1\n", r"is 1e\+09; expected a finite number of at most 1000"),
        ("time_s,knee_rad\n0,a\n1,b\n", "column 'knee_rad' holds string; expected numbers"),
        ("time_s,knee_deg\n0,1\n1,1\n", "unknown column 'knee_deg'; expected time_s, <joint>_rad"),
        ("knee_rad\n0\n1\n", "no column 'time_s'; it has knee_rad"),
        ("time_s\n0\n1\n", "no column <joint>_rad; it has time_s"),
        ("time_s,k_rad,base_x_m\n0,1,0\n1,1,0\n", "no column 'base_y_m'"),
        ("time_s,k_rad,k_rad\n0,1,0\n1,1,0\n", "each once"),
        ("", "is no table"),
    ],
)
def test_damaged_tables_are_named(tmp_path, text, words):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(MotionError, match=words):
        read_motion(tmp_path / "m.csv")


def test_what_is_no_motion(tmp_path):
    with pytest.raises(MotionError, match=r"motion 'moonwalk': no such file.*laikago_walk"):
        read_motion("moonwalk")
    with pytest.raises(MotionError, match="is no log; expected a log's folder"):
        read_motion(tmp_path)
    (tmp_path / "a.bvh").write_text("")
    with pytest.raises(MotionError, match=r"ends in '.bvh'; expected one of .txt, .json, .csv, .parquet"):
        read_motion(tmp_path / "a.bvh")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(MotionError, match=r"a.json: is not valid JSON"):
        read_motion(tmp_path / "a.json")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(MotionError, match=r"a.parquet: is no table"):
        read_motion(tmp_path / "a.parquet")


def logged(tmp_path, **base):
    stamps = np.arange(0, 1_000_000_000, 10_000_000)
    wave = np.sin(2e-9 * np.pi * stamps)[:, None]
    signals = {"joint_position": Signal("joint_position", "rad", ("pendulum",), stamps, wave)}
    for name, (at, values) in base.items():
        axes = tuple("xyzw"[: values.shape[1]])
        signals[name] = Signal(name, "1" if len(axes) == 4 else "m", axes, at, values)
    draft = LogDraft(robot="xl330_pendulum", serial="one", name="by hand", signals=signals)
    store = LogStore(tmp_path / "logs")
    return store.root / store.add(draft)[0], wave


def test_a_demonstration_in_a_log(tmp_path):
    folder, wave = logged(tmp_path)
    found = read_motion(folder)
    assert (
        found.skeleton == "xl330_pendulum" and found.joints == ("pendulum",) and found.base_position is None
    )
    np.testing.assert_allclose(found.joint_position, wave)
    assert found.duration_s == pytest.approx(0.99)


def test_a_base_in_a_log_is_brought_to_the_joints_stamps(tmp_path):
    at = np.array([100_000_000, 500_000_000])
    place = np.array([[0.0, 0.0, 0.5], [0.4, 0.0, 0.5]])
    turn = np.array([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, -0.6, -0.8]])  # the second's sign means nothing
    folder, _ = logged(tmp_path, base_position=(at, place), base_orientation=(at, turn))
    found = read_motion(folder)
    assert found.duration_s == pytest.approx(0.4) and found.speed == pytest.approx(1.0)
    assert found.base_position[20, 0] == pytest.approx(0.2)
    assert found.base_orientation[20, 3] > 0.9 and found.base_orientation[20, 2] > 0.2


def test_a_log_without_joints_is_refused(tmp_path):
    stamps = np.arange(10)
    signal = Signal("motor_current", "A", ("pendulum",), stamps, np.zeros((10, 1)))
    draft = LogDraft(robot="xl330_pendulum", serial="one", name="x", signals={"motor_current": signal})
    store = LogStore(tmp_path)
    with pytest.raises(MotionError, match="no signal 'joint_position'; available: motor_current"):
        read_motion(tmp_path / store.add(draft)[0])


cells = st.one_of(
    st.floats(), st.integers(-(10**400), 10**400), st.none(), st.booleans(), st.text(max_size=3)
)
frames = st.lists(st.one_of(st.lists(cells, max_size=45), cells), max_size=4)


@given(st.one_of(st.binary(max_size=60), st.builds(lambda f: json.dumps({"Frames": f}).encode(), frames)))
def test_any_bytes_are_a_motion_or_one_line(content):
    for suffix in (".json", ".csv", ".parquet"):
        try:
            assert isinstance(parsed(content, suffix, "made"), Motion)
        except MotionError as error:
            assert str(error).startswith("made: ") and "\n" not in str(error)


@given(st.data())
def test_a_clip_with_one_wrong_number_is_a_motion_or_one_line(data):
    frame = data.draw(st.sampled_from([humanoid_frame(), laikago_frame()]))
    rows = [list(frame), list(frame)]
    rows[data.draw(st.integers(0, 1))][data.draw(st.integers(0, len(frame) - 1))] = data.draw(cells)
    try:
        found = parsed(json.dumps({"Frames": rows}).encode(), ".txt", "made")
        assert np.isfinite(found.joint_position).all() and np.isfinite(found.base_orientation).all()
    except MotionError as error:
        assert str(error).startswith("made: ") and "\n" not in str(error)


def test_the_same_file_has_the_same_hash(tmp_path):
    one, other = swing_table(tmp_path / "a.csv"), swing_table(tmp_path / "b.csv", frames=42)
    assert read_motion(one).sha256 == read_motion(one).sha256 != read_motion(other).sha256
