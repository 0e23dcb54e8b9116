"""Batteries: those that are published can be read, and bad ones are refused by name."""

import pytest

from hybridsim.errors import BatteryError, ResourceError
from hybridsim.resources import folder
from hybridsim.verify.battery import Scenario, read_battery
from hybridsim.verify.disturbances import DISTURBANCES, SEARCHED
from hybridsim.verify.imposed import drawn

HEAD = 'schema = 1\nname = "b"\n[pass]\nmost_falls = 0.1\n'


@pytest.mark.parametrize("path", sorted(folder("robots").glob("*/batteries/*.toml")), ids=lambda p: p.name)
def test_published_batteries_can_be_read_by_name(path):
    name = path.relative_to(folder("robots")).as_posix()
    assert read_battery(name).robot == path.parent.parent.name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "key 'schema' is missing"),
        ("schema = ", "is not valid TOML"),
        (HEAD, "key 'scenario' is missing"),
        (HEAD + "[[scenario]]\nname = 'x'\npush_ms = 1", "unknown key 'push_ms'; known keys: .*push_m_s"),
        (HEAD + "[[scenario]]\nname = 'x'\npush_m_s = nan", "push_m_s.*finite"),
        (HEAD + "[[scenario]]\nname = 'x'\nslope_rad = [0.0, inf]", "slope_rad.*finite"),
        (HEAD + "[[scenario]]\nname = 'x'\nslope_rad = 2", "slope_rad = 2.*; expected 0 to 0.7 rad"),
        (HEAD + "[[scenario]]\nname = 'x'\npush_m_s = [2, 1]", "push_m_s.*expected 0 to 10 m/s"),
        (HEAD + "[[scenario]]\nname = 'x'\n[[scenario]]\nname = 'x'", "scenario 'x' is there 2 times"),
        ("schema = 1\nname = 'b'\n[[scenario]]\nname = 'x'", "scenario 'x' has nothing to pass"),
        (
            HEAD + "[[scenario]]\nname = 'x'\nsearch = {key = 'push_at_s', to = 1}",
            "'push_at_s' cannot be",
        ),
        (
            HEAD + "[[scenario]]\nname = 'x'\nsearch = {key = 'push_m_s', to = 0}",
            "and not 0, which changes",
        ),
        (
            HEAD + "[[scenario]]\nname = 'x'\nfriction = 1\nsearch = {key = 'friction', to = 0.1}",
            "friction is searched",
        ),
        (
            HEAD + "[[scenario]]\nname = 'x'\nroughness_m = 0.1\nfriction_beyond = 0.1",
            "expected one: rough ground",
        ),
    ],
)
def test_bad_ones_are_refused_by_name(tmp_path, text, words):
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(BatteryError, match=f"b.toml: .*{words}"):
        read_battery(path)


def test_a_misspelt_key_is_all_that_is_said(tmp_path):
    path = tmp_path / "b.toml"
    path.write_text(HEAD + "[[scenario]]\nname = 'x'\npush_ms = 1")
    with pytest.raises(BatteryError) as found:
        read_battery(path)
    assert ";" not in str(found.value).partition("; known keys")[2]


def test_numbers_that_no_computer_holds_are_refused(tmp_path):
    path = tmp_path / "b.toml"
    path.write_text(HEAD + f"[[scenario]]\nname = 'x'\npush_m_s = {'9' * 5000}")
    with pytest.raises(BatteryError, match="is not valid TOML"):
        read_battery(path)
    path.write_text(HEAD + f"[[scenario]]\nname = 'x'\npush_m_s = {'9' * 50}")
    with pytest.raises(BatteryError, match=r"scenario\[0\].push_m_s: an integer of more than 64 bits"):
        read_battery(path)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(BatteryError, match="is no file"):
        read_battery(tmp_path)
    with pytest.raises(ResourceError, match="no 'nowhere.toml'"):
        read_battery("nowhere.toml")


def test_numbers_follow_from_seed_name_and_episode_alone():
    alone = Scenario.model_validate({"name": "x", "push_m_s": [0.2, 0.8]})
    more = Scenario.model_validate({"name": "x", "push_m_s": [0.2, 0.8], "slope_rad": [0.0, 0.1]})
    one, other = (drawn(scenario, (), 10.0, 1, 7).disturbances for scenario in (alone, more))
    assert 0.2 <= one["push_m_s"] <= 0.8 and 0.5 <= one["push_at_s"] <= 7.0
    assert {key: other[key] for key in one} == one and "slope_heading_rad" in other
    assert drawn(alone, (), 10.0, 1, 8).disturbances["push_m_s"] != one["push_m_s"]


def test_what_is_searched_begins_within_its_bounds():
    known = [DISTURBANCES[key] for key in SEARCHED]
    assert known and all(one.low <= one.neutral <= one.high for one in known)


def test_every_key_is_documented_and_the_readmes_example_can_be_read(repository, tmp_path):
    told = (repository / "robots" / "BATTERIES.md").read_text()
    assert [key for key in DISTURBANCES if f"`{key}`" not in told and f"`{key} =" not in told] == []
    example = next(b for b in (repository / "README.md").read_text().split("```") if "push on a ramp" in b)
    path = tmp_path / "b.toml"
    path.write_text(example.removeprefix("toml\n"))
    assert [one.name for one in read_battery(path).scenarios] == ["push on a ramp", "weakest push"]
