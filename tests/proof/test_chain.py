"""The proof from a calibration on, with trainings of a few steps: whether all of it runs, not how well."""

import json

import numpy as np
import pytest

from hybridsim.envs import Origin
from hybridsim.envs.worlds import load
from hybridsim.errors import CalibrationError, StudyError
from hybridsim.policy import Policy
from hybridsim.proof.chain import prove
from hybridsim.proof.plan import Plan, read_plan
from hybridsim.proof.simulated import simulated
from tests.exchange.made import anymal
from tests.policy.made import policy

SEED = 950


@pytest.fixture(scope="module")
def proven(tmp_path_factory):
    out = tmp_path_factory.mktemp("proof")
    anymal(networks=True).save(out / "calibration")
    ways = {"nominal": {"variant": "nominal"}, "hybrid": {"variant": "hybrid"}}
    names = {"task": "walk_flat", "study": "anymal_c_standin", "spec": "anymal_c_standin"}
    options = {"episode_s": 2.0}
    plan = Plan(
        schema=1, **names, steps=256, seeds=1, checks=1, worlds=8, episodes=1, options=options, way=ways
    )
    return out, plan, prove(plan, SEED, out, engine="serial")


def test_it_ends_in_numbers_and_a_page(proven):
    out, _, proof = proven
    data = json.loads((out / "proof.json").read_text())
    assert data["synthetic"].startswith("SYNTHETIC") and data["serial"] == f"standin-{SEED}"
    assert set(data["ways"]) == {"nominal", "hybrid"} and set(data["ratios"]) == {"nominal"}
    assert len(data["rows"]) == 2
    for row in data["rows"]:
        assert 0.0 <= row["standin"] <= 10.0 and set(row["simulated"]) == {"nominal", "identified", "hybrid"}
    page = (out / "report.html").read_text()
    assert "SYNTHETIC" in page and "hybrid-trained" in page
    assert "speed error of hybrid over nominal" in str(proof)


def test_policies_say_where_they_learned(proven):
    out, *_ = proven
    lineage = Policy.load(out / "policies" / "hybrid-0" / "best").contract.lineage
    assert lineage.variant == "hybrid" and lineage.calibration is not None


def test_what_is_done_is_not_done_again(proven):
    out, plan, proof = proven
    before = {path: path.stat().st_mtime_ns for path in (out / "policies").rglob("policy.json")}
    again = prove(plan, SEED, out, engine="serial")
    assert again.results == proof.results and again.seconds < 0.5 * proof.seconds
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_two_calibrations_are_one_too_many(tmp_path):
    for delay in (0.0, 0.01):
        anymal(delay=delay).save(tmp_path / "calibration")
    with pytest.raises(CalibrationError, match="holds 2 calibrations; expected the proof's own"):
        prove(read_plan().quickened(), SEED, tmp_path, engine="serial")


def test_simulated_returns_are_the_same_again_and_less_for_a_robot_that_throws_itself_down():
    source = load(Origin(), "anymal_c")
    standing = simulated(policy(), source, SEED, 2, seconds=1.0)
    assert standing.shape == (2,) and (standing > 0.1).all() and (standing <= 1.0).all()
    np.testing.assert_array_equal(standing, simulated(policy(), source, SEED, 2, seconds=1.0))
    thrown = simulated(policy(50.0), source, SEED, 2, seconds=1.0)
    assert (thrown < standing).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema = 2", "schema"),
        ("way = 3", "way"),
        ("[way.nominal]\nvariant = 'nominal'", "no hybrid; what others are compared with"),
        ("[way.hybrid]\nvariant = 'magic'", "variant"),
        ("speed = 3", "unknown key 'speed'"),
        ("= 3", "is not valid TOML"),
    ],
)
def test_plans_that_cannot_be_are_named(tmp_path, text, words):
    head = "task = 'walk_flat'\nstudy = 'x'\nspec = 'x'\nsteps = 5\n" + (
        "" if "schema" in text else "schema = 1\n"
    )
    file = tmp_path / "proof.toml"
    file.write_text(head + text + "\n")
    with pytest.raises(StudyError, match="proof.toml") as found:
        read_plan(file)
    assert words in str(found.value)
