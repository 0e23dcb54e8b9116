"""A plate of one's own that a rod pushes: recordings to scores by three files, no code (synthetic)."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hybridsim.calibration import Calibration
from hybridsim.cli.main import app
from hybridsim.evaluate import evaluate
from hybridsim.passive.tool_track import ToolTrack
from tests.passive.pushes import EDGE, RADIUS, RATE_HZ, plate, prior, pushed

PLANTED = {"contact__friction": 0.3, "tool__friction": 0.15}
SPEEDS, SECONDS = (0.3, 0.4, 0.5, 0.6), 0.45
INGEST = """
schema = 1
set = "plate"
robots = ["plate"]
serial = "made"
one_log_per = "value"
value_of = "push"
[[table]]
file = "*.csv"
format = "csv"
stamp = { column = "t", unit = "s" }
[[table.signal]]
name = "base_position"
unit = "m"
columns = { x = "x", y = "y", z = "z" }
[[table.signal]]
name = "base_orientation"
unit = "1"
columns = { x = "qx", y = "qy", z = "qz", w = "qw" }
[[table.signal]]
name = "tool_position"
unit = "mm"
columns = { x = "tip_x", y = "tip_y" }
"""
STUDY = """
schema = 1
robot = "plate"
scored_signals = ["base_position", "base_orientation"]
[simulation]
physics_timestep_s = 0.001
[contact]
windows_s = [0.2]
every_s = 0.2
[identify]
trials = 160
[learn]
enabled = false
[[parameter]]
name = "contact.friction"
unit = "1"
low = 0.1
high = 0.8
[[parameter]]
name = "tool.friction"
unit = "1"
low = 0.05
high = 0.8
"""


def swings() -> list[ToolTrack]:
    """The rod hits a side off its middle, at a slant, pushes on and stops: the plate slides away from it."""
    found = []
    time = np.arange(int(SECONDS * RATE_HZ) + 1) / RATE_HZ
    for k, speed in enumerate(SPEEDS * 2):
        slant, off = (0.4, -0.5, 0.6, -0.3)[k % 4], (0.015, -0.02)[k // 4]
        way = speed * np.array([np.cos(slant), np.sin(slant), 0.0])
        begin = np.array([-EDGE / 2 - RADIUS - 0.005, off, 0.06])
        place = begin + np.minimum(time, 0.2)[:, None] * way
        found.append(
            ToolTrack(time_s=time, position=place, orientation=np.tile([0.0, 0, 0, 1], (len(time), 1)))
        )
    return found


def table_of(robot) -> pd.DataFrame:
    """Poses of the plate, and x and y of the rod in millimetres."""
    tools = swings()
    batch, paths = pushed(robot, [prior(robot, **PLANTED)] * len(tools), tools, SECONDS)
    count = len(tools[0].time_s)
    columns = np.c_[
        np.repeat(np.arange(len(tools)), count), batch.pieces.time, paths.position, paths.orientation
    ]
    table = pd.DataFrame(columns, columns=["push", "t", "x", "y", "z", "qx", "qy", "qz", "qw"])
    tips = 1e3 * np.concatenate([tool.position for tool in tools])
    return table.assign(push=table.push.astype(int), tip_x=tips[:, 0], tip_y=tips[:, 1])


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Robot, ingest.toml, study and recordings, as a user has them."""
    folder = tmp_path_factory.mktemp("plate")
    robot = plate(folder / "plate")
    (folder / "study.toml").write_text(STUDY)
    (folder / "ingest.toml").write_text(INGEST)
    table_of(robot).to_csv(folder / "pushes.csv", index=False)
    return folder


def typed(*words: str | Path) -> str:
    """What a command says that does its job."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def ingested(bench: Path, recording: Path, store: Path) -> Path:
    """A store of a recording's pushes."""
    own = ["--spec", bench / "ingest.toml", "--robot", bench / "plate", "--store", store]
    typed("ingest", recording, *own)
    return store


@pytest.fixture(scope="module")
def store(bench):
    return ingested(bench, bench / "pushes.csv", bench / "logs")


@pytest.fixture(scope="module")
def calibrated(bench, store):
    typed("calibrate", bench / "study.toml", "--logs", store, "--out", bench / "out", "--engine", "serial")
    return next((bench / "out").glob("*/calibration.json")).parent


def test_friction_of_ground_and_tool_is_found(calibrated):
    parameters = Calibration.load(calibrated).record.parameters
    assert parameters["contact.friction"].value == pytest.approx(0.3, rel=0.05)
    assert parameters["tool.friction"].value == pytest.approx(0.15, rel=0.1)
    assert parameters["tool.friction"].identifiable
    assert not parameters["tool.stiffness"].identifiable


def test_it_is_scored_from_the_first_sample(bench, store, calibrated):
    files = ["--json", bench / "scores.json", "--report", bench / "report.html"]
    typed("evaluate", calibrated, "--robot", bench / "plate", "--logs", store, *files)
    scores = json.loads((bench / "scores.json").read_text())
    error = {name: scores["variants"][name]["signals"]["base_position"] for name in ("nominal", "identified")}
    assert error["identified"]["mae_mean"] < 0.001 < error["nominal"]["mae_mean"]


def test_pushes_have_no_flight_to_fit(bench, calibrated, tmp_path):
    table = pd.read_csv(bench / "pushes.csv")
    table[table["push"] < 2].to_csv(tmp_path / "two.csv", index=False)
    logs = ingested(bench, tmp_path / "two.csv", tmp_path / "logs")
    found = evaluate(calibrated, [logs], robot=bench / "plate", start="flight", engine="serial")
    assert any("2 logs fly for too few samples" in note for note in found.scores["notes"])
    assert found.scores["variants"]["identified"]["signals"]["base_position"]["mae_mean"] < 0.001


def without_tool(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["tip_x", "tip_y"])


def in_the_plate(table: pd.DataFrame) -> pd.DataFrame:
    """The rod's axis 20 mm behind the side, but 10 mm under the top in the middle: 10 + 5 mm inside."""
    return table.assign(tip_x=table.tip_x + 30.0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_tool, r"no tool_position, but robots/plate has a \[tool\]; it has base_orientation"),
        (in_the_plate, "starts 15 mm inside the tool; expected at most 10 mm"),
    ],
)
def test_a_push_that_cannot_be_replayed_is_named(bench, calibrated, tmp_path, spoil, message):
    table = pd.read_csv(bench / "pushes.csv")
    spoil(table[table["push"] < 1]).to_csv(tmp_path / "spoilt.csv", index=False)
    (tmp_path / "ingest.toml").write_text(
        INGEST if "tip_x" in spoil(table) else INGEST[: INGEST.index('[[table.signal]]\nname = "tool')]
    )
    own = ["--spec", tmp_path / "ingest.toml", "--robot", bench / "plate", "--store", tmp_path / "logs"]
    typed("ingest", tmp_path / "spoilt.csv", *own)
    words = ["evaluate", calibrated, "--robot", bench / "plate", "--logs", tmp_path / "logs"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code != 0
    assert re.search(message, str(result.exception))
