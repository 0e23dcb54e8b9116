"""`hybridsim inspect` prints sheets for people or JSON for scripts; one bad path costs that path."""

import json

import pytest

from hybridsim.cli import main

ROBOT = "xl330_pendulum"  # its URDF is our own, so this needs no extra package


def test_a_robot_is_printed_by_name(capsys):
    assert main.run(["inspect", ROBOT]) == 0
    assert ROBOT in capsys.readouterr().out


def test_json_is_a_list_that_a_script_reads(tmp_path, capsys):
    assert main.run(["inspect", ROBOT, ROBOT, "--json", "-"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert len(printed) == 2
    assert printed[0]["problems"] == []
    assert main.run(["inspect", ROBOT, ROBOT, "--json", str(tmp_path / "sheets.json")]) == 0
    assert json.loads((tmp_path / "sheets.json").read_text()) == printed


@pytest.mark.parametrize("order", [["{bad}", ROBOT], [ROBOT, "{bad}"]])
def test_one_bad_path_costs_that_path(order, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main.run(["inspect", *(word.format(bad=tmp_path / "empty") for word in order)]) == 1
    captured = capsys.readouterr()
    assert ROBOT in captured.out
    assert captured.err.startswith(f"hybridsim: {tmp_path / 'empty'}: ")
    assert captured.err.count("\n") == 1
