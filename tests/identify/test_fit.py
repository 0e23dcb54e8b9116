"""A planted truth comes back; what the logs cannot say is flagged; a killed fit goes on where it was."""

import json

import numpy as np
import pytest

from hybridsim.identify import fit as module
from hybridsim.identify.fit import fit, refine
from hybridsim.identify.search import mean_error
from hybridsim.study import Identify
from tests.identify.bench import BUDGET, PREFIX, TRUTH, by_name, problem_of, recorded, selection, swings

SMALL = Identify(trials=40, restarts=1, polish_iterations=6)


def others(*searched):
    """The truth of everything that is not searched."""
    return {name: value for name, value in TRUTH.items() if name not in searched}


def fitted(names, logs, budget=BUDGET, **held):
    problem = problem_of(selection(*names, **held), logs)
    return by_name(fit(problem, budget, 0, engine="serial").parameters)


def test_a_planted_drive_comes_back():
    problem = problem_of(selection(*TRUTH), recorded(swings()))
    result = fit(problem, Identify(trials=600, restarts=2, polish_iterations=30), 0, engine="serial")
    found = by_name(result.parameters)
    assert result.error[0] < 2.5e-3
    assert found["delay"].value == pytest.approx(TRUTH["delay"], abs=1e-3)
    assert found["stall_effort"].value == pytest.approx(TRUTH["stall_effort"], rel=0.03)
    assert found["armature"].value == pytest.approx(TRUTH["armature"], rel=0.04)
    assert found["motor_coulomb"].value == pytest.approx(TRUTH["motor_coulomb"], rel=0.15)
    assert found["gear_loss_drive"].value == pytest.approx(TRUTH["gear_loss_drive"], abs=0.04)
    assert found["gear_loss_back"].value == pytest.approx(TRUTH["gear_loss_back"], abs=0.06)
    for parameter in found.values():
        assert parameter.identifiable and not parameter.at_bound
        assert parameter.low <= parameter.interval_95[0] <= parameter.value <= parameter.interval_95[1]


def test_a_loss_that_no_log_feels_is_not_identifiable():
    # Without a mass to carry, the gears pass nothing on that could be lost.
    names = ("delay", "armature", "gear_loss_back")
    logs = recorded(swings(mass=1e-6, off=False), noise=1e-3)
    found = fitted(names, logs, **others(*names))
    assert not found["gear_loss_back"].identifiable
    assert found["delay"].identifiable and found["armature"].identifiable
    loaded = fitted(names, recorded(swings(off=False), noise=1e-3), **others(*names))
    assert loaded["gear_loss_back"].identifiable


def test_gain_and_stall_effort_are_not_told_apart_while_the_duty_never_saturates():
    # Effort is stall_effort * position_gain * error: below saturation only the product matters.
    names = ("delay", "stall_effort", "position_gain", "armature")
    small = [shrunk(log, 0.15) for log in swings(off=False)]
    found = fitted(names, recorded(small, noise=1e-3), **others(*names))
    assert not found["stall_effort"].identifiable and not found["position_gain"].identifiable
    product = found["stall_effort"].value * found["position_gain"].value
    assert product == pytest.approx(TRUTH["stall_effort"] * 2.0, rel=0.03)
    alone = fitted(("delay", "stall_effort", "armature"), recorded(small, noise=1e-3), **others(*names))
    assert alone["stall_effort"].identifiable
    assert alone["stall_effort"].value == pytest.approx(TRUTH["stall_effort"], rel=0.03)


def shrunk(log, share):
    """The same motion, so small that the drive stays within its voltage from the first sample on."""
    from dataclasses import replace

    return replace(log, command=share * (log.command - log.command[0]))


def test_a_truth_beyond_a_bound_is_flagged_there():
    names = ("delay", "stall_effort", "armature")
    logs = recorded(swings(), {**TRUTH, "delay": 0.08})
    found = fitted(names, logs, **others(*names))
    assert found["delay"].at_bound and found["delay"].value == pytest.approx(0.06, abs=1e-4)
    assert not found["armature"].at_bound
    assert not fitted(names, recorded(swings()), SMALL, **others(*names))["delay"].at_bound


def test_an_identified_mass_comes_back_through_the_shared_polish():
    extra = '[[parameter]]\nname = "link.arm.mass"\nunit = "kg"\nlow = 0.1\nhigh = 0.5\nvalue = 0.3\n'
    extra += (
        '[[parameter]]\nname = "link.arm.com_z"\nunit = "m"\nidentify = false\nvalue = -0.1\nlow = -0.2\n'
    )
    logs = recorded(swings(mass=0.1), links={"link.arm.mass": 0.2, "link.arm.com_z": -0.1})
    problem = problem_of(
        selection("delay", "stall_effort", extra=extra, **others("delay", "stall_effort")), logs
    )
    assert [problem.space.names[k] for k in problem.shared_entries()] == ["link.arm.mass"]
    result = fit(problem, Identify(trials=60, restarts=1, polish_iterations=25), 0, engine="serial")
    found = {p.name: p for p in result.parameters}
    assert found["link.arm.mass"].value == pytest.approx(0.2, rel=0.05)


def test_the_same_seed_gives_the_same_point_to_the_bit_and_another_does_not():
    problem = problem_of(selection(*TRUTH), recorded(swings(2)))
    one, two = (fit(problem, SMALL, 5, engine="serial").point for _ in range(2))
    assert one.tobytes() == two.tobytes()
    assert fit(problem, SMALL, 6, engine="serial").point.tobytes() != one.tobytes()


@pytest.fixture
def with_mass():
    """A fit of one drive and one shared entry: two steps that are remembered."""
    extra = '[[parameter]]\nname = "link.arm.mass"\nunit = "kg"\nlow = 0.002\nhigh = 0.01\n'
    return problem_of(selection("delay", "stall_effort", extra=extra), recorded(swings(2)))


@pytest.mark.parametrize("lost", [["drive-pendulum.json"], ["shared.json"], []])
def test_a_killed_fit_goes_on_and_gives_the_same(with_mass, tmp_path, lost, monkeypatch):
    whole = fit(with_mass, SMALL, 1, engine="serial")
    fit(with_mass, SMALL, 1, engine="serial", memory=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drive-pendulum.json", "shared.json"]
    for name in lost:
        (tmp_path / name).unlink()
    searched = []
    search = module.search_drive
    monkeypatch.setattr(module, "search_drive", lambda *given: searched.append(given) or search(*given))
    again = fit(with_mass, SMALL, 1, engine="serial", memory=tmp_path)
    assert again.point.tobytes() == whole.point.tobytes()
    assert again.parameters == whole.parameters
    assert len(searched) == lost.count("drive-pendulum.json")


def test_remembered_steps_are_whole_json_and_are_believed(with_mass, tmp_path):
    fit(with_mass, SMALL, 1, engine="serial", memory=tmp_path)
    written = json.loads((tmp_path / "shared.json").read_text())
    moved = [0.25] * len(written)
    (tmp_path / "shared.json").write_text(json.dumps(moved))
    assert fit(with_mass, SMALL, 1, engine="serial", memory=tmp_path).point.tolist() == moved


def test_refining_never_makes_a_point_worse():
    problem = problem_of(selection(*TRUTH), recorded(swings(2)))
    truth = {**problem.space.prior(), **{f"{PREFIX}{name}": value for name, value in TRUTH.items()}}
    for point in (problem.space.to_vector(truth), np.full(len(problem.space), 0.5)):
        before = mean_error(problem, 0, problem.values(point))
        assert refine(problem, SMALL, point).error[0] <= before * 1.02 + 1e-12  # polish sees a soft error
