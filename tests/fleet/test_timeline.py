"""What happened to all units over time, asked of both databases."""

import numpy as np
import pytest

from hybridsim.context.evidence import Evidence
from hybridsim.fleet.registry import timeline
from hybridsim.fleet.registry.entries import LogEntry
from tests.fleet.test_registry import entry


def replayed(registry, serial, number, calibration, error):
    began = 1_700_000_000 * 10**9 + number
    entry = LogEntry(
        log_id=f"{serial}{number}", serial=serial, began_ns=began, ended_ns=began + 1, session=""
    )
    registry.add_log(entry)
    evidence = Evidence(
        log_id=entry.log_id, pull=np.zeros(1), information=np.eye(1), misfit=1.0, error=np.array([error])
    )
    registry.knowledge.add_evidence(serial, calibration, evidence)


@pytest.mark.parametrize("few", [500, 0])
def test_replays_come_from_old_to_new_each_by_its_first_calibration_first(registry, monkeypatch, few):
    monkeypatch.setattr(timeline, "FEW", few)  # of more units than that, all are asked for
    registry.enrol(["a", "b"])
    for name in ("one", "two"):
        registry.add_calibration(name)
    for given in (("b", 0, "one", 0.1), ("a", 2, "two", 0.2), ("a", 2, "one", 0.3), ("a", 1, "one", 0.4)):
        replayed(registry, *given)
    asked = registry.timeline
    found = [(one.log_id, one.calibration, one.error) for one in asked.seen()]
    assert found == [("a1", "one", 0.4), ("a2", "two", 0.2), ("a2", "one", 0.3), ("b0", "one", 0.1)]
    assert [one.log_id for one in asked.seen(["b"])] == ["b0"] and asked.seen([]) == []
    registry.add_verdict("a", "one", passed=False, evidence={"against": ["worse"]})
    (verdict,) = asked.verdicts()
    assert (verdict.serial, verdict.champion, verdict.passed) == ("a", None, False)
    assert asked.spans() == {} and asked.references() == set()
    registry.knowledge.add_population("p", "one")
    assert asked.references() == {"one"}


def test_payload_and_site_are_known_from_each_log_on_that_says_otherwise(registry):
    """Whatever the order in which logs come in; a log that does not say leaves them as they were."""
    registry.enrol(["a", "b"])
    said = {
        4: {"payload": {"payload_mass": 0.3}},
        1: {"payload": {"payload_mass": 0.1}, "site": "hall 1"},
        3: {"site": "hall 2"},
        2: {"payload": {"payload_mass": 0.1}},
        0: {},
    }
    for number, given in said.items():
        registry.add_log(entry(number, "a", **given))
    registry.add_log(entry(5, "b", payload={}))
    found = registry.timeline.settings("a")
    assert [(one.log_id[-1], one.payload["payload_mass"], one.site) for one in found] == [
        ("1", 0.1, "hall 1"),
        ("3", 0.1, "hall 2"),
        ("4", 0.3, "hall 2"),
    ]
    assert registry.timeline.settings() == found, "b carries nothing, and nobody knows where it is"
    assert [log.payload for log in registry.logs("b")] == [{}] and registry.logs("a")[0].payload is None
