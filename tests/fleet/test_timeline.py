"""What happened to all units over time, asked of both databases."""

import numpy as np
import pytest

from hybridsim.context.evidence import Evidence
from hybridsim.fleet.registry import timeline
from hybridsim.fleet.registry.entries import LogEntry


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
