"""What units have in common: on disk and back, and from few units."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridsim.context.population import FILE, covariance_between, read_population, write_population
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


def drawn(random, units, spread, unsure, count):
    truth = random.normal(0.0, 1.0, (units, count)) @ np.linalg.cholesky(spread).T
    return [around(one + random.normal(0.0, unsure, count), unsure) for one in truth]


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), units=st.integers(1, 30), unsure=st.floats(0.01, 2.0))
def test_what_few_units_say_is_positive_and_shrinks_towards_what_is_typical(seed, units, unsure):
    random = np.random.default_rng(seed)
    found = covariance_between(drawn(random, units, np.eye(4) * 4.0, unsure, 4))
    assert np.isfinite(found).all() and np.allclose(found, found.T)
    assert np.linalg.eigvalsh(found).min() > 0.0
    if units == 1:
        assert found == pytest.approx(np.eye(4))


def test_many_units_say_how_far_they_are_apart():
    random, spread = np.random.default_rng(0), np.array([[4.0, 1.6], [1.6, 1.0]])
    many = covariance_between(drawn(random, 400, spread, 0.5, 2))
    assert many == pytest.approx(spread, rel=0.2)
    sizes = [abs(covariance_between(drawn(random, n, 9.0 * np.eye(2), 0.1, 2))[0, 0] - 9.0) for n in (2, 300)]
    assert sizes[0] > sizes[1]
    alike = covariance_between([around([1.0, 2.0], 0.1)] * 3)  # two differences say little: 4 of 6 is assumed
    assert alike == pytest.approx(np.diag([4 / 6, 4 / 6]), rel=1e-6)
