"""A body of one's own, two boxes on a hinge: recordings to scores by three files, no code (synthetic)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hybridsim.calibrate import calibrate
from hybridsim.calibration import Calibration
from hybridsim.errors import HybridSimError
from hybridsim.evaluate import evaluate
from hybridsim.passive.laid import Pieces, Starts
from hybridsim.passive.parameters import offered_passive
from hybridsim.passive.roll import roll
from hybridsim.passive.setup import setups_of
from hybridsim.robot import load_robot
from hybridsim.simulator.sim import HybridSim

RATE_HZ, STEPS, SECONDS, TOSSES = 100.0, 8, 0.32, 8
LINK = """
 <link name="{name}">
  <inertial><mass value="{mass}"/><inertia
   ixx="4e-4" ixy="0" ixz="0" iyy="5e-4" iyz="0" izz="6e-4"/></inertial>
  {shape}
 </link>"""
BOX = '<collision><geometry><box size="0.1 0.06 0.04"/></geometry></collision>'
JOINT = """
 <joint name="hinge" type="continuous"><parent link="one"/><child link="two"/>
  <origin xyz="0.06 0 0"/><axis xyz="0 1 0"/></joint>"""
ROBOT = """
schema = 1
name = "elbow"
description = "two boxes on a hinge (synthetic)"
[urdf]
path = "elbow.urdf"
base = "floating"
source = "this test"
[rigid_body]
timestep = { value = 0.00125, unit = "s", source = "chosen for this test" }
reflected_inertia = "none"
source = "no drive"
[contact]
stiffness = { value = 5000, unit = "N/m", source = "chosen for this test" }
damping = { value = 30, unit = "N*s/m", source = "chosen for this test" }
friction = { value = 0.5, unit = "1", source = "chosen for this test" }
[[joint]]
name = "hinge"
urdf_joint = "hinge"
sign = 1
sign_source = "this test"
offset = { value = 0.0, unit = "rad", source = "this test" }
lower = { value = -3.2, unit = "rad", source = "this test" }
upper = { value = 3.2, unit = "rad", source = "this test" }
velocity_limit = { value = 50.0, unit = "rad/s", source = "this test" }
effort_limit = { value = 1.0, unit = "N*m", source = "this test" }
"""
INGEST = """
schema = 1
set = "elbow"
robots = ["elbow"]
serial = "made"
one_log_per = "value"
value_of = "toss"
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
name = "joint_position"
unit = "rad"
columns = { hinge = "hinge" }
"""
STUDY = """
schema = 1
robot = "elbow"
scored_signals = ["base_position", "base_orientation"]
[simulation]
physics_timestep_s = 0.00125
[contact]
refine_trials = 10
windows_s = [0.2]
every_s = 0.4
[identify]
trials = 48
[learn]
folds = 2
hidden = [8]
[[parameter]]
name = "contact.friction"
unit = "1"
low = 0.1
high = 0.8
"""


def write_robot(folder: Path, mass: float = 0.3, shape: str = BOX) -> Path:
    folder.mkdir(exist_ok=True)
    links = LINK.format(name="one", mass=mass, shape=shape) + LINK.format(name="two", mass=0.2, shape=shape)
    (folder / "elbow.urdf").write_text(f'<robot name="elbow">{links}{JOINT}</robot>')
    (folder / "robot.toml").write_text(ROBOT)
    return folder


def tosses(robot: Path) -> pd.DataFrame:
    """Thrown under a friction of 0.25; poses only."""
    design, random = load_robot(robot), np.random.default_rng(0)
    values = {p.name: p.value for p in offered_passive(design)} | {"contact.friction": 0.25}
    turn = random.normal(size=(TOSSES, 4))
    starts = Starts(
        position=np.tile([0.0, 0.0, 0.13], (TOSSES, 1)),
        orientation=turn / np.linalg.norm(turn, axis=1, keepdims=True),
        linear_velocity=random.uniform(-0.8, 0.8, (TOSSES, 3)) * [1, 1, 0.2],
        angular_velocity=random.uniform(-4, 4, (TOSSES, 3)),
        joint=random.uniform(-1, 1, (TOSSES, 1)),
        joint_velocity=random.uniform(-4, 4, (TOSSES, 1)),
    )
    count = int(SECONDS * RATE_HZ) + 1
    time = np.arange(count) / RATE_HZ
    pieces = Pieces(
        world=np.arange(TOSSES),
        first=np.arange(TOSSES) * count,
        count=np.full(TOSSES, count),
        time=np.tile(time, TOSSES),
        measured=np.zeros(TOSSES, bool),
    )
    paths = roll(setups_of(design, [values] * TOSSES), pieces, starts, 1 / (RATE_HZ * STEPS))
    columns = np.c_[np.repeat(np.arange(TOSSES), count), pieces.time, paths.position, paths.orientation]
    table = pd.DataFrame(columns, columns=["toss", "t", "x", "y", "z", "qx", "qy", "qz", "qw"])
    return table.assign(toss=table.toss.astype(int), hinge=paths.joint[:, 0])


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Robot and study in one folder."""
    folder = tmp_path_factory.mktemp("elbow")
    write_robot(folder / "elbow")
    (folder / "study.toml").write_text(STUDY)
    return folder


def ingested(bench: Path, table: pd.DataFrame, folder: Path) -> Path:
    """A store of the table's tosses, through the command line."""
    from typer.testing import CliRunner

    from hybridsim.cli.main import app

    table.to_csv(folder / "tosses.csv", index=False)
    (folder / "ingest.toml").write_text(INGEST)
    arguments = ["ingest", str(folder / "tosses.csv"), "--spec", str(folder / "ingest.toml")]
    arguments += ["--robot", str(bench / "elbow"), "--store", str(folder / "logs")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return folder / "logs"


@pytest.fixture(scope="module")
def store(bench, tmp_path_factory):
    """The recordings as logs."""
    return ingested(bench, tosses(bench / "elbow"), tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module")
def calibrated(bench, store):
    return calibrate(bench / "study.toml", [store], out=bench / "out", engine="serial")


def test_friction_of_a_jointed_body_is_found(calibrated):
    parameters = Calibration.load(calibrated).record.parameters
    assert parameters["contact.friction"].value == pytest.approx(0.25, abs=0.08)
    assert parameters["contact.friction"].interval_95 is not None
    assert not parameters["contact.restitution"].identifiable


def test_its_worlds_spread_about_as_logs_do(bench, calibrated):
    found = Calibration.load(calibrated)
    variation, scores = found.record.variation, found.scores()
    assert variation is not None and scores is not None
    assert (variation.count, set(variation.members)) == (16, {"contact.friction"})
    assert all(0.2 < value < 0.3 for value in variation.members["contact.friction"])
    spread = scores["variation"]
    assert spread["energy_score"]["mean"] < spread["energy_score_without_draws"]["mean"] + 1e-3
    assert [one["level"] for one in spread["coverage"]][-2:] == [0.9, 0.95]
    assert "## Spread of drawn worlds" in (calibrated / "card.md").read_text()
    with HybridSim.load(found, worlds=2, robot=bench / "elbow", draw_seed=3) as sim:
        sim.reset(base_position=[0.0, 0.0, 0.1], base_linear_velocity=[0.5, 0.0, 0.0])
        ends = [sim.step()["base_position"] for _ in range(10)][-1]
    assert np.isfinite(ends).all()


@pytest.mark.parametrize("start", ["first", "flight"])
def test_it_is_scored_from_either_start(bench, store, calibrated, start, tmp_path):
    found = evaluate(
        calibrated,
        [store],
        robot=bench / "elbow",
        start=start,
        engine="serial",
        json_file=tmp_path / "s.json",
    )
    scores = json.loads((tmp_path / "s.json").read_text())
    assert ("fitted" in scores["protocol"]["replay"]) == (start == "flight")
    assert ("variation" in scores) == (start == "first")
    error = {
        name: variant["signals"]["base_position"]["mae_mean"] for name, variant in scores["variants"].items()
    }
    assert set(error) == {"nominal", "identified", "hybrid"}
    assert error["identified"] < 0.5 * error["nominal"]
    assert len(found.replays) == 2 * TOSSES


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mass": 0.0}, "weighs nothing|weighs 0 kg|mass"),
        ({"shape": ""}, "no link has a collision shape"),
    ],
)
def test_a_body_that_cannot_be_tossed_is_refused(bench, store, tmp_path, changes, message):
    write_robot(tmp_path / "elbow", **changes)
    (tmp_path / "study.toml").write_text(STUDY)
    with pytest.raises(HybridSimError, match=message):
        calibrate(tmp_path / "study.toml", [store], out=tmp_path / "out", engine="serial")


def test_a_toss_that_starts_inside_the_ground_is_left_out(bench, calibrated, tmp_path):
    sunk = tosses(bench / "elbow")
    sunk = sunk[sunk.toss.isin([2, 3])]
    sunk.loc[sunk.toss == 3, "z"] -= 0.25
    found = evaluate(calibrated, [ingested(bench, sunk, tmp_path)], robot=bench / "elbow", engine="serial")
    assert any("inside the ground" in note for note in found.scores["notes"])
    assert len(found.replays) == 2
