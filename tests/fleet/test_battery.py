"""The gate's battery: whoever passes on errors has to go on mastering the fleet's scenarios."""

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.context.belief import Belief
from hybridsim.context.individual import calibration_of
from hybridsim.context.space import space_of
from hybridsim.fleet import battery as battery_gate
from hybridsim.fleet import watch
from hybridsim.fleet.fleet import Fleet
from hybridsim.fleet.gate import Verdict
from hybridsim.fleet.registry.knowledge import Context
from tests.fleet.arms import SERIAL
from tests.fleet.filled import ROBOT, Filled
from tests.verify.made import battery, swing_policy

SCENARIOS = '[[scenario]]\nname = "easy"\n[[scenario]]\nname = "limp"\nderating_share = [0.97, 1.0]\n'


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    """Whose gate has a policy and a battery beside fleet.toml, and finds no fault in errors."""
    folder = tmp_path / "fleet"
    Filled.new(folder).fleet.close()
    swing_policy(folder / "policy")
    battery(folder, SCENARIOS)
    with (folder / "fleet.toml").open("a") as file:
        file.write('policy = "policy"\nbattery = "battery.toml"\n')
    fine = Verdict(passed=True, evidence={"against": [], "change_mean": -0.1})
    monkeypatch.setattr(watch, "judge", lambda job: fine)
    opened = Fleet.open(folder)
    yield opened
    opened.close()


@pytest.fixture
def challenger(fleet):
    """Of a unit that is as the reference."""
    reference = Calibration.load(ROBOT)
    space = space_of(reference, fleet.robot)
    belief = Belief(mean=np.zeros(len(space)), precision=np.eye(len(space)))
    made = calibration_of(reference, space, belief, serial="u1", logs=[])
    fleet.registry.enrol(["u1"])
    fleet.keep_calibration(made, serial="u1", parent=reference.id)
    population = fleet.registry.knowledge.population()
    one = Context(calibration=made.id, serial="u1", population=population, belief=belief, from_ns=0, to_ns=1)
    fleet.registry.knowledge.add_context(one)
    return made.id


def test_who_fails_a_scenario_is_refused_with_the_reason(fleet, challenger, monkeypatch):
    asked, run = [], battery_gate.verify
    monkeypatch.setattr(battery_gate, "verify", lambda given, **how: asked.append(given) or run(given, **how))
    number, verdict = watch.Watch(fleet, SERIAL).verify()["u1"]
    assert [given.calibration for given in asked] == [str(fleet.artefacts.folder("calibrations", challenger))]
    assert not verdict.passed and verdict.reasons == ["scenario 'limp' failed"]
    assert verdict.evidence["scenarios"] == {"easy": "passed", "limp": "failed"}
    assert fleet.registry.knowledge.verdict("u1", challenger, None) == (number, False, verdict.evidence)
