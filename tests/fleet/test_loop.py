"""The loop on a small synthetic fleet: from new units to a change that is noticed, relearned and promoted."""

import re

import numpy as np
import pytest

from hybridsim.calibration import Calibration
from hybridsim.errors import FleetError
from hybridsim.fleet.registry.knowledge import Context
from hybridsim.fleet.registry.registry import Registry
from hybridsim.fleet.watch import Round, Watch, take_in
from tests.context.made import around
from tests.fleet.arms import SERIAL, UNITS, changed_log, frozen, of_unit


@pytest.fixture
def settled(arms, tmp_path):
    """All units have calibrations of their own."""
    fleet = arms.fleet("settled", tmp_path / "fleet")
    yield fleet
    fleet.close()


def test_new_units_get_calibrations_of_their_own(arms, settled):
    registry = settled.registry
    contexts = registry.knowledge.contexts()
    assert sorted(contexts) == list(UNITS) and registry.knowledge.alarms() == []
    for serial in UNITS:
        (step,) = registry.history(serial)
        calibration = Calibration.load(settled.artefacts.folder("calibrations", step.calibration))
        taught = {log.log_id for log in calibration.record.lineage.logs}
        teach = {log.log_id for log in registry.logs(serial) if not log.held_out}
        assert (calibration.record.serial, taught) == (serial, teach) and step.verdict is not None
        number, passed, evidence = registry.knowledge.verdict(serial, step.calibration, None)
        assert (number, passed) == (step.verdict, True)
        assert set(evidence["logs"]) == {log.log_id for log in registry.logs(serial)} - teach
        assert evidence["change_mean"] < 0.0


def test_a_second_round_and_quiet_days_change_nothing(arms, settled):
    quiet = Watch(settled, SERIAL).round()  # the logs that judged have not been looked at beside it
    assert (quiet.odd, quiet.alarms, quiet.verdicts, quiet.promoted) == ({}, [], {}, {})
    settled.take([arms.root / "later"])
    done = Watch(settled, SERIAL).round()
    assert done.assessed == 6 and (done.odd, done.alarms, done.promoted) == ({}, [], {})
    again = Watch(settled, SERIAL).round()
    assert again.assessed == 0 and (again.odd, again.alarms, again.verdicts) == ({}, [], {})
    assert Watch(settled, SERIAL).challenge() == {}
    assert [len(settled.registry.history(serial)) for serial in UNITS] == [1, 1, 1]


def test_a_change_is_noticed_relearned_and_promoted_once(arms, settled):
    before = settled.registry.history("u0")[-1].calibration
    settled.take([arms.root / "later", arms.root / "after"])
    done = Watch(settled, SERIAL).round()
    (alarm,) = done.alarms
    first = min(settled.registry.logs("u0")[7:], key=lambda log: log.began_ns)
    assert (alarm.serial, alarm.calibration, alarm.family, alarm.place) == ("u0", before, "delay", "elbow")
    assert alarm.since_ns >= first.began_ns and alarm.likelihoods["delay"] > 0.9
    number, verdict = done.verdicts["u0"]
    assert verdict.passed and verdict.evidence["change_mean"] < -0.1 and list(done.promoted) == ["u0"]
    step = settled.registry.history("u0")[-1]
    assert (step.calibration, step.verdict, step.number) == (done.promoted["u0"], number, 2)
    made = Calibration.load(settled.artefacts.folder("calibrations", step.calibration))
    old = Calibration.load(settled.artefacts.folder("calibrations", before))
    assert made.record.lineage.parent == before
    slower = made.values()["drive.elbow.delay"] - old.values()["drive.elbow.delay"]
    assert slower == pytest.approx(9e-3, abs=2e-3)
    (row,) = [row for row in settled.registry.status() if row.serial == "u0"]
    assert row.alarms == 0
    Watch(settled, SERIAL).round()  # logs since the change, beside the new one
    again = Watch(settled, SERIAL).round()
    assert (again.assessed, again.alarms, again.promoted) == (0, [], {})
    assert len(settled.registry.knowledge.alarms()) == 1 and len(settled.registry.history()) == 4


def test_logs_that_nothing_explains_are_set_aside(arms, settled, tmp_path):
    Watch(settled, SERIAL).round()
    steps, store, (own, other) = (
        settled.registry.history(),
        tmp_path / "bad",
        of_unit(arms.root / "later", "u0"),
    )
    (foreign, _), (third, fourth) = of_unit(arms.root / "later", "u1"), of_unit(arms.root / "later", "u2")
    odd = "no unit of this robot does that|too much changed|looks like"
    expected = {
        changed_log(store, own, joint_position=lambda x: 1.2 * x): odd,
        changed_log(store, other, joint_position=lambda x: x[:, ::-1]): odd,
        changed_log(store, third, joint_position=frozen): odd,
        changed_log(store, foreign, serial="u2"): "looks like unit 'u1'",
        changed_log(store, fourth, only=["joint_position_command"]): "cannot be replayed: .*joint_position",
    }
    settled.take([store])
    done = Watch(settled, SERIAL).round()
    assert set(done.odd) == set(expected) and done.assessed == 5
    for name, words in expected.items():
        assert re.match(words, done.odd[name]) and "\n" not in done.odd[name]
    assert (done.alarms, done.verdicts, done.promoted) == ([], {}, {})
    assert settled.registry.history() == steps
    assert settled.registry.knowledge.odd("u0") | settled.registry.knowledge.odd("u2") == set(expected)


class Cut(Exception):
    """The moment at which a process is killed."""


def test_a_round_that_is_cut_before_each_of_its_writes_goes_on(arms, settled, monkeypatch):
    from hybridsim.fleet.artefacts import Artefacts
    from hybridsim.fleet.registry.knowledge import Knowledge

    def cut(*_, **__):
        raise Cut

    settled.take([arms.root / "later", arms.root / "after"])
    for owner, name in (
        (Knowledge, "add_evidence"),
        (Knowledge, "add_alarm"),
        (Artefacts, "put"),
        (Registry, "add_calibration"),
        (Knowledge, "add_context"),
        (Registry, "add_verdict"),
        (Registry, "promote"),
    ):
        with monkeypatch.context() as patch, pytest.raises(Cut):
            patch.setattr(owner, name, cut)
            Watch(settled, SERIAL).round(["u0"])
        assert len(settled.registry.history("u0")) == 1, name
    done = Watch(settled, SERIAL).round(["u0"])
    assert list(done.promoted) == ["u0"]
    assert len(settled.registry.history("u0")) == 2 and len(settled.registry.knowledge.alarms()) == 1


def test_two_that_take_turns_promote_once(arms, settled, monkeypatch):
    settled.take([arms.root / "later", arms.root / "after"])
    add, others = Registry.add_verdict, []

    def slowly(self, serial, calibration, **said):
        if not others:
            others.append(None)
            others.append(Watch(settled, SERIAL).round(["u0"]))  # another one does all of it meanwhile
        return add(self, serial, calibration, **said)

    with monkeypatch.context() as patch:
        patch.setattr(Registry, "add_verdict", slowly)
        done = Watch(settled, SERIAL).round(["u0"])
    assert list(others[1].promoted) == ["u0"] and done.promoted == {}
    first, second = settled.registry.history("u0")
    assert second.calibration == others[1].promoted["u0"]
    assert settled.registry.knowledge.verdict("u0", second.calibration, second.calibration) is None
    assert len(settled.registry.knowledge.alarms()) == 1 and first.calibration != second.calibration


def test_challengers_of_an_older_population_are_not_judged(settled):
    knowledge, old = settled.registry.knowledge, Watch(settled, SERIAL).outlook.population
    settled.keep_population(old.model_copy(update={"mean": tuple(np.array(old.mean) + 1.0)}))
    settled.registry.add_calibration("f" * 12, serial="u0")
    few = Context(
        calibration="f" * 12, serial="u0", population=old.id, belief=around(np.zeros(3)), from_ns=0, to_ns=1
    )
    knowledge.add_context(few)
    assert Watch(settled, SERIAL).verify(["u0"]) == {}
    with pytest.raises(FleetError, match="no unit 'u9'"):
        Watch(settled, SERIAL).round(["u9"])


def too_slow(fleet, moved):
    """A population, of another reference or not, sure that all are as u0 with an elbow 9 ms slower."""
    old, contexts = Watch(fleet, SERIAL).outlook.population, fleet.registry.knowledge.contexts()
    mean = contexts["u0"].belief.mean - contexts["u1"].belief.mean * moved
    k = old.entries.index("drive.elbow.delay")
    mean[k] += 9e-3 / old.sizes[k]
    fields = {"mean": tuple(mean), "covariance": tuple(map(tuple, 1e-2 * np.eye(len(mean))))}
    reference = contexts["u1"].calibration if moved else old.reference
    return old.model_copy(update={**fields, "reference": reference})


@pytest.mark.parametrize("moved", [False, True], ids=["same reference", "another reference"])
def test_a_unit_that_keeps_its_calibration_under_a_new_population_is_watched_by_it(
    arms, settled, tmp_path, moved
):
    """Its logs say the same of it as if there was no new population, and its alarm rings."""
    knowledge, (first,) = settled.registry.knowledge, settled.registry.history("u0")
    slow = too_slow(settled, moved)
    settled.keep_population(slow)
    refused = Watch(settled, SERIAL).round(["u0"])
    assert not refused.verdicts["u0"][1].passed and refused.promoted == {} and refused.alarms == []
    beside = arms.fleet("settled", tmp_path / "beside")
    for fleet in (beside, settled):
        fleet.take([arms.root / "after"])
    noticed = Round()
    Watch(beside, SERIAL).notice(["u0"], noticed)
    (rung,) = noticed.alarms
    done = Watch(settled, SERIAL).round(["u0"])
    assert done.alarms == [rung] and (rung.calibration, rung.family) == (first.calibration, "delay")
    said = [fleet.registry.knowledge.evidence("u0", first.calibration) for fleet in (beside, settled)]
    assert [one.evidence.pull.tolist() for one in said[0]] == [one.evidence.pull.tolist() for one in said[1]]
    assert knowledge.newest("u0").from_ns >= rung.since_ns, "a challenger from logs since the change alone"
    made = Calibration.load(settled.artefacts.folder("calibrations", done.promoted["u0"]))
    assert made.record.lineage.parent == (slow.reference if moved else first.calibration)
    beside.close()


def test_an_inbox_without_logs_yet_is_no_mistake(settled, tmp_path):
    (tmp_path / "inbox" / ".partial").mkdir(parents=True)
    assert take_in(settled, [tmp_path / "inbox", tmp_path / "nowhere"], enrol=False) == []
