"""A simulator told by seconds of a log which individual it is: nearer, and surer with more. Synthetic."""

from dataclasses import replace

import numpy as np
import pytest

from hybridsim import HybridSim
from hybridsim.context.prompt import prompt
from hybridsim.demo.units import changed, drawn_unit
from hybridsim.errors import LogError, SimulationError
from hybridsim.fleet.gate import replayed
from hybridsim.log import read_log
from hybridsim.robot import load_robot
from tests.context.made import DEMO
from tests.fleet.arms import of_unit, record


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Three logs of a unit that nobody has seen, its elbow half as stiff as any other."""
    store = tmp_path_factory.mktemp("unit")
    weak = changed(drawn_unit(8, 5), "gain", "elbow", -0.5)
    record(store, "u5", 5, range(3), replace(weak, bias={}))
    return [read_log(folder) for folder in of_unit(store, "u5")]


@pytest.fixture(scope="module")
def arms(arm, tmp_path_factory):
    """Eight worlds of the reference."""
    folder = arm.reference.save(tmp_path_factory.mktemp("reference"))
    made = HybridSim.load(folder, worlds=8, robot=DEMO / "arm")
    yield made
    made.close()


def test_it_becomes_the_individual_even_one_far_from_all_others(arms, arm, logs, tmp_path):
    mine = arms.prompt(*logs[:2])
    assert mine.worlds == 8 and mine.calibration.record.serial == "u5"
    assert arms.calibration.id == arm.reference.id
    gain = mine.calibration.parameters["drive.elbow.position_gain"]
    assert gain.value == pytest.approx(0.5 * 5.0, rel=0.3)
    before, after = (
        replayed(arm.bench, calibration.save(tmp_path / "one"), logs[2:]).error.mean()
        for calibration in (arms.calibration, mine.calibration)
    )
    assert after < 0.25 * before
    mine.close()


def test_more_seconds_leave_less_open(arm, logs):
    spreads = [prompt(arm.reference, logs[:count], arm.robot).belief.deviation for count in (1, 3)]
    assert np.median(spreads[1] / spreads[0]) < 0.85 and (spreads[1] < 1.02 * spreads[0]).all()


def test_drawn_worlds_are_individuals_that_it_may_be(arms, arm, logs):
    found = prompt(arm.reference, logs[:1], load_robot(DEMO / "arm"))
    names = [name for name in found.space.names if name.startswith("drive.")]
    drawn = found.draws(0, 200)
    for name in names[:4]:
        interval = found.calibration.parameters[name].interval_95
        inside = [interval[0] <= own[name] <= interval[1] for own in drawn]
        assert 0.88 < np.mean(inside) <= 1.0, name
    assert drawn[3] == found.draws(0, 8)[3] and drawn[3] != found.draws(1, 8)[3]
    mine = arms.prompt(logs[0], draw_seed=0)
    mine.step(np.full((8, 2), 0.4))
    for _ in range(40):
        seen = mine.step(np.full((8, 2), 0.4))
    assert len(np.unique(seen["joint_position"][:, 1].round(6))) > 1
    mine.close()


def test_mistakes_are_told(arms, arm, logs):
    with pytest.raises(LogError, match="no log; expected at least one"):
        arms.prompt()
    other = replace(logs[0], robot="so101")
    with pytest.raises(LogError, match="is of robot 'so101'; expected demo_arm"):
        arms.prompt(other)
    bare = HybridSim(arm.robot, arm.reference.values(), arm.reference.record.simulation)
    with pytest.raises(SimulationError, match="made of values alone; expected HybridSim.load"):
        bare.prompt(logs[0])
    bare.close()
