"""`hybridsim fleet collect`: which unit, which commands, and what is refused (synthetic beliefs)."""

import json

import numpy as np
import pandas as pd
import pytest

from hybridsim.calibration import Calibration
from hybridsim.cli import main
from hybridsim.context.belief import Belief
from hybridsim.context.evidence import Evidence
from hybridsim.context.motions import motions, reach_of
from hybridsim.context.population import Population
from hybridsim.context.space import space_of
from hybridsim.fleet.collect import MOST_UNITS, belief_of, commands
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.outlook import Outlook
from hybridsim.fleet.place import Place
from hybridsim.fleet.registry.entries import LogEntry
from hybridsim.fleet.registry.knowledge import Alarm, Context
from hybridsim.log import Constant, LogDraft, LogStore, Signal
from hybridsim.motion.read import read_motion
from hybridsim.robot import load_robot

ROBOT = "xl330_pendulum"
DAY = 86_400 * 10**9


@pytest.fixture
def fleet(tmp_path):
    """Of `new`, which nobody has calibrated, and `known`, of which much is believed."""
    opened = Fleet.init(tmp_path / "fleet", Place(schema=1, robot=ROBOT))
    opened.add_calibration(ROBOT)
    opened.registry.enrol(["known", "new"])
    yield opened
    opened.close()


@pytest.fixture
def space(fleet):
    """With a population of it, and the context of `known`."""
    reference = Calibration.load(ROBOT)
    space = space_of(reference, fleet.robot)
    count = len(space)
    population = Population(
        schema=1,
        robot=ROBOT,
        reference=reference.id,
        entries=space.names,
        sizes=tuple(entry.size for entry in space.entries),
        mean=(0.0,) * count,
        covariance=tuple(map(tuple, np.eye(count).tolist())),
        deviation=(0.02,),
        memory=(50.0,),
        wander=(0.01,) * count,
        misfit=3.0,
        units=(),
    )
    fleet.keep_population(population)
    registry = fleet.registry
    registry.add_calibration("own", serial="known")
    belief = Belief(mean=np.zeros(count), precision=np.eye(count) / 0.05**2)
    registry.knowledge.add_context(
        Context(
            calibration="own",
            serial="known",
            population=population.id,
            belief=belief,
            from_ns=DAY,
            to_ns=2 * DAY,
        )
    )
    registry.promote("known", "own")
    fleet.take([recorded(fleet.folder / "logs")])
    return space


def recorded(store):
    """A log that says what the pendulum carries."""
    stamps = DAY + np.arange(100, dtype=np.int64) * 10**7
    names = ("joint_position_command", "joint_position")
    signals = {n: Signal(n, "rad", ("pendulum",), stamps, np.zeros((100, 1))) for n in names}
    carried = {
        "payload_mass": Constant(value=0.1, unit="kg"),
        "payload_length": Constant(value=0.1, unit="m"),
    }
    draft = LogDraft(robot=ROBOT, serial="known", name="rest", signals=signals, constants=carried)
    LogStore(store).add(draft)
    return store


def collect(fleet, *words):
    words = ["fleet", "collect", "--fleet", str(fleet.folder), "--engine", "serial", *map(str, words)]
    return main.run(words)


def test_the_unit_that_nobody_knows_moves_and_the_file_keeps_its_limits(fleet, space, tmp_path, capsys):
    out, document = tmp_path / "next.csv", tmp_path / "next.json"
    words = ["--seconds", 4, "--candidates", 2, "--out", out, "--json", document]
    assert collect(fleet, *words) == 0
    assert "on unit new" in capsys.readouterr().out
    said = json.loads(document.read_text())
    assert said["serial"] == "new" and [one["serial"] for one in said["units"]] == ["new", "known"]
    assert said["uncertainty"]["new"] > said["uncertainty"]["known"]
    best = said["units"][0]
    assert best["drop_context"] > said["units"][1]["drop_context"] > 0
    assert best["drop"] == best["drop_context"] + best["drop_networks"] and best["drop_networks"] >= 0
    assert {one["name"] for one in best["parameters"]} == set(space.names)
    assert all(one["after"] <= one["before"] + 1e-12 for one in best["parameters"])
    table, joint = pd.read_csv(out), fleet.robot.joints[0]
    angle = table["pendulum_rad"].to_numpy()
    assert list(table) == ["time_s", "pendulum_rad"] and table["time_s"].iloc[-1] == pytest.approx(4.0)
    assert joint.lower.value < angle.min() < angle.max() < joint.upper.value
    assert np.abs(np.diff(angle) / np.diff(table["time_s"])).max() < joint.velocity_limit.value
    assert angle[0] == angle[-1] == 0.0
    assert read_motion(out).joints == ("pendulum",)


def test_a_jaw_is_commanded_in_its_own_unit():
    robot = load_robot("so101")
    one = motions(reach_of(robot), seconds=6.0, rate_hz=50.0, count=3, seed=0)[2]
    table = commands(robot, one)
    assert list(table)[-2:] == ["wrist_roll_rad", "gripper_1"]
    assert table["gripper_1"].between(0.0, 1.0).all()
    drive = robot.drives[-1]
    back = drive.command_scale.value * table["gripper_1"] + drive.command_offset.value
    assert np.allclose(back, one.angle[:, -1])


def test_what_logs_have_said_since_sharpens_and_an_alarm_widens(fleet, space):
    knowledge = fleet.registry.knowledge

    def belief(serial):
        outlook = Outlook(fleet)
        return belief_of(outlook, outlook.standings([serial])[0])

    first = belief("known").deviation
    assert np.allclose(first, 0.05) and np.allclose(belief("new").deviation, 1.0)
    count = len(space)
    entry = {"serial": "known", "began_ns": 3 * DAY, "ended_ns": 3 * DAY + 10**9, "session": ""}
    for name in ("judges", "teaches"):  # the second and the third of the unit's logs
        fleet.registry.add_log(LogEntry(log_id=name, **entry))
        said = {"pull": np.zeros(count), "information": 1e3 * np.eye(count), "misfit": 1.0}
        knowledge.add_evidence("known", "own", Evidence(log_id=name, error=np.zeros(1), **said))
    # Information 1000 with wander 0.01: 1000 / (1 + 10) = 90.9 over the 400 that were there; of one log.
    assert np.allclose(belief("known").deviation, (400 + 1000 / 11) ** -0.5)
    alarm = Alarm(
        log_id="teaches",
        calibration="own",
        serial="known",
        since_ns=4 * DAY,
        family="friction",
        place="pendulum",
        statistic=2e3,
        likelihoods={"friction": 1.0},
    )
    knowledge.add_alarm(alarm)
    after = belief("known").deviation
    own = np.array([entry.family == "friction" for entry in space.entries])
    assert own.any() and after[own].min() > 2.0 and np.allclose(after[~own], 0.05)


def test_only_the_most_uncertain_try(fleet, space, capsys):
    fleet.registry.enrol([f"n{k}" for k in range(MOST_UNITS)])
    assert collect(fleet, "--seconds", 4, "--candidates", 1) == 0
    printed = capsys.readouterr().out
    assert f"{MOST_UNITS} of {MOST_UNITS + 2} units tried" in printed
    assert "known" not in [line.split()[0] for line in printed.splitlines()[: MOST_UNITS + 1]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--serial", "nobody"], "no unit 'nobody' in this fleet; available: known, new"),
        (["--out", "{tmp}"], "is a folder; expected a file to write"),
        (["--out", "{tmp}/nowhere/next.csv"], "cannot be written"),
        (["--json", "{tmp}/nowhere/next.json"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_one_line(fleet, space, tmp_path, capsys, words, said):
    assert collect(fleet, *(word.format(tmp=tmp_path) for word in words)) == 1
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1


def test_before_the_first_population(fleet, capsys):
    assert collect(fleet) == 1
    assert "nothing is known of its units yet; run hybridsim fleet relearn" in capsys.readouterr().err
