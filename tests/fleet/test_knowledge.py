"""Populations, contexts, evidence and alarms in both databases, and rows from before there were any."""

from dataclasses import replace

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from hybridsim.context.evidence import Evidence
from hybridsim.errors import FleetError
from hybridsim.fleet.registry.database import connect
from hybridsim.fleet.registry.knowledge import Alarm, Context
from hybridsim.fleet.registry.migrate import MIGRATIONS
from hybridsim.fleet.registry.packed import packed, packed_matrix, unpacked, unpacked_matrix
from hybridsim.fleet.registry.registry import Registry
from hybridsim.fleet.registry.transaction import OutrunError
from tests.context.made import around
from tests.fleet.test_registry import entry, passed


@given(st.lists(st.floats(allow_nan=False), max_size=40))
def test_vectors_come_back_to_the_bit(values):
    assert unpacked(packed(np.array(values))).tolist() == values


@given(count=st.integers(1, 30), seed=st.integers(0, 10**6))
def test_symmetric_matrices_come_back_to_the_bit_from_half_of_them(count, seed):
    square = np.random.default_rng(seed).normal(size=(count, count))
    content = packed_matrix(square + square.T)
    assert len(content) == 8 * count * (count + 1) // 2
    assert np.array_equal(unpacked_matrix(content), square + square.T)


@pytest.fixture
def known(registry):
    """Two units with calibrations of their own, and a log each."""
    registry.enrol(["a", "b"])
    for name, serial in (("ref", None), ("one", "a"), ("two", "a"), ("three", "b")):
        registry.add_calibration(name, serial=serial)
    for number, serial in ((1, "a"), (2, "a"), (3, "b")):
        registry.add_log(entry(number, serial))
    registry.knowledge.add_population("p1", "ref")
    return registry


def context(calibration, serial="a", mean=1.0, population="p1"):
    return Context(
        calibration=calibration,
        serial=serial,
        population=population,
        belief=around([mean, 2.0], 0.5),
        from_ns=7,
        to_ns=9,
    )


def evidence(number, pull=1.0):
    return Evidence(
        log_id=f"{number:016x}",
        pull=np.array([pull, 0.25]),
        information=np.array([[2.0, 0.5], [0.5, 1.0]]),
        misfit=1.5,
        error=np.array([1e-3, 3e-3]),
    )


def test_the_population_that_was_learned_last_is_the_newest(known):
    knowledge = known.knowledge
    for name, newest in (("p1", "p1"), ("p2", "p2"), ("p2", "p2"), ("p1", "p1"), ("p3", "p3"), ("p2", "p2")):
        knowledge.add_population(name, "ref")
        assert knowledge.population() == newest


def test_contexts_are_those_of_current_calibrations(known):
    knowledge = known.knowledge
    assert knowledge.contexts() == {} and knowledge.newest("a") is None and knowledge.context("one") is None
    for one in (context("one"), context("one", mean=5.0), context("two"), context("three", "b")):
        knowledge.add_context(one)
    found = knowledge.context("one")
    assert found.belief.mean.tolist() == [1.0, 2.0] and (found.from_ns, found.to_ns) == (7, 9)
    assert found.belief.covariance == pytest.approx(np.diag([0.25, 0.25]))
    assert knowledge.newest("a").calibration == "two" and knowledge.contexts() == {}
    known.promote("a", "one")
    known.promote("b", "three")
    contexts = knowledge.contexts()
    assert {serial: one.calibration for serial, one in contexts.items()} == {"a": "one", "b": "three"}
    assert list(knowledge.contexts(["b"])) == ["b"] and knowledge.contexts([]) == {}
    known.promote("a", "two", verdict=passed(known, "a", "two"))
    assert knowledge.contexts()["a"].calibration == "two"
    known.roll_back("a")
    assert knowledge.contexts()["a"].calibration == "one"


def test_evidence_is_of_a_log_beside_a_calibration_and_comes_from_old_to_new(known):
    knowledge = known.knowledge
    for number, odd in ((2, "looks like unit 'b'"), (1, ""), (1, "never read")):
        knowledge.add_evidence("a", "one", evidence(number), odd)
    knowledge.add_evidence("a", "two", evidence(1, pull=3.0))
    first, second = knowledge.evidence("a", "one")
    assert (first.odd, second.odd, second.held_out) == ("", "looks like unit 'b'", True)
    assert first.began_ns < second.began_ns and first.evidence.pull.tolist() == [1.0, 0.25]
    assert first.evidence.information.tolist() == [[2.0, 0.5], [0.5, 1.0]] and first.evidence.misfit == 1.5
    assert first.evidence.error.mean() == pytest.approx(2e-3)
    assert knowledge.evidence("a", "two")[0].evidence.pull[0] == 3.0
    assert knowledge.evidence("b", "one") == [] and knowledge.odd("a") == {f"{2:016x}"}


def test_a_calibration_rings_once(known):
    knowledge = known.knowledge
    alarm = Alarm(
        log_id=f"{1:016x}",
        calibration="one",
        serial="a",
        since_ns=5,
        family="delay",
        place="elbow",
        statistic=1e9,
        likelihoods={"delay": 0.75, "mass": 0.25},
    )
    assert knowledge.alarm("a", "one") is None
    assert knowledge.add_alarm(alarm) and not knowledge.add_alarm(replace(alarm, log_id=f"{2:016x}"))
    assert knowledge.alarm("a", "one") == alarm and knowledge.alarms() == [alarm]
    assert knowledge.alarm("a", "two") is None and knowledge.alarm("b", "one") is None
    known.promote("a", "one")
    assert [row.alarms for row in known.status()] == [1, 0]
    known.promote("a", "two", verdict=passed(known, "a", "two"))
    assert [row.alarms for row in known.status()] == [0, 0]


def test_a_verdict_is_beside_the_champion_that_it_was_given_against(known):
    """Another one is promoted while a challenger is judged: what was said is of no use any more."""
    known.promote("a", "ref")
    number = known.add_verdict("a", "one", passed=True, evidence={"x": 1}, beside="ref")
    assert known.knowledge.verdict("a", "one", "ref") == (number, True, {"x": 1})
    known.promote("a", "one", verdict=number)
    with pytest.raises(OutrunError, match="unit 'a': has one now; judged beside ref; verify again"):
        known.add_verdict("a", "two", passed=True, evidence={}, beside="ref")
    assert known.knowledge.verdict("a", "two", "one") is None
    assert known.add_verdict("b", "three", passed=False, evidence={}, beside="ref") == number + 1
    assert known.knowledge.verdict("b", "three", None)[1] is False
    with pytest.raises(FleetError, match="no unit 'c'"):
        known.add_verdict("c", "one", passed=True, evidence={})


OLD = (
    "insert into unit values ('a', 1, '', '')",
    "insert into calibration values ('one', null, null, 1), ('two', 'a', 'one', 1)",
    "insert into log values ('l1', 'a', 10, 20, '', 1), ('l2', 'a', 30, 40, 's', 1)",
    "insert into verdict values (1, 'a', 'two', 'one', true, '{}', 3)",
    "insert into promotion values ('a', 1, 'one', null, false, 'first', 2)",
    "insert into promotion values ('a', 2, 'two', 1, false, 'x', 4)",
)


def test_rows_of_the_first_revision_stay_and_the_fleet_goes_on(url):
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for line in OLD:
            connection.execute(text(line))
    engine.dispose()
    registry = Registry.open(url)
    assert [(log.payload, log.site) for log in registry.logs("a")] == [(None, None)] * 2
    assert [(log.log_id, log.session, log.held_out) for log in registry.logs("a")] == [
        ("l1", "", False),
        ("l2", "s", False),
    ]
    assert [(step.calibration, step.verdict, step.why) for step in registry.history("a")] == [
        ("one", None, "first"),
        ("two", 1, "x"),
    ]
    (row,) = registry.status()
    assert (row.logs, row.calibration, row.alarms) == (2, "two", 0)
    assert [registry.add_log(entry(n)) for n in range(3)] == [True] * 3
    assert [log.held_out for log in registry.logs("a")] == [False, False, False, False, True]
    registry.knowledge.add_population("p1", "one")
    registry.knowledge.add_evidence("a", "two", evidence(1))
    assert len(registry.knowledge.evidence("a", "two")) == 1
    registry.close()
    connect(url).dispose()
