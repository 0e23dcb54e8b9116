"""`hybridsim ingest` from typed words to a store: what it prints, what it refuses, and its exit code."""

import pytest

from hybridsim.cli import main
from hybridsim.log import LogStore

ANGLES = '"[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]"'


@pytest.fixture
def recording(tmp_path):
    """A second of an SO-101 that stands still, laid out as data/so101 describes."""
    folder = tmp_path / "still"
    folder.mkdir()
    (folder / "joint_list.txt").write_text("Rotation\nPitch\nElbow\nWrist_Pitch\nWrist_Roll\nJaw\n")
    stamps = [20_000 * row for row in range(50)]
    control = [f"CONTROL,{stamp},{ANGLES}" for stamp in stamps]
    state = [f"STATE_MOTOR,{stamp},{ANGLES},{ANGLES},{ANGLES}" for stamp in stamps]
    (folder / "control.csv").write_text("\n".join(["type,timestamp,positions", *control]))
    (folder / "state_motor.csv").write_text(
        "\n".join(["type,timestamp,positions,velocities,torques", *state])
    )
    return folder


def ingest(folder, store, *more, robot="so101"):
    return main.run(
        ["ingest", str(folder), "--robot", robot, "--store", str(store), "--engine", "serial", *more]
    )


def test_a_recording_becomes_a_log_once(recording, tmp_path, capsys):
    assert ingest(recording, tmp_path / "logs") == 0
    (log_id,) = LogStore(tmp_path / "logs").ids()
    assert capsys.readouterr().out == f"{log_id}  still\n"
    assert ingest(recording, tmp_path / "logs") == 0
    assert capsys.readouterr().out == f"{log_id}  still  (already there)\n"
    assert LogStore(tmp_path / "logs").ids() == [log_id]


def test_a_broken_recording_is_named_and_the_others_stay(recording, tmp_path, capsys):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "control.csv").write_text("nothing")
    assert (
        main.run(["ingest", str(recording), str(broken), "--robot", "so101", "--store", str(tmp_path / "l")])
        == 3
    )
    captured = capsys.readouterr()
    assert "refused" in captured.err
    assert "broken" in captured.err
    assert len(captured.out.splitlines()) == 1


def test_nothing_usable_is_a_failure(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert ingest(tmp_path / "empty", tmp_path / "logs") == 1
    assert "empty" in capsys.readouterr().err


def test_an_unknown_robot_lists_the_known_ones(recording, tmp_path, capsys):
    assert ingest(recording, tmp_path / "logs", robot="so102") == 1
    assert "so101" in capsys.readouterr().err


def test_a_robot_without_a_set_asks_for_the_spec(recording, tmp_path, capsys):
    assert ingest(recording, tmp_path / "logs", robot="anymal_c") == 1
    assert "--spec is missing" in capsys.readouterr().err


def test_an_unknown_spec_lists_the_known_ones(recording, tmp_path, capsys):
    assert ingest(recording, tmp_path / "logs", "--spec", "so102") == 1
    assert "so101" in capsys.readouterr().err
