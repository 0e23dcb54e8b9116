"""What units have in common: on disk and back, and from few units."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridsim.context.belief import Belief
from hybridsim.context.population import FILE, read_population, relatives, write_population
from hybridsim.errors import FleetError
from tests.context.made import around, population


def test_it_comes_back_from_its_file_and_its_id_is_its_content(arm, tmp_path):
    one = population(arm.space, misfit=1.25, mean=(1 / 3,) * len(arm.space))
    write_population(tmp_path / "new", one)
    assert read_population(tmp_path / "new") == one and read_population(tmp_path / "new").id == one.id
    others = [
        population(arm.space),
        population(arm.space, mean=one.mean),
        population(arm.space, units=("a",)),
    ]
    assert len({other.id for other in [one, *others]}) == 4 and len(one.id) == 12
    one.require(one.reference, arm.space)
    with pytest.raises(FleetError, match="is of calibration 0{12}; given: 1{12}"):
        one.require("1" * 12, arm.space)
    with pytest.raises(FleetError, match="is of other parameters than calibration"):
        population(arm.space, entries=("x",) * len(arm.space)).require(one.reference, arm.space)
    assert one.prior().deviation == pytest.approx(np.ones(len(arm.space)))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data.pop("mean"), "mean"),
        (lambda data: data.update(extra=1), "unknown key 'extra'"),
        (lambda data: data.update(mean=data["mean"][1:]), "vectors differ in length from the 15 entries"),
        (lambda data: data.update(misfit="NaN"), "misfit"),
        (lambda data: data.update(deviation=[0.0, 1.0]), "deviation and memory want a number above 0"),
        (lambda data: data.update(wander=[-1.0] * 15), "wander and covariance want to be positive"),
        (
            lambda data: data["covariance"][0].__setitem__(0, -1.0),
            "wander and covariance want to be positive",
        ),
        (lambda data: data["covariance"][0].__setitem__(1, 0.5), "covariance is not symmetric"),
        (lambda data: data.update(sizes=[0.0] * 15), "sizes"),
        (lambda data: data.update(schema=2), "schema"),
        (lambda data: data.update(covariance=[]), "vectors differ in length"),
    ],
)
def test_what_is_damaged_is_refused_in_one_line(arm, tmp_path, damage, words):
    data = json.loads(population(arm.space).text())
    damage(data)
    (tmp_path / FILE).write_text(json.dumps(data))
    with pytest.raises(FleetError, match=words) as caught:
        read_population(tmp_path)
    assert "\n" not in str(caught.value) and FILE in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 10**5, b'{"schema": 1e999}'])
def test_other_files_are_refused_in_one_line(tmp_path, content):
    with pytest.raises(FleetError, match=f"{FILE}: "):
        read_population(tmp_path)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(FleetError, match=f"{FILE}: ") as caught:
        read_population(tmp_path)
    assert "\n" not in str(caught.value)


def told_of(prior, truth, seen, random):
    """Beliefs about units after logs that tell each entry as sharply as `seen` says."""
    found = []
    for one in truth:
        heard = seen * one + np.sqrt(seen) * random.normal(0.0, 1.0, len(one))
        precision = prior.precision + np.diag(seen)
        pull = prior.precision @ prior.mean + heard
        found.append(Belief(mean=np.linalg.solve(precision, pull), precision=precision))
    return found


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), units=st.integers(1, 30), seen=st.floats(0.0, 1e4))
def test_what_few_units_say_is_positive_and_shrinks_towards_what_is_typical(seed, units, seen):
    random, prior = np.random.default_rng(seed), around([0.0] * 4, 3.0)
    truth = random.normal(0.0, 2.0, (units, 4))
    found = relatives(told_of(prior, truth, np.full(4, seen), random), prior)
    assert np.isfinite(found.mean).all() and np.allclose(found.covariance, found.covariance.T)
    assert np.linalg.eigvalsh(found.covariance).min() > 0.0
    if seen == 0.0:
        assert found.covariance == pytest.approx(np.eye(4)) and found.mean == pytest.approx(np.zeros(4))


def test_a_planted_mean_and_spread_are_found_whatever_the_prior_was():
    random, prior = np.random.default_rng(0), around([0.0, 0.0], 0.5)
    spread, middle = np.array([[4.0, 1.6], [1.6, 1.0]]), np.array([3.0, -2.0])
    truth = middle + random.normal(0.0, 1.0, (400, 2)) @ np.linalg.cholesky(spread).T
    found = relatives(told_of(prior, truth, np.array([1.0, 25.0]), random), prior)
    assert found.mean == pytest.approx(middle, abs=0.3)  # of units that say 1.5 on average after that prior
    assert found.covariance == pytest.approx(spread, abs=0.6)


def test_units_that_are_alike_leave_what_is_assumed():
    prior = around([0.0, 0.0], 1e3)
    alike = relatives([around([1.0, 2.0], 1e-3)] * 3, prior)  # two differences of 0 beside four of 1
    assert alike.covariance == pytest.approx(np.diag([4 / 6, 4 / 6]), rel=0.01)
    assert alike.mean == pytest.approx([1.0, 2.0], abs=1e-3)


def test_one_unit_is_the_mean_and_leaves_how_far_others_are_as_assumed():
    one = relatives([around([1.0, 2.0], 1e-3)], around([0.0, 0.0], 1e3))
    assert one.mean == pytest.approx([1.0, 2.0], abs=1e-3)
    assert one.covariance == pytest.approx(np.eye(2), rel=0.01)


def test_what_the_logs_of_one_unit_hardly_tell_stays_near_what_was_believed():
    """They ask for 90 typical changes of the second entry, softly: 0.01 of information beside 1/9 before."""
    prior = around(np.zeros(2), 3.0)
    information = np.diag([100.0, 0.01])
    precision = prior.precision + information
    mean = np.linalg.solve(precision, information @ [2.0, 90.0])
    found = relatives([Belief(mean=mean, precision=precision)], prior)
    assert mean == pytest.approx([2.0, 7.4], abs=0.1)
    assert found.mean[0] == pytest.approx(1.8, abs=0.3) and 0.0 < found.mean[1] < 9.0
