"""`hybridsim export CALIBRATION`, `hybridsim inspect NETWORK.pt`: what they print, refuse, leave behind."""

import json

import pytest

from hybridsim.cli import main
from hybridsim.exchange import isaaclab
from tests.exchange.made import QUICK, Picks, Spring, anymal, mlp_contract, save


@pytest.fixture(autouse=True)
def little_training(monkeypatch):
    monkeypatch.setattr(isaaclab, "DistillOptions", lambda: QUICK)


def test_networks_go_to_onnx(tmp_path, capsys):
    assert main.run(["export", "so101/21624384cff0", "--to", "onnx", "--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = ("drive_residual", "sensor_drive_shift", "sensor_drive_strength")
    assert lines == [f"{name}: {tmp_path / 'out' / name}.onnx" for name in names]
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(names)


def test_drives_go_to_isaac_lab_and_say_what_was_lost(tmp_path, capsys):
    folder = anymal(delay=0.005).save(tmp_path / "made")
    out = tmp_path / "out"
    assert main.run(["export", str(folder), "--to", "isaaclab", "--network", "mlp", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("LF_HAA, LF_HFE") and lines[0].endswith(f"{out}/mlp_LF_HAA_and_11_more.pt")
    assert "held out: effort off" in lines[1] and "best spring and damper" in lines[1]
    names = ["isaaclab.json", "mlp_LF_HAA_and_11_more.pt", "mlp_LF_HAA_and_11_more.toml"]
    assert sorted(path.name for path in out.iterdir()) == names
    said = json.loads((out / "isaaclab.json").read_text())["networks"][0]
    assert said["isaaclab"]["class"] == "ActuatorNetMLPCfg" and said["held_out"]["seconds"] > 1


REFUSED = [
    (["so101", "--to", "isaaclab", "--out", "{out}"], 1, "expected coupling 'effort'"),
    (["ur10", "--to", "isaaclab", "--out", "{out}"], 1, "expected joint_position_command"),
    (["sts3250_pendulum", "--to", "onnx", "--out", "{out}"], 1, "ships no networks, parameters alone"),
    (["so102", "--to", "onnx", "--out", "{out}"], 1, "so102: no calibration there"),
    (["so101", "--to", "onnx", "--out", "{tmp}"], 1, "exists already; expected a new folder"),
    (["so101", "cube", "--to", "onnx", "--out", "{out}"], 2, "2 calibrations; expected one"),
    (["so101", "--to", "onnx", "--rate", "5", "--out", "{out}"], 2, "goes with --to lerobot"),
    (["so101", "--to", "onnx", "--network", "mlp", "--out", "{out}"], 2, "goes with --to isaaclab"),
    (["so101", "--to", "onnx", "--robot", "so101", "--out", "{out}"], 2, "goes with --to isaaclab"),
    (["so101", "--to", "isaaclab", "--network", "gru", "--out", "{out}"], 2, "lstm"),
    (["so101", "--to", "onnx", "--out", "/proc/x"], 1, "/proc/x: was not written"),
]


@pytest.mark.parametrize(("words", "code", "named"), REFUSED)
def test_wrong_words_are_one_clear_line_and_leave_nothing(tmp_path, capsys, words, code, named):
    asked = [word.format(out=tmp_path / "out", tmp=tmp_path) for word in words]
    assert main.run(["export", *asked]) == code
    captured = capsys.readouterr()
    assert named in captured.err and captured.out == "" and "Traceback" not in captured.err
    assert code == 2 or captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def network(folder, module):
    (folder / "net.toml").write_text(mlp_contract().toml())
    return str(save(module, folder / "net.pt"))


def test_a_network_is_looked_at_only_where_it_is_trusted(tmp_path, capsys):
    file = network(tmp_path, Spring(80.0, 2.0, entries=3))
    assert main.run(["inspect", file]) == 1
    captured = capsys.readouterr()
    assert "net.pt: a TorchScript file can hold any code" in captured.err and captured.err.count("\n") == 1
    with pytest.warns(UserWarning, match="loading a TorchScript file"):
        assert main.run(["inspect", file, "--trust-torchscript"]) == 0
    said = capsys.readouterr().out
    assert "mlp, every 0.0025 s, for a, b; at most 100 N*m" in said
    assert "0.1 rad behind it 8 N*m, at it with 1 rad/s -2 N*m" in said and "problem" not in said


@pytest.mark.filterwarnings("ignore::hybridsim.exchange.torchscript.UntrustedCodeWarning")
@pytest.mark.parametrize(
    ("module", "said"),
    [(Spring(-80.0, 2.0, 3), "pushes away from its target"), (Picks(3), "pushes along with the speed")],
)
def test_a_wrong_sign_is_seen(tmp_path, capsys, module, said):
    assert main.run(["inspect", network(tmp_path, module), "--trust-torchscript", "--json", "-"]) == 0
    sheet = json.loads(capsys.readouterr().out)[0]
    assert any(said in problem for problem in sheet["problems"])
