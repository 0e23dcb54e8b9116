"""Searches find what was planted: the effort below which a pendulum sags, and a worse draw than usual."""

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.verify.battery import Search, read_battery
from hybridsim.verify.falsify import Broken
from hybridsim.verify.run import Asked, verify
from hybridsim.verify.work import Crew
from tests.verify.made import battery, swing_policy

SERIAL = Crew(engine="serial")
BREAK = '[[scenario]]\nname = "weak"\nsearch = {key = "derating_share", to = 1.0, '
BREAK += "trials = 8, episodes = 10, broken = 0.25"


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return swing_policy(tmp_path_factory.mktemp("policy"))


def found(policy, path, **changed):
    return verify(Asked(policy=policy, battery=path, **changed), crew=SERIAL).result


def test_the_weakest_break_is_found_confirmed_and_can_be_run_again(policy, tmp_path):
    result = found(policy, battery(tmp_path, BREAK + ", stands = 0.999}\n"))
    entry = result["scenarios"][0]
    search = entry["search"]
    value = search["found"]["derating_share"]
    assert entry["state"] == "failed" and 0.3 < value < 0.999 and search["share"] > 0.1
    assert search["interval"][0] < search["share"] <= search["interval"][1]
    below = [trial["share"] for trial in search["trials"] if trial["value"] < 0.8 * value]
    assert below and max(below) < 0.25  # nothing clearly weaker broke it
    again = battery(tmp_path, search["scenario"] + "\nepisodes = 40\n")
    assert found(policy, again)["scenarios"][0]["criteria"][0]["value"] > 0.1
    assert read_battery(again).scenarios[0].disturbances["derating_share"] == value


def test_what_nothing_breaks_says_so(policy, tmp_path):
    easy = BREAK.replace("to = 1.0", "to = 0.01").replace("trials = 8", "trials = 4") + ", stands = 0.01}\n"
    entry = found(policy, battery(tmp_path, easy))["scenarios"][0]
    assert entry["state"] == "passed" and "nothing up to derating_share = 0.01" in entry["summary"]


@pytest.mark.parametrize(
    ("key", "to", "stands", "value", "passes"),
    [
        ("push_m_s", 2.0, 0.5, 0.6, True),
        ("push_m_s", 2.0, 0.5, 0.4, False),
        ("battery_voltage_share", 0.2, 0.7, 0.6, True),  # stronger is lower here
        ("battery_voltage_share", 0.2, 0.7, 0.8, False),
    ],
)
def test_what_has_to_be_stood_by_hand(key, to, stands, value, passes):
    search = Search(key=key, to=to, stands=stands)
    assert Broken(search=search, values={key: value}, joints="*").stands == passes
    assert search.value(search.strength(value)) == pytest.approx(value)


def test_the_worst_draw_lies_within_its_intervals_and_is_tested(policy, tmp_path):
    scenario = '[[scenario]]\nname = "worst"\nworst = {trials = 8, episodes = 4}\nepisodes = 20\n'
    path = battery(tmp_path, scenario)
    entry = found(policy, path, calibration="xl330_pendulum")["scenarios"][0]
    worst, known = entry["worst_draw"], Calibration.load("xl330_pendulum").parameters
    assert (
        entry["kind"] == "worst"
        and entry["episodes"] > 0
        and worst["return"] < worst["return_of_usual_draws"]
    )
    assert worst["values"]
    for name, value in worst["values"].items():
        low, high = known[name].interval_95
        assert low - 1e-9 <= value <= high + 1e-9, name
    assert np.ptp(list(worst["places"].values())) > 0.0
